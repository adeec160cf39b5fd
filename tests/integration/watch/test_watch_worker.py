from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.checks.finding import Check, ServerCheck
from bot.errors import BackendUnreachable
from bot.names import Domain
from bot.watch.watch_news import IncidentsTold
from bot.watch.watched_domain import MAIL_SERVER
from watch_parts import HERD, MX_GONE, WatchedWorld, open_watch
from watch_story import BEGIN, DAY, FAIL, FRIEND, HOUR, see

if TYPE_CHECKING:
    from watch_parts import WatchParts

pytest_plugins = ["watch_fixtures"]


async def test_each_domain_of_the_mail_server_and_itself_is_looked_at_daily(
    database_url: str,
) -> None:
    async with open_watch(database_url, WatchedWorld(hosted=HERD)) as parts:
        await parts.run_until(BEGIN + 2 * DAY)
        for name in (*HERD, MAIL_SERVER):
            assert parts.world.looks.count(name) in {2, 3}


async def test_a_domain_that_comes_later_is_new_and_looked_at_at_once(watch: WatchParts) -> None:
    watch.world.hosted = ("friend.example", "late.example")
    await watch.jump(HOUR)
    late, friend = await watch.watched("late.example"), await watch.watched()
    assert (late.is_new, friend.is_new) == (True, False)
    assert late.looked_at is not None
    assert late.looked_at - late.added_at < timedelta(minutes=1)


async def test_a_fault_of_the_mail_server_is_one_incident_and_none_of_a_domain(
    database_url: str,
) -> None:
    world = WatchedWorld(hosted=HERD, met=dict.fromkeys(HERD, ("webmail",)))
    async with open_watch(database_url, world) as parts:
        await parts.jump(timedelta(0), DAY, timedelta(minutes=10))
        ((_, told),) = await parts.told()
        assert isinstance(told, IncidentsTold)
        assert [(i.subject, i.check) for i in told.opened] == [(MAIL_SERVER, "webmail")]
        world.met.clear()
        await parts.jump(HOUR, DAY)
        assert len(await parts.told()) == 2
        assert [i.closed_at is None for i in await parts.incidents(MAIL_SERVER)] == [False]


async def test_the_servers_own_report_opens_an_incident(watch: WatchParts) -> None:
    watch.world.server[ServerCheck.REVERSE] = FAIL
    await watch.jump(DAY, timedelta(minutes=10))
    (incident,) = await watch.incidents(MAIL_SERVER)
    assert incident.finding.check is ServerCheck.REVERSE


async def test_a_domain_that_left_the_mail_server_is_let_go_without_a_word(
    watch: WatchParts,
) -> None:
    await watch.break_mx()
    watch.world.hosted = ("other.example",)
    await watch.jump(HOUR, HOUR)
    watched = await watch.watched()
    assert (watched.hosted, watched.due_at) == (False, None)
    (incident,) = await watch.incidents()
    assert incident.closed_at is not None
    assert incident.good_since is None
    assert len(await watch.told()) == 1
    watch.world.hosted = ("friend.example",)
    await watch.jump(HOUR, HOUR)
    assert (await watch.watched()).hosted
    assert len(await watch.incidents()) == 2


async def test_a_list_without_a_domain_is_not_believed_the_first_time(watch: WatchParts) -> None:
    watch.world.hosted = ()
    await watch.jump(HOUR)
    assert (await watch.watched()).hosted
    watch.world.hosted = ("friend.example",)
    await watch.jump(HOUR)
    watch.world.hosted = ()
    await watch.jump(HOUR)
    assert (await watch.watched()).hosted


async def test_a_list_without_any_domain_is_believed_after_a_day(watch: WatchParts) -> None:
    watch.world.hosted = ()
    await watch.jump(HOUR, 23 * HOUR)
    assert (await watch.watched()).hosted
    await watch.jump(HOUR)
    assert not (await watch.watched()).hosted


async def test_a_mail_server_that_does_not_tell_takes_no_domain_away(watch: WatchParts) -> None:
    watch.world.hosted = None
    await watch.jump(DAY, DAY)
    assert (await watch.watched()).hosted


async def test_a_look_that_comes_to_nothing_is_made_again_soon(watch: WatchParts) -> None:
    watch.world.fault = BackendUnreachable("backend-too-slow")
    await watch.jump(DAY)
    failed = len(watch.world.looks)
    watch.world.fault = None
    await watch.jump(timedelta(minutes=10))
    assert len(watch.world.looks) > failed
    assert await watch.told() == []


async def test_a_look_that_was_made_for_somebody_else_counts(watch: WatchParts) -> None:
    watch.world.at += HOUR
    await watch.worker.settle(see(watch.world.at, MX_GONE))
    watched = await watch.watched()
    assert watched.due_at is not None
    assert watched.due_at - watch.world.at < timedelta(minutes=6)
    await watch.worker.settle(see(watch.world.at, domain=Domain.from_ascii("nobodys.example")))
    assert await watch.store.domains.get("nobodys.example") is None


async def test_a_look_from_before_is_not_taken_again_and_again(watch: WatchParts) -> None:
    seen = see(watch.world.at)
    await watch.worker.settle(seen)
    before = watch.world.at

    async def look_of_before(domain: Domain) -> object:
        watch.world.looks.append(domain.ascii)
        return seen

    watch.worker._look = look_of_before  # type: ignore[assignment]
    watch.world.looks.clear()
    watch.world.at += timedelta(seconds=1)
    await watch.worker.have_looked_at(FRIEND)
    assert await watch.worker.step() == 1
    assert await watch.worker.step() == 0
    due_at = (await watch.watched()).due_at
    assert due_at is not None
    assert before < due_at <= watch.world.at + timedelta(seconds=15)


async def test_a_change_of_a_domain_has_it_looked_at_at_once(watch: WatchParts) -> None:
    watch.world.looks.clear()
    await watch.worker.have_looked_at(FRIEND)
    await watch.worker.have_looked_at(Domain.from_ascii("nobodys.example"))
    watch.world.at += timedelta(seconds=1)
    assert await watch.worker.step() == 1
    assert watch.world.looks == ["friend.example"]


async def test_a_zone_that_changes_at_each_look_fills_no_disk(watch: WatchParts) -> None:
    for number in range(60):
        watch.world.at += timedelta(minutes=20)
        texts = tuple(f"{number} {each} {'x' * 600}" for each in range(20))
        await watch.worker.settle(see(watch.world.at, found=dict.fromkeys(Check, texts)))
    kept = await watch.store.changes.of(FRIEND, BEGIN)
    assert 0 < sum(len(text) for _, text in kept.rows) < 250_000


async def test_a_clock_that_was_ahead_keeps_nothing_from_being_looked_at(watch: WatchParts) -> None:
    await watch.jump(60 * DAY)
    assert (await watch.watched()).looked_at == watch.world.at
    watch.world.statuses["friend.example"] = {Check.MX: FAIL}
    await watch.worker.have_looked_at(FRIEND)
    await watch.jump(timedelta(0), -60 * DAY)
    watch.world.looks.clear()
    await watch.run_until(watch.world.at + HOUR)
    assert watch.world.looks.count("friend.example") <= 3
    assert [incident.check for incident in await watch.incidents()] == ["mx"]
    await watch.run_until(watch.world.at + 7 * DAY)
    assert "@server" in watch.world.looks
    assert "digest:0:2026-W46" in await watch.keys()
