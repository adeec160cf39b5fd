"""What members and admins can ask of the watch: be told, wait for a step, pause, look it up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.requests.control_proof import refuse_foreign
from bot.requests.model import State
from bot.watch.awaited_goal import MOST_AWAITED
from bot.watch.watch_overview import OwnWatch
from bot.watch.watched_domain import MOST_OF_MEMBER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.names import Domain
    from bot.requests.model import Request
    from bot.requests.polling import WakeUp
    from bot.services.domain_control import DomainControl
    from bot.store.repositories.awaited_goals import AwaitedGoals
    from bot.store.repositories.watch_records import WatchRecords
    from bot.store.repositories.watchers import Watchers
    from bot.watch.awaited_goal import Awaited
    from bot.watch.watch_overview import WatchOverview
    from bot.watch.watched_domain import Watcher

LONGEST_PAUSE: Final = 90  # days
USUAL_PAUSE: Final = 7  # days
_MOST_UNDELIVERED: Final = 5  # messages that a member is told of
# A request that says nothing for its member: it was refused, or given up in favour of another's.
_SAYS_NOTHING: Final = frozenset({State.DENIED, State.WITHDRAWN, State.REPLACED})


class WatchBar(StrEnum):
    """Why a member cannot have a domain watched, or wait for something."""

    NOT_SHOWN = "not-shown"  # nothing shows that it is theirs
    TOO_MANY = "too-many"


@dataclass(frozen=True, slots=True)
class Noted:
    """What a member has watched or waits for, and whether that is new."""

    what: Watcher | Awaited
    is_new: bool


@dataclass(frozen=True, slots=True)
class TakenOut:
    """What came of an admin's taking a domain out: whether it was there by hand, and goes on."""

    was_by_hand: bool
    goes_on: bool  # the mail server has it, or a member wants it


class Watching:
    """Writes down what people want of the watch, and wakes it.

    Where somebody is, and whether they are an admin, is the caller's matter. Raises StoreError
    where the store cannot be used.
    """

    def __init__(
        self,
        watchers: Watchers,
        awaited: AwaitedGoals,
        records: WatchRecords,
        *,
        control: DomainControl,
        requests_of: Callable[[Domain], Awaitable[tuple[Request, ...]]],
        now: Callable[[], datetime],
        wake_up: WakeUp,
    ) -> None:
        self._watchers = watchers
        self._awaited = awaited
        self._records = records
        self._control = control
        self._requests_of = requests_of
        self._now = now
        self._wake_up = wake_up

    async def is_known_owner(self, member_id: int, domain: Domain) -> bool:
        """Whether a member has shown that they control a domain, or asked the admin for it."""
        if await self._control.is_proven(member_id, domain):
            return True
        asked = await self._requests_of(domain)
        return any(r.member_id == member_id and r.state not in _SAYS_NOTHING for r in asked)

    async def can_be_offered(self, member_id: int, domain: Domain) -> bool:
        """Whether a member may have a domain watched, and has not yet; nothing is looked up."""
        if await self._watchers.get(domain, member_id) is not None:
            return False
        return await self.is_known_owner(member_id, domain)

    async def add(self, member_id: int, domain: Domain) -> Noted | WatchBar:
        """Have a member told of a domain from now on, where it is theirs.

        Where nothing known says so, their record is looked for at the domain's name servers.

        Raises:
            RequestError: nobody who asks can have such a domain.

        """
        refuse_foreign(domain)
        if not await self.is_known_owner(member_id, domain):
            shown = (await self._control.prove(member_id, domain)).proof
            if shown is None:
                return WatchBar.NOT_SHOWN
        added = await self._watchers.add(domain, member_id, self._now(), MOST_OF_MEMBER)
        return self._noted(added)

    async def remove(self, member_id: int, domain: Domain) -> bool:
        """Tell a member of a domain no more; whether they were told before."""
        return await self._watchers.remove(domain, member_id)

    async def pause(self, member_id: int, domain: Domain, days: int) -> Watcher | None:
        """Tell a member nothing of a domain for so many days; with none, tell them again at once.

        None is returned where they do not have it watched.
        """
        watcher = await self._watchers.pause(domain, member_id, self._until(days))
        self._wake_up.wake()  # what the pause held back may be due
        return watcher

    async def list_own(self, member_id: int) -> OwnWatch:
        """Return all that one member has watched and waits for, and what did not reach them."""
        return OwnWatch(
            await self._watchers.of_member(member_id),
            await self._awaited.open_of(member_id),
            await self._records.undelivered(member_id, _MOST_UNDELIVERED),
        )

    async def domains_of(self, member_id: int) -> tuple[Domain, ...]:
        """Return the domains that a member has watched, by name."""
        return tuple(watcher.domain for watcher, _ in await self._watchers.of_member(member_id))

    async def wait_for(
        self, member_id: int, domain: Domain, goal: str, *, confidential: bool
    ) -> Noted | WatchBar:
        """Have a member told once when a goal of a domain is reached.

        `confidential`: what only the mail server knows of the domain may count and be told.
        """
        added = await self._awaited.add(
            domain, member_id, goal, self._now(), confidential=confidential, most=MOST_AWAITED
        )
        return self._noted(added)

    async def cancel(self, member_id: int, awaited_id: int) -> Awaited | None:
        """Wait no more for something; None where it is nothing that this member waits for."""
        return await self._awaited.cancel(awaited_id, member_id, self._now())

    async def overview(self) -> WatchOverview:
        """Return how far the watch is in its cycle, which is a day in UTC."""
        now = self._now()
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return await self._records.overview(today, now)

    async def find_domains(self, typed: str, most: int) -> tuple[Domain, ...]:
        """Return up to `most` watched domains that begin with what an admin typed."""
        return await self._records.find(typed, most)

    async def add_by_hand(self, domain: Domain) -> bool:
        """Have a domain watched for the admins, with a look at once; whether that is new."""
        is_new = await self._records.add_by_hand(domain, self._now())
        self._wake_up.wake()
        return is_new

    async def remove_by_hand(self, domain: Domain) -> TakenOut:
        """Take back that an admin added a domain."""
        return TakenOut(*await self._records.remove_by_hand(domain))

    async def pause_all(self, domain: Domain, days: int) -> bool:
        """Tell nobody of a domain for so many days; with none, tell them again.

        Whether the domain is known.
        """
        return await self._records.pause(domain, self._until(days))

    def _until(self, days: int) -> datetime | None:
        return self._now() + timedelta(days=days) if days else None

    def _noted(self, added: tuple[Watcher | Awaited, bool] | None) -> Noted | WatchBar:
        if added is None:
            return WatchBar.TOO_MANY
        what, is_new = added
        if is_new:
            self._wake_up.wake()
        return Noted(what, is_new)
