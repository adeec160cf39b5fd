"""A process killed with SIGKILL while it works on a request; the next one finishes it."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from max_wait import MAX_WAIT
from request_parts import Setup

if TYPE_CHECKING:
    from forked_python import ForkedProcess, ForkedPython

CHILD = Path(__file__).parents[2] / "request_child.py"


pytest_plugins = ["store_fixtures"]


def start(python: ForkedPython, folder: Path, url: str) -> ForkedProcess:
    with (folder / "log").open("ab") as log:
        return python.start([str(CHILD), str(folder), url], env={}, cwd=folder, output=log.fileno())


def finish(python: ForkedPython, folder: Path, url: str) -> None:
    (folder / "stop-at").unlink(missing_ok=True)
    assert start(python, folder, url).poll(MAX_WAIT) == 0, (folder / "log").read_text()


async def examine(folder: Path, url: str) -> None:
    """Nothing lost, nothing double, whatever was killed."""
    parts = await Setup(folder, url=url).open()
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
async def test_killed_inside_a_call_the_next_process_finishes_it(
    forked_python: ForkedPython, tmp_path: Path, database_url: str, point: str
) -> None:
    (tmp_path / "stop-at").write_text(point)
    process = start(forked_python, tmp_path, database_url)
    try:
        deadline = time.monotonic() + MAX_WAIT
        while not (tmp_path / "reached").exists():
            assert time.monotonic() < deadline
            assert process.poll(0.01) is None, (tmp_path / "log").read_text()
    finally:
        process.kill()
    assert process.poll(MAX_WAIT) == -signal.SIGKILL
    finish(forked_python, tmp_path, database_url)
    await examine(tmp_path, database_url)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
async def test_killed_at_a_random_moment_nothing_is_lost_or_done_twice(
    forked_python: ForkedPython, tmp_path: Path, database_url: str, seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(3):
        process = start(forked_python, tmp_path, database_url)
        if process.poll(chance.uniform(0, 0.5)) is None:
            process.kill()
            process.poll(MAX_WAIT)
    finish(forked_python, tmp_path, database_url)
    await examine(tmp_path, database_url)
