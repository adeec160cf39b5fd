"""What the watch writes while days pass is the history that is told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.checks.finding import Check, Status
from bot.names import Domain
from bot.services.domain_history import DomainHistory
from bot.store.repositories.domain_changes import DomainChanges
from bot.words import Words
from watch_parts import WatchedWorld, open_watch
from watch_story import BEGIN

if TYPE_CHECKING:
    from bot.watch.timeline import History
    from watch_parts import WatchParts

FRIEND = Domain.from_ascii("friend.example")
DAY = timedelta(days=1)

pytest_plugins = ["store_fixtures"]


async def history_of(parts: WatchParts) -> History:
    service = DomainHistory(DomainChanges(parts.database), parts.world.now)
    history = await service.of(FRIEND)
    assert history is not None
    return history


async def test_a_fault_that_came_and_went_stands_in_the_history(database_url: str) -> None:
    world = WatchedWorld()
    async with open_watch(database_url, world) as parts:
        await parts.jump(*[DAY] * 4)
        world.statuses[FRIEND.ascii] = {Check.MX: Status.FAIL}
        await parts.jump(*[DAY] * 3)
        world.statuses.clear()
        await parts.jump(*[DAY] * 4)
        history = await history_of(parts)
    (mx,) = (lane for lane in history.lanes if lane.check is Check.MX)
    assert [period.status for period in mx.periods] == [Status.PASS, Status.FAIL, Status.PASS]
    broke, mended = mx.periods[1].began_at, mx.periods[2].began_at
    assert (broke, mended) == (BEGIN + 5 * DAY, BEGIN + 8 * DAY)  # the looks that saw it first
    since = history.since_when(Check.MX)
    assert since is not None
    assert (since.began_at, since.before) == (mended, Status.FAIL)


async def test_while_looks_come_to_nothing_nobody_knows(database_url: str) -> None:
    world = WatchedWorld()
    async with open_watch(database_url, world) as parts:
        await parts.jump(*[DAY] * 3)
        world.statuses[FRIEND.ascii] = dict.fromkeys(Check, Status.UNKNOWN)
        await parts.jump(*[DAY] * 6)
        history = await history_of(parts)
    assert history.changes == ()
    assert all(lane.periods[-1].status is Status.UNKNOWN for lane in history.lanes)
    assert history.facts["unknown"]
    assert "nobody knows" in Words().sentence("history/head", history.facts)


async def test_a_domain_that_the_mail_server_has_no_more_keeps_its_history(
    database_url: str,
) -> None:
    world = WatchedWorld()
    async with open_watch(database_url, world) as parts:
        await parts.jump(*[DAY] * 3)
        world.hosted = ("other.example",)
        await parts.jump(*[DAY] * 6)
        history = await history_of(parts)
        watched = await DomainHistory(DomainChanges(parts.database), world.now).is_watched(FRIEND)
    assert not watched
    assert history.status is Status.PASS
    assert history.ended_at - history.known_at > 2 * DAY
