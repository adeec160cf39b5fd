from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.checks.finding import Check, ServerCheck
from bot.checks.report import RESOLVER_SILENT
from bot.names import Domain
from bot.store.repositories.watch_news_rows import GATHERED
from bot.watch.awaited_goal import AwaitedEnd
from bot.watch.watch_news import ADMINS, AwaitedTold, DigestTold, IncidentsTold, NewsKind
from bot.watch.watched_domain import MAIL_SERVER
from watch_parts import ANN, HERD, MX_GONE, SECOND, WatchedWorld, open_watch
from watch_story import BEGIN, DAY, FAIL, FRIEND, HOUR, UNKNOWN, see

if TYPE_CHECKING:
    from watch_parts import WatchParts

pytest_plugins = ["watch_fixtures"]


async def test_a_fault_is_told_once_and_its_end_once(watch: WatchParts) -> None:
    await watch.break_mx()
    await watch.jump(HOUR, DAY)
    await watch.mend()
    (first, opened), (second, closed) = [
        (news, told) for news, told in await watch.told() if news.what is NewsKind.INCIDENTS
    ]
    assert isinstance(opened, IncidentsTold)
    assert isinstance(closed, IncidentsTold)
    assert [incident.check for incident in opened.opened] == ["mx"]
    assert [incident.check for incident in closed.closed] == ["mx"]
    assert (first.target, second.target) == (0, 0)
    assert [incident.closed_at is None for incident in await watch.incidents()] == [False]


async def test_what_is_told_says_what_changed_before_and_where_to_type_the_fix(
    watch: WatchParts,
) -> None:
    await watch.break_mx()
    ((_, told),) = await watch.told()
    assert isinstance(told, IncidentsTold)
    assert told.place is not None
    assert told.place.zone == FRIEND.name
    (_, change) = told.changes[-1]
    assert [each.check for each in change.checks] == [Check.MX]
    assert told.opened[0].calm_until is None
    watch.world.statuses.clear()
    await watch.jump(HOUR)
    ((_, told),) = await watch.told()
    assert isinstance(told, IncidentsTold)
    assert told.opened[0].calm_until is not None


async def test_a_member_who_watches_is_told_as_the_admins_are(watch: WatchParts) -> None:
    await watch.watchers.add(FRIEND, ANN, watch.world.at, 10)
    await watch.break_mx()
    assert [news.target for news, _ in await watch.told()] == [0, ANN]
    await watch.mend()
    assert [news.target for news, _ in await watch.told()] == [0, ANN, 0, ANN]


async def test_a_member_who_was_not_told_of_a_fault_is_not_told_of_its_end(
    watch: WatchParts,
) -> None:
    await watch.break_mx()
    await watch.watchers.add(FRIEND, ANN, watch.world.at, 10)
    await watch.mend()
    assert [news.target for news, _ in await watch.told()] == [0, 0]


async def test_a_member_who_paused_is_told_of_an_end_when_the_pause_is_over(
    watch: WatchParts,
) -> None:
    await watch.watchers.add(FRIEND, ANN, watch.world.at, 10)
    await watch.break_mx()
    for message in await watch.store.news.take_due(watch.world.at, HOUR, 99):
        await watch.store.news.end(message, watch.world.at, (1, message.id))
    until = watch.world.at + 9 * DAY
    await watch.watchers.pause(FRIEND, ANN, until)
    watch.world.statuses = {"friend.example": {Check.SPF: FAIL}}
    await watch.jump(HOUR, DAY)
    assert [news.target for news, _ in await watch.told()] == [0, ANN, 0]
    watch.world.at = until
    *_, (news, told) = await watch.told()
    assert news.target == ANN
    assert isinstance(told, IncidentsTold)
    assert ([i.check for i in told.opened], [i.check for i in told.closed]) == (["spf"], ["mx"])


async def test_what_breaks_and_is_mended_during_a_pause_is_not_told_after_it(
    watch: WatchParts,
) -> None:
    await watch.watchers.add(FRIEND, ANN, watch.world.at, 10)
    await watch.watchers.pause(FRIEND, ANN, watch.world.at + 30 * DAY)
    await watch.break_mx()
    assert [news.target for news, _ in await watch.told()] == [0]
    await watch.mend()
    watch.world.at += 30 * DAY
    assert [news.target for news, _ in await watch.told()] == [0, 0]


async def test_who_takes_a_pause_back_is_told_at_once_what_broke_meanwhile(
    watch: WatchParts,
) -> None:
    await watch.watchers.add(FRIEND, ANN, watch.world.at, 10)
    await watch.watchers.pause(FRIEND, ANN, watch.world.at + 30 * DAY)
    await watch.break_mx()
    await watch.watchers.pause(FRIEND, ANN, None)
    (told,) = [told for news, told in await watch.told() if news.target == ANN]
    assert isinstance(told, IncidentsTold)
    assert [incident.check for incident in told.opened] == ["mx"]


