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
    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

FEW = Extent(
    domains=10,
    requests=4,
    rotations=0,
    faults=0,
    looks=2.0,
    workers=1,
    runs=2,
    kills=1,
    restarts=0,
    cuts=0,
    minutes=0.03,
    quiet=1.0,
)
SOME = Extent(
    domains=60,
    requests=20,
    rotations=5,
    faults=6,
    looks=3.0,
    kills=8,
    restarts=1,
    cuts=1,
    cut_seconds=6.0,
    minutes=0.6,
)


async def run(
    extent: Extent, postgres: PostgresServer, folder: Path, python: ForkedPython, *, lease: float
) -> SoakResult:
    seed = int(os.environ.get("SOAK_SEED") or secrets.randbits(32))
    result = await soak(extent, seed, postgres, folder, python, lease=lease)
    print(f"SOAK_SEED={seed}\n{format_report(result)}")  # noqa: T201 - shown where it fails
    return result


async def test_one_of_three_processes_is_killed_and_the_rest_loses_and_doubles_nothing(
    tmp_path: Path, postgres: PostgresServer, forked_python: ForkedPython
) -> None:
    result = await run(FEW, postgres, tmp_path, forked_python, lease=4.0)
    assert not list(result.missed())


@pytest.mark.slow
async def test_five_processes_lose_and_double_nothing_while_they_and_the_database_are_disturbed(
    tmp_path: Path, forked_python: ForkedPython
) -> None:
    # A server of its own, as others do not want to see theirs started anew.
    with running_postgres(tmp_path / "postgres") as postgres:
        result = await run(SOME, postgres, tmp_path, forked_python, lease=8.0)
    assert not list(result.missed())
