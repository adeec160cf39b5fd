"""Mailcow: what it knows of domains, keys and mailboxes, and the two things that are made there.

Whoever makes something looks first, asks once, and looks again: nothing is made twice, nothing is
ever replaced or deleted, and a lost answer is no lost key.
"""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self, TypeVar
from weakref import WeakValueDictionary

from bot.characters import echo
from bot.errors import BackendRefused, BackendUnclear, BackendUnreachable
from bot.mailcow import parse
from bot.mailcow.http_answers import READ_ONLY
from bot.mailcow.refusals import explain_refusal
from bot.mailcow.transport import Transport
from bot.mailcow.values import AliasDomain, MailDomain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from types import TracebackType

    from bot.errors import BackendLocked
    from bot.mailcow.values import Mailbox, MailcowKey
    from bot.names import Domain, MailAddress
    from bot.requests.backend import DomainLimits
    from bot.telemetry import Telemetry

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

# Only these reach a path: Mailcow decodes it and splits it again.
_SAFE_DOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")
_SAFE_LOCAL = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_WAITS = (0.0, 0.5, 1.0, 2.0, 4.0)  # seconds before each look after an unclear answer

# A list of no domains: Mailcow looks at the key's right and then has nothing to do.
_NOTHING = {"domains": "", "dkim_selector": "dkim", "key_size": "2048"}


