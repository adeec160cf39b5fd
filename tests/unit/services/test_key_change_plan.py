"""What comes next for a domain whose DKIM key is being changed, and what a member can wait for."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Final

import pytest

from bot.checks.export.as_json import context_of
from bot.checks.finding import Check, FixAction, Status
from bot.checks.report import prove
from bot.dns.answer import Outcome
from bot.records.key_change import KeyChange, KeyRole
from bot.requests.backend import MailHosting
from bot.services.plan.domain_plan import make_plan
from bot.services.plan.plan_export import plan_as_dict
from bot.services.plan.plan_goals import can_be_awaited, next_goal, open_goals
from bot.services.plan.plan_words import messages, part_of, say_plan
from bot.services.plan.step import Part, PlanFacts, StepState, Who
from bot.watch.awaited_goal import is_reached
from bot.watch.watched_domain import Seen
from bot.words import Words
from changing_keys import (
    DONE,
    FORMER,
    NEW,
    NEXT,
    OLD,
    WEEK,
    expected_of,
    name_of,
    published,
    report_of,
)
from zone_reports import SERVER

if TYPE_CHECKING:
    from bot.checks.report import Report
    from bot.records.dkim_key import KnownKey
    from bot.services.plan.plan_words import PlanInWords
    from bot.services.plan.step import Plan

    Keys = tuple[KnownKey, KeyChange | None]

BOTH: Final = published(OLD) + published(NEW)


def plan_of(keys: Keys, report: Report) -> Plan:
    expected = prove(expected_of(keys), report)
    return make_plan(expected, report, PlanFacts(hosting=MailHosting.ON))


def planned(keys: Keys, *lines: str, failing: dict[str, Outcome] | None = None) -> Plan:
    return plan_of(keys, report_of(keys, *lines, failing=failing))


def said(plan: Plan) -> PlanInWords:
    return say_plan(plan, "friend.example", SERVER, Words(), can_ask=False)


def seen_of(keys: Keys, *lines: str) -> Seen:
    report = report_of(keys, *lines)
    plan = plan_of(keys, report)
    done = {part.value for s in plan.steps if s.state is StepState.DONE for part in s.parts}
    return Seen(report, plan.is_green, None if plan.next is None else plan.next.id, frozenset(done))


def test_the_new_record_is_the_next_step_and_the_domain_stays_green() -> None:
    plan = planned(NEXT, published(OLD))
    assert plan.next is not None
    assert (plan.next.parts, plan.next.who) == ((Part.DKIM_NEXT,), Who.MEMBER)
    assert [(f.action, f.owner.to_text()) for f in plan.next.fixes] == [
        (FixAction.ADD, f"{name_of(NEW)}.")
    ]
    assert plan.is_green
    assert all(light.status is Status.PASS for light in plan.lights)
    words = said(plan)
    assert "gets a new DKIM key" in words.headline
    assert "Leave the old DKIM record as it is" in words.todo
    assert "Publish the new DKIM record" in words.title
    assert messages(plan) == ()
    assert part_of(plan.next, plan.next.fixes[0]) is Part.DKIM_NEXT


def test_a_new_record_that_is_wrong_is_said_and_put_right() -> None:
    plan = planned(NEXT, published(OLD), published(NEW, "v=DKIM1; p="))
    assert plan.next is not None
    assert plan.next.id is Part.DKIM_NEXT
    assert [finding.code for finding in messages(plan)] == ["dkim-next-differs"]
    assert "is not right yet" in said(plan).headline
    assert plan.is_green


def test_the_new_record_is_typed_in_one_sitting_with_what_else_is_wrong() -> None:
    report = report_of(NEXT, rest="friend.example NS ns1.dns.example.\n@ A 203.0.113.80\n")
    plan = plan_of(NEXT, report)
    assert plan.next is not None
    assert {Part.MX, Part.SPF, Part.DKIM, Part.DKIM_NEXT} <= set(plan.next.parts)


def test_once_the_new_record_is_there_it_is_the_mail_servers_turn() -> None:
    plan = planned(NEXT, BOTH)
    step = plan.step(Part.DKIM_NEXT)
    assert step is not None
    assert (step.state, step.who, plan.next) == (StepState.WAITING_ADMIN, Who.ADMIN, None)
    assert plan.is_green
    words = said(plan)
    assert "has both DKIM keys published" in words.headline
    assert "Leave both DKIM records as they are" in words.todo


def test_what_nobody_answered_for_is_no_step_to_do() -> None:
    plan = planned(NEXT, BOTH, failing={name_of(NEW): Outcome.TIMEOUT})
    step = plan.step(Part.DKIM_NEXT)
    assert step is not None
    assert (step.state, plan.next) == (StepState.UNKNOWN, None)
    assert plan.is_green  # the key that signs is proven
    unknown = planned(NEXT, BOTH, failing={name_of(OLD): Outcome.TIMEOUT})
    assert not unknown.is_green
    former = planned(FORMER, BOTH, failing={name_of(OLD): Outcome.TIMEOUT}).step(Part.DKIM_FORMER)
    assert former is not None
    assert former.state is StepState.LATER


@pytest.mark.parametrize("text", ["v=DKIM1; p=", "hello"])
def test_a_key_in_use_that_nobody_answered_for_is_not_proven_by_what_is_said_of_the_other(
    text: str,
) -> None:
    plan = planned(
        NEXT, published(OLD), published(NEW, text), failing={name_of(OLD): Outcome.TIMEOUT}
    )
    light = next(light for light in plan.lights if light.part is Part.DKIM)
    assert light.status is Status.UNKNOWN


def test_the_old_record_is_to_be_kept_and_nothing_else_is_to_be_done() -> None:
    plan = planned(FORMER, BOTH)
    step = plan.step(Part.DKIM_FORMER)
    assert step is not None
    assert (step.state, step.until, step.fixes, plan.next) == (StepState.LATER, WEEK, (), None)
    assert plan.is_green
    assert said(plan).todo == ("There is nothing to do. Keep both DKIM records until 30 Nov 2026.")
    exported = plan_as_dict(plan)["steps"]
    assert isinstance(exported, list)
    (kept,) = (each for each in exported if each["id"] == "dkim-former")
    assert (kept["state"], kept["until"]) == ("later", "2026-11-30T12:00:00Z")


def test_an_old_record_that_is_gone_too_early_is_put_back() -> None:
    plan = planned(FORMER, published(NEW))
    assert plan.next is not None
    assert plan.next.id is Part.DKIM_FORMER
    assert [fix.action for fix in plan.next.fixes] == [FixAction.ADD]
    assert part_of(plan.next, plan.next.fixes[0]) is Part.DKIM_FORMER
    assert plan.is_green
    assert "can fail" in said(plan).headline


def test_the_old_record_is_taken_out_at_the_end_and_then_there_is_no_such_step() -> None:
    plan = planned(DONE, BOTH)
    assert plan.next is not None
    assert plan.next.id is Part.DKIM_FORMER
    assert [(f.action, f.value) for f in plan.next.fixes] == [(FixAction.DELETE, OLD.record.text)]
    assert "has a DKIM record that is not needed any more" in said(plan).headline
    assert plan.is_green
    assert planned(DONE, published(NEW)).step(Part.DKIM_FORMER) is None


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (KeyChange(KeyRole.DONE, NEW), BOTH),
        (KeyChange(KeyRole.FORMER, NEW, WEEK), BOTH),
        (KeyChange(KeyRole.FORMER, NEW, WEEK), published(OLD)),
    ],
)
def test_after_an_undo_nobody_reads_that_the_old_record_may_go(
    change: KeyChange, lines: str
) -> None:
    keys = (OLD, change)
    report = report_of(keys, lines)
    plan, context = plan_of(keys, report), context_of(report, SERVER)
    words = said(plan)
    read = [words.headline, words.title, words.todo]
    read += [Words().finding(finding, context) for finding in report.findings]
    expected = expected_of(keys)
    read += [
        Words().sentence(f"records/{record.purpose.value}", expected.facts(record))
        for record in expected.records
    ]
    assert not [text for text in read if re.search(r"\bold\b|new DKIM key", text)]


def test_the_old_record_stays_while_that_of_the_key_in_use_is_wrong() -> None:
    plan = planned(DONE, published(OLD))
    step = plan.step(Part.DKIM_FORMER)
    assert plan.next is not None
    assert plan.next.id is Part.DKIM
    assert step is not None
    assert step.state is StepState.LATER


def test_a_report_of_before_the_change_says_nothing_of_it() -> None:
    before = report_of((OLD, None), published(OLD))
    for keys in (NEXT, FORMER, DONE):
        plan = plan_of(keys, before)
        assert plan.step(Part.DKIM_NEXT) is None
        assert plan.step(Part.DKIM_FORMER) is None
    # Nor does one of when the other key was the new one.
    assert plan_of(FORMER, report_of(NEXT, BOTH)).step(Part.DKIM_FORMER) is None


@pytest.mark.parametrize("lines", ["", published(OLD), BOTH])
def test_nothing_is_another_where_no_key_is_changed(lines: str) -> None:
    plan = planned((OLD, None), lines)
    assert not {Part.DKIM_NEXT, Part.DKIM_FORMER} & {p for s in plan.steps for p in s.parts}


def test_a_member_can_wait_for_either_record() -> None:
    plan = planned(NEXT, published(OLD))
    assert next_goal(plan) == "dkim-next"
    assert Part.DKIM_NEXT in open_goals(plan)
    assert can_be_awaited("dkim-next", confidential=True)
    assert not can_be_awaited("dkim-next", confidential=False)
    assert next_goal(planned(DONE, BOTH)) == "dkim-former"


@pytest.mark.parametrize(
    ("goal", "keys", "lines", "reached"),
    [
        ("dkim-next", NEXT, published(OLD), False),
        ("dkim-next", NEXT, published(OLD) + published(NEW, "v=DKIM1; p="), False),
        ("dkim-next", NEXT, BOTH, True),
        ("dkim-next", FORMER, BOTH, True),  # it signs by now
        ("dkim-next", FORMER, published(OLD), False),
        ("dkim-next", (OLD, None), BOTH, True),  # the change was given up
        ("dkim-former", FORMER, BOTH, False),
        ("dkim-former", FORMER, published(NEW), False),  # it is needed still
        ("dkim-former", DONE, BOTH, False),
        ("dkim-former", DONE, published(NEW), True),
    ],
)
def test_what_is_waited_for_is_reached_by_proof(
    goal: str, keys: Keys, lines: str, *, reached: bool
) -> None:
    assert is_reached(goal, seen_of(keys, lines)) is reached


def test_what_nobody_answered_for_is_not_reached() -> None:
    report = report_of(NEXT, BOTH, failing={name_of(NEW): Outcome.TIMEOUT})
    seen = dataclasses.replace(seen_of(NEXT, BOTH), report=report)
    assert not is_reached("dkim-next", seen)
    assert report.proves(Check.DKIM)
