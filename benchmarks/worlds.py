"""Tries made-up worlds in which every surface has to say the same next step.

`python -m benchmarks.worlds [NUMBER] [SEED]` makes so many domains (2,000), each with a zone, a
mail server that knows it or not, a key, an approved stage and open requests, all by chance, and
checks each of them. It prints every disagreement between the plan, the records, the zone file, the
check, the triage of requests and their approval; its exit code is 1 where there is one.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.case_world import CaseWorld
from benchmarks.ours import make_resolver, now
from bot.checks.dmarc.record import parse_record
from bot.checks.finding import Check, FixAction, Status
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.names import Domain
from bot.records.dkim_key import KeyUnknown, NoKeyYet
from bot.records.dmarc_policy import POLICIES, DmarcPolicy
from bot.records.expected import Purpose, expect
from bot.records.presentation import quoted_parts
from bot.records.zone_file import render_zone
from bot.requests.backend import MailHosting
from bot.requests.dmarc_readiness import judge_readiness
from bot.requests.model import RequestKind
from bot.services.domain_check import Checker
from bot.services.plan.domain_plan import make_plan
from bot.services.plan.step import Part, PlanFacts, StepState
from bot.services.triage import triage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.checks.report import CheckResult, Report
    from bot.records.dkim_key import DkimKnowledge
    from bot.records.expected import Expected
    from bot.services.plan.step import Plan, Step

NUMBER: Final = 2_000
SEED: Final = 13
_DOMAIN: Final = Domain.from_ascii("friend.example")
_SPF: Final = "v=spf1 include:_spf.cow.example"
# What stands at each name of the zone; the first of each is right, and the likeliest.
_MX: Final = (
    "@ MX 10 mx1.cow.example.",
    "",
    "@ MX 10 mx.old.example.",
    "@ MX 5 mx.old.example.\n@ MX 10 mx1.cow.example.",
    "@ MX 10 mx1.cow.example.friend.example.",
)
_SPFS: Final = (
    f'@ TXT "{_SPF} -all"',
    "",
    '@ TXT "v=spf1 include:_spf.old.example ~all"',
    f'@ TXT "{_SPF} -all"\n@ TXT "v=spf1 mx -all"',
    '@ TXT "v=spf1 include:_spf.cow.exmaple -all"',
)
_DMARCS: Final = (
    "",
    *(f'_dmarc TXT "v=DMARC1; p={p}; rua=mailto:dmarc@cow.example"' for p in POLICIES),
    '_dmarc TXT "v=DMARC1 p=none"',
    '_dmarc TXT "v=DMARC1; p=reject; pct=50"',
)
_ALIASES: Final = ("", "mail CNAME mx1.cow.example.", "mail A 203.0.113.80")
_KINDS: Final = (RequestKind.MAILDOMAIN, RequestKind.DKIM, RequestKind.DMARC, RequestKind.WEBMAIL)
_CHECK_OF: Final[Mapping[Part, Check]] = {
    Part.MX: Check.MX,
    Part.SPF: Check.SPF,
    Part.DKIM: Check.DKIM,
    Part.DMARC: Check.DMARC,
}


@dataclass(frozen=True, slots=True)
class MadeUpDomain:
    """One domain with all that is known of it."""

    zone: str
    dkim: DkimKnowledge
    stage: str | None
    facts: PlanFacts


def make_up(chance: random.Random, world: CaseWorld) -> MadeUpDomain:
    """Return a domain by chance, more often with right records than with each wrong one."""
    key = quoted_parts(world.key.record.text)
    keys = (f"dkim._domainkey TXT {key}", "", f"mail._domainkey TXT {key}")

    def pick(choices: tuple[str, ...]) -> str:
        return choices[0] if chance.random() < 0.5 else chance.choice(choices)

    records = ("@ A 203.0.113.80", pick(_MX), pick(_SPFS), pick(keys), chance.choice(_DMARCS))
    hosting = chance.choice((MailHosting.ON, MailHosting.ON, *MailHosting, None))
    facts = PlanFacts(
        hosting=hosting,
        asked=frozenset(kind for kind in _KINDS if chance.random() < 0.1),
        can_ask=chance.random() < 0.8,
    )
    dkim: DkimKnowledge = chance.choice((world.key, world.key, NoKeyYet(), KeyUnknown()))
    stage = chance.choice((None, None, *POLICIES))
    return MadeUpDomain("\n".join((*records, chance.choice(_ALIASES))), dkim, stage, facts)


async def disagreements(
    made: MadeUpDomain, world: CaseWorld, *, triage_facts: PlanFacts | None = None
) -> list[str]:
    """Return what the surfaces say differently of one domain, a sentence each.

    `triage_facts` are what the triage is told where that is another thing than the plan is.
    """
    zones = Zones.of({**world.base_zones, _DOMAIN.ascii: made.zone})
    async with ZoneServer(zones) as server, make_resolver(server.address[1]) as resolver:
        checker = Checker(resolver.ask, world.server, now, single_server=True)
        report = await checker.check(_DOMAIN, made.dkim, made.stage)
    expected = expect(world.server, _DOMAIN, made.dkim, made.stage)
    plan = make_plan(expected, report, made.facts)
    proven = expected.with_proof(
        spf_proven=report.proves(Check.SPF), dkim_proven=report.proves(Check.DKIM)
    )
    return [
        *_judge_plan(plan),
        *_judge_records(plan, expected, proven, report),
        *_judge_check(plan, report),
        *_judge_triage(plan, report, triage_facts or made.facts),
        *_judge_approval(plan, report),
    ]


def _judge_plan(plan: Plan) -> Iterator[str]:
    coming = [step for step in plan.steps if step.state is StepState.NEXT]
    if len(coming) > 1:
        yield f"{len(coming)} steps are next"
    for step in coming:
        if any(_is_open(plan.step(part)) for part in step.needs):
            yield f"{step.id} is next, and what it needs is not done"


def _judge_records(
    plan: Plan, expected: Expected, proven: Expected, report: Report
) -> Iterator[str]:
    """Compare what is handed out with what the plan has typed, and with the rule for DMARC."""
    most = _policy(proven.dmarc)
    if _policy(expected.dmarc) is not DmarcPolicy.NONE:
        yield "without a report the records hand out a strict policy"
    text = render_zone(proven.records, lambda _: "", "")
    for record in proven.records:
        if quoted_parts(record.value) not in text and record.value not in text:
            yield f"the zone file lacks the record for {record.purpose}"
    if _result(report, Check.DMARC).expected not in {(), (proven.dmarc,)}:
        yield "the check expects another DMARC record than is handed out"
    there = [p for t in _result(report, Check.DMARC).found if (p := _policy(t)) is not None]
    for fix in (fix for step in plan.steps for fix in step.fixes):
        if fix.action is FixAction.DELETE:
            continue
        if fix.type == "TXT" and fix.owner.labels[0] == b"_dmarc":
            policy = _policy(fix.value)
            stays = any(policy is not None and not p.weaker_than(policy) for p in there)
            if policy is not None and most is not None and most.weaker_than(policy) and not stays:
                yield f"the plan has p={policy} typed, and {most} may be handed out"
        mx = proven.record(Purpose.MX)
        if fix.type == "MX" and mx is not None and fix.value != mx.value:
            yield f"the plan has another MX typed than is handed out: {fix.value}"


def _judge_check(plan: Plan, report: Report) -> Iterator[str]:
    said = {fix for finding in report.findings for fix in finding.fixes}
    for step in plan.steps:
        if set(step.parts) & {Part.CONTROL, Part.QUARANTINE, Part.REJECT}:
            continue
        if any(fix not in said for fix in step.fixes):
            yield f"{step.id} has something typed that the check does not say"
    for part, check in _CHECK_OF.items():
        found = plan.step(part)
        if found is not None and found.state is StepState.DONE:
            codes = [
                f.code
                for f in report.findings
                if f.check is check
                and f.severity in {Status.WARN, Status.FAIL}
                and f.code not in {"dmarc-policy-none", "not-in-mailcow", "off-in-mailcow"}
            ]
            if codes:
                yield f"{part} is done in the plan, and the check says {', '.join(codes)}"


def _judge_triage(plan: Plan, report: Report, facts: PlanFacts) -> Iterator[str]:
    hosting = facts.hosting or MailHosting.UNKNOWN
    done = {
        RequestKind.MAILDOMAIN: (Part.SERVER,),
        RequestKind.DKIM: (Part.DKIM,),
        RequestKind.DMARC: (Part.QUARANTINE, Part.REJECT),
    }
    for kind in _KINDS:
        ruling = triage(kind, report, plan, hosting)
        if plan.next is not None and plan.next.asks is kind and not ruling.is_queued:
            yield f"the plan asks for {kind}, and the triage answers {ruling.code}"
        steps = [plan.step(part) for part in done.get(kind, ())]
        is_done = bool(steps) and all(s is not None and s.state is StepState.DONE for s in steps)
        if is_done and ruling.is_queued:
            yield f"{kind} is done in the plan, and its request is queued"
        if ruling.is_done and steps and not is_done:
            yield f"the triage says that {kind} is right, and the plan does not"


def _judge_approval(plan: Plan, report: Report) -> Iterator[str]:
    stages = judge_readiness(report).stages
    if plan.next is not None and plan.next.asks is RequestKind.DMARC and stages != POLICIES:
        yield "the plan asks for DMARC, and no strict stage can be approved"
    if stages == POLICIES and not (report.proves(Check.SPF) and report.proves(Check.DKIM)):
        yield "a strict stage can be approved, and SPF or DKIM is not proven"


def _is_open(step: Step | None) -> bool:
    waits = {StepState.NEXT, StepState.LATER, StepState.WAITING_ADMIN}
    return step is not None and step.state in waits


def _policy(text: str) -> DmarcPolicy | None:
    record = parse_record(text)
    return None if record is None else record.policy("p")


def _result(report: Report, check: Check) -> CheckResult:
    return next(result for result in report.results if result.check is check)


async def try_worlds(number: int, seed: int) -> Counter[str]:
    """Return the disagreements of so many domains, and how often each was met."""
    chance, world = random.Random(seed), CaseWorld()
    met: Counter[str] = Counter()
    for _ in range(number):
        met.update(await disagreements(make_up(chance, world), world))
    return met


def main() -> int:
    """Print the disagreements."""
    given = [int(text) for text in sys.argv[1:]]
    number, seed = (*given, *(NUMBER, SEED)[len(given) :])
    met = asyncio.run(try_worlds(number, seed))
    for text, count in met.most_common():
        print(f"{count:5} {text}")
    print(f"{number} worlds of seed {seed}: {met.total()} disagreements")
    return 1 if met else 0


if __name__ == "__main__":
    sys.exit(main())
