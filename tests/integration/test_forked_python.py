"""A forked process ends and says what a Python of its own does."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from forked_python import ForkedPython, run_alone
from max_wait import MAX_WAIT
from strict_python import WARNINGS

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = {
    "nothing": "pass",
    "a code": "import sys; sys.exit(3)",
    "a sentence": "import sys; sys.exit('what is wrong')",
    "an error": "{}['key']",
    "an interrupt": "import os, signal; os.kill(os.getpid(), signal.SIGINT); signal.pause()",
    "a signal": "import os, signal; os.kill(os.getpid(), signal.SIGTERM); signal.pause()",
    "arguments": "import sys; print(sys.argv, end='')",
    "input": "import sys; print(sys.stdin.read().upper(), file=sys.stderr)",
    "the folder and the environment": "import os; print(os.getcwd(), os.environ['COW'])",
    "signs that the output lacks": r"print('\xe9', '\u2713')",
    "a thread that goes on": (
        "import threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), print(1))).start()"
    ),
    "what runs at the end": "import atexit; atexit.register(print, 'the end')",
    "a warning": "import warnings; warnings.warn('odd')",
}

LEAVES_A_SOCKET = """
import socket
from bot.console_commands.loaded import leave_all
knot = [socket.socket()]
knot.append(knot)
del knot
leave_all()
"""


@pytest.mark.parametrize("code", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_ends_and_says_what_it_does_in_a_python_of_its_own(
    forked_python: ForkedPython, tmp_path: Path, code: str
) -> None:
    words = ["-c", code, "one", "two"]
    env = {"COW": "moo", "PYTHONIOENCODING": "ascii:backslashreplace", "PYTHONWARNINGS": WARNINGS}
    given = b"what is typed"
    forked = forked_python.run(words, env=env, cwd=tmp_path, stdin=given)
    alone = run_alone(words, env=env, cwd=tmp_path, stdin=given)
    assert forked.returncode == alone.returncode
    assert forked.stdout == alone.stdout
    # What goes before it are the lines of a traceback, which name the files on the way.
    assert forked.stderr.splitlines()[-1:] == alone.stderr.splitlines()[-1:]


def test_a_program_is_told_of_what_it_left_open_though_its_memory_goes_at_once(
    forked_python: ForkedPython, tmp_path: Path
) -> None:
    words = ["-c", LEAVES_A_SOCKET]
    done = forked_python.run(words, env={"PYTHONWARNINGS": WARNINGS}, cwd=tmp_path)
    assert "ResourceWarning: unclosed <socket" in done.stderr


def test_a_process_that_is_killed_ends_with_the_signal(
    forked_python: ForkedPython, tmp_path: Path
) -> None:
    with (tmp_path / "log").open("wb") as log:
        words = ["-c", "import signal; signal.pause()"]
        process = forked_python.start(words, env={}, cwd=tmp_path, output=log.fileno())
    assert process.poll() is None
    process.kill()
    assert process.poll(MAX_WAIT) == -signal.SIGKILL
