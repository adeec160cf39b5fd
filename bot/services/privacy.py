"""What is stored about one member, and how it is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.requests.mail_proof import TESTS_KEPT
from bot.requests.model import State, can_go

if TYPE_CHECKING:
    from bot.names import Domain
    from bot.requests.control_proof import ControlProof
    from bot.requests.model import Request
    from bot.requests.service import Requests
    from bot.rotations.rotation_service import Rotations
    from bot.store.repositories.awaited_goals import AwaitedGoals
    from bot.store.repositories.control_proofs import ControlProofs
    from bot.store.repositories.mail_tests import MailTests
    from bot.store.repositories.recent_domains import RecentDomains
    from bot.store.repositories.sent_mails import SentMails
    from bot.store.repositories.stored_checks import StoredChecks
    from bot.store.repositories.watch_records import WatchRecords
    from bot.store.repositories.watchers import Watchers

KEPT = timedelta(days=400)  # from the last use on; see bot.services.retention
LATEST = 20  # checks of one member and domain that are kept so long
OTHERS = timedelta(days=7)  # for which their others are kept
NEWS_KEPT = timedelta(days=30)  # of the watch, and what was waited for, from their end on


@dataclass(frozen=True, slots=True)
class MemberData:
    """Everything that is stored with a member's id."""

    domains: tuple[Domain, ...]  # that they asked about, the latest first
    checks: int  # reports that they asked for
    requests: tuple[Request, ...]  # theirs, the latest first
    decisions: int  # what they decided as an admin
    proofs: tuple[ControlProof, ...] = ()  # of domains that they control, the latest first
    tests: int = 0  # test mails that they began
    sent: int = 0  # mails that were sent to them
    watched: int = 0  # domains that they are told of
    awaited: int = 0  # what they wait or waited for
    news: int = 0  # messages of the watch to them
    rotations: int = 0  # what they did to changes of DKIM keys as an admin

    @property
    def withdrawable(self) -> tuple[Request, ...]:
        """The open requests that a deletion withdraws."""
        return tuple(r for r in self.requests if can_go(r.state, State.WITHDRAWN))

    @property
    def under_way(self) -> tuple[Request, ...]:
        """The open requests that cannot be withdrawn: they are worked on, or done already."""
        return tuple(r for r in self.requests if r.open and not can_go(r.state, State.WITHDRAWN))

    @property
    def newest_open(self) -> int:
        """The number of the latest open request; 0 where there is none."""
        return max((request.id for request in self.requests if request.open), default=0)

    @property
    def days(self) -> int:
        """For how many days after its last use something is kept."""
        return KEPT.days

    @property
    def latest(self) -> int:
        """How many checks of one domain are kept that long."""
        return LATEST

    @property
    def days_of_others(self) -> int:
        """For how many days the other checks of a domain are kept."""
        return OTHERS.days

    @property
    def days_of_tests(self) -> int:
        """For how many days test mails are kept."""
        return TESTS_KEPT.days

    @property
    def days_of_news(self) -> int:
        """For how many days news of the watch is kept after it was told."""
        return NEWS_KEPT.days

    @property
    def nothing(self) -> bool:
        """Whether nothing is stored about them."""
        asked = (self.domains, self.checks, self.requests, self.proofs)
        did = (self.decisions, self.rotations)
        told = (self.watched, self.awaited, self.news)
        return not any((*asked, *did, self.tests, self.sent, *told))


class Privacy:
    """Tells members what is stored about them, and forgets them."""

    def __init__(
        self,
        recent: RecentDomains,
        checks: StoredChecks,
        requests: Requests,
        proofs: ControlProofs,
        *,
        tests: MailTests,
        sent: SentMails,
        watchers: Watchers,
        awaited: AwaitedGoals,
        watch: WatchRecords,
        rotations: Rotations,
    ) -> None:
        self._recent = recent
        self._checks = checks
        self._requests = requests
        self._proofs = proofs
        self._tests = tests
        self._sent = sent
        self._watchers = watchers
        self._awaited = awaited
        self._watch = watch
        self._rotations = rotations

    async def about(self, member_id: int) -> MemberData:
        """Return what is stored about a member."""
        return MemberData(
            domains=await self._recent.of(member_id, limit=1000),
            checks=await self._checks.count_of(member_id),
            requests=await self._requests.of_member(member_id),
            decisions=await self._requests.decisions_of(member_id),
            proofs=await self._proofs.of_member(member_id),
            tests=await self._tests.count_of(member_id),
            sent=await self._sent.count_of(member_id),
            watched=await self._watchers.count_of(member_id),
            awaited=await self._awaited.count_of(member_id),
            news=await self._watch.news_of(member_id),
            rotations=await self._rotations.count_of_admin(member_id),
        )

    async def forget(self, member_id: int) -> None:
        """Withdraw a member's open requests, and take their id out of everything.

        What is about domains stays, without them. Where this is cut short, calling it again does
        the rest.
        """
        await self._requests.forget_member(member_id)
        await self._checks.unlink(member_id)
        await self._recent.forget(member_id)
        await self._proofs.forget(member_id)
        await self._tests.forget(member_id)
        await self._sent.forget(member_id)
        await self._rotations.forget_member(member_id)
        # Who is told of nothing gets no news any more, so those go last.
        await self._watchers.forget(member_id)
        await self._awaited.forget(member_id)
        await self._watch.forget(member_id)
