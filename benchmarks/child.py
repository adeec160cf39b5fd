"""Programs that run beside the measured one, so that their work is not counted as its."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import CowbellError

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"
ROOT = Path(__file__).parent.parent
PATIENCE = 10.0  # seconds for a program to end


class BenchmarkError(CowbellError):
    """Something without which nothing can be measured is missing or does not start."""


@contextmanager
def start_child(module: str, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a module that prints its port first and ends with its input, until the block ends.

    Raises:
        BenchmarkError: it printed none.

    """
    command = [sys.executable, "-m", module, *options]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line.strip().isdigit():
                raise BenchmarkError(f"{module} did not start; what it says is above.")
            yield process, int(line)
        finally:
            if process.stdin:
                process.stdin.close()
            stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """Wait for a program to end, and make it."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
