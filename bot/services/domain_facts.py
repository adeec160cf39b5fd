"""What is known of a domain before the DNS is asked: what the store holds and Mailcow says."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.errors import MailcowError, StoreError
from bot.records.dkim_key import DkimKnowledge, DkimRecord, KeyUnknown, KnownKey, NoKeyYet

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.mailcow.values import AliasDomain, MailcowKey, MailDomain
    from bot.names import Domain
    from bot.store.repositories.known_keys import KnownKeys, StoredKey

TIMEOUT = 3.0  # seconds that a check waits for Mailcow
PAUSE = 30.0  # seconds in which Mailcow is not asked again after it gave no answer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one domain; `is_hosted` is None where nobody could tell."""

    dkim: DkimKnowledge
    former: tuple[KnownKey, ...] = ()
    dmarc_stage: str | None = None
    is_hosted: bool | None = None


class MailServerApi(Protocol):
    """What is asked of Mailcow here: reading alone. Raises MailcowError."""

    async def find_domain(self, domain: Domain) -> MailDomain | AliasDomain | None:
        """Return what it has under this name; None: it does not know it."""
        ...

    async def dkim(self, domain: Domain) -> MailcowKey | None:
        """Return the key that it signs the domain's mail with; None: it has none."""
        ...


class DomainFacts:
    """Knows of domains what the store holds and Mailcow says; each of them may be absent.

    What Mailcow says goes before what the store holds, and is learned where `learns`. That Mailcow
    says nothing never fails anything.
    """

    def __init__(
        self,
        keys: KnownKeys | None,
        now: Callable[[], datetime],
        *,
        mailcow: MailServerApi | None = None,
        stage_of: Callable[[Domain], Awaitable[str | None]] | None = None,
        learns: bool = True,
    ) -> None:
        self._keys = keys
        self._now = now
        self._mailcow = mailcow
        self._stage_of = stage_of
        self._learns = learns
        self._paused_until = 0.0  # by the monotonic clock

    async def of(self, domain: Domain) -> Known:
        """Return what is known of a domain, after at most `TIMEOUT` seconds of asking Mailcow.

        Raises:
            StoreError: the store cannot be read.

        """
        stored = await self._keys.current(domain) if self._keys else None
        former = await self._keys.former(domain) if self._keys else ()
        stage = await self._stage_of(domain) if self._stage_of else None
        is_hosted, told = await self._ask_mailcow(domain)
        dkim: DkimKnowledge = KeyUnknown() if stored is None else _read(stored)
        keys = tuple(_read(key) for key in former)
        if told is not None:
            if isinstance(told, KnownKey) and isinstance(dkim, KnownKey) and told != dkim:
                keys = (dkim, *keys)
            if isinstance(told, KnownKey):
                await self._learn(domain, told, stored)
            dkim = told
        return Known(dkim, keys, stage, is_hosted)

    async def is_hosted(self, domain: Domain) -> bool | None:
        """Return whether Mailcow knows a domain; None where it does not say or there is none."""
        return (await self._ask_mailcow(domain))[0]

    async def some_domains(self, most: int) -> tuple[Domain, ...]:
        """Return domains of members that have a key, the latest first; none without a store."""
        if self._keys is None:
            return ()
        try:
            return await self._keys.domains(most)
        except StoreError as error:
            _log.warning("The members' domains were not read: %s", error)
            return ()

    async def _ask_mailcow(self, domain: Domain) -> tuple[bool | None, DkimKnowledge | None]:
        """Return whether Mailcow knows a domain, and its key; None for what it did not tell."""
        if self._mailcow is None or time.monotonic() < self._paused_until:
            return None, None
        try:
            async with asyncio.timeout(TIMEOUT):
                found, key = await asyncio.gather(
                    self._mailcow.find_domain(domain), self._mailcow.dkim(domain)
                )
        except (MailcowError, TimeoutError) as error:
            why = str(error) or f"Mailcow did not answer within {TIMEOUT:g} seconds."
            _log.warning("%s is checked without Mailcow: %s", domain.ascii, why)
            self._paused_until = time.monotonic() + PAUSE
            return None, None
        if found is None:
            return False, None
        return True, NoKeyYet() if key is None else key.known

    async def _learn(self, domain: Domain, key: KnownKey, stored: StoredKey | None) -> None:
        if self._keys is None or not self._learns:
            return
        # Imported late: the console reads alone, and often without a store.
        from bot.store.repositories.known_keys import KeySource  # noqa: PLC0415

        if stored is not None and (stored.selector, stored.value, stored.source) == (
            key.selector,
            key.record.text,
            KeySource.MAILCOW,
        ):
            return
        try:
            await self._keys.learn(
                domain, key.selector, key.record.text, KeySource.MAILCOW, self._now()
            )
        except StoreError as error:
            _log.warning("The key of %s was not kept: %s", domain.ascii, error)


def _read(stored: StoredKey) -> KnownKey:
    return KnownKey(stored.selector, DkimRecord.parse(stored.value), stored.source.value)
