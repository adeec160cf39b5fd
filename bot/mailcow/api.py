"""Mailcow's API: what it tells, and the two things that are made there, keys and domains.

Whoever makes something looks first, asks once, and looks again: nothing is made twice, nothing is
ever replaced or deleted, and a lost answer is no lost key.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from bot.errors import BackendRefused, BackendUnclear
from bot.mailcow.api_writes import MailcowWrites, require_key
from bot.mailcow.http_answers import READ_ONLY
from bot.mailcow.refusals import REDIS_REFUSES, explain_refusal
from bot.mailcow.transport import Transport
from bot.mailcow.values import AliasDomain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.mailcow.values import MailcowKey, MailDomain
    from bot.names import Domain
    from bot.requests.backend import DomainLimits
    from bot.telemetry import Telemetry

_log = logging.getLogger(__name__)

_WAITS = (0.0, 0.5, 1.0, 2.0, 4.0)  # seconds before each look after an unclear answer

_MOST_LOOKS = 5  # at a new key, until two agree

# A list of no domains: Mailcow looks at the key's right and then has nothing to do.
_NOTHING = {"domains": "", "dkim_selector": "dkim", "key_size": "2048"}


class Mailcow(MailcowWrites):
    """Mailcow's API. Every call raises BackendError and nothing else that is to be expected.

    `url` is that of the start page. The read key is used for everything but writes; without one,
    the write key is. `timeout` is in seconds and for a whole call, which may wait as long again
    for its turn. `waits` are the seconds before each look after a write, until one finds
    something; `settling` are those between two looks at a new key that have to agree.

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
        settling: float = 2.0,
        telemetry: Telemetry | None = None,
    ) -> None:
        super().__init__(Transport(url, read_key, write_key, timeout, telemetry), waits, settling)
        # Added while Redis took no writes, so that they lack a key; until they have one.
        self._half_added: set[Domain] = set()
        self._url = url

    def __repr__(self) -> str:
        return f"<Mailcow at {self._url}>"

    async def check_write_key(self) -> None:
        """Find out that the key for writing works and may write; nothing is changed.

        Raises:
            BackendError: it does not, or there is none.

        """
        for entry in await self.write("add/dkim", _NOTHING):
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

    async def find_or_make_dkim(
        self, domain: Domain, selector: str, bits: int = 2048
    ) -> MailcowKey:
        """Return the domain's key; only where Mailcow has none, one is made.

        The key that is there afterwards counts, whoever made it: its selector and length can
        differ from what was asked for.

        Raises:
            BackendRefused: the domain is not on the server or switched off, or Mailcow does not
                take the selector.
            BackendKeyFaulty: there is a key that nobody can use.
            BackendUnclear: nobody knows whether a key was made; asking again is safe.

        """
        require_key(selector, bits)
        async with self.turn(domain):
            found = await self.find_domain(domain)
            if found is None:
                raise BackendRefused("mailcow-domain-absent", domain=domain.ascii)
            if not found.active:
                raise BackendRefused("mailcow-domain-off", domain=domain.ascii)
            key = await self.dkim(domain)
            if key is not None:
                return key
            key = await self._make_key(domain, selector, bits)
        if (key.selector, key.bits) != (selector, bits):
            _log.warning(
                "%s has the DKIM key %s of %d bits, which somebody else made meanwhile",
                domain.ascii,
                key.selector,
                key.bits,
            )
        return key

    async def _make_key(self, domain: Domain, selector: str, bits: int) -> MailcowKey:
        """Make a key, and return the one that is there when others who made one are done.

        Somebody in Mailcow's own pages, or a process before this one, may be at the same: the last
        one wins, which can be seconds later.
        """
        body = {"domains": domain.ascii, "dkim_selector": selector, "key_size": str(bits)}
        key = await self.make("add/dkim", body, domain, lambda: self.dkim(domain))
        for _ in range(_MOST_LOOKS):
            await asyncio.sleep(self.settling)
            again = await self.dkim(domain)
            if again == key:
                return key
            if again is None:
                break
            key = again
        raise BackendUnclear("mailcow-key-unsettled", domain=domain.ascii)

    async def add_domain(
        self, domain: Domain, limits: DomainLimits, *, selector: str = "dkim", bits: int = 2048
    ) -> MailDomain:
        """Return the mail domain; where Mailcow has none, it is added, with a DKIM key.

        Limits that are None are left out, so that those of the admin's Default template count.

        Raises:
            BackendRefused: the name is an alias domain there, or Mailcow does not take it.
            BackendUnclear: nobody knows whether it was added; asking again is safe.

        """
        require_key(selector, bits)
        sizes = {
            "mailboxes": limits.mailboxes,
            "aliases": limits.aliases,
            "defquota": limits.usual_quota,
            "maxquota": limits.mailbox_quota,
            "quota": limits.domain_quota,
        }
        body = {
            "domain": domain.ascii,
            "active": "1",
            **{name: str(size) for name, size in sizes.items() if size is not None},
            "key_size": str(bits),
            "dkim_selector": selector,
            "restart_sogo": "1",  # else webmail does not know the domain
        }
        async with self.turn(domain):
            found = await self.find_domain(domain) or await self._add_domain(domain, body)
            if domain in self._half_added:
                if await self.dkim(domain) is None:
                    await self._make_key(domain, selector, bits)
                self._half_added.discard(domain)
        if isinstance(found, AliasDomain):
            raise BackendRefused(
                "mailcow-alias-domain", domain=domain.ascii, target=found.target.ascii
            )
        return found

    async def _add_domain(
        self, domain: Domain, body: Mapping[str, str]
    ) -> MailDomain | AliasDomain:
        try:
            return await self.make("add/domain", body, domain, lambda: self.find_domain(domain))
        except BackendUnclear as error:
            if error.code == REDIS_REFUSES:
                _log.warning(
                    "%s is added without its entry in Redis: restart php-fpm-mailcow once Redis "
                    "takes writes",
                    domain.ascii,
                )
                self._half_added.add(domain)
            raise
