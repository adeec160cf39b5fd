"""Whether Mailcow answers, and what each of its keys may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.finding import Status
from bot.doctor.line import Line
from bot.errors import BackendError, BackendKeyFaulty, BackendUnreachable

if TYPE_CHECKING:
    from bot.errors import Fact
    from bot.mailcow.api import Mailcow


async def check_mailcow(mailcow: Mailcow | None) -> tuple[Line, ...]:
    """Return whether Mailcow answers, and a line for each key; nothing is changed there.

    After the first refusal nothing more is asked: each counts for Mailcow's fail2ban.
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
    return (answers, read, await _check_write_key(mailcow))


async def _read_as_bot(mailcow: Mailcow) -> Line:
    """Return a line about what checks and requests ask of it: the domains, and the key of one."""
    version = await mailcow.version()
    domains = await mailcow.domains()
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
