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

GROWS_OLD = """
import gc, weakref
from bot.console_commands.loaded import begin_to_load, end_loading

class Knot:
    def __init__(self):
        self.itself = self

begin_to_load()
end_loading()
knot = Knot()
was_old = weakref.ref(knot)
alive = [[] for _ in range(500_000)]  # it is looked through several times meanwhile
del knot
alive += [[] for _ in range(1_200_000)]
assert was_old() is None
"""


def test_garbage_is_collected_while_a_command_runs_and_not_before() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


def test_what_grew_old_before_it_became_garbage_does_not_pile_up_in_the_bot() -> None:
    subprocess.run([sys.executable, "-c", GROWS_OLD], check=True)
