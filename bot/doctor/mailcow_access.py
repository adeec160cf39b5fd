"""Whether Mailcow answers, and what each of its keys may do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.checks.finding import Status
from bot.doctor.line import Line
from bot.errors import BackendError, BackendKeyFaulty, BackendUnreachable, StoreError
from bot.mailcow.key_rotation import MailcowRotator
from bot.mailcow.workshop_names import WORKSHOP, is_workshop_name
from bot.rotations.key_rotator import Leftover

if TYPE_CHECKING:
    from bot.errors import Fact
    from bot.mailcow.api import Mailcow

# Gives the keys that rotations left behind; None where nobody knows which rotations are open.
FindLeftovers: TypeAlias = Callable[[], Awaitable[tuple[Leftover, ...] | None]]

_SEARCH: Final = 8.0  # seconds: two calls for each domain
_SHOWN: Final = 3  # leftovers that are named


async def check_mailcow(
    mailcow: Mailcow | None,
    find_leftovers: FindLeftovers | None = None,
    *,
    seconds: float = _SEARCH,
) -> tuple[Line, ...]:
    """Return whether Mailcow answers, a line for each key, and one about changes of DKIM keys.

    Nothing is changed there. After the first refusal nothing more is asked: each counts for
    Mailcow's fail2ban. Keys that were left behind are looked for so many `seconds` at most.
    """
    if mailcow is None:
        return (Line("mailcow", Status.INFO, "mailcow-unset"),)
    if mailcow.refusals:
        return tuple(
            Line("mailcow", Status.FAIL, "mailcow-locked", error=error)
            for error in mailcow.refusals
        )
    try:
        answers = await _read_as_bot(mailcow)
    except BackendError as error:
        silent = isinstance(error, BackendUnreachable)
        return (
            Line("mailcow", Status.FAIL, "said", error=error, silent=silent),
            *_leave_keys(mailcow),
        )
    read = await _check_read_key(mailcow)
    if mailcow.refusals:
        return (answers, read, Line("write_key", Status.UNKNOWN, "key-not-asked"))
    write = await _check_write_key(mailcow)
    if write.status is not Status.PASS:
        return (answers, read, write)
    return (answers, read, write, await _check_key_changes(mailcow, find_leftovers, seconds))


async def _read_as_bot(mailcow: Mailcow) -> Line:
    """Return a line about what checks and requests ask of it: the domains, and the key of one."""
    version = await mailcow.version()
    domains = [each for each in await mailcow.domains() if not is_workshop_name(each.domain)]
    if not domains:
        return Line("mailcow", Status.PASS, "mailcow-right", {"version": version, "domains": 0})
    try:
        await mailcow.find_domain(domains[0].domain)
        await mailcow.dkim(domains[0].domain)
    except BackendKeyFaulty as error:
        return Line("mailcow", Status.WARN, "said", error=error)
    facts: dict[str, Fact] = {"version": version, "domains": len(domains)}
    return Line("mailcow", Status.PASS, "mailcow-right", facts)


def _leave_keys(mailcow: Mailcow) -> tuple[Line, ...]:
    """Return a line for the key that was not tried, where there is one beside the one that was."""
    if mailcow.has_read_key and mailcow.can_write:
        return (Line("write_key", Status.UNKNOWN, "key-not-asked"),)
    return ()


async def _check_read_key(mailcow: Mailcow) -> Line:
    if not mailcow.has_read_key:
        return Line("read_key", Status.INFO, "read-key-unset")
    try:
        too_much = await mailcow.can_read_key_write()
    except BackendError as error:
        return Line("read_key", Status.UNKNOWN, "said", error=error)
    if too_much:
        return Line("read_key", Status.WARN, "read-key-writes")
    return Line("read_key", Status.PASS, "read-key-right")


async def _check_write_key(mailcow: Mailcow) -> Line:
    if not mailcow.can_write:
        return Line("write_key", Status.INFO, "write-key-unset")
    try:
        await mailcow.check_write_key()
    except BackendError as error:
        return Line("write_key", Status.FAIL, "said", error=error)
    return Line("write_key", Status.PASS, "write-key-right")


async def _check_key_changes(
    mailcow: Mailcow, find_leftovers: FindLeftovers | None, seconds: float
) -> Line:
    """Return a line about the domain where keys are made, and copies that nobody needs."""
    found: tuple[Leftover, ...] | None = None
    try:
        is_there = await MailcowRotator(mailcow).has_workshop()
        if find_leftovers is not None:
            async with asyncio.timeout(seconds):
                found = await find_leftovers()
    except BackendError as error:
        return Line("key_changes", Status.WARN, "said", error=error)
    except (StoreError, TimeoutError):
        found = None  # of the database there is a line of its own
    if found:
        names = tuple(leftover.name for leftover in found[:_SHOWN])
        left: dict[str, Fact] = {"count": len(found), "copies": names}
        return Line("key_changes", Status.WARN, "keys-left", left)
    facts: dict[str, Fact] = {
        "name": WORKSHOP.ascii,
        "made": is_there,
        "searched": found is not None,
    }
    return Line("key_changes", Status.PASS, "key-changes-right", facts)
