"""The demo in a process of its own, as somebody at the terminal uses it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from forked_python import ROOT
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import Iterator


class Demo:
    """The running process; `url` is where its page is."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._process = process
        self._out: IO[str] = process.stdout
        self.url = self.read_until(r"http://127\.0\.0\.1:\d+/#\S+")

    def type(self, line: str) -> None:
        """Type a line into the terminal."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def read_until(self, pattern: str) -> str:
        """Return what a pattern matches in a line of the output, once it is printed."""
        for line in self._out:
            if match := re.search(pattern, line):
                return match.group()
        raise AssertionError(f"The demo ended without saying {pattern}.")

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Return the exit code after a signal."""
        self._process.send_signal(number)
        return self._process.wait(MAX_WAIT)


@contextmanager
def running_demo(*, stdin: int = subprocess.PIPE) -> Iterator[Demo]:
    """Yield the demo as `make demo` starts it, whatever the environment configures."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "demo"],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        stdin=stdin,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    with process:
        try:
            yield Demo(process)
        finally:
            process.terminate()
            try:
                process.wait(MAX_WAIT)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
