"""Several unmodified processes on one PostgreSQL that are killed, and what members see of it.

The whole of it is `make soak-processes`; here is as much as its time allows.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

import pytest

from benchmarks.processes_report import format_report
from benchmarks.processes_soak import soak
from benchmarks.processes_world import Extent
from postgres_server import running_postgres

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.processes_report import SoakResult
    from forked_python import ForkedPython

FEW = Extent(
    domains=10,
    requests=4,
    faults=0,
    looks=2.0,
    workers=1,
    runs=2,
    kills=2,
    restarts=0,
    cuts=0,
    minutes=0.05,
)
SOME = Extent(
    domains=60,
    requests=20,
    faults=6,
    looks=3.0,
    kills=8,
    restarts=1,
    cuts=1,
    cut_seconds=6.0,
    minutes=0.6,
)


async def run(extent: Extent, folder: Path, python: ForkedPython, *, lease: float) -> SoakResult:
    """Return what came of it on a server of its own, which others do not want to see restarted."""
    seed = int(os.environ.get("SOAK_SEED") or secrets.randbits(32))
    with running_postgres(folder / "postgres") as postgres:
        result = await soak(extent, seed, postgres, folder, python, lease=lease)
    print(f"SOAK_SEED={seed}\n{format_report(result)}")  # noqa: T201 - shown where it fails
    return result


async def test_two_of_three_processes_are_killed_and_the_rest_loses_and_doubles_nothing(
    tmp_path: Path, forked_python: ForkedPython
) -> None:
    result = await run(FEW, tmp_path, forked_python, lease=4.0)
    assert not list(result.missed())


@pytest.mark.slow
async def test_five_processes_lose_and_double_nothing_while_they_and_the_database_are_disturbed(
    tmp_path: Path, forked_python: ForkedPython
) -> None:
    result = await run(SOME, tmp_path, forked_python, lease=8.0)
    assert not list(result.missed())
