"""What members can wait for: goals of several parts, and when a look shows that one is reached."""

from __future__ import annotations

from functools import cache

import pytest

from bot.records.dkim_key import NoKeyYet
from bot.records.expected import expect
from bot.requests.backend import MailHosting
from bot.services.plan.domain_plan import make_plan
from bot.services.plan.plan_goals import can_be_awaited, next_goal, open_goals
from bot.services.plan.step import Part, Plan, PlanFacts, StepState
from bot.watch.awaited_goal import ALL_RIGHT, LONGEST_GOAL, is_reached, make_goal, split_goal
from bot.watch.watched_domain import Seen
from zone_reports import ALIASES, DKIM, DMARC, DOMAIN, KEY, MX, SERVER, SPF, report_on

ON = PlanFacts(hosting=MailHosting.ON, can_ask=True)
WATCHED = DMARC.replace("p=reject", "p=none")
FOREIGN_ALIAS = "mail.friend.example CNAME other.example.\n"


@cache
def planned(*records: str) -> tuple[Seen, Plan]:
    """Return a look at a zone as the watch takes it, and the plan that it is of."""
    report = report_on(*records)
    plan = make_plan(expect(SERVER, DOMAIN, KEY), report, ON)
    done = (part for step in plan.steps if step.state is StepState.DONE for part in step.parts)
    following = None if plan.next is None else plan.next.id.value
    seen = Seen(report, plan.is_green, following, frozenset(part.value for part in done))
    return seen, plan


def test_a_step_of_several_records_is_right_when_each_of_them_is() -> None:
    goal = next_goal(planned()[1])
    assert goal is not None
    assert set(split_goal(goal)) >= {"mx", "spf"}
    assert not is_reached(goal, planned(MX)[0])
    assert is_reached(goal, planned(MX, SPF, DKIM, DMARC, ALIASES)[0])


def test_one_record_can_be_waited_for_alone() -> None:
    assert {Part.MX, Part.SPF, Part.DKIM, Part.DMARC} <= set(open_goals(planned()[1]))
    assert not is_reached("mx", planned(SPF)[0])
    assert is_reached("mx", planned(MX)[0])


def test_all_of_a_domain_is_right_when_its_card_is_green() -> None:
    assert not is_reached(ALL_RIGHT, planned(MX, SPF, DKIM)[0])
    assert is_reached(ALL_RIGHT, planned(MX, SPF, DKIM, DMARC)[0])


def test_optional_records_are_right_when_none_of_them_is_wrong() -> None:
    wrong, plan = planned(MX, SPF, DKIM, DMARC, FOREIGN_ALIAS)
    assert Part.EXTRAS in open_goals(plan)
    assert not is_reached("extras", wrong)
    assert is_reached("extras", planned(MX, SPF, DKIM, DMARC, ALIASES)[0])


def test_where_all_is_right_there_is_nothing_to_wait_for() -> None:
    assert next_goal(planned(MX, SPF, DKIM, DMARC, ALIASES)[1]) is None


def test_what_the_admin_is_asked_for_next_can_be_waited_for() -> None:
    _, plan = planned(MX, SPF, DKIM, WATCHED)
    assert plan.next is not None
    assert plan.next.asks is not None
    assert next_goal(plan) == Part.QUARANTINE


def test_a_goal_is_never_longer_than_the_store_keeps() -> None:
    parts = [part.value for part in Part]
    goal = make_goal(parts)
    assert len(goal) <= LONGEST_GOAL
    assert split_goal(goal) == tuple(parts[: len(split_goal(goal))])
    assert make_goal(()) == ALL_RIGHT
    assert split_goal(ALL_RIGHT) == ()


@pytest.mark.parametrize("goal", ["mx", "mx+spf+dkim+dmarc+extras", "server", ALL_RIGHT])
def test_what_a_card_offers_can_be_awaited(goal: str) -> None:
    assert can_be_awaited(goal, confidential=True)


def test_whether_the_mail_server_has_a_domain_is_for_home_alone() -> None:
    assert can_be_awaited("mx", confidential=False)
    assert not can_be_awaited("server", confidential=False)
    assert not can_be_awaited("mx+server", confidential=False)


def test_who_asks_for_a_key_waits_for_its_record() -> None:
    report = report_on(MX, SPF, WATCHED, dkim=NoKeyYet())
    plan = make_plan(expect(SERVER, DOMAIN, NoKeyYet()), report, ON)
    assert plan.next is not None
    assert plan.next.id is Part.DKIM_KEY
    assert next_goal(plan) == "dkim"
    assert open_goals(plan).count(Part.DKIM) == 1
    assert Part.DKIM_KEY not in open_goals(plan)


@pytest.mark.parametrize(
    "goal", ["", "foo", "mx+foo", "mx++spf", "control", "dkim-key", "mx+spf+dkim+dmarc+extras+zone"]
)
def test_what_no_card_offers_cannot(goal: str) -> None:
    assert not can_be_awaited(goal, confidential=True)
