"""The service that people's actions on rotations call: begin, undo, say what was done by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.errors import BackendError, BackendKeyFaulty, BackendRefused, RequestError
from bot.records.dkim_key import DkimRecord, KeySource, KnownKey
from bot.requests.backend import MailHosting
from bot.requests.model import RequestKind, make_pseudonym
from bot.rotations.admin_changes import (
    confirm_restore,
    confirm_switch,
    hasten_switch,
    note_proof,
    put_back,
    take_record,
)
from bot.rotations.due_keys import TRIED_LATELY, judge_age, put_in_order
from bot.rotations.key_change_of import is_same_key
from bot.rotations.rotation import KEY_SIZES, NewRotation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.names import Domain
    from bot.requests.backend import MailBackend
    from bot.requests.model import Actor, Request
    from bot.requests.polling import WakeUp
    from bot.rotations.due_keys import DueKey
    from bot.rotations.key_rotator import KeyRotator
    from bot.rotations.rotation import Rotation, RotationChange, RotationEntry
    from bot.rotations.rotation_protocols import KeyRepository, RotationRepository

MOST_A_DAY: Final = 20  # rotations that are begun because they are due, all those of a day counted
_DAY: Final = timedelta(days=1)
_AT_ONCE: Final = 200  # keys that are read and judged in one go


@dataclass(frozen=True, slots=True)
class BegunRotation:
    """The rotation that is open now, and whether it was begun just now."""

    rotation: Rotation
    is_new: bool  # False: there was an open one for the domain already


class RefusedRotation(NamedTuple):
    """A domain whose rotation could not begin, and why."""

    domain: Domain
    error: RequestError | BackendError


@dataclass(frozen=True, slots=True)
class BegunDue:
    """What came of beginning those that are due; `left` is how many of `due` were not tried."""

    begun: tuple[Rotation, ...] = ()
    refused: tuple[RefusedRotation, ...] = ()
    left: int = 0
    due: tuple[DueKey, ...] = ()  # before any was begun


class Rotations:
    """Everything that people do with rotations; whether they may is the caller's matter.

    Each change happens as a whole or not at all, and of several at once one wins. RequestError is
    raised, with a code for the person's answer, where something cannot be done, and BackendError
    where the mail server did not tell or refuses. `rotator` is None where the mail server cannot
    change keys by itself: then an admin does it by hand, and says so here.
    """

    def __init__(  # noqa: PLR0917 - each of another kind, so that none can be mistaken for another
        self,
        repository: RotationRepository,
        keys: KeyRepository,
        requests_of: Callable[[Domain], Awaitable[tuple[Request, ...]]],
        backend: MailBackend,
        rotator: KeyRotator | None,
        now: Callable[[], datetime],
        wake_up: WakeUp,
    ) -> None:
        self._store = repository
        self._keys = keys
        self._requests_of = requests_of
        self._backend = backend
        self._rotator = rotator if backend.capabilities.can_rotate_keys else None
        self._now = now
        self._wake_up = wake_up

    @property
    def by_hand(self) -> bool:
        """Whether an admin has to change keys on the mail server by hand."""
        return self._rotator is None

    async def begin(self, domain: Domain, bits: int, actor: Actor) -> BegunRotation:
        """Begin a rotation to a key of so many bits, or find the open one of the domain."""
        return await self._begin(domain, bits, actor)

    async def due_keys(self) -> tuple[DueKey, ...]:
        """Return the keys that are due, oldest first, of domains without an open rotation.

        Where the mail server tells its domains, keys of others are none: nothing is signed there.
        """
        now, hosted = self._now(), None
        if self._backend.capabilities.can_tell_domains:
            hosted = frozenset(await self._backend.domains())
        due: list[DueKey] = []
        after: Domain | None = None
        while page := await self._keys.current_keys(after, _AT_ONCE):
            judged = (judge_age(key, now) for key in page)
            due += (key for key in judged if key is not None)
            after = page[-1].domain
        under_way = frozenset(rotation.domain for rotation in await self._store.open_ones())
        tried = frozenset(await self._store.domains(now - TRIED_LATELY))
        signing = (key for key in due if hosted is None or key.domain in hosted)
        return put_in_order(signing, under_way, tried)

    async def begin_due(self, actor: Actor) -> BegunDue:
        """Begin rotations of the keys that are due, at most `MOST_A_DAY` in 24 hours.

        Each new key has the size of the old one, at least 2048 bits. Whoever is refused counts
        for nothing. Where the mail server does not answer, the others are left for another time.
        """
        due = await self.due_keys()
        begun: list[Rotation] = []
        refused: list[RefusedRotation] = []
        if await self._store.count_opened(self._now() - _DAY) >= MOST_A_DAY:
            return BegunDue(left=len(due), due=due)
        left = len(due)
        for key in due:
            try:
                came = await self._begin(key.domain, key.new_bits, actor, key)
            except RequestError as error:
                if error.code == "rotation-too-many-a-day":
                    break
                refused.append(RefusedRotation(key.domain, error))
            except BackendError as error:
                refused.append(RefusedRotation(key.domain, error))
                if not isinstance(error, BackendRefused | BackendKeyFaulty):
                    left -= 1
                    break
            else:
                begun += (came.rotation,) if came.is_new else ()
            left -= 1
        return BegunDue(tuple(begun), tuple(refused), left, due)

    async def undo(self, rotation_id: int, actor: Actor) -> Rotation:
        """Have everything put back as it was before; one that is being undone stays as it is."""
        return await self._decide(rotation_id, lambda before, now: put_back(before, actor, now))

    async def switch_now(self, rotation_id: int, actor: Actor) -> Rotation:
        """Have the key switched at once where its record is live, and not at a quiet moment."""
        return await self._decide(
            rotation_id, lambda before, now: hasten_switch(before, actor, now)
        )

    async def paste(self, rotation_id: int, actor: Actor, value: str) -> Rotation:
        """Take the record of the key that an admin made by hand, in any form that is pasted.

        Raises:
            InvalidKey: the value is no key; said in one sentence.

        """
        record = DkimRecord.parse(value)
        return await self._decide(
            rotation_id, lambda before, now: take_record(before, record, actor, now)
        )

    async def confirm_switched(self, rotation_id: int, actor: Actor) -> Rotation:
        """Take an admin's word that the mail server signs with the new key, unless it denies it."""
        server = await self._backend.look_up((await self._find(rotation_id)).domain)
        return await self._decide(
            rotation_id, lambda before, now: confirm_switch(before, server, actor, now)
        )

    async def confirm_restored(self, rotation_id: int, actor: Actor) -> Rotation:
        """Take an admin's word that it signs with the old key again, unless it denies it."""
        server = await self._backend.look_up((await self._find(rotation_id)).domain)
        return await self._decide(
            rotation_id, lambda before, now: confirm_restore(before, server, actor, now)
        )

    async def note_signed_mail(self, domain: Domain, selector: str, at: datetime) -> None:
        """Note that a mail came which the key with this selector had signed rightly."""
        for rotation in await self._store.of_domain(domain):
            if note_proof(rotation, selector, at) is not None:
                await self._decide(rotation.id, lambda before, _: note_proof(before, selector, at))

    async def get(self, rotation_id: int) -> Rotation | None:
        """Return the rotation with this id; None where there never was one."""
        return await self._store.get(rotation_id)

    async def of_domain(self, domain: Domain) -> tuple[Rotation, ...]:
        """Return all rotations of a domain, latest first."""
        return await self._store.of_domain(domain)

    async def open_ones(self) -> tuple[Rotation, ...]:
        """Return the rotations that have not ended, oldest first."""
        return await self._store.open_ones()

    async def entries(self, rotation_id: int) -> tuple[RotationEntry, ...]:
        """Return what was done to one rotation, in its order."""
        return await self._store.entries(rotation_id)

    async def count_of_admin(self, admin_id: int) -> int:
        """Return how many steps this person took as an admin."""
        return await self._store.count_of_admin(admin_id)

    async def forget_member(self, member_id: int) -> None:
        """Put a random pseudonym in the place of a member."""
        await self._store.forget_member(member_id, make_pseudonym(), self._now())
        self._wake_up.wake()

    async def _begin(
        self, domain: Domain, bits: int, actor: Actor, due: DueKey | None = None
    ) -> BegunRotation:
        if bits not in KEY_SIZES:
            sizes = " or ".join(map(str, KEY_SIZES))
            raise RequestError("rotation-bad-size", bits=bits, sizes=sizes)
        latest = await self._store.of_domain(domain)
        if latest and latest[0].open:
            return BegunRotation(latest[0], is_new=False)
        if self._rotator is not None:
            self._rotator.refuse_name(domain)
        await self._refuse_open_request(domain)
        old = await self._find_old(domain)
        if due is not None and (old.selector, old.record.text) != (due.selector, due.value):
            source = KeySource(old.source)
            await self._keys.learn(domain, old.selector, old.record.text, source, self._now())
            raise RequestError("rotation-key-changed", domain=domain.ascii)
        found = await self._find_selectors(domain, old)
        most = None if due is None else MOST_A_DAY
        asked = NewRotation(domain, old, bits, self.by_hand, actor, most)
        rotation, is_new = await self._store.open(asked, found, self._now())
        if is_new:
            self._wake_up.wake()
        return BegunRotation(rotation, is_new)

    async def _refuse_open_request(self, domain: Domain) -> None:
        for request in await self._requests_of(domain):
            if request.kind is RequestKind.DKIM and request.open:
                raise RequestError("rotation-request-open", domain=domain.ascii, number=request.id)

    async def _find_old(self, domain: Domain) -> KnownKey:
        """Return the key that signs: what the mail server tells goes before what was learned."""
        server = await self._backend.look_up(domain)
        if server.fault is not None:
            raise server.fault
        if server.hosting is MailHosting.ABSENT:
            raise RequestError("rotation-domain-absent", domain=domain.ascii)
        if server.hosting is MailHosting.OFF:
            raise RequestError("rotation-domain-off", domain=domain.ascii)
        if server.key is not None:
            return server.key
        stored = await self._keys.current(domain)
        if server.hosting is MailHosting.ON or stored is None:
            raise RequestError("rotation-no-key", domain=domain.ascii)
        return KnownKey(stored.selector, DkimRecord.read(stored.value), stored.source.value)

    async def _find_selectors(self, domain: Domain, old: KnownKey) -> frozenset[str]:
        """Return the selectors of all keys that the mail server has of a domain."""
        if self._rotator is None:
            return frozenset()
        kept = await self._rotator.kept(domain)
        if kept.signing is None or not is_same_key(kept.signing, old):
            raise RequestError("rotation-key-unsettled", domain=domain.ascii)
        keys = (kept.signing, kept.next, kept.former)
        return frozenset(key.selector for key in keys if key is not None)

    async def _find(self, rotation_id: int) -> Rotation:
        rotation = await self._store.get(rotation_id)
        if rotation is None:
            raise RequestError("rotation-unknown", number=rotation_id)
        return rotation

    async def _decide(
        self,
        rotation_id: int,
        decide: Callable[[Rotation, datetime], RotationChange | None],
    ) -> Rotation:
        now = self._now()
        rotation, is_changed = await self._store.change(
            rotation_id, lambda before: decide(before, now), now
        )
        if is_changed:
            self._wake_up.wake()
        return rotation
