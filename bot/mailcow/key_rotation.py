"""Changes a domain's DKIM key at Mailcow by copies, so that no private key leaves it.

`get/dkim` tells selector and public key, and never whether the private key is there. So a copy
counts as made only where Mailcow said exactly that, and what it shows afterwards is the same key.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from bot.characters import echo
from bot.errors import BackendKeyFaulty, BackendRefused, BackendUnclear
from bot.mailcow.values import AliasDomain
from bot.mailcow.workshop_calls import WorkshopCalls
from bot.mailcow.workshop_names import (
    WORKSHOP,
    former_name,
    is_kept_name,
    is_workshop_name,
    next_name,
)
from bot.names import Domain
from bot.records.dkim_key import KnownKey
from bot.rotations.key_change_of import is_same_key
from bot.rotations.key_rotator import KeptKeys, Leftover

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.mailcow.api import Mailcow

    # What a name has: a key, one that nobody can use, or none.
    Found = KnownKey | BackendKeyFaulty | None


class MailcowRotator:
    """Does at Mailcow what `bot.rotations.key_rotator.KeyRotator` says.

    The workshop is the domain dkim-factory.invalid, switched off; a domain's next and former key
    are kept under names below it.
    """

    def __init__(self, mailcow: Mailcow) -> None:
        self._mailcow = mailcow
        self._calls = WorkshopCalls(mailcow)

    def refuse_name(self, domain: Domain) -> None:
        """Raise BackendRefused where the name is the workshop's, or too long to keep keys of it."""
        next_name(domain)

    async def kept(self, domain: Domain) -> KeptKeys:
        """Return the keys of a domain, read now; raises BackendKeyFaulty for one of no use."""
        names = (domain, next_name(domain), former_name(domain))
        return KeptKeys(*[await self._read(name) for name in names])

    async def has_workshop(self) -> bool:
        """Return whether the workshop is there.

        Raises:
            BackendRefused: somebody switched it on, made it an alias, or gave it mailboxes.

        """
        found = await self._mailcow.find_domain(WORKSHOP)
        if found is None:
            return False
        if found.active or isinstance(found, AliasDomain):
            raise BackendRefused("mailcow-workshop-on", name=WORKSHOP.ascii)
        if await self._mailcow.mailboxes(WORKSHOP):
            raise BackendRefused("mailcow-workshop-used", name=WORKSHOP.ascii)
        return True

    async def open_workshop(self) -> None:
        """Make the workshop where it is not there; raises BackendRefused as `has_workshop` does."""
        async with self._mailcow.turn(WORKSHOP):
            if not await self.has_workshop():
                await self._calls.add_workshop()
                if not await self.has_workshop():
                    raise BackendUnclear("mailcow-workshop-gone", name=WORKSHOP.ascii)

    async def clear_workshop(self) -> None:
        """Take away the key in the workshop."""
        async with self._mailcow.turn(WORKSHOP):
            await self._delete(WORKSHOP)

    async def make_key(self, selector: str, bits: int) -> KnownKey:
        """Make a key in the workshop and return it, once two looks at it agree."""
        async with self._mailcow.turn(WORKSHOP):
            if not await self.has_workshop():
                raise BackendRefused("mailcow-workshop-gone", name=WORKSHOP.ascii)
            await self._calls.add_key(selector, bits)
            found = await self._find(WORKSHOP)
            if not isinstance(found, KnownKey) or (found.selector, found.record.bits) != (
                selector,
                bits,
            ):
                raise BackendUnclear("mailcow-copy-unconfirmed", name=WORKSHOP.ascii)
            await self._confirm(WORKSHOP, found, settled=True)
            return found

    async def keep_next(self, domain: Domain, key: KnownKey) -> None:
        """Copy the workshop's key to where the domain's next is kept."""
        target = next_name(domain)
        async with self._mailcow.turn(WORKSHOP), self._mailcow.turn(domain):
            await self._require(WORKSHOP, key)
            await self._keep(WORKSHOP, target, key)

    async def keep_former(self, domain: Domain, key: KnownKey) -> None:
        """Copy the key that signs to where the domain's former one is kept."""
        target = former_name(domain)
        async with self._mailcow.turn(domain):
            if not _is_same(await self._find(domain), key):
                raise BackendRefused("mailcow-signs-otherwise", domain=domain.ascii)
            await self._keep(domain, target, key)

    async def switch(self, domain: Domain, before: KnownKey, to: KnownKey) -> None:
        """Have the domain's mail signed with the next key.

        It is copied also where Mailcow shows it already, as its private key may be missing.
        """
        source, way_back = next_name(domain), former_name(domain)
        if before.selector.lower() == to.selector.lower():
            raise BackendRefused("mailcow-same-selector", domain=domain.ascii, selector=to.selector)
        async with self._mailcow.turn(domain):
            signing = await self._find_among(domain, before, to)
            try:
                await self._require(way_back, before)
                await self._require(source, to)
                await self._calls.copy_key(source, domain)
            except BackendRefused as error:
                raise _explain(error, is_whole=_is_same(signing, before)) from None
            await self._confirm(domain, to, settled=True)

    async def restore(self, domain: Domain, before: KnownKey, to: KnownKey) -> None:
        """Have the domain's mail signed with the former key again.

        It is copied also where Mailcow shows it already, as a call before may have been cut short;
        where there is no copy then, all is well. A domain whose key was deleted gets it back.
        """
        source = former_name(domain)
        async with self._mailcow.turn(domain):
            signing = await self._find(domain)
            if _is_same(signing, to) and not _is_same(await self._find(source), to):
                return  # its private key was never touched: a copy alone could have done that
            if signing is not None:
                signing = await self._find_among(domain, before, to)
            try:
                await self._require(source, to)
                await self._calls.copy_key(source, domain)
            except BackendRefused as error:
                is_whole = signing is None or _is_same(signing, before)
                raise _explain(error, is_whole=is_whole) from None
            await self._confirm(domain, to, settled=True)

    async def drop_next(self, domain: Domain) -> None:
        """Take away the copy that is kept as the domain's next key."""
        async with self._mailcow.turn(domain):
            await self._delete(next_name(domain))

    async def drop_former(self, domain: Domain) -> None:
        """Take away the copy that is kept as the domain's former key."""
        async with self._mailcow.turn(domain):
            await self._delete(former_name(domain))

    async def find_leftovers(
        self, domains: Iterable[Domain], under_way: Iterable[Domain]
    ) -> tuple[Leftover, ...]:
        """Return the copies of `domains` and of all that Mailcow has, but those `under_way`.

        Mailcow has no list of its keys, so each name is asked for.
        """
        busy = set(under_way)
        hosted = [each.domain for each in await self._mailcow.domains()]
        aliases = [each.domain for each in await self._mailcow.alias_domains()]
        known = dict.fromkeys((*domains, *hosted, *aliases))
        free = [each for each in known if each not in busy and not is_workshop_name(each)]
        asked = [*([] if busy else [(WORKSHOP,)]), *map(_kept_names, free)]
        found = []
        for names in asked:
            keys = await asyncio.gather(*(self._find(name) for name in names))
            for name, key in zip(names, keys, strict=True):
                if key is not None:
                    selector = key.selector if isinstance(key, KnownKey) else ""
                    found.append(Leftover(name.ascii, selector))
        return tuple(found)

    async def remove(self, leftover: Leftover) -> None:
        """Take one of them away.

        Raises:
            BackendRefused: the name is not one that keys are kept under.

        """
        name = None
        with suppress(ValueError):
            name = Domain.from_ascii(leftover.name)
        if name is None or (name != WORKSHOP and not is_kept_name(name)):
            raise BackendRefused("mailcow-delete-not-allowed", name=echo(leftover.name))
        async with self._mailcow.turn(name):
            await self._delete(name)

    async def _read(self, name: Domain) -> KnownKey | None:
        key = await self._mailcow.dkim(name)
        return None if key is None else key.known

    async def _find(self, name: Domain) -> Found:
        try:
            return await self._read(name)
        except BackendKeyFaulty as error:
            return error

    async def _find_among(self, domain: Domain, before: KnownKey, to: KnownKey) -> KnownKey:
        """Return the key that signs, which is one of two, or half of each after a cut copy.

        Mailcow writes the public key first, and the selector after it.
        """
        found = await self._find(domain)
        if isinstance(found, KnownKey):
            halves = [
                KnownKey(one.selector, other.record, one.source)
                for one in (before, to)
                for other in (before, to)
            ]
            if any(_is_same(found, half) for half in halves):
                return found
        raise BackendRefused("mailcow-signs-otherwise", domain=domain.ascii)

    async def _require(self, name: Domain, key: KnownKey) -> None:
        if not _is_same(await self._find(name), key):
            raise BackendRefused("mailcow-key-not-kept", name=name.ascii, selector=key.selector)

    async def _keep(self, source: Domain, target: Domain, key: KnownKey) -> None:
        there = await self._find(target)
        if there is not None and not _is_same(there, key):
            await self._delete(target)  # else its private key would stay there under its selector
        await self._calls.copy_key(source, target)
        await self._confirm(target, key)

    async def _confirm(self, name: Domain, key: KnownKey, *, settled: bool = False) -> None:
        """Raise BackendUnclear unless Mailcow shows this key, and again after a while if `settled`.

        Somebody in Mailcow's own pages may be at the same, and the last one wins.
        """
        for wait in (0.0, self._mailcow.settling) if settled else (0.0,):
            await asyncio.sleep(wait)
            if not _is_same(await self._find(name), key):
                raise BackendUnclear("mailcow-copy-unconfirmed", name=name.ascii)

    async def _delete(self, name: Domain) -> None:
        # Also where none is shown: of a call that was cut short the private key may be left.
        await self._calls.delete_key(name)
        if await self._find(name) is not None:
            raise BackendUnclear("mailcow-key-stays", name=name.ascii)


def _is_same(found: Found, key: KnownKey) -> bool:
    return isinstance(found, KnownKey) and is_same_key(found, key)


def _explain(error: BackendRefused, *, is_whole: bool) -> BackendRefused | BackendUnclear:
    """Return a refusal as what it means: after half of a call it does not mean that all is well."""
    if is_whole:
        return error
    return BackendUnclear.of(error.code, error.facts)


def _kept_names(domain: Domain) -> tuple[Domain, ...]:
    try:
        return (next_name(domain), former_name(domain))
    except BackendRefused:
        return ()  # a name that is too long has none
