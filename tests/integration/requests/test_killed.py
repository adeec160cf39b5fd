"""A process killed with SIGKILL while it works on a request; the next one finishes it."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from request_parts import Setup

CHILD = Path(__file__).parents[2] / "request_child.py"


def start(folder: Path) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(map(str, CHILD.parents[:2]))
    return subprocess.Popen(
        [sys.executable, str(CHILD), str(folder)], env={**os.environ, "PYTHONPATH": paths}
    )


def finish(folder: Path) -> None:
    (folder / "stop-at").unlink(missing_ok=True)
    assert start(folder).wait(30) == 0


async def examine(folder: Path) -> None:
    """Nothing lost, nothing double, whatever was killed."""
    parts = await Setup(folder).open()
    (request,) = await parts.requests.open_requests()
    audit = [entry.after.value for entry in await parts.requests.audit(request.id)]
    assert audit == ["pending", "approved", "working", "waiting"]
    assert parts.mail.lines("made") == ["key-friend.example"]
    posts = await parts.store.outbox.of(request.id)
    assert sorted(parts.messenger.said(request.id)) == sorted(post.what.value for post in posts)
    assert [post.what.value for post in posts].count("member-record") == 1
    assert all(post.message_id is not None for post in posts)
    assert await parts.keys.current(request.domain) is not None
    await parts.close()


@pytest.mark.parametrize("point", ["called key", "made key", "called member", "sent member"])
def test_killed_inside_a_call_the_next_process_finishes_it(tmp_path: Path, point: str) -> None:
    (tmp_path / "stop-at").write_text(point)
    process = start(tmp_path)
    try:
        deadline = time.monotonic() + 30
        while not (tmp_path / "reached").exists():
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
    finish(tmp_path)
    asyncio.run(examine(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_killed_at_a_random_moment_nothing_is_lost_or_done_twice(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(3):
        process = start(tmp_path)
        time.sleep(chance.uniform(0.3, 1.0))
        process.kill()
        process.wait()
    finish(tmp_path)
    asyncio.run(examine(tmp_path))