async def test_who_takes_a_domain_out_is_told_nothing_that_a_pause_held_back(
    watch: WatchParts,
) -> None:
    await watch.watchers.add(FRIEND, ANN, watch.world.at, 10)
    await watch.watchers.pause(FRIEND, ANN, watch.world.at + 30 * DAY)
    await watch.break_mx()
    await watch.watchers.remove(FRIEND, ANN)
    watch.world.at += 31 * DAY
    assert [news.target for news, _ in await watch.told()] == [0]


async def test_beyond_five_messages_in_a_day_there_is_one_summary(database_url: str) -> None:
    world = WatchedWorld(hosted=HERD, statuses=dict.fromkeys(HERD, MX_GONE))
    async with open_watch(database_url, world) as parts:
        await parts.jump(timedelta(0), DAY, SECOND, GATHERED)
        *messages, (summary, told) = await parts.told()
        assert [news.what for news, _ in messages] == 5 * [NewsKind.INCIDENTS]
        assert summary.key == f"summary:0:{world.at.date()}"
        assert isinstance(told, IncidentsTold)
        assert len(told.opened) == len(HERD) - 5
        world.statuses.clear()
        await parts.jump(HOUR, DAY, GATHERED)
        *ends, (summary, told) = (await parts.told())[6:]
        assert [news.what for news, _ in ends] == 5 * [NewsKind.INCIDENTS]
        assert isinstance(told, IncidentsTold)
        assert (len(told.opened), len(told.closed)) == (0, len(HERD) - 5)


async def test_a_summary_takes_what_comes_later_in_its_day(database_url: str) -> None:
    broken = dict.fromkeys(HERD[:6], MX_GONE)
    world = WatchedWorld(hosted=HERD[:7], statuses={**broken})
    async with open_watch(database_url, world) as parts:
        await parts.jump(timedelta(0), DAY, SECOND, GATHERED)
        *others, summary = await parts.store.news.take_due(world.at, HOUR, 99)
        for message in (*others, summary):
            await parts.store.news.end(message, world.at, (1, message.id))
        world.statuses[HERD[6]] = MX_GONE
        await parts.worker.have_looked_at(Domain.from_ascii(HERD[6]))
        await parts.jump(timedelta(minutes=1), SECOND)
        assert await parts.told() == []
        world.at += GATHERED
        ((news, told),) = await parts.told()
        assert (news.id, news.message_id) == (summary.id, summary.id)
        assert isinstance(told, IncidentsTold)
        assert len(told.opened) == 2
        (message,) = await parts.store.news.take_due(world.at, HOUR, 99)
        await parts.store.news.end(message, world.at, (1, message.id))
        del world.statuses[HERD[6]]
        await parts.jump(HOUR)
        assert [news.id for news, _ in await parts.told()] == [summary.id]


async def test_the_end_of_what_was_seen_before_midnight_and_summed_up_after_it_is_told(
    database_url: str,
) -> None:
    async with open_watch(database_url, WatchedWorld(hosted=HERD)) as parts:
        await parts.jump(timedelta(0), DAY)
        midnight, moment = BEGIN.replace(hour=0) + 3 * DAY, timedelta(seconds=2)
        for seen_at, parts.world.at in (
            (midnight - HOUR, midnight - HOUR),
            (midnight - moment, midnight + moment),
        ):
            for name in HERD:
                look = see(seen_at, MX_GONE, domain=Domain.from_ascii(name))
                await parts.worker.settle(look)
        await parts.jump(HOUR, DAY, DAY)
        contents = [told for _, told in await parts.told() if isinstance(told, IncidentsTold)]
        ended = [incident.id for told in contents for incident in told.closed]
        assert sorted(ended) == sorted(i.id for told in contents for i in told.opened)
        assert len(ended) == len(HERD)


async def test_what_a_members_check_met_is_an_incident_by_the_second_look(
    watch: WatchParts,
) -> None:
    watch.world.met["stranger.example"] = ("webmail",)
    await watch.worker.note_faults(("webmail",), Domain.from_ascii("stranger.example"))
    await watch.jump(timedelta(minutes=10))
    assert [incident.check for incident in await watch.incidents(MAIL_SERVER)] == ["webmail"]


async def test_a_resolver_that_stays_silent_is_told_to_the_admins_once_and_of_no_domain(
    watch: WatchParts,
) -> None:
    name = "friend.example"
    watch.world.statuses[name] = dict.fromkeys(Check, UNKNOWN)
    watch.world.codes[name] = dict.fromkeys(Check, RESOLVER_SILENT)
    await watch.jump(DAY, timedelta(minutes=10), DAY, DAY)
    assert [i.check for i in await watch.incidents(MAIL_SERVER)] == [RESOLVER_SILENT]
    assert await watch.incidents(name) == ()
    told = [(news.target, told) for news, told in await watch.told()]
    assert [target for target, of in told if isinstance(of, IncidentsTold)] == [ADMINS]


