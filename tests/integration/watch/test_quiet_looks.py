"""Looks that say nothing new are written by one comparison, all others as one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.checks.finding import Check
from bot.watch.judgement import judge_domain
from watch_story import BEGIN, DAY, FAIL, HOUR, see

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.checks.finding import Status
    from bot.watch.look_decision import LookDecision, SubjectStanding
    from bot.watch.watched_domain import Watched
    from watch_parts import WatchParts

pytest_plugins = ["watch_fixtures"]

SUBJECT = "friend.example"


class Looker:
    """Decides about one look, and counts how often; the first time by a version from before."""

    def __init__(
        self, watch: WatchParts, statuses: Mapping[Check, Status], *, is_late: bool = False
    ) -> None:
        self._now = watch.world.at
        self._seen = see(self._now, statuses)
        self._is_late = is_late
        self.calls = 0

    def __call__(self, standing: SubjectStanding) -> LookDecision | None:
        """Return what the look means."""
        self.calls += 1
        decision = judge_domain(standing, self._seen, self._now)
        if decision is None or not self._is_late or self.calls > 1:
            return decision
        before = replace(decision.watched, version=decision.watched.version - 1)
        return replace(decision, watched=before)


async def take(watch: WatchParts) -> Watched:
    watch.world.at += DAY
    taken = await watch.store.domains.take_due(watch.world.at, HOUR, 9)
    return next(one for one in taken if one.subject == SUBJECT)


async def test_a_quiet_look_is_decided_and_written_once(watch: WatchParts) -> None:
    taken, decide = await take(watch), Looker(watch, {})
    settled = await watch.store.domains.settle({SUBJECT: decide}, watch.world.at, taken)
    assert settled[SUBJECT].is_quiet
    after = await watch.watched()
    assert (after.version, after.lease_until) == (taken.version + 1, None)
    assert after.due_at is not None
    assert after.due_at > watch.world.at


async def test_a_quiet_look_that_somebody_was_before_is_decided_anew(watch: WatchParts) -> None:
    taken, decide = await take(watch), Looker(watch, {}, is_late=True)
    await watch.store.domains.settle({SUBJECT: decide}, watch.world.at, taken)
    assert (decide.calls, (await watch.watched()).looked_at) == (2, watch.world.at)


async def test_a_quiet_look_writes_nothing_for_whom_it_is_leased_to_no_more(
    watch: WatchParts,
) -> None:
    late = await take(watch)
    watch.world.at += 2 * HOUR
    taken = next(
        one
        for one in await watch.store.domains.take_due(watch.world.at, HOUR, 9)
        if one.subject == SUBJECT
    )
    decide = Looker(watch, {})
    assert await watch.store.domains.settle({SUBJECT: decide}, watch.world.at, late) == {}
    assert (await watch.watched()).lease_until == taken.lease_until
    assert SUBJECT in await watch.store.domains.settle({SUBJECT: decide}, watch.world.at, taken)


async def test_a_look_with_more_to_write_is_written_as_a_whole(watch: WatchParts) -> None:
    taken, decide = await take(watch), Looker(watch, {Check.MX: FAIL})
    settled = await watch.store.domains.settle({SUBJECT: decide}, watch.world.at, taken)
    assert not settled[SUBJECT].is_quiet
    assert decide.calls >= 2  # as a quiet one first
    history = await watch.store.changes.of(see(BEGIN).domain, BEGIN - timedelta(days=1))
    assert history.rows[-1][0] == watch.world.at
