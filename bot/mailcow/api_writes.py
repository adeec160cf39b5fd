"""What all writes to Mailcow have in common: one at a time for a name, and a look afterwards."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

from bot.characters import echo
from bot.errors import BackendRefused, BackendUnclear, BackendUnreachable
from bot.mailcow import parse
from bot.mailcow.lookups import MailcowLookups
from bot.mailcow.refusals import REDIS_REFUSES, explain_refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from bot.mailcow.transport import Transport
    from bot.names import Domain

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

# What Mailcow says where it made what it was asked for, and where that is there already, perhaps.
_SAID = {
    "add/dkim": ("dkim_added", "dkim_domain_or_sel_invalid"),
    "add/domain": ("domain_added", "domain_exists"),
}


class MailcowWrites(MailcowLookups):
    """Writes to Mailcow. Every call raises BackendError and nothing else that is to be expected.

    `waits` are the seconds before each look after a write, until one finds something; `settling`
    are those between two looks at a key that have to agree.
    """

    def __init__(self, transport: Transport, waits: Sequence[float], settling: float) -> None:
        super().__init__(transport)
        self.settling = settling
        self._waits = waits
        self._turns: WeakValueDictionary[Domain, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, domain: Domain) -> AsyncIterator[None]:
        """Let one write a domain be under way: of parallel ones the last would win."""
        turn = self._turns.setdefault(domain, asyncio.Lock())
        async with turn:
            yield

    async def write(
        self, route: str, body: Mapping[str, str] | Sequence[str]
    ) -> tuple[parse.Entry, ...]:
        """Return what Mailcow says to a write, of which any part may be a refusal.

        Raises BackendUnclear where it says nothing.
        """
        entries = parse.read_entries(await self._transport.post(route, body))
        if not entries:
            raise BackendUnclear("mailcow-no-outcome")
        return entries

    async def make(
        self,
        route: str,
        body: Mapping[str, str],
        domain: Domain,
        look: Callable[[], Awaitable[_T | None]],
    ) -> _T:
        """Ask for something and return what is there afterwards.

        It counts as made where Mailcow says that it made it, that it is there already, or nothing:
        what is there after any other refusal may be half of it.
        """
        done, there = _SAID[route]
        entries: Sequence[parse.Entry] = ()
        unclear = BackendUnclear("mailcow-not-shown", call=route, domain=domain.ascii)
        try:
            entries = await self.write(route, body)
        except BackendUnclear as error:
            if error.code == REDIS_REFUSES:
                raise
            unclear = error
        refusals = [entry for entry in entries if entry.is_refusal]
        is_done = any(entry.code == done and not entry.is_refusal for entry in entries)
        refused = bool(refusals) and not is_done
        if refused and all(entry.code != there for entry in refusals):
            raise explain_refusal(refusals[0], domain.ascii)
        # Also after a refusal: another may have made it meanwhile.
        made = await self._look_for(look, self._waits[:1] if refused else self._waits)
        if made is None:
            raise explain_refusal(refusals[0], domain.ascii) if refused else unclear
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


def require_key(selector: str, bits: int) -> None:
    """Raise BackendRefused for a selector or a size that no key is asked for with."""
    if not parse.SELECTOR.fullmatch(selector):
        raise BackendRefused("mailcow-selector-unsafe")
    # Mailcow takes anything from 512 up, and makes keys that nobody accepts.
    if bits != 1024 and not 2048 <= bits <= 4096:
        raise BackendRefused("mailcow-key-size", bits=bits)
