"""Works out the plan of a domain: which steps there are, in which order, and which one is next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.checks.finding import FixAction, Status
from bot.services.plan.order import rows
from bot.services.plan.situation import Situation, is_unverified
from bot.services.plan.step import Light, Part, Plan, Step, StepState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.checks.report import Report
    from bot.records.expected import Expected
    from bot.services.plan.order import PlanRow
    from bot.services.plan.standing import Standing
    from bot.services.plan.step import PlanFacts

_LIGHTS: Final = (Part.SERVER, Part.MX, Part.SPF, Part.DKIM, Part.DMARC)
# What is typed at the same place, so that all that may be typed now is one step.
_TYPED: Final = frozenset(
    {
        *(Part.CONTROL, Part.MX, Part.SPF, Part.DMARC),
        *(Part.DKIM, Part.DKIM_NEXT, Part.DKIM_FORMER),
    }
)
# What stands for the same press of a button.
_ASKED_TOGETHER: Final = frozenset({Part.MAILBOXES, Part.SERVER})
_SETTLED: Final = frozenset({StepState.DONE, StepState.OPTIONAL})
_STRICT: Final = frozenset({Part.QUARANTINE, Part.REJECT})


def make_plan(expected: Expected, report: Report, facts: PlanFacts) -> Plan:
    """Return the plan of the domain that the report is about.

    At most one step is next; none is where all is done, waits or is unknown. What is not to be
    found out, such as a record that nobody answered for, never becomes a step to do.
    """
    situation = Situation(expected, report, facts)
    table = {row.part: row for row in rows(moves=situation.moves)}
    stands = {part: standing for part in table if (standing := situation.stand(part)) is not None}
    if situation.moves:
        table = _keep_what_works(table, stands)
    waits = {part: _waits_for(row, stands) for part, row in table.items() if part in stands}
    steps = [_with_order(step, report) for step in _steps(table, stands, waits)]
    return Plan(
        tuple(steps),
        tuple(_light(stands[part]) for part in _LIGHTS if part in stands),
        situation.moves,
    )


def _keep_what_works(
    table: Mapping[Part, PlanRow], stands: Mapping[Part, Standing]
) -> dict[Part, PlanRow]:
    """Return the table of a domain that moves, with what may harm its mail put beside the MX.

    Until the MX is changed nothing that is there is replaced or taken away; an SPF record gets our
    server beside the senders that it has. A new SPF record would leave the present sender out.
    """
    late = table[Part.MX].needs
    kept = dict(table)
    for part in (Part.SPF, Part.DKIM, Part.DMARC):
        standing = stands.get(part)
        if standing is None or standing.state is not StepState.NEXT:
            continue
        adds_only = all(fix.action is FixAction.ADD for fix in standing.fixes)
        merges = any(fix.old is not None for fix in standing.fixes)
        if merges if part is Part.SPF else adds_only:
            continue
        kept[part] = replace(table[part], needs=tuple(p for p in late if p not in {Part.SPF, part}))
        for later in (Part.MX, Part.EXTRAS, Part.MAILBOXES, Part.SERVER, Part.SPF, Part.DMARC):
            if later in kept:
                needs = tuple(p for p in kept[later].needs if p is not part)
                kept[later] = replace(kept[later], needs=needs)
    return kept


def _waits_for(row: PlanRow, stands: Mapping[Part, Standing]) -> tuple[Part, ...]:
    """Return the parts that a part waits for now."""
    return tuple(
        part for part in row.needs if part in stands and not _lets_on(stands[part], row.part)
    )


def _lets_on(standing: Standing, later: Part) -> bool:
    """Whether a part that stands like this holds up no later one."""
    if standing.part is Part.SERVER and standing.state is StepState.UNKNOWN:
        return True  # a mail server that does not answer says nothing against the domain
    if standing.part is Part.DKIM and is_unverified(standing.findings):
        return later not in _STRICT  # which ask for proof
    return standing.state in _SETTLED


def _steps(
    table: Mapping[Part, PlanRow],
    stands: Mapping[Part, Standing],
    waits: Mapping[Part, tuple[Part, ...]],
) -> Iterable[Step]:
    """Yield the steps: parts of one sitting together, the first of those that can be done next."""
    groups: dict[object, list[Part]] = {}
    for part in table:
        if part in stands:
            groups.setdefault(_sitting(stands[part], waits[part]), []).append(part)
    owners = {part: parts[0] for parts in groups.values() for part in parts}
    is_open = True
    for parts in groups.values():
        step = _join([stands[part] for part in parts])
        if step.state is StepState.NEXT:
            waiting = any(waits[part] for part in parts)
            step = replace(step, state=StepState.LATER if waiting or not is_open else step.state)
            is_open = is_open and step.state is not StepState.NEXT
        needed = (owners[need] for part in parts for need in table[part].needs if need in owners)
        yield replace(step, needs=tuple(dict.fromkeys(n for n in needed if n not in parts)))


def _sitting(standing: Standing, waits: tuple[Part, ...]) -> object:
    """Return what parts of one sitting have in common."""
    if standing.part in _ASKED_TOGETHER:
        return "server"
    if standing.state is not StepState.NEXT or standing.asks is not None:
        return standing.part
    at_provider = standing.part in _TYPED or bool(standing.fixes)
    return frozenset(waits) if at_provider else standing.part


def _join(standings: list[Standing]) -> Step:
    first = standings[0]
    return Step(
        tuple(standing.part for standing in standings),
        first.state,
        first.who,
        findings=tuple(finding for s in standings for finding in s.findings),
        fixes=tuple(dict.fromkeys(fix for s in standings for fix in s.fixes)),
        asks=first.asks,
        until=first.until,
    )


def _with_order(step: Step, report: Report) -> Step:
    """Return the step with its findings in the report's order, root cause first."""
    there = tuple(f for f in report.findings if any(f is other for other in step.findings))
    return replace(step, findings=there)


def _light(standing: Standing) -> Light:
    """Return how a part stands at a glance; what is only not there yet is no fault."""
    if standing.state is StepState.DONE:
        return Light(standing.part, Status.PASS)
    if standing.state is StepState.UNKNOWN:
        return Light(standing.part, Status.UNKNOWN)
    worst = max((f.severity for f in standing.findings), key=lambda s: s.rank, default=Status.INFO)
    return Light(standing.part, worst, wanted=worst is Status.INFO)
