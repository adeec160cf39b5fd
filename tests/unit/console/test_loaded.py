"""The collector of garbage rests while a command is loaded, and works while it runs."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc, weakref
from bot.console_commands.loaded import begin_to_load, end_loading, leave_all

class Knot:
    def __init__(self):
        self.itself = self

def is_found():
    knot = weakref.ref(Knot())
    rest = [[] for _ in range(60_000)]
    return knot() is None

begin_to_load()
assert not is_found()
end_loading()
assert gc.get_freeze_count() > 1_000
assert is_found()
leave_all()
assert not gc.get_objects()[100:]
"""


def test_garbage_is_collected_while_a_command_runs_and_not_before() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
