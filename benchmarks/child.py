"""Programs that run beside the measured one, so that their work is not counted as its."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bot.errors import CowbellError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOST = "127.0.0.1"
ROOT = Path(__file__).parent.parent
PATIENCE = 10.0  # seconds for a program to end
DEADLINE: Final = 300.0  # seconds for one that measures itself
# The mail server of the world, as its operator configures it.
SERVER_ENVIRONMENT: Final = {
    "MAIL_HOST": "mx1.cow.example",
    "MAIL_SPF": "v=spf1 include:_spf.cow.example -all",
    "MAIL_NAME": "Cow Mail",
    "DMARC_RUA": "mailto:dmarc@cow.example",
}


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


def run_apart(
    module: str,
    *options: str,
    given: object = None,
    environment: Mapping[str, str] | None = None,
    root: Path = ROOT,
) -> Any:
    """Run a module of the tree at `root` in a fresh process, and return the JSON that it prints.

    It gets `given` as JSON, and runs in an empty folder.

    Raises:
        BenchmarkError: it failed; its own words have gone to stderr.

    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        # An operator's own .env and data must not be found.
        done = subprocess.run(
            [sys.executable, "-m", module, *options],
            cwd=folder,
            env=make_environment(environment or {}, root),
            input=json.dumps(given),
            stdout=subprocess.PIPE,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
    if done.returncode:
        raise BenchmarkError(f"{module} failed; what it says is above.")
    return json.loads(done.stdout)


def make_environment(more: Mapping[str, str], root: Path = ROOT) -> dict[str, str]:
    """Return the environment of a measured process that knows the world's mail server.

    Python may keep its compiled modules, as it does for whoever calls the program twice.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, **SERVER_ENVIRONMENT, "PYTHONPATH": str(root), **more}
