"""Prints the headline and the next step of every faulty zone of the case files.

`python -m benchmarks.plans` checks each zone just now and prints the table, `--write` puts it into
docs/plans.md. The mail server knows the domain and has a DKIM key for it.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

from benchmarks.case_world import CaseWorld
from benchmarks.child import ROOT
from benchmarks.diagnosis import cell
from bot.records.expected import expect
from bot.requests.backend import MailHosting
from bot.services.plan.domain_plan import make_plan
from bot.services.plan.plan_words import say_plan
from bot.services.plan.step import PlanFacts
from bot.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.case_world import CaseZone

PAGE: Final = ROOT / "docs" / "plans.md"
_BEGIN: Final = "<!-- table -->\n"
_HEAD: Final = """\
| zone | lights | headline | next step | to type |
|---|---|---|---|---|
"""
_MARKS: Final = {"pass": "✓", "info": "✓", "unknown": "?", "warn": "!", "fail": "✗"}


async def rows() -> list[tuple[str, ...]]:
    """Return one row for each zone."""
    world = CaseWorld()
    return [await _row(world, case) for case in world.zones()]


async def _row(world: CaseWorld, case: CaseZone) -> tuple[str, ...]:
    report = await world.check(case)
    facts = PlanFacts(hosting=MailHosting.ON, can_ask=True)
    plan = make_plan(expect(world.server, case.domain, world.key), report, facts)
    said = say_plan(plan, case.domain.ascii, world.server, Words(), can_ask=True)
    lights = " ".join(f"{light.part.value}{_MARKS[light.status.value]}" for light in plan.lights)
    fixes = () if plan.next is None else plan.next.fixes
    typed = ", ".join(dict.fromkeys(f"{fix.action.value} {fix.type}" for fix in fixes))
    return case.name, lights, said.headline, said.title or said.todo, typed or "nothing"


def write_table(table: Iterable[tuple[str, ...]]) -> str:
    """Return the table, which ends the page."""
    return _HEAD + "".join(f"| {' | '.join(cell(text) for text in row)} |\n" for row in table)


def main() -> int:
    """Print the table, or put it into the page."""
    table = write_table(asyncio.run(rows()))
    if "--write" in sys.argv[1:]:
        before = PAGE.read_text(encoding="utf-8").partition(_BEGIN)[0]
        PAGE.write_text(f"{before}{_BEGIN}{table}", encoding="utf-8")
    else:
        print(table, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
