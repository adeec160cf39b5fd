"""The record of a new DKIM key, as the name servers have it and as resolvers still see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from bot.checks.dkim.server_records import RecordState
from bot.checks.finding import Check, Status
from bot.checks.report import find_propagation
from bot.dns.answer import Question
from bot.records.expected import expect
from bot.records.key_change import KeyChange, KeyRole
from bot.records.presentation import quoted_parts
from bot.services.plan.domain_plan import make_plan
from bot.services.plan.step import Part, PlanFacts, StepState
from bot.words import Words
from changing_keys import NEW
from two_views import FRIEND, NOW, SERVER, TwoViews, healthy_lines, two_views, zone_text
from zone_reports import CONTEXT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.checks.finding import Finding
    from bot.checks.report import Report
    from bot.services.plan.step import Plan, Step
    from conftest import CaseFile

NAME: Final = f"{NEW.selector}._domainkey.friend.example"
LINE: Final = f"{NEW.selector}._domainkey TXT {quoted_parts(NEW.record.text)}"
OTHER_LINE: Final = f'{NEW.selector}._domainkey TXT "v=DKIM1; p="'


@pytest.fixture
async def views(case_file: CaseFile) -> AsyncIterator[TwoViews]:
    async with two_views(case_file) as both:
        both.change = KeyChange(KeyRole.NEXT, NEW)
        yield both


@pytest.fixture
def lines(case_file: CaseFile) -> list[str]:
    return healthy_lines(case_file)


def of_dkim(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.check is Check.DKIM]


def status(report: Report) -> Status:
    return next(result.status for result in report.results if result.check is Check.DKIM)


def plan_of(views: TwoViews, report: Report) -> Plan:
    return make_plan(expect(SERVER, FRIEND, views.key, change=views.change), report, PlanFacts())


def step_of(views: TwoViews, report: Report) -> Step:
    step = plan_of(views, report).step(Part.DKIM_NEXT)
    assert step is not None
    return step


async def test_a_new_record_that_was_just_typed_waits_for_caches_and_nothing_else_does(
    views: TwoViews, lines: list[str]
) -> None:
    views.publish(zone_text([*lines, LINE], serial=2))
    report = await views.check()
    (finding,) = of_dkim(report)
    assert (finding.code, finding.severity) == ("propagating-negative", Status.INFO)
    assert NAME in Words().finding(finding, CONTEXT)
    assert report.proves(Check.DKIM)
    assert find_propagation(report, Check.DKIM) is None
    assert report.other_key is not None
    assert report.other_key.state is RecordState.RIGHT
    step = step_of(views, report)
    assert step.state is StepState.WAITING_DNS
    assert step.until is not None
    assert step.until > NOW
    assert plan_of(views, report).is_green


async def test_a_new_record_that_was_wrong_is_right_at_the_source(
    views: TwoViews, lines: list[str]
) -> None:
    views.tell_world(zone_text([*lines, OTHER_LINE]))
    views.publish(zone_text([*lines, LINE], serial=2))
    assert [finding.code for finding in of_dkim(await views.check())] == ["propagating"]


async def test_a_new_record_that_everybody_has_waits_for_nothing(
    views: TwoViews, lines: list[str]
) -> None:
    views.tell_world(zone_text([*lines, LINE]))
    views.publish(zone_text([*lines, LINE]))
    report = await views.check()
    assert of_dkim(report) == []
    assert status(report) is Status.PASS
    assert step_of(views, report).state is StepState.WAITING_ADMIN


async def test_a_new_record_that_was_taken_out_again_is_missing(
    views: TwoViews, lines: list[str]
) -> None:
    views.tell_world(zone_text([*lines, LINE]))
    views.publish(zone_text(lines, serial=2))
    report = await views.check()
    assert [finding.code for finding in of_dkim(report)] == ["dkim-next-missing"]
    assert step_of(views, report).state is StepState.NEXT


async def test_old_answers_about_another_record_are_not_laid_at_the_new_key(
    views: TwoViews, lines: list[str]
) -> None:
    views.tell_world(zone_text([line for line in lines if not line.startswith("dkim._d")]))
    views.publish(zone_text([*lines, LINE], serial=2))
    report = await views.check()
    waits = find_propagation(report, Check.DKIM)
    assert waits is not None
    assert waits.facts["name"] == "dkim._domainkey.friend.example"
    names = {finding.facts["name"] for finding in of_dkim(report)}
    assert names == {"dkim._domainkey.friend.example", NAME}


async def test_an_old_record_that_is_gone_at_the_source_is_gone(
    views: TwoViews, lines: list[str]
) -> None:
    views.tell_world(zone_text([*lines, LINE]))
    for role, codes in ((KeyRole.DONE, []), (KeyRole.FORMER, ["dkim-former-missing"])):
        views.change = KeyChange(role, NEW)
        report = await views.check()
        assert [finding.code for finding in of_dkim(report)] == codes


async def test_each_name_server_and_the_resolver_are_asked_once_more(
    views: TwoViews, lines: list[str]
) -> None:
    changing = await views.check()
    servers = (views.resolver, *views.servers)
    assert [server.asked[Question.of(NAME, "TXT")] for server in servers] == [1, 1, 1]
    views.change = None
    plain = await views.check()
    assert [server.asked[Question.of(NAME, "TXT")] for server in servers] == [0, 0, 0]
    assert changing.queries - plain.queries == len(servers)
    assert plain.other_key is None
