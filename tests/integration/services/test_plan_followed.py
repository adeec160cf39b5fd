"""Doing each next step of a plan in turn: it ends green, soon, and no mail is lost on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyond_the_zone import is_beyond_the_zone
from bot.checks.finding import FixAction, Status
from bot.records.dkim_key import KeyUnknown
from bot.requests.backend import MailHosting
from bot.requests.model import RequestKind
from bot.services.plan.step import StepState
from conftest import load_cases
from deceiving_zones import DOMAIN, KNOWN
from examples import examples
from mended_zone import read_zone, right
from plan_world import Friend, targets

if TYPE_CHECKING:
    from bot.services.plan.step import Plan, Step
    from mended_zone import Zone

OURS = "mx1.cow.example."
OLD_MX = "mx.old.example."
OLD_SENDER = "ip4:203.0.113.60"
OLD = {"old.example": 'mx A 203.0.113.60\n_spf TXT "v=spf1 ip4:203.0.113.60 -all"\n'}
MOST_STEPS = 12
# All records, then the two strict stages of DMARC; where the key comes later, it once more.
MOST_SITTINGS = {MailHosting.ON: 3, MailHosting.ABSENT: 4}
NOT_HOSTED = load_cases().cases[::5]


def is_for_nobody_to_type(step: Step) -> bool:
    """Whether a step is done somewhere else than in the zone."""
    return not step.fixes and step.asks is None and all(map(is_beyond_the_zone, step.findings))


def follow(friend: Friend) -> list[Plan]:
    """Do every next step in turn; return the plans, of which the last leaves nothing to type."""
    plans: list[Plan] = []
    for _ in range(MOST_STEPS):
        plan = friend.plan(friend.check())
        plans.append(plan)
        assert sum(step.state is StepState.NEXT for step in plan.steps) <= 1
        if plan.next is None or is_for_nobody_to_type(plan.next):
            return plans
        friend.do(plan.next)
    raise AssertionError([plan.next and plan.next.parts for plan in plans])


def assert_ends_well(friend: Friend, hosting: MailHosting) -> None:
    last = follow(friend)[-1]
    assert friend.sittings <= MOST_SITTINGS[hosting]
    if last.next is None:
        assert last.is_green
        assert {s.state for s in last.steps} <= {StepState.DONE, StepState.OPTIONAL}


def test_every_broken_zone_ends_green_in_few_sittings(case: Any) -> None:
    if case.servfail:  # nobody can mend it, and nothing is said to be done
        friend = Friend(read_zone(case.zone), servfail=tuple(case.servfail))
        assert friend.plan(friend.check()).next is None
        return
    assert_ends_well(Friend(read_zone(case.zone), dkim=KNOWN), MailHosting.ON)


@pytest.mark.parametrize("broken", NOT_HOSTED, ids=lambda case: case.id)
def test_it_does_too_where_domain_and_key_have_to_be_asked_for(broken: Any) -> None:
    if broken.servfail:
        return
    friend = Friend(
        read_zone(broken.zone), MailHosting.ABSENT, dkim=KeyUnknown(), proves_control=True
    )
    assert_ends_well(friend, MailHosting.ABSENT)
    assert friend.hosting is MailHosting.ON or RequestKind.MAILDOMAIN not in friend.asked


def moving(spf: str, *, mx: str = f"@ MX 10 {OLD_MX}", **changes: str) -> Zone:
    """Return the zone of a domain whose mail is at another server that works."""
    return right(mx=mx, spf=f'@ TXT "{spf}"', **{"dkim": "", **changes})


def spf_of(zone: Zone) -> str:
    """Return the SPF record of the domain; there has to be one."""
    texts = [r.rdata.to_text() for r in zone if r.owner == DOMAIN.name and r.type == "TXT"]
    (spf,) = [text for text in texts if "v=spf1" in text]
    return spf


def assert_moves_without_a_gap(zone: Zone, sender: str) -> None:
    """Follow the plan of a move; look at the mail flow before and after every step."""
    friend = Friend(zone, MailHosting.ABSENT, dkim=KeyUnknown(), proves_control=True, more=OLD)
    before = targets(zone)
    for _ in range(MOST_STEPS):
        plan = friend.plan(friend.check())
        step = plan.next
        if step is None:
            break
        has_moved = OURS in targets(friend.zone)
        if not has_moved:
            assert plan.moves
            assert targets(friend.zone) == before
            assert sender in spf_of(friend.zone)
            types_mx = any(fix.type == "MX" for fix in step.fixes)
            assert friend.hosting is MailHosting.ON or not types_mx
            for fix in () if types_mx else step.fixes:
                merges = fix.old is not None and sender in fix.old and sender in fix.value
                assert fix.action is FixAction.ADD or merges
        friend.do(step)
    assert targets(friend.zone) == {OURS}
    assert friend.check().status.rank <= Status.INFO.rank


@pytest.mark.parametrize(
    ("spf", "sender"),
    [
        (f"v=spf1 {OLD_SENDER} -all", OLD_SENDER),
        (f"v=spf1 {OLD_SENDER} ~all", OLD_SENDER),
        ("v=spf1 include:_spf.old.example -all", "include:_spf.old.example"),
        ("v=spf1 mx:old.example a:mx.old.example ~all", "a:mx.old.example"),
    ],
)
def test_a_domain_moves_without_losing_mail(spf: str, sender: str) -> None:
    assert_moves_without_a_gap(moving(spf), sender)


@given(
    st.sampled_from((f"v=spf1 {OLD_SENDER} -all", f"v=spf1 {OLD_SENDER} ~all")),
    st.sampled_from(("", '_dmarc TXT "v=DMARC1; p=none"', '_dmarc TXT "v=DMARC1; p=oops"')),
    st.sampled_from((f"@ MX 0 {OLD_MX}", f"@ MX 5 {OLD_MX}\n@ MX 20 mx.old.example.")),
)
@examples(0.05)
def test_whatever_else_it_has_it_moves_without_losing_mail(spf: str, dmarc: str, mx: str) -> None:
    assert_moves_without_a_gap(moving(spf, mx=mx, dmarc=dmarc), OLD_SENDER)
