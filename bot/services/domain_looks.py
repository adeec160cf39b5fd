"""Looks at domains by itself: for the watch, for waiting requests, and for a list of domains."""

from __future__ import annotations

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
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.checks.report import Report
    from bot.names import Domain
    from bot.records.dkim_key import KnownKey
    from bot.requests.model import RequestKind
    from bot.services.core import Core
    from bot.services.domain_facts import KnownFacts
    from bot.services.plan.step import Plan

    Listener = Callable[[Seen], Awaitable[None]]

FRESH: Final = timedelta(seconds=5)  # so long a look is that of the next who asks as well

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Look:
    """A look, and the facts that its report was made by."""

    seen: Seen
    known: KnownFacts


class DomainLooks:
    """Makes the looks that nobody sits and waits for, each once for all who need it.

    A look takes its turn behind those of members. Who asks for a domain that is looked at in this
    moment, or was within `FRESH`, gets that look, where what is known of the domain besides the DNS
    is still the same. `asked` says which requests are open for a domain, None where none are taken.
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
        self._running: SharedChecks[tuple[Domain, KnownFacts], _Look] = SharedChecks()
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

    async def check(self, domain: Domain, key: KnownKey | None = None) -> Report:
        """Return the report of a look for a request; a key that is given goes before a known one.

        Raises:
            StoreError: the store cannot be read.

        """
        return (await self._look(domain, REQUESTS, key)).seen.report

    async def _look(self, domain: Domain, asker: int, key: KnownKey | None = None) -> _Look:
        async with self._core.turns.of(asker):
            facts = await self._core.domain_facts.of(domain)
            known = facts if key is None else replace(facts, dkim=key)
            latest = self._latest.get(domain)
            if latest is not None and latest.known == known and self._is_fresh(latest):
                return latest
            return await self._running.join(
                (domain, known), lambda: self._run(domain, known, is_told=known == facts)
            )

    async def _run(self, domain: Domain, known: KnownFacts, *, is_told: bool) -> _Look:
        """Look, and hand it on unless it rests on a key that only the asker has."""
        report = await self._core.check_known(domain, known)
        facts = PlanFacts()
        if self._asked is not None:
            facts = PlanFacts(asked=await self._asked(domain), can_ask=True)
        look = _Look(_read(report, self._core.plan(report, known, facts)), known)
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
        self._latest = {d: other for d, other in self._latest.items() if self._is_fresh(other)}
        self._latest[look.seen.domain] = look

    def _is_fresh(self, look: _Look) -> bool:
        return abs(self._now() - look.seen.report.checked_at) < FRESH


def _read(report: Report, plan: Plan) -> Seen:
    done = (part for s in plan.steps if s.state is StepState.DONE for part in s.parts)
    following = plan.next
    return Seen(
        report,
        green=plan.is_green,
        next=None if following is None else following.id.value,
        done=frozenset(part.value for part in done),
    )
