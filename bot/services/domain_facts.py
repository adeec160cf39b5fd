"""What the store and the mail server know of a domain; no DNS question is needed for it."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import BackendError, StoreError
from bot.records.dkim_key import (
    DkimKnowledge,
    DkimRecord,
    KeySource,
    KeyUnknown,
    KnownKey,
    NoKeyYet,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.names import Domain
    from bot.requests.backend import MailBackend
    from bot.store.repositories.known_keys import KnownKeys, StoredKey

TIMEOUT = 3.0  # seconds that a check waits for the mail server
PAUSE = 30.0  # seconds in which the mail server is not asked again after it gave no answer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """What is known of one domain; `is_hosted` is None where nobody could tell."""

    dkim: DkimKnowledge
    former: tuple[KnownKey, ...] = ()
    dmarc_stage: str | None = None
    is_hosted: bool | None = None


class DomainFacts:
    """Collects what the store and the mail server know of domains; either may be absent.

    The mail server's answer goes before the stored one, and is stored if `learns`. A mail server
    that does not answer is no error.
    """

    def __init__(
        self,
        keys: KnownKeys | None,
        now: Callable[[], datetime],
        *,
        backend: MailBackend | None = None,
        stage_of: Callable[[Domain], Awaitable[str | None]] | None = None,
        learns: bool = True,
    ) -> None:
        self._keys = keys
        self._now = now
        self._backend = backend
        self._stage_of = stage_of
        self._learns = learns
        self._paused_until = 0.0  # by the monotonic clock

    async def of(self, domain: Domain) -> KnownFacts:
        """Return what is known of a domain, after `TIMEOUT` seconds at the latest.

        Raises:
            StoreError: the store cannot be read.

        """
        stored = await self._keys.current(domain) if self._keys else None
        former = await self._keys.former(domain) if self._keys else ()
        stage = await self._stage_of(domain) if self._stage_of else None
        is_hosted, told = await self._ask_backend(domain)
        dkim: DkimKnowledge = KeyUnknown() if stored is None else _read(stored)
        keys = tuple(_read(key) for key in former)
        if told is not None:
            if isinstance(told, KnownKey) and isinstance(dkim, KnownKey) and told != dkim:
                keys = (dkim, *keys)
            if isinstance(told, KnownKey):
                await self._learn(domain, told, stored)
            dkim = told
        return KnownFacts(dkim, keys, stage, is_hosted)

    async def is_hosted(self, domain: Domain) -> bool | None:
        """Return whether the mail server knows a domain; None where it does not say."""
        return (await self._ask_backend(domain))[0]

    async def some_domains(self, most: int) -> tuple[Domain, ...]:
        """Return domains of members that have a key, the latest first; none without a store."""
        if self._keys is None:
            return ()
        try:
            return await self._keys.domains(most)
        except StoreError as error:
            _log.warning("The members' domains were not read: %s", error)
            return ()

    async def _ask_backend(self, domain: Domain) -> tuple[bool | None, DkimKnowledge | None]:
        """Return whether the mail server knows a domain, and its key; None: it did not tell."""
        backend = self._backend
        if backend is None or not backend.capabilities.can_tell_domains:
            return None, None
        if time.monotonic() < self._paused_until:
            return None, None
        try:
            async with asyncio.timeout(TIMEOUT):
                found, key = await asyncio.gather(
                    backend.knows_domain(domain), backend.find_key(domain)
                )
        except (BackendError, TimeoutError) as error:
            why = str(error) or f"no answer within {TIMEOUT:g} seconds"
            _log.warning("%s is checked without %s: %s", domain.ascii, backend.name, why)
            self._paused_until = time.monotonic() + PAUSE
            return None, None
        if not found:
            return found, None
        return True, NoKeyYet() if key is None else key

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


def _read(stored: StoredKey) -> KnownKey:
    return KnownKey(stored.selector, DkimRecord.read(stored.value), stored.source.value)