class Mailcow:
    """Mailcow's API. Every call raises BackendError and nothing else that is to be expected.

    `url` is that of the start page. The read key is used for everything but writes; without one,
    the write key is. `timeout` is in seconds and for a whole call, which may wait as long again
    for its turn. `waits` are the seconds before each look after a write, until one finds
    something.

    Raises:
        ConfigError: a key holds characters that no key has.

    """

    def __init__(
        self,
        url: str,
        *,
        read_key: str | None,
        write_key: str | None,
        timeout: float = 10.0,
        waits: Sequence[float] = _WAITS,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._transport = Transport(url, read_key, write_key, timeout, telemetry)
        self._waits = waits
        self._turns: WeakValueDictionary[Domain, asyncio.Lock] = WeakValueDictionary()
        self._url = url

    def __repr__(self) -> str:
        return f"<Mailcow at {self._url}>"

    async def __aenter__(self) -> Self:
        await self._transport.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._transport.close()

    @property
    def can_write(self) -> bool:
        """Whether a key for writing is configured."""
        return self._transport.can_write

    @property
    def has_read_key(self) -> bool:
        """Whether a key of its own is configured for reading."""
        return self._transport.has_read_key

    @property
    def date(self) -> str | None:
        """The Date header of its latest answer; None where there was none yet."""
        return self._transport.date

    @property
    def refusals(self) -> tuple[BackendLocked, ...]:
        """Why Mailcow is not called any more, for an admin; empty while it is."""
        return self._transport.refusals

    def unlock(self) -> None:
        """Call Mailcow again after a 401: an admin says that the reason is gone."""
        self._transport.unlock()

    async def version(self) -> str:
        """Return the release, such as "2026-07a"; a good probe of the key for reading."""
        return parse.read_version(await self._transport.get("status/version"))

    async def check_write_key(self) -> None:
        """Find out that the key for writing works and may write; nothing is changed.

        Raises:
            BackendError: it does not, or there is none.

        """
        for entry in await self._write("add/dkim", _NOTHING):
            if entry.is_refusal:
                raise explain_refusal(entry, "")

    async def can_read_key_write(self) -> bool:
        """Return whether the key for reading may write as well; nothing is changed.

        Raises:
            BackendError: that cannot be found out, or there is no such key.

        """
        try:
            await self._transport.post("add/dkim", _NOTHING, with_read_key=True)
        except BackendRefused as error:
            if error.code == READ_ONLY:
                return False
            raise
        return True

    async def find_domain(self, domain: Domain) -> MailDomain | AliasDomain | None:
        """Return what Mailcow has under this name; None: it does not know it."""
        return parse.read_domain(await self._transport.get(f"domain/{_segment(domain)}"), domain)

    async def domain(self, domain: Domain) -> MailDomain | None:
        """Return the mail domain of this name; None also for an alias domain."""
        found = await self.find_domain(domain)
        return found if isinstance(found, MailDomain) else None

    async def domains(self) -> tuple[MailDomain, ...]:
        """Return all mail domains."""
        return parse.read_domains(await self._transport.get("domain/all"))

    async def alias_domains(self) -> tuple[AliasDomain, ...]:
        """Return all alias domains."""
        return parse.read_alias_domains(await self._transport.get("alias-domain/all"))

    async def dkim(self, domain: Domain) -> MailcowKey | None:
        """Return the key that Mailcow signs the domain's mail with; None: it has none."""
        return parse.read_dkim(await self._transport.get(f"dkim/{_segment(domain)}"), domain)

    async def mailbox(self, address: MailAddress) -> Mailbox | None:
        """Return the mailbox of this address; None: there is none."""
        local = address.local.lower()
        whole = f"{local}@{_segment(address.domain)}"
        if _SAFE_LOCAL.fullmatch(local):
            return parse.read_mailbox(await self._transport.get(f"mailbox/{whole}"), whole)
        found = await self.mailboxes(address.domain)
        return next((mailbox for mailbox in found if mailbox.address == whole), None)

    async def mailboxes(self, domain: Domain) -> tuple[Mailbox, ...]:
        """Return the mailboxes of a domain; none for one that Mailcow does not know."""
        answer = await self._transport.get(f"mailbox/all/{_segment(domain)}")
        return parse.read_mailboxes(answer, domain)

    async def find_or_make_dkim(
        self, domain: Domain, selector: str, bits: int = 2048
    ) -> MailcowKey:
        """Return the domain's key; only where Mailcow has none, one is made.

        The key that is there afterwards counts, whoever made it: its selector and length can
        differ from what was asked for.

        Raises:
            BackendRefused: the domain is not on the server, or Mailcow does not take the selector.
            BackendUnclear: nobody knows whether a key was made; asking again is safe.

        """
        _require_key(selector, bits)
        body = {"domains": domain.ascii, "dkim_selector": selector, "key_size": str(bits)}
        async with self._turn(domain):
            key = await self.dkim(domain)
            if key is not None:
                return key
            key = await self._make("add/dkim", body, domain, lambda: self.dkim(domain))
        if (key.selector, key.bits) != (selector, bits):
            _log.warning(
                "%s has the DKIM key %s of %d bits, which somebody else made meanwhile",
                domain.ascii,
                key.selector,
                key.bits,
            )
        return key

    async def add_domain(
        self, domain: Domain, limits: DomainLimits, *, selector: str = "dkim", bits: int = 2048
    ) -> MailDomain:
        """Return the mail domain; where Mailcow has none, it is added, with a DKIM key.

        Raises:
            BackendRefused: the name is an alias domain there, or Mailcow does not take it.
            BackendUnclear: nobody knows whether it was added; asking again is safe.

        """
        _require_key(selector, bits)
        body = {
            "domain": domain.ascii,
            "active": "1",
            "mailboxes": str(limits.mailboxes),
            "aliases": str(limits.aliases),
            "defquota": str(limits.usual_quota),
            "maxquota": str(limits.mailbox_quota),
            "quota": str(limits.domain_quota),
            "key_size": str(bits),
            "dkim_selector": selector,
            "restart_sogo": "1",  # else webmail does not know the domain
        }
        async with self._turn(domain):
            found = await self.find_domain(domain) or await self._add_domain(domain, body)
        if isinstance(found, AliasDomain):
            raise BackendRefused(
                "mailcow-alias-domain", domain=domain.ascii, target=found.target.ascii
            )
        return found

    async def _add_domain(
        self, domain: Domain, body: Mapping[str, str]
    ) -> MailDomain | AliasDomain:
        return await self._make("add/domain", body, domain, lambda: self.find_domain(domain))

    async def _make(
        self,
        route: str,
        body: Mapping[str, str],
        domain: Domain,
        look: Callable[[], Awaitable[_T | None]],
    ) -> _T:
        """Ask for something and return what is there afterwards, whatever was said of it."""
        refusals: list[parse.Entry] = []
        unclear = BackendUnclear("mailcow-not-shown", call=route, domain=domain.ascii)
        try:
            refusals = [entry for entry in await self._write(route, body) if entry.is_refusal]
        except BackendUnclear as error:
            unclear = error
        # Also after a refusal: another may have made it meanwhile, and a list can be mixed.
        made = await self._look_for(look, self._waits[:1] if refusals else self._waits)
        if made is None:
            raise explain_refusal(refusals[0], domain.ascii) if refusals else unclear
        for entry in refusals:
            _log.warning("Mailcow said %s to %s of %s", echo(entry.code), route, domain.ascii)
        return made

    async def _look_for(
        self, look: Callable[[], Awaitable[_T | None]], waits: Sequence[float]
    ) -> _T | None:
        """Look after each wait: what was asked for may still be under way."""
        for wait in waits:
            await asyncio.sleep(wait)
            try:
                made = await look()
            except (BackendUnclear, BackendUnreachable):
                continue
            if made is not None:
                return made
        return None

    async def _write(self, route: str, body: Mapping[str, str]) -> tuple[parse.Entry, ...]:
        entries = parse.read_entries(await self._transport.post(route, body))
        if not entries:
            raise BackendUnclear("mailcow-no-outcome")
        return entries

    @asynccontextmanager
    async def _turn(self, domain: Domain) -> AsyncIterator[None]:
        """Let one write a domain be under way: of parallel ones the last would win."""
        turn = self._turns.setdefault(domain, asyncio.Lock())
        async with turn:
            yield


def _segment(domain: Domain) -> str:
    """Return a domain as it may stand in a path."""
    if not _SAFE_DOMAIN.fullmatch(domain.ascii):
        raise BackendRefused("mailcow-domain-unsafe")
    return domain.ascii


def _require_key(selector: str, bits: int) -> None:
    if not parse.SELECTOR.fullmatch(selector):
        raise BackendRefused("mailcow-selector-unsafe")
    # Mailcow takes anything from 512 up, and makes keys that nobody accepts.
    if bits != 1024 and not 2048 <= bits <= 4096:
        raise BackendRefused("mailcow-key-size", bits=bits)
