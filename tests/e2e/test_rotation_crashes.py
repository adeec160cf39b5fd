"""The unmodified program is killed at steps of rotations; the whole is `make soak-rotations`."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.rotations_kill_soak import KillExtent
from benchmarks.rotations_kills import format_kills, soak_rotations
from bot.rotations.rotation import RotationStep

if TYPE_CHECKING:
    from pathlib import Path

    from forked_python import ForkedPython
    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

# Where a key could come without its private half, and where nobody knows what signs.
DANGEROUS = (RotationStep.MAKE_KEY, RotationStep.SWITCH, RotationStep.RESTORE)


@pytest.mark.parametrize(
    "extent",
    [
        pytest.param(KillExtent(kills=1, domains=2, steps=DANGEROUS), id="dangerous"),
        pytest.param(KillExtent(kills=3, domains=4), id="all", marks=pytest.mark.slow),
    ],
)
async def test_killed_at_each_step_no_key_is_lost_or_mixed_up_or_made_twice(
    tmp_path: Path, postgres: PostgresServer, forked_python: ForkedPython, extent: KillExtent
) -> None:
    seed = int(os.environ.get("CRASH_SEED") or secrets.randbits(32))
    result = await soak_rotations(replace(extent, seed=seed), postgres, tmp_path, forked_python)
    print(f"CRASH_SEED={seed}\n{format_kills(result)}")  # noqa: T201 - shown where it fails
    assert not result.faults
