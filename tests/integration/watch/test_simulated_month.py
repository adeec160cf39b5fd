"""A fortnight and a month of `python -m benchmarks.simulated_year`, over fewer domains."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from benchmarks.simulated_watch import MESSAGES, simulate
from benchmarks.simulated_year import judge
from benchmarks.told_messages import read_messages
from benchmarks.year_script import FORTNIGHT, MONTH, Extent, YearScript

if TYPE_CHECKING:
    from pathlib import Path

SEED = 5


@pytest.mark.parametrize(
    "extent",
    [
        pytest.param(FORTNIGHT, id="fortnight"),
        pytest.param(MONTH, marks=pytest.mark.slow, id="month"),
    ],
)
def test_every_fault_and_its_end_are_told_once_and_nothing_else(
    tmp_path: Path, extent: Extent
) -> None:
    script = YearScript(extent, SEED)
    world = asyncio.run(simulate(tmp_path, script))
    verdict = judge(tmp_path, script)
    assert verdict.problems == []
    assert len(verdict.ending) == len(verdict.opening) >= extent.breakages
    assert world.checker.checks > extent.days * (extent.domains - 1)
    assert len(read_messages(tmp_path / MESSAGES)) > 2 * extent.breakages
