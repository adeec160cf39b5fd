"""Garbage of members' clicks does not pile up while the bot runs."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc, weakref
from bot.garbage import ANSWERING, search_less

class Knot:
    def __init__(self):
        self.itself = self

search_less(ANSWERING)
knot = Knot()
was_old = weakref.ref(knot)
alive = [[] for _ in range(500_000)]  # it is looked through twice meanwhile
del knot
alive += [[] for _ in range(1_200_000)]
assert was_old() is None
"""


def test_what_grew_old_before_it_became_garbage_is_found_while_the_bot_runs() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
