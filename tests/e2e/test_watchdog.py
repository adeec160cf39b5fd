"""A process whose event loop stands still ends, and systemd hears the loop's pulse."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from typing import TYPE_CHECKING

import pytest
from bot_process import PROGRAM, Bot

from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from forked_python import ForkedPython

pytest_plugins = ["process_fixtures"]

# An expression that would run for years, and that holds Python's lock meanwhile.
ENDLESS = 're.match("(a+)+$", "a" * 64 + "b")'

WATCHED = f"""
import asyncio, re, sys
from bot.watchdog import watched_loop

async def main():
    async with watched_loop(stuck=0.5):
        for _ in range(int(sys.argv[1])):
            await asyncio.sleep(0.1)
        if sys.argv[2] == "stuck":
            {ENDLESS}
    print("left the block")
    await asyncio.sleep(0)
    import time; time.sleep(0.7)

asyncio.run(main())
"""


@pytest.fixture
def service_manager(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket that takes what the process tells systemd."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as taken:
        taken.bind(str(tmp_path / "notify"))
        taken.settimeout(MAX_WAIT)
        yield taken


def test_a_loop_that_stands_still_in_an_expression_ends_the_process(
    tmp_path: Path, forked_python: ForkedPython
) -> None:
    done = forked_python.run(["-c", WATCHED, "0", "stuck"], env={}, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Timeout (")
    assert " in match\n" in done.stderr  # where it stood still


def test_a_loop_that_goes_on_is_left_alone_also_after_the_block(
    tmp_path: Path, forked_python: ForkedPython
) -> None:
    done = forked_python.run(["-c", WATCHED, "12", "free"], env={}, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "left the block\n", "")


async def test_systemd_is_told_that_the_bot_is_ready_and_of_each_pulse(
    bot: Bot, service_manager: socket.socket
) -> None:
    bot.environment["NOTIFY_SOCKET"] = service_manager.getsockname()
    bot.environment["WATCHDOG_USEC"] = "400000"
    async with bot.running() as process:
        assert await asyncio.to_thread(_hear, service_manager, 4) == {b"READY=1", b"WATCHDOG=1"}
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(0.5)
        _forget(service_manager)
        await asyncio.sleep(0.5)
        assert not _forget(service_manager)
        process.send_signal(signal.SIGCONT)
        assert await asyncio.to_thread(_hear, service_manager, 2) == {b"WATCHDOG=1"}
        assert await bot.stop(process) == 0


async def test_no_pulse_is_sent_where_systemd_does_not_wait_for_one(
    bot: Bot, service_manager: socket.socket
) -> None:
    bot.environment["NOTIFY_SOCKET"] = service_manager.getsockname()
    bot.environment["WATCHDOG_USEC"], bot.environment["WATCHDOG_PID"] = "400000", "1"
    async with bot.running() as process:
        assert await asyncio.to_thread(_hear, service_manager, 1) == {b"READY=1"}
        await asyncio.sleep(0.5)
        assert not _forget(service_manager)
        assert await bot.stop(process) == 0


async def test_a_service_manager_that_is_gone_leaves_a_line_and_a_bot_that_works(
    bot: Bot, tmp_path: Path
) -> None:
    bot.environment["NOTIFY_SOCKET"] = str(tmp_path / "nobody")
    async with bot.running() as process:
        assert await bot.stop(process) == 0
    assert "systemd cannot be told READY=1: No such file or directory" in bot.says()


@pytest.mark.slow  # the program's own thirty seconds
async def test_the_program_ends_when_it_stood_still_and_can_be_started_again(bot: Bot) -> None:
    frozen = PROGRAM.replace(
        "import sys",
        f"import re, signal, sys\nsignal.signal(signal.SIGUSR1, lambda *_: {ENDLESS})",
        1,
    )
    bot.words = lambda *command: ["-c", frozen, *Bot.words(bot, *command)[2:]]  # type: ignore[method-assign]
    async with bot.running() as process:
        begun = time.monotonic()
        process.send_signal(signal.SIGUSR1)
        assert await asyncio.wait_for(process.wait(), 90) == 1
        assert 29 < time.monotonic() - begun < 60
    assert "Timeout (0:00:30)!" in bot.says()
    async with bot.running() as again:
        assert await bot.stop(again) == 0


def _hear(taken: socket.socket, number: int) -> set[bytes]:
    """Return the next datagrams, each once; raise TimeoutError where they do not come."""
    return {taken.recv(64) for _ in range(number)}


def _forget(taken: socket.socket) -> list[bytes]:
    """Return the datagrams that have come and not been read."""
    waiting = []
    taken.setblocking(False)
    try:
        while True:
            waiting.append(taken.recv(64))
    except BlockingIOError:
        return waiting
    finally:
        taken.settimeout(MAX_WAIT)
