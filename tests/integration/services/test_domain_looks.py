"""Looks that nobody sits and waits for: made once for all who need them, and handed on."""

from __future__ import annotations

import asyncio
import gc
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.checks.finding import Check, Status
from bot.demo.dkim_keys import KEYS
from bot.errors import StoreError
from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KeySource, KnownKey
from bot.services.domain_facts import KnownFacts
from bot.services.domain_looks import FRESH, MOST_KEPT
from bot.services.turns import BY_ITSELF
from looked_at import looking
from max_wait import MAX_WAIT
from request_parts import ANN, FRIEND
from watched_requests import MAIL, NONE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from bot.checks.report import Report
    from bot.demo.zone_server import ZoneServer
    from bot.services.plan.step import Plan
    from bot.watch.watched_domain import Seen
    from conftest import CaseFile
    from looked_at import LookedAt

    Start = Callable[..., Awaitable[ZoneServer]]

KEY = f"v=DKIM1;k=rsa;p={KEYS['friend']}"
DKIM = f'dkim._domainkey TXT "{KEY[:200]}" "{KEY[200:]}"\n'
KNOWN = KnownKey("dkim", DkimRecord.parse(KEY), KeySource.MAIL_SERVER)


@pytest.fixture
async def parts(tmp_path: Path, zone_server: Start, case_file: CaseFile) -> AsyncIterator[LookedAt]:
    zones = case_file.with_zone(MAIL + DKIM + NONE)
    async with looking(tmp_path, await zone_server(zones, delay=0.01)) as parts:
        parts.mail.put_domain(FRIEND)
        parts.mail.put_key(FRIEND, "dkim", KEY)
        yield parts


def status_of(report: Report, check: Check) -> Status:
    return next(result.status for result in report.results if result.check is check)


async def test_a_look_says_what_is_done_and_what_comes_next(parts: LookedAt) -> None:
    seen = await parts.looks.look(FRIEND)
    assert seen.domain == FRIEND
    assert {"mx", "spf", "dkim", "server"} <= seen.done
    assert not {"dmarc-quarantine", "dmarc-reject"} & seen.done
    assert seen.green
    assert seen.next == "dmarc-quarantine"


async def test_a_look_knows_what_the_mail_server_tells(parts: LookedAt) -> None:
    parts.mail.drop_domain(FRIEND)
    seen = await parts.looks.look(FRIEND)
    assert not seen.green
    assert "server" not in seen.done


async def test_who_asks_in_the_same_moment_gets_the_same_look(parts: LookedAt) -> None:
    first, second, report = await asyncio.gather(
        parts.looks.look(FRIEND), parts.looks.look(FRIEND), parts.looks.check(FRIEND, KNOWN)
    )
    assert first is second
    assert first.report is report
    assert parts.told == [first]
    assert parts.resolver.queries == report.queries


async def test_a_look_of_a_moment_ago_is_shared_and_an_older_one_is_not(parts: LookedAt) -> None:
    first = await parts.looks.look(FRIEND)
    parts.time += FRESH / 2
    assert await parts.looks.check(FRIEND) is first.report
    parts.time += FRESH
    second = await parts.looks.look(FRIEND)
    assert second is not first
    assert parts.told == [first, second]


async def test_a_look_counts_for_what_was_due_before_it_began_and_for_nothing_later(
    parts: LookedAt,
) -> None:
    clicked = parts.time - timedelta(seconds=1)
    first = await parts.looks.look(FRIEND)
    assert await parts.looks.check(FRIEND, None, clicked) is first.report
    assert await parts.looks.check(FRIEND, None, parts.time) is not first.report


async def test_a_look_under_way_is_not_that_of_who_asks_about_what_came_later(
    parts: LookedAt,
) -> None:
    running = asyncio.create_task(parts.looks.look(FRIEND))
    await parts.until_asked()
    parts.pass_time(seconds=1)
    report = await parts.looks.check(FRIEND, None, parts.time)
    assert (await running).report is not report


async def test_few_looks_are_kept_however_many_are_made(parts: LookedAt) -> None:
    domains = [Domain.from_ascii(f"d{n}.test") for n in range(MOST_KEPT + 5)]
    reports: list[Report] = []
    await parts.looks.sweep(domains, lambda report, _: reports.append(report))
    assert sorted(report.domain.ascii for report in reports) == sorted(d.ascii for d in domains)
    parts.pass_time(seconds=1)
    again = await parts.looks.look(reports[-1].domain)
    assert again.report is reports[-1]
    assert (await parts.looks.look(reports[0].domain)).report is not reports[0]