async def test_what_a_member_waits_for_is_told_once_when_it_is_right(watch: WatchParts) -> None:
    watch.world.statuses["friend.example"] = MX_GONE
    await watch.goals.add(FRIEND, ANN, "mx", watch.world.at, confidential=True, most=10)
    await watch.run_until(watch.world.at + HOUR)
    assert watch.world.looks.count("friend.example") > 5
    watch.world.statuses.clear()
    await watch.jump(HOUR, HOUR)
    ended = [told for _, told in await watch.told() if isinstance(told, AwaitedTold)]
    assert [told.awaited.end for told in ended] == [AwaitedEnd.RIGHT]


async def test_what_is_given_up_says_what_is_in_the_way(watch: WatchParts) -> None:
    watch.world.statuses["friend.example"] = MX_GONE
    await watch.goals.add(FRIEND, ANN, "mx", watch.world.at, confidential=True, most=10)
    await watch.jump(HOUR, 14 * DAY)
    ((news, ended),) = [one for one in await watch.told() if isinstance(one[1], AwaitedTold)]
    assert isinstance(ended, AwaitedTold)
    assert ended.awaited.end is AwaitedEnd.GIVEN_UP
    assert ended.finding is not None
    assert ended.finding.code == "mx-missing"
    assert (news.target, news.facts["subject"]) == (ANN, FRIEND.ascii)


async def test_a_domain_of_a_member_who_waits_is_let_go_afterwards(watch: WatchParts) -> None:
    other = Domain.from_ascii("other.example")
    await watch.goals.add(other, ANN, "mx", watch.world.at, confidential=False, most=10)
    await watch.jump(HOUR, DAY)
    assert watch.world.looks.count("other.example") == 1
    assert (await watch.watched("other.example")).due_at is None


async def test_a_domain_that_a_member_only_waits_for_is_no_matter_of_the_admins(
    watch: WatchParts,
) -> None:
    name = "foreign.example"
    watch.world.statuses[name] = {Check.SPF: FAIL}
    await watch.goals.add(
        Domain.from_ascii(name), ANN, "all", watch.world.at, confidential=False, most=9
    )
    await watch.jump(HOUR)
    watch.world.statuses[name] = {Check.SPF: FAIL, Check.MX: FAIL}
    await watch.run_until(watch.world.at + 7 * DAY)
    ((_, digest),) = await watch.told()
    assert isinstance(digest, DigestTold)
    assert (digest.total, digest.lines) == (1, ())
    assert await watch.incidents(name) == ()


async def test_a_domain_that_was_waited_for_before_it_came_is_set_up_from_then_on(
    watch: WatchParts,
) -> None:
    name = "late.example"
    watch.world.statuses[name] = {Check.SPF: FAIL}
    await watch.goals.add(
        Domain.from_ascii(name), ANN, "all", watch.world.at, confidential=False, most=9
    )
    await watch.jump(*[DAY] * 20)
    watch.world.hosted = ("friend.example", name)
    await watch.jump(*[DAY] * 13)
    assert await watch.incidents(name) == ()
    await watch.jump(*[DAY] * 3)
    assert [incident.check for incident in await watch.incidents(name)] == ["spf"]


async def test_on_monday_the_admins_are_told_how_all_domains_are_once(watch: WatchParts) -> None:
    await watch.watchers.add(FRIEND, ANN, watch.world.at, 10)
    await watch.jump(6 * DAY - HOUR)  # the beginning is a Monday, at nine
    (news, told), *others = await watch.told()
    assert (others, news.what, news.target) == ([], NewsKind.DIGEST, 0)
    assert news.created_at == watch.world.at == BEGIN + 7 * DAY - HOUR
    assert await watch.worker.next_due() is not None
    assert isinstance(told, DigestTold)
    assert (told.total, told.lines) == (1, ())


async def test_a_member_gets_a_digest_where_a_domain_of_theirs_is_not_green(
    watch: WatchParts,
) -> None:
    await watch.watchers.add(FRIEND, ANN, watch.world.at, 10)
    watch.world.statuses["friend.example"] = MX_GONE
    await watch.jump(DAY, 6 * DAY)
    digests = [(news.target, told) for news, told in await watch.told() if "digest" in news.key]
    assert sorted(target for target, _ in digests) == [0, ANN]
    for _, told in digests:
        assert isinstance(told, DigestTold)
        assert [line.subject for line in told.lines] == ["friend.example"]


async def test_a_watch_that_has_just_begun_tells_no_digest_of_the_week_before(
    watch: WatchParts,
) -> None:
    assert await watch.told() == []


async def test_nothing_is_told_of_what_nobody_finds_out(watch: WatchParts) -> None:
    watch.world.statuses["friend.example"] = dict.fromkeys(Check, UNKNOWN)
    watch.world.server = dict.fromkeys(ServerCheck, UNKNOWN)
    await watch.jump(DAY, DAY, DAY)
    assert await watch.told() == []
    watched = await watch.watched()
    assert watched.looked_at is not None
    assert watched.known_at is not None
    assert watched.looked_at - watched.known_at > 2 * DAY
    assert replace(watched, looked_at=None).green
