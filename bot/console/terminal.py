"""The terminal: a console that takes text as it is, a progress bar, a paragraph with a sign."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import RenderableType


def make_console(*, stderr: bool = False) -> Console:
    """Return a console that takes text as it is: no markup, no emoji codes, no highlighting."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=False)


class ProgressBar:
    """A bar on stderr over the domains of a sweep; hidden where nobody would see it."""

    def __init__(self, total: int) -> None:
        # Lines printed meanwhile go above the bar, but only where both are the same terminal:
        # otherwise they would end up on stderr.
        self._progress = Progress(
            *Progress.get_default_columns(),
            MofNCompleteColumn(),
            console=make_console(stderr=True),
            transient=True,
            disable=total < 2 or not sys.stderr.isatty(),
            redirect_stdout=sys.stdout.isatty(),
        )
        self._task = self._progress.add_task("", total=total)

    def __enter__(self) -> Self:
        """Show the bar."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        self._progress.stop()

    def advance(self) -> None:
        """Count one domain as done."""
        self._progress.advance(self._task)


def bullet(sign: str, text: str) -> RenderableType:
    """Return a wrapped paragraph with a sign before it."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=3, justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(sign, Text(text))
    return grid
