"""Looks at domains by itself: for the watch, for waiting requests, and for a list of domains."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.errors import StoreError
from bot.services.plan.step import PlanFacts, StepState
from bot.services.shared_checks import SharedChecks
from bot.services.turns import OURSELVES, REQUESTS
from bot.watch.watched_domain import Seen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from bot.checks.observe.unhurried import Unhurried
    from bot.checks.report import Report
    from bot.names import Domain
    from bot.records.dkim_key import KnownKey
    from bot.requests.model import RequestKind
    from bot.services.core import Core
    from bot.services.domain_facts import KnownFacts
    from bot.services.plan.step import Plan

    Listener = Callable[[Seen], Awaitable[None]]

FRESH: Final = timedelta(seconds=10)  # so long after its beginning a look is the next one's too
MOST_KEPT: Final = 64  # such looks

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Look:
    """A look, when it began, and the facts that its report was made by."""

    seen: Seen
    plan: Plan
    known: KnownFacts
    began: datetime


class DomainLooks:
    """Makes the looks that nobody sits and waits for, each once for all who need it.

    A look takes its turn behind those of members, and asks little of a domain of which nobody
    answers. Who asks for a domain that is looked at in this moment, or was within `FRESH`, gets
    that look, where what is known of the domain besides the DNS is still the same. `asked` says
    which requests are open for a domain, None where none are taken.
    """

    def __init__(
        self,
        core: Core,
        now: Callable[[], datetime],
        *,
        asked: Callable[[Domain], Awaitable[frozenset[RequestKind]]] | None = None,
    ) -> None:
        self._core = core
        self._now = now
        self._asked = asked
        self._listeners: list[Listener] = []
        self._running: SharedChecks[tuple[Domain, KnownFacts, datetime], _Look] = SharedChecks()
        self._begun: dict[tuple[Domain, KnownFacts], datetime] = {}
        self._latest: dict[Domain, _Look] = {}

    def listen(self, listener: Listener) -> None:
        """Have each new look handed to a listener, whoever asked for it."""
        self._listeners.append(listener)

    async def look(self, domain: Domain) -> Seen:
        """Return a look at a domain for the watch.

        Raises:
            StoreError: the store cannot be read.

        """
        return (await self._look(domain, OURSELVES)).seen

    async def check(
        self,
        domain: Domain,
        key: KnownKey | None = None,
        since: datetime | None = None,
        *,
        asker: int = REQUESTS,
    ) -> Report:
        """Return the report of a look for a request; see `bot.requests.protocols.Look`.

        Raises:
            StoreError: the store cannot be read.

        """
        return (await self._look(domain, asker, key, since)).seen.report

    async def sweep(self, domains: Iterable[Domain], take: Callable[[Report, Plan], None]) -> None:
        """Look at many domains side by side, and give each report and plan to `take` at once.

        No more wait for their turn than may run, however many there are. What stops one stops all.

        Raises:
            StoreError: the store cannot be read.

        """
        left = iter(domains)

        async def work() -> None:
            for domain in left:
                look = await self._look(domain, OURSELVES)
                told = await self._core.suggest(look.seen.report)
                await self._core.turns.steps.take()
                take(told, look.plan)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._core.turns.most_by_itself):
                    group.create_task(work())
        except ExceptionGroup as group_of_errors:
            # A template that does not fit, a reader that has gone.
            raise group_of_errors.exceptions[0] from None

    async def _look(
        self,
        domain: Domain,
        asker: int,
        key: KnownKey | None = None,
        since: datetime | None = None,
    ) -> _Look:
        since = self._now() - FRESH if since is None else since
        async with self._core.turns.of(asker) as turn:
            facts = await self._core.domain_facts.of(domain)
            known = facts if key is None else replace(facts, dkim=key)
            latest = self._latest.get(domain)
            if latest is not None and latest.known == known and self._is_fresh(latest, since):
                return latest
            begun = self._begun.get((domain, known))
            if begun is None or begun <= since or (domain, known, begun) not in self._running:
                begun = self._begun[domain, known] = self._now()
            place, told = (domain, known, begun), known == facts
            return await self._running.join(
                place, lambda: self._run(*place, is_told=told, unhurried=turn)
            )

    async def _run(
        self,
        domain: Domain,
        known: KnownFacts,
        began: datetime,
        *,
        is_told: bool,
        unhurried: Unhurried | None,
    ) -> _Look:
        """Look, and hand it on unless it rests on a key that only the asker has."""
        try:
            if unhurried is not None:
                await unhurried.give_way()
            report = await self._core.check_known(domain, known, unhurried=unhurried)
        finally:
            if self._begun.get((domain, known)) == began:
                del self._begun[domain, known]
        facts = PlanFacts()
        if self._asked is not None:
            facts = PlanFacts(asked=await self._asked(domain), can_ask=True)
        plan = self._core.plan(report, known, facts)
        look = _Look(_read(report, plan), plan, known, began)
        self._remember(look)
        if is_told:
            await self._tell(look.seen)
        return look

    async def _tell(self, seen: Seen) -> None:
        for listener in self._listeners:
            try:
                await listener(seen)
            except StoreError as error:  # its own look comes again; who asked shall have this one
                _log.warning("A look at %s was not taken note of: %s", seen.domain.ascii, error)

    def _remember(self, look: _Look) -> None:
        since = self._now() - FRESH
        kept = [one for one in self._latest.values() if self._is_fresh(one, since)][-MOST_KEPT:]
        self._latest = {one.seen.domain: one for one in (*kept, look)}

    def _is_fresh(self, look: _Look, since: datetime) -> bool:
        """Whether a look began after a moment, and is not from a future that was set back."""
        return since < look.began <= self._now()


def _read(report: Report, plan: Plan) -> Seen:
    done = (part for s in plan.steps if s.state is StepState.DONE for part in s.parts)
    following = plan.next
    return Seen(
        report,
        green=plan.is_green,
        next=None if following is None else following.id.value,
        done=frozenset(part.value for part in done),
    )