async def test_what_stops_one_of_many_stops_all(parts: LookedAt) -> None:
    domains = [Domain.from_ascii(f"d{n}.friend.example") for n in range(50)]
    printed: list[Report] = []

    def print_one(report: Report, _: Plan) -> None:
        printed.append(report)
        if len(printed) == 3:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await parts.looks.sweep(domains, print_one)
    assert len(printed) <= 3 + BY_ITSELF  # what came in the same moment
    assert parts.core.turns.running_by_itself == parts.core.turns.waiting_by_itself == 0


async def test_many_domains_are_no_queue(parts: LookedAt) -> None:
    domains = [Domain.from_ascii(f"d{n}.friend.example") for n in range(30)]
    waited: set[int] = set()
    await parts.looks.sweep(domains, lambda *_: waited.add(parts.core.turns.waiting_by_itself))
    assert max(waited) <= BY_ITSELF


async def test_a_clock_that_is_set_back_keeps_no_look(parts: LookedAt) -> None:
    first = await parts.looks.look(FRIEND)
    parts.time -= 2 * FRESH
    assert await parts.looks.look(FRIEND) is not first


async def test_a_look_by_other_facts_is_not_shared(parts: LookedAt) -> None:
    first = await parts.looks.look(FRIEND)
    assert status_of(first.report, Check.DKIM) is Status.PASS
    parts.mail.put_key(FRIEND, "other", KEY)
    second = await parts.looks.look(FRIEND)
    assert status_of(second.report, Check.DKIM) is Status.FAIL


async def test_a_look_by_a_key_that_one_asker_has_is_for_that_one_alone(parts: LookedAt) -> None:
    key = KnownKey("other", DkimRecord.parse(KEY), KeySource.ADMIN)
    report = await parts.looks.check(FRIEND, key)
    assert status_of(report, Check.DKIM) is Status.FAIL
    assert parts.told == []
    seen = await parts.looks.look(FRIEND)
    assert seen.report is not report
    assert parts.told == [seen]


async def test_who_gives_up_takes_the_look_from_nobody(parts: LookedAt) -> None:
    first = asyncio.create_task(parts.looks.look(FRIEND))
    second = asyncio.create_task(parts.looks.look(FRIEND))
    await parts.until_asked()
    first.cancel()
    seen = await second
    assert first.cancelled()
    assert parts.told == [seen]


async def test_a_look_that_all_give_up_ends_and_the_next_begins_anew(parts: LookedAt) -> None:
    first = asyncio.create_task(parts.looks.look(FRIEND))
    await parts.until_asked()
    first.cancel()
    await asyncio.sleep(0)
    seen = await parts.looks.look(FRIEND)
    assert first.cancelled()
    assert parts.told == [seen]
    assert parts.core.turns.running_by_itself == 0


async def test_a_listener_that_cannot_write_takes_the_look_from_nobody(
    parts: LookedAt, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(seen: Seen) -> None:
        raise StoreError("The disk is full.")

    heard: list[Seen] = []

    async def hear(seen: Seen) -> None:
        heard.append(seen)

    parts.looks.listen(refuse)
    parts.looks.listen(hear)
    with caplog.at_level(logging.WARNING):
        seen = await parts.looks.look(FRIEND)
    assert heard == [seen]
    assert "friend.example was not taken note of" in caplog.text


async def test_looks_wait_while_members_have_all_turns(parts: LookedAt) -> None:
    turns = parts.core.turns
    looks = [
        asyncio.create_task(parts.looks.look(Domain.from_ascii(f"d{n}.friend.example")))
        for n in range(BY_ITSELF + 3)
    ]
    await parts.until_asked()
    assert turns.running_by_itself == BY_ITSELF
    assert turns.waiting_by_itself == 3
    assert not turns.must_wait(ANN)
    await asyncio.gather(*looks)
    assert turns.running_by_itself == turns.waiting_by_itself == 0


async def test_a_look_that_is_given_up_before_it_began_leaves_nothing_behind(
    parts: LookedAt,
) -> None:
    gc.collect()  # what other tests have left
    gc.freeze()  # and do not let go of, which would be looked through each time
    turns, others = parts.core.turns, count_facts()
    async with turns.of(ANN):  # so that there is time between two pieces of work
        ahead = [asyncio.create_task(turns.steps.take()) for _ in range(100)]
        look = asyncio.create_task(parts.looks.look(FRIEND))
        async with asyncio.timeout(MAX_WAIT):
            while count_facts() <= others:  # noqa: ASYNC110 - nobody tells when they are read
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.001)
        for task in (look, *ahead):
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await look
    del look
    await asyncio.sleep(0.01)
    gc.collect()
    assert parts.resolver.queries == 0
    assert count_facts() <= others


def count_facts() -> int:
    return sum(isinstance(each, KnownFacts) for each in gc.get_objects())
