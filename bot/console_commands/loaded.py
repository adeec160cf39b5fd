"""Python's collector of garbage around a command: what was loaded stays until the process ends."""

from __future__ import annotations

import gc

from bot.garbage import search_less


def begin_to_load() -> None:
    """Let the collector rest while modules are loaded.

    All that they make stays, and looking through it again and again takes a seventh of the whole
    time of a short command.
    """
    gc.disable()


def end_loading(*, sweeps: bool = False) -> None:
    """Have the collector work again, on nothing of what was loaded; less often in a sweep."""
    if sweeps:
        search_less()
    else:
        gc.freeze()
    gc.enable()


def leave_all() -> None:
    """Leave everything to the end of the process, whose memory goes at once."""
    gc.freeze()
