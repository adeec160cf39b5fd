"""A plan in words, for cards and the console alike: headline, what to do, what comes after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.checks.finding import Check, Status
from bot.checks.report import OTHER_KEY, SERVER_SIDE, is_of_other_key
from bot.records.control_token import CONTROL_LABEL
from bot.records.key_change import KeyRole
from bot.services.plan.situation import UNVERIFIED
from bot.services.plan.step import Part, StepState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.checks.finding import Finding, Fix, Subject
    from bot.checks.report import Report
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.services.plan.step import Plan, Step
    from bot.words import Words

_MOST_AFTER: Final = 1  # further steps that are named
_PART_OF: Final[Mapping[Subject, Part]] = {
    Check.DELEGATION: Part.DELEGATION,
    Check.MX: Part.MX,
    Check.SPF: Part.SPF,
    Check.DKIM: Part.DKIM,
    Check.DMARC: Part.DMARC,
}
# Why something can stay unknown although nothing is wrong in the zone.
_NO_FAULT: Final = frozenset({SERVER_SIDE, UNVERIFIED})
# What the headline says in full already.
_SAID: Final = frozenset(
    {
        *("mx-missing", "spf-missing", "dkim-missing", "dmarc-missing", "no-records-yet"),
        *("dmarc-before-dkim", "not-in-mailcow", "off-in-mailcow", "mx-not-ours"),
        *("dkim-next-missing", "dkim-former-left"),
        *_NO_FAULT,
    }
)


@dataclass(frozen=True, slots=True)
class PlanInWords:
    """What is said of a plan: all of it is text of ours, with names made safe."""

    headline: str
    title: str  # "Step 2 of 5: …"; empty where nothing is next
    todo: str
    after: str  # empty where nothing comes after
    optional: str  # empty where nothing optional is left out


def say_plan(
    plan: Plan, domain: str, server: MailServer, words: Words, *, can_ask: bool
) -> PlanInWords:
    """Return the plan in words; `domain` is in ASCII."""
    step = plan.next
    lead = None if step is None else next(iter(step.findings), None)
    old = _old_key(plan)
    facts: dict[str, Fact] = {
        "domain": domain,
        "service": server.name,
        "contact": server.admin_contact,
        "step": _name(plan, lead),
        "moves": plan.moves,
        "asks": None if step is None or step.asks is None else step.asks.value,
        "can_ask": can_ask,
        "count": 0 if step is None else len(step.fixes),
        "code": "" if lead is None else lead.code,
        "grave": lead is not None and lead.severity is Status.FAIL,
        "until": _latest_end(plan),
        "admin_told": server.tells_admin,
        "keeps": old is not None,
        "keep_until": None if old is None else _seconds(old.until),
    }
    return PlanInWords(
        words.sentence("plan/headline", facts),
        "" if step is None else _say_place(plan, step, words),
        words.sentence("plan/do", facts),
        _say_after(plan, words),
        _say_optional(plan, words),
    )


def messages(plan: Plan) -> tuple[Finding, ...]:
    """Return the findings that say more than the headline and the records to type do.

    They are those of the next step; where there is none, of what waits or is not known.
    """
    steps = [plan.next] if plan.next is not None else plan.steps
    open_ones = (s for s in steps if s.state not in {StepState.DONE, StepState.OPTIONAL})
    return tuple(f for step in open_ones for f in step.findings if f.code not in _SAID)


def arrange(report: Report, plan: Plan) -> tuple[Report, int]:
    """Return the report with what is to be done now before what waits, and how much that is.

    So whoever reads all findings in their order does nothing too early.
    """
    if plan.next is None:
        return report, len(report.steps)
    due = plan.next.findings
    now = tuple(f for f in report.steps if any(f is other for other in due))
    rest = tuple(f for f in report.findings if not any(f is other for other in now))
    return replace(report, findings=(*now, *rest)), len(now)


def part_of(step: Step, fix: Fix) -> Part:
    """Return what a record of a step is for."""
    of_other_key = (f for f in step.findings if fix in f.fixes and is_of_other_key(f))
    if (finding := next(of_other_key, None)) is not None:
        is_new = finding.facts[OTHER_KEY] == KeyRole.NEXT
        return Part.DKIM_NEXT if is_new else Part.DKIM_FORMER
    if (part := _by_record(fix)) is not None:
        return part
    said = (_PART_OF.get(f.check, Part.EXTRAS) for f in step.findings if fix in f.fixes)
    return next(said, step.id)


def _by_record(fix: Fix) -> Part | None:
    """Return what a record is for by itself, as one finding can speak of all records."""
    labels = fix.owner.labels
    if fix.type == "MX":
        return Part.MX
    if b"_domainkey" in labels:
        return Part.DKIM
    if labels[0] == CONTROL_LABEL.encode():
        return Part.CONTROL
    if fix.type == "TXT" and labels[0] == b"_dmarc":
        return Part.DMARC
    if fix.type == "TXT" and fix.value.lower().startswith("v=spf1"):
        return Part.SPF
    return None


def _name(plan: Plan, lead: Finding | None) -> str:
    """Return which sentence stands for a plan: what is worst in its step, or why there is none."""
    if (step := plan.next) is not None:
        worst = None if lead is None or is_of_other_key(lead) else _PART_OF.get(lead.check)
        return (worst if worst in step.parts else step.id).value
    # A key that is about to be changed is no hurry of anybody's, and comes after all else.
    others = [step for step in plan.steps if not _waits_for_switch(step)]
    states = {step.state for step in others}
    if StepState.WAITING_ADMIN in states:
        waiting = next(s for s in others if s.state is StepState.WAITING_ADMIN)
        return "off" if waiting.asks is None else "asked"
    if StepState.WAITING_DNS in states:
        return "propagating"
    unknown = [step for step in plan.steps if step.state is StepState.UNKNOWN]
    codes = {step.id: {finding.code for finding in step.findings} for step in unknown}
    if unknown and all(found and found <= _NO_FAULT for found in codes.values()):
        return "server-side" if SERVER_SIDE in set().union(*codes.values()) else "unverified"
    if unknown:
        return "unknown"
    return "all-right" if len(others) == len(plan.steps) else "switch"


def _waits_for_switch(step: Step) -> bool:
    """Whether all have the record of the new DKIM key, so that mail can be signed with that."""
    return step.id is Part.DKIM_NEXT and step.state is StepState.WAITING_ADMIN


def _latest_end(plan: Plan) -> int | None:
    waiting = (step for step in plan.steps if step.state is not StepState.LATER)
    return _seconds(max((s.until for s in waiting if s.until is not None), default=None))


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


def _old_key(plan: Plan) -> Step | None:
    """Return the step of the old DKIM key's record while that is to be kept; None without one."""
    step = plan.step(Part.DKIM_FORMER)
    return step if step is not None and step.state is StepState.LATER and not step.fixes else None


def _say_place(plan: Plan, step: Step, words: Words) -> str:
    number, count = plan.place
    which = f"{words.label('plan', 'step')} {number} {words.label('plan', 'of')} {count}"
    return f"{which}: {_title(step, words)}"


def _title(step: Step, words: Words) -> str:
    several = len({part_of(step, fix) for fix in step.fixes}) > 1
    return words.label("steps", "typed" if several else step.id.value)


def _say_after(plan: Plan, words: Words) -> str:
    later = [step for step in plan.steps if step.state is StepState.LATER]
    if not later or plan.next is None:
        return ""
    titles = tuple(_title(step, words) for step in later[:_MOST_AFTER])
    return words.sentence("plan/after", {"titles": titles, "more": len(later) > _MOST_AFTER})


def _say_optional(plan: Plan, words: Words) -> str:
    step = plan.step(Part.OPTIONAL)
    if step is None:
        return ""
    names = tuple(dict.fromkeys(words.label("checks", f.check.value) for f in step.findings))
    return words.sentence("plan/optional", {"names": names})
