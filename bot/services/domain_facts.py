"""What the store and the mail server know of a domain; no DNS question is needed for it."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import (
    BackendCallFailed,
    BackendError,
    BackendKeyFaulty,
    BackendUnclear,
    StoreError,
)
from bot.records.dkim_key import (
    DkimKnowledge,
    DkimRecord,
    KeySource,
    KeyUnknown,
    KnownKey,
    NoKeyYet,
)
from bot.records.expected import expect
from bot.requests.backend import MailHosting, ServerDomain
from bot.services.meant_domain import MOST_KNOWN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.names import Domain
    from bot.records.expected import Expected
    from bot.records.key_change import KeyChange
    from bot.records.mail_server import MailServer
    from bot.requests.backend import MailBackend
    from bot.store.repositories.known_keys import KnownKeys, StoredKey

    ChangeOf = Callable[[Domain, DkimKnowledge], Awaitable[KeyChange | None]]

TIMEOUT = 3.0  # seconds that a check waits for the mail server
PATIENT = 20.0  # seconds, where nobody sits and waits
KEPT = 60.0  # seconds that the list of its domains is used again
PAUSE = 30.0  # seconds in which it is not asked again after it was away, or refused us

# With these the mail server is there and lets us in; what it has of other domains may be fine.
_OF_ONE_DOMAIN = (BackendCallFailed, BackendKeyFaulty, BackendUnclear)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """What is known of one domain."""

    dkim: DkimKnowledge
    former: tuple[KnownKey, ...] = ()
    dmarc_stage: str | None = None
    hosting: MailHosting = MailHosting.UNKNOWN
    change: KeyChange | None = None  # the other key, while its key is being changed

    def expect_at(
        self, server: MailServer, domain: Domain, dkim: DkimKnowledge | None = None
    ) -> Expected:
        """Return what the domain should publish to have its mail at a server.

        Another key that is given goes before the known one. Nothing is proven of the domain.
        """
        key = dkim or self.dkim
        return expect(server, domain, key, self.dmarc_stage, self.former, change=self.change)


class DomainFacts:
    """Collects what the store and the mail server know of domains; either may be absent.

    The mail server's answer goes before the stored one, and is stored if `learns`. A mail server
    that does not answer is no error. `change_of` says which other key a domain has by its rotations
    where it signs with this one.
    """

    def __init__(
        self,
        keys: KnownKeys | None,
        now: Callable[[], datetime],
        *,
        backend: MailBackend | None = None,
        stage_of: Callable[[Domain], Awaitable[str | None]] | None = None,
        change_of: ChangeOf | None = None,
        learns: bool = True,
    ) -> None:
        self._keys = keys
        self._now = now
        self._backend = backend
        self._stage_of = stage_of
        self._change_of = change_of
        self._learns = learns
        self._paused_until = 0.0  # by the monotonic clock
        self._listed: tuple[Domain, ...] = ()
        self._listed_until = 0.0  # by the same clock

    @property
    def can_tell_domains(self) -> bool:
        """Whether there is a mail server that says which domains it has."""
        return self._backend is not None and self._backend.capabilities.can_tell_domains

    async def of(self, domain: Domain) -> KnownFacts:
        """Return what is known of a domain, after `TIMEOUT` seconds at the latest.

        Raises:
            StoreError: the store cannot be read.

        """
        stored = await self._keys.current(domain) if self._keys else None
        former = await self._keys.former(domain) if self._keys else ()
        stage = await self._stage_of(domain) if self._stage_of else None
        server = await self._ask_backend(domain)
        known = None if stored is None else _read(stored)
        dkim = _weigh(server, known)
        keys = tuple(_read(key) for key in former)
        if known is not None and dkim != known:
            keys = (known, *keys)
        if server.key is not None:
            await self._learn(domain, server.key, stored)
        change = None if self._change_of is None else await self._change_of(domain, dkim)
        return KnownFacts(dkim, keys, stage, server.hosting, change)

    async def hosting(self, domain: Domain) -> MailHosting:
        """Return whether the mail server takes mail for a domain, as far as it says."""
        return (await self._ask_backend(domain)).hosting

    async def some_domains(self, most: int) -> tuple[Domain, ...]:
        """Return domains of members that have a key, the latest first; none without a store."""
        if self._keys is None:
            return ()
        try:
            return await self._keys.domains(most)
        except StoreError as error:
            _log.warning("The members' domains were not read: %s", error)
            return ()

    async def all_domains(self) -> tuple[Domain, ...]:
        """Return the domains that are on the mail server, as far as it or the store tells.

        They are for the admin and the operator alone, and up to `KEPT` seconds old.
        """
        if time.monotonic() < self._listed_until:
            return self._listed
        domains = await self.some_domains(MOST_KNOWN)
        backend = self._backend
        if (
            backend is not None
            and backend.capabilities.can_tell_domains
            and time.monotonic() >= self._paused_until
        ):
            try:
                async with asyncio.timeout(TIMEOUT):
                    domains = (*await backend.domains(), *domains)
            except (BackendError, TimeoutError) as error:
                _log.warning("The domains of %s were not read: %s", backend.name, _why(error))
                self._pause_after(error)
        self._listed = tuple(dict.fromkeys(domains))
        self._listed_until = time.monotonic() + KEPT
        return self._listed

    async def list_hosted(self) -> tuple[Domain, ...] | None:
        """Return the domains that the mail server takes mail for; None where it does not tell."""
        backend = self._backend
        if backend is None or not backend.capabilities.can_tell_domains:
            return None
        if time.monotonic() < self._paused_until:
            return None
        try:
            async with asyncio.timeout(PATIENT):
                return await backend.domains()
        except (BackendError, TimeoutError) as error:
            why = str(error) or f"no answer within {PATIENT:g} seconds"
            _log.warning("The domains of %s were not read: %s", backend.name, why)
            self._pause_after(error)
            return None

    async def _ask_backend(self, domain: Domain) -> ServerDomain:
        """Return what the mail server has of a domain; nothing is known where it did not tell."""
        backend, unknown = self._backend, ServerDomain(MailHosting.UNKNOWN)
        if backend is None or not backend.capabilities.can_tell_domains:
            return unknown
        if time.monotonic() < self._paused_until:
            return unknown
        try:
            async with asyncio.timeout(TIMEOUT):
                server = await backend.look_up(domain)
        except (BackendError, TimeoutError) as error:
            why = _why(error)
            _log.warning("%s is checked without %s: %s", domain.ascii, backend.name, why)
            self._pause_after(error)
            return unknown
        if server.fault is not None:
            _log.warning(
                "%s has a key of no use at %s: %s", domain.ascii, backend.name, server.fault
            )
        return server

    def _pause_after(self, error: BackendError | TimeoutError) -> None:
        """Ask the mail server nothing for a while, unless the failure is one of a single domain."""
        if not isinstance(error, _OF_ONE_DOMAIN):
            self._paused_until = time.monotonic() + PAUSE

    async def _learn(self, domain: Domain, key: KnownKey, stored: StoredKey | None) -> None:
        if self._keys is None or not self._learns:
            return
        if stored is not None and (stored.selector, stored.value, stored.source) == (
            key.selector,
            key.record.text,
            KeySource.MAIL_SERVER,
        ):
            return
        try:
            await self._keys.learn(
                domain, key.selector, key.record.text, KeySource.MAIL_SERVER, self._now()
            )
        except StoreError as error:
            _log.warning("The key of %s was not kept: %s", domain.ascii, error)


def _why(error: BackendError | TimeoutError) -> str:
    return str(error) or f"no answer within {TIMEOUT:g} seconds"


def _weigh(server: ServerDomain, stored: KnownKey | None) -> DkimKnowledge:
    """Return which key counts: what the mail server says now goes before what was learned."""
    if server.key is not None:
        return server.key
    if server.hosting in {MailHosting.ON, MailHosting.OFF}:
        # A key that nobody can use is no proof that the one before it still signs.
        return NoKeyYet() if server.fault is None else KeyUnknown()
    if server.hosting is MailHosting.ABSENT and stored and stored.source == KeySource.MAIL_SERVER:
        return KeyUnknown()  # it went with the domain
    return KeyUnknown() if stored is None else stored


def _read(stored: StoredKey) -> KnownKey:
    return KnownKey(stored.selector, DkimRecord.read(stored.value), stored.source.value)
