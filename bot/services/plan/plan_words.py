"""A plan in words, for cards and the console alike: headline, what to do, what comes after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.checks.finding import Check, Status
from bot.services.plan.situation import is_unverified
from bot.services.plan.step import Part, StepState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.checks.finding import Finding, Fix, Subject
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.services.plan.step import Plan, Step
    from bot.words import Words

_MOST_AFTER: Final = 2  # further steps that are named
_PART_OF: Final[Mapping[Subject, Part]] = {
    Check.DELEGATION: Part.DELEGATION,
    Check.MX: Part.MX,
    Check.SPF: Part.SPF,
    Check.DKIM: Part.DKIM,
    Check.DMARC: Part.DMARC,
}
# What the headline says in full already.
_SAID: Final = frozenset(
    {
        *("mx-missing", "spf-missing", "dkim-missing", "dmarc-missing", "no-records-yet"),
        *("dmarc-before-dkim", "not-in-mailcow", "off-in-mailcow", "mx-not-ours"),
    }
)

_NO_AFTER: Final = frozenset(
    {"unknown", "unverified", "server-side"}
)  # what comes later depends on what is found


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
    facts: dict[str, Fact] = {
        "domain": domain,
        "service": server.name,
        "contact": server.admin_contact,
        "step": _name(plan),
        "moves": plan.moves,
        "asks": None if step is None or step.asks is None else step.asks.value,
        "can_ask": can_ask,
        "count": 0 if step is None else len(step.fixes),
        **_gravest(step),
        "until": _latest_end(plan),
    }
    return PlanInWords(
        words.sentence("plan/headline", facts),
        "" if step is None else _say_place(plan, step, words),
        words.sentence("plan/do", facts),
        _say_after(plan, words),
        _say_optional(plan, words),
    )


def messages(step: Step) -> tuple[Finding, ...]:
    """Return the findings of a step that say more than the headline and the records do."""
    return tuple(finding for finding in step.findings if finding.code not in _SAID)


def part_of(step: Step, fix: Fix) -> Part:
    """Return what a record of a step is for."""
    for finding in step.findings:
        if fix in finding.fixes:
            is_dkim = "_domainkey" in fix.owner.to_text()  # one finding can speak of all records
            part = _PART_OF.get(finding.check, Part.EXTRAS)
            return _by_record(fix) or (Part.DKIM if is_dkim else part)
    return _by_record(fix) or step.id


def _by_record(fix: Fix) -> Part | None:
    labels = fix.owner.labels
    if fix.type == "MX":
        return Part.MX
    if b"_domainkey" in labels:
        return Part.DKIM
    if labels[0] == b"_cowbell":
        return Part.CONTROL
    if fix.type == "TXT" and labels[0] == b"_dmarc":
        return Part.DMARC
    if fix.type == "TXT" and fix.value.lower().startswith("v=spf1"):
        return Part.SPF
    return None


def _name(plan: Plan) -> str:
    """Return which sentence stands for a plan: its next step, or why there is none."""
    if plan.next is not None:
        return plan.next.id.value
    states = {step.state for step in plan.steps}
    if StepState.WAITING_ADMIN in states:
        waiting = next(s for s in plan.steps if s.state is StepState.WAITING_ADMIN)
        return "off" if waiting.asks is None else "asked"
    if StepState.WAITING_DNS in states:
        return "propagating"
    unknown = [step for step in plan.steps if step.state is StepState.UNKNOWN]
    if unknown and all(step.findings for step in unknown):  # it is known why
        only_key = all(is_unverified(step.findings) for step in unknown)
        return "unverified" if only_key else "server-side"
    return "unknown" if unknown else "all-right"


def _gravest(step: Step | None) -> Mapping[str, Fact]:
    """Return the code of a step's gravest finding, of the part that names it where it has one."""
    findings = () if step is None else step.findings
    own = [f for f in findings if step is not None and _PART_OF.get(f.check) is step.id]
    first = max(own or findings, key=lambda f: f.severity.rank, default=None)
    return {
        "code": "" if first is None else first.code,
        "grave": first is not None and first.severity is Status.FAIL,
    }


def _latest_end(plan: Plan) -> int | None:
    ends = [step.until for step in plan.steps if step.until is not None]
    return int(max(ends).timestamp()) if ends else None


def _say_place(plan: Plan, step: Step, words: Words) -> str:
    number, count = plan.place
    which = f"{words.label('plan', 'step')} {number} {words.label('plan', 'of')} {count}"
    return f"{which}: {_title(step, words)}"


def _title(step: Step, words: Words) -> str:
    several = len({part_of(step, fix) for fix in step.fixes}) > 1
    return words.label("steps", "typed" if several else step.id.value)


def _say_after(plan: Plan, words: Words) -> str:
    later = [step for step in plan.steps if step.state is StepState.LATER]
    if not later or _name(plan) in _NO_AFTER:
        return ""
    titles = tuple(_title(step, words) for step in later[:_MOST_AFTER])
    return words.sentence("plan/after", {"titles": titles, "more": len(later) > _MOST_AFTER})


def _say_optional(plan: Plan, words: Words) -> str:
    step = plan.step(Part.OPTIONAL)
    if step is None:
        return ""
    names = tuple(dict.fromkeys(words.label("checks", f.check.value) for f in step.findings))
    return words.sentence("plan/optional", {"names": names})
