"""Plans as values: the states of steps, what waits for what, and the order of both tables."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.checks.finding import Check, Finding, FixAction, Status
from bot.dns.answer import Outcome
from bot.records.dkim_key import KeyUnknown, NoKeyYet
from bot.records.expected import expect
from bot.requests.backend import MailHosting
from bot.requests.model import RequestKind
from bot.services.plan.domain_plan import make_plan
from bot.services.plan.order import MOVING_DOMAIN, NEW_DOMAIN
from bot.services.plan.plan_export import plan_as_dict
from bot.services.plan.step import Part, PlanFacts, StepState, Who
from zone_reports import (
    ALIASES,
    DKIM,
    DMARC,
    DOMAIN,
    KEY,
    MX,
    SERVER,
    SPF,
    compiled,
    look,
    report_on,
)

if TYPE_CHECKING:
    from bot.checks.report import Report
    from bot.errors import Fact
    from bot.records.dkim_key import DkimKnowledge
    from bot.services.plan.order import PlanRow
    from bot.services.plan.step import Plan, Step

ON = PlanFacts(hosting=MailHosting.ON, can_ask=True)
WATCHED = DMARC.replace("p=reject", "p=none")
OTHER_MX = "friend.example MX 10 mx.other.example.\nmx.other.example A 203.0.113.60\n"
OTHER_SPF = 'friend.example TXT "v=spf1 ip4:203.0.113.60 -all"\n'
TOKEN = "cowbell=a-token"


def plan_of(
    *records: str,
    facts: PlanFacts = ON,
    dkim: DkimKnowledge = KEY,
    stage: str | None = None,
) -> Plan:
    return plan_for(report_on(*records, dkim=dkim), facts, dkim, stage)


def plan_for(
    report: Report, facts: PlanFacts = ON, dkim: DkimKnowledge = KEY, stage: str | None = None
) -> Plan:
    return make_plan(expect(SERVER, DOMAIN, dkim, stage), report, facts)


def step_of(plan: Plan, part: Part) -> Step:
    step = plan.step(part)
    assert step is not None
    return step


def states(plan: Plan) -> dict[str, str]:
    return {part.value: step.state.value for step in plan.steps for part in step.parts}


def next_parts(plan: Plan) -> tuple[Part, ...]:
    return () if plan.next is None else plan.next.parts


def test_all_that_may_be_typed_now_is_one_step() -> None:
    plan = plan_of()
    assert next_parts(plan) == (Part.MX, Part.SPF, Part.DKIM, Part.DMARC)
    assert plan.next is not None
    assert {fix.action for fix in plan.next.fixes} == {FixAction.ADD}
    assert [state for state in states(plan).values() if state == "next"] == ["next"] * 4
    assert plan.next.who is Who.MEMBER


def test_nothing_is_typed_before_the_server_knows_the_domain() -> None:
    plan = plan_of(facts=replace(ON, hosting=MailHosting.ABSENT), dkim=NoKeyYet())
    assert next_parts(plan) == (Part.SERVER,)
    assert plan.next is not None
    assert plan.next.asks is RequestKind.MAILDOMAIN
    typed = step_of(plan, Part.MX)
    assert typed.state is StepState.LATER
    assert Part.SERVER in typed.needs


def test_what_is_asked_for_waits_for_the_admin() -> None:
    asked = frozenset({RequestKind.MAILDOMAIN})
    plan = plan_of(facts=replace(ON, hosting=MailHosting.ABSENT, asked=asked))
    step = step_of(plan, Part.SERVER)
    assert (step.state, step.who) == (StepState.WAITING_ADMIN, Who.ADMIN)
    assert plan.next is None
    assert step_of(plan, Part.MX).state is StepState.LATER


def test_a_domain_that_is_switched_off_waits_for_the_admin_and_asks_for_nothing() -> None:
    step = step_of(plan_of(facts=replace(ON, hosting=MailHosting.OFF)), Part.SERVER)
    assert (step.state, step.who, step.asks) == (StepState.WAITING_ADMIN, Who.ADMIN, None)


def test_a_mail_server_that_does_not_answer_holds_nothing_up() -> None:
    plan = plan_of(facts=replace(ON, hosting=MailHosting.UNKNOWN))
    assert step_of(plan, Part.SERVER).state is StepState.UNKNOWN
    assert Part.MX in next_parts(plan)


def test_what_nobody_can_tell_of_the_server_is_left_out() -> None:
    plan = plan_of(facts=PlanFacts())
    assert plan.step(Part.SERVER) is None
    assert Part.SERVER not in {light.part for light in plan.lights}
    assert all(Part.SERVER not in step.needs for step in plan.steps)
    assert Part.MX in next_parts(plan)


def test_a_key_is_asked_for_and_waited_for_while_the_rest_goes_on() -> None:
    plan = plan_of(dkim=NoKeyYet())
    assert next_parts(plan) == (Part.MX, Part.SPF, Part.DMARC)
    assert step_of(plan, Part.DKIM).needs[-1] is Part.DKIM_KEY
    asked = replace(ON, asked=frozenset({RequestKind.DKIM}))
    waiting = plan_of(MX, SPF, WATCHED, dkim=NoKeyYet(), facts=asked)
    assert waiting.next is None
    assert step_of(waiting, Part.DKIM_KEY).state is StepState.WAITING_ADMIN


def test_what_is_not_to_be_found_out_is_never_a_step_to_do() -> None:
    silent = compiled(look(MX, failing={"friend.example": Outcome.SERVFAIL}))
    plan = plan_for(silent)
    assert plan.next is None
    for part in (Part.MX, Part.SPF, Part.DKIM, Part.DMARC):
        assert step_of(plan, part).state is StepState.UNKNOWN
    assert not plan.is_green


def test_one_record_that_nobody_answers_for_holds_up_only_what_needs_it() -> None:
    observed = look(MX, SPF, WATCHED, failing={"dkim._domainkey.friend.example": Outcome.TIMEOUT})
    plan = plan_for(compiled(observed), stage="quarantine")
    assert step_of(plan, Part.DKIM).state is StepState.UNKNOWN
    assert step_of(plan, Part.MX).state is StepState.DONE
    assert step_of(plan, Part.QUARANTINE).state is StepState.LATER
    assert plan.next is None


def test_a_key_that_cannot_be_compared_holds_up_only_a_strict_policy() -> None:
    plan = plan_of(SPF, DKIM, WATCHED, dkim=KeyUnknown())
    assert step_of(plan, Part.DKIM).state is StepState.UNKNOWN
    assert next_parts(plan) == (Part.MX,)
    done = plan_of(MX, SPF, DKIM, WATCHED, dkim=KeyUnknown())
    assert done.next is None
    assert step_of(done, Part.QUARANTINE).state is StepState.LATER
    assert not done.is_green


def test_strict_policies_come_one_after_the_other_once_they_are_approved() -> None:
    zone = (MX, SPF, DKIM, ALIASES)
    asks = plan_of(*zone, WATCHED)
    assert next_parts(asks) == (Part.QUARANTINE,)
    assert asks.next is not None
    assert asks.next.asks is RequestKind.DMARC
    typed = plan_of(*zone, WATCHED, stage="quarantine")
    assert next_parts(typed) == (Part.QUARANTINE,)
    assert typed.next is not None
    assert [fix.value.split("; ")[1] for fix in typed.next.fixes] == ["p=quarantine"]
    stricter = plan_of(*zone, DMARC.replace("p=reject", "p=quarantine"))
    assert next_parts(stricter) == (Part.REJECT,)
    assert plan_of(*zone, DMARC).next is None


def test_an_admin_who_chose_to_go_on_watching_leaves_strict_policies_optional() -> None:
    plan = plan_of(MX, SPF, DKIM, WATCHED, ALIASES, stage="none")
    assert plan.next is None
    assert step_of(plan, Part.QUARANTINE).state is StepState.OPTIONAL


def test_what_is_typed_waits_until_old_answers_have_run_out() -> None:
    end = datetime(2026, 11, 23, 13, tzinfo=UTC)
    until = int(end.timestamp())
    facts: dict[str, Fact] = {"name": "a.example", "type": "MX", "until": until, "dated": False}
    waits = Finding(Check.MX, "propagating", Status.INFO, facts)
    right = report_on(MX, SPF, DKIM, DMARC, ALIASES)
    plan = plan_for(replace(right, findings=(waits, *right.findings)))
    step = step_of(plan, Part.MX)
    assert (step.state, step.until, step.findings) == (StepState.WAITING_DNS, end, (waits,))
    assert plan.next is None
    steps = json.loads(json.dumps(plan_as_dict(plan)))["steps"]
    assert {step["id"]: step["until"] for step in steps}["mx"] == "2026-11-23T13:00:00Z"


def test_where_all_is_done_nothing_is_next() -> None:
    plan = plan_of(MX, SPF, DKIM, DMARC, ALIASES)
    assert plan.next is None
    assert plan.is_green
    assert set(states(plan).values()) <= {"done", "optional"}


def test_steps_are_in_the_order_of_their_table() -> None:
    for plan, table in (
        (plan_of(dkim=NoKeyYet()), NEW_DOMAIN),
        (plan_of(OTHER_MX, dkim=NoKeyYet()), MOVING_DOMAIN),
    ):
        order = [row.part for row in table]
        firsts = [order.index(step.id) for step in plan.steps]
        assert firsts == sorted(firsts)


@pytest.mark.parametrize("table", [NEW_DOMAIN, MOVING_DOMAIN])
def test_a_part_waits_only_for_parts_that_come_before_it(table: tuple[PlanRow, ...]) -> None:
    seen: set[Part] = set()
    for row in table:
        assert set(row.needs) <= seen
        assert row.part not in seen
        seen.add(row.part)


def test_in_a_move_the_mx_comes_after_all_that_mail_needs() -> None:
    table = {row.part: row.needs for row in MOVING_DOMAIN}
    assert {Part.SERVER, Part.SPF, Part.DKIM} <= set(table[Part.MX])
    assert Part.MX in table[Part.FORMER_MAIL]
    assert {Part.CONTROL, Part.SPF} <= set(table[Part.SERVER])


def test_a_move_begins_with_control_and_with_both_senders() -> None:
    facts = PlanFacts(hosting=MailHosting.ABSENT, can_ask=True, control=False, token=TOKEN)
    plan = plan_of(OTHER_MX, OTHER_SPF, facts=facts, dkim=NoKeyYet())
    assert plan.moves
    assert plan.next is not None
    assert plan.next.parts[:2] == (Part.CONTROL, Part.SPF)
    values = {fix.type + " " + fix.value for fix in plan.next.fixes}
    assert f"TXT {TOKEN}" in values
    assert any("203.0.113.60" in v and "include:_spf.cow.example" in v for v in values)
    assert step_of(plan, Part.SERVER).state is StepState.LATER
    assert step_of(plan, Part.MX).state is StepState.LATER


def test_nothing_is_replaced_or_deleted_in_a_move_before_the_mx_but_a_merged_spf() -> None:
    weak = WATCHED.replace("p=none", "p=none; sp=bad; x")
    facts = PlanFacts(hosting=MailHosting.ABSENT, can_ask=True, control=False, token=TOKEN)
    plan = plan_of(OTHER_MX, OTHER_SPF, weak, facts=facts)
    assert plan.next is not None
    for fix in plan.next.fixes:
        is_spf = fix.value.startswith("v=spf1") and fix.old is not None
        assert fix.action is FixAction.ADD or is_spf
        if is_spf:
            assert "203.0.113.60" in fix.value


def test_the_json_of_a_plan_is_the_contracts() -> None:
    plan = plan_of(facts=replace(ON, hosting=MailHosting.ABSENT), dkim=NoKeyYet())
    shown = json.loads(json.dumps(plan_as_dict(plan)))
    assert shown["next"] == "server"
    assert [step["id"] for step in shown["steps"]][:3] == ["delegation", "server", "mx"]
    for step in shown["steps"]:
        assert set(step) == {"id", "parts", "state", "who", "needs", "codes", "until"}
        assert step["state"] in set(StepState)
    (mx,) = [step for step in shown["steps"] if step["id"] == "mx"]
    assert mx["needs"] == ["delegation", "server"]
    assert mx["codes"][0] == "mx-missing"
    assert plan_as_dict(plan_of(MX, SPF, DKIM, DMARC, ALIASES))["next"] is None
