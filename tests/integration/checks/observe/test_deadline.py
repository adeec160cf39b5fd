"""The end of a check: what is known by then is judged, and nobody is accused; real sockets."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from bot.checks.compile import compile_report
from bot.checks.finding import Status
from bot.checks.observe.domain import observe
from bot.checks.observe.optional_records import OptionalSources
from bot.checks.observe.questions import LONGEST
from bot.names import Domain
from bot.net.page import FetchOutcome, Page
from bot.records.expected import expect
from bot.words import Words
from two_views import NOW, SERVER, TwoViews, healthy_lines, two_views, zone_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import dns.name

    from bot.checks.report import Report
    from bot.dns.answer import Ask
    from conftest import CaseFile

FRIEND = Domain.from_ascii("friend.example")
END = 1.0  # seconds of these checks
SLACK = 1.5  # seconds that a busy machine may need besides


@pytest.fixture
async def views(case_file: CaseFile) -> AsyncIterator[TwoViews]:
    async with two_views(case_file) as both:
        await both.check()  # loads what is loaded late
        yield both


async def check(views: TwoViews, sources: OptionalSources | None = None) -> Report:
    expected = expect(SERVER, FRIEND, views.key)
    started = time.monotonic()
    observed = await observe(
        views.ask.ask, expected, authorities=views.authorities, sources=sources, seconds=END
    )
    assert time.monotonic() - started < END + SLACK
    return compile_report(expected, observed, NOW, 0)


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.findings if finding.severity is not Status.INFO}


def test_a_check_has_fifteen_seconds() -> None:
    assert LONGEST == 15


async def test_name_servers_that_take_too_long_are_not_called_silent(views: TwoViews) -> None:
    for server in views.servers:
        server.delay = 5.0
    report = await check(views)
    assert "ns-silent" not in {finding.code for finding in report.findings}
    assert codes(report) == set()  # what the resolver said stands


async def test_where_nothing_came_in_time_everything_is_unknown_and_nothing_missing(
    views: TwoViews,
) -> None:
    views.resolver.delay = 3.0
    report = await check(views)
    assert codes(report) == {"dns-timeout"}
    assert {result.status for result in report.results} <= {Status.UNKNOWN}
    (finding,) = report.findings
    said = Words().finding(finding, {})
    assert "I ended the check before I knew your records" in said
    assert "do not answer" not in said


async def test_what_came_in_time_is_judged_and_the_rest_is_unknown(
    case_file: CaseFile, views: TwoViews
) -> None:
    lines = [line for line in healthy_lines(case_file) if "v=spf1" not in line]
    chain = [f'i{n} TXT "v=spf1 include:i{n + 1}.friend.example -all"' for n in range(9)]
    views.tell_world(zone_text([*lines, '@ TXT "v=spf1 include:i0.friend.example -all"', *chain]))
    views.publish(zone_text(lines))
    views.resolver.delay = 0.3
    expected = expect(SERVER, FRIEND, views.key)
    observed = await observe(views.ask.ask, expected, seconds=END)
    report = compile_report(expected, observed, NOW, 0)
    statuses = {result.check.value: result.status for result in report.results}
    assert statuses["spf"] is Status.UNKNOWN
    assert statuses["mx"] is Status.PASS
    assert statuses["dkim"] is Status.PASS


async def test_a_policy_that_takes_too_long_is_left_alone(
    case_file: CaseFile, views: TwoViews
) -> None:
    text = zone_text(
        [*healthy_lines(case_file), '_mta-sts TXT "v=STSv1; id=1"', "mta-sts A 9.9.9.9"]
    )
    views.tell_world(text)
    views.publish(text)

    async def never(
        ask: Ask, host: dns.name.Name, path: str, *, post: str = "", plain: bool = False
    ) -> Page:
        await asyncio.sleep(600)
        return Page(FetchOutcome.NO_ANSWER)

    report = await check(views, OptionalSources(fetch=never))
    assert codes(report) == {"mta-sts-no-answer"}
