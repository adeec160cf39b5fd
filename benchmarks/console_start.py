"""`python -m bot check` of one domain as a process: what it takes from start to exit."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.child import HOST, BenchmarkError, make_environment
from benchmarks.figures import Figure, Times
from benchmarks.one_domain import DELAY
from benchmarks.proxy import run_proxy
from benchmarks.zones import MEMBER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.zones import World

RUNS: Final = 15
MOST_CPU: Final = 0.40  # seconds


class _Took(NamedTuple):
    """What one process took, in seconds."""

    cpu: float
    wall: float


def measure_console(world: World, port: int) -> Iterator[Figure]:
    """Yield what one check by the console takes, against the server at the port."""
    with run_proxy(port, DELAY) as proxy, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        words = ["check", MEMBER, "--nameserver", f"{HOST}:{proxy.port}"]
        words += ["--dkim", world.dkim[MEMBER]]
        _run(words, folder)  # Python keeps the compiled modules now
        runs = [_run(words, folder) for _ in range(RUNS)]
    cpu, wall = (Times.of_seconds(values) for values in zip(*runs, strict=True))
    yield Figure(
        "`python -m bot check` of one domain, CPU from start to exit, median",
        cpu.median / 1000,
        "s",
        MOST_CPU,
        detail=f"{cpu.spread} ms; {wall.median / 1000:.2f} s of wall time",
    )


def _run(words: list[str], folder: str) -> _Took:
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "bot", *words],
        cwd=folder,
        env=make_environment({}),
        stdout=subprocess.DEVNULL,
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchmarkError(f"the console ended with {process.returncode} for {MEMBER}.")
    return _Took(used.ru_utime + used.ru_stime, time.perf_counter() - started)
