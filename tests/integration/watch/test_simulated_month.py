"""A month of `python -m benchmarks.simulated_year`, over fewer domains."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from benchmarks.simulated_watch import MESSAGES, simulate
from benchmarks.simulated_year import judge
from benchmarks.told_messages import read_messages
from benchmarks.year_script import MONTH, YearScript

if TYPE_CHECKING:
    from pathlib import Path

SEED = 5


def test_in_a_month_every_fault_and_its_end_are_told_once_and_nothing_else(tmp_path: Path) -> None:
    script = YearScript(MONTH, SEED)
    world = asyncio.run(simulate(tmp_path, script))
    verdict = judge(tmp_path, script)
    assert verdict.problems == []
    assert len(verdict.ending) == len(verdict.opening) >= MONTH.breakages
    assert world.checker.checks > MONTH.days * (MONTH.domains - 1)
    assert len(read_messages(tmp_path / MESSAGES)) > 2 * MONTH.breakages
