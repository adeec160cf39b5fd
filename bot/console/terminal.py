"""The terminal: a console that takes text as it is, a progress bar, a paragraph with a sign."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from typing import TextIO

    from rich.console import RenderableType


def make_console(*, stderr: bool = False) -> Console:
    """Return a console that takes text as it is: no markup, no emoji codes, no highlighting."""
    return _Terminal(
        stderr=stderr,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=False,
        # rich would leave bold and dim on; who sets NO_COLOR wants no escape sequence at all.
        color_system=None if os.environ.get("NO_COLOR") else "auto",
    )


class _Terminal(Console):
    def on_broken_pipe(self) -> None:
        """Say so to the caller, who decides on the exit code; rich would end the process."""
        self.quiet = True  # the rest of its buffer has nowhere to go
        raise BrokenPipeError


class ProgressBar:
    """A bar over the domains of a sweep; hidden where nobody would see it.

    What `console` prints meanwhile goes above the bar.
    """

    def __init__(self, total: int, console: Console) -> None:
        # Only one console can keep its lines and a bar apart on the same terminal, so it is the
        # one that prints the lines; where these go into a file, the bar goes to stderr.
        on_stdout = _is_terminal(sys.stdout)
        self._progress = Progress(
            *Progress.get_default_columns(),
            MofNCompleteColumn(),
            console=console if on_stdout else make_console(stderr=True),
            transient=True,
            disable=total < 2 or not (on_stdout or _is_terminal(sys.stderr)),
            redirect_stdout=False,
            redirect_stderr=False,
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


def _is_terminal(stream: TextIO | None) -> bool:
    """Whether people look at this stream; a closed one is None."""
    return stream is not None and stream.isatty()


def bullet(sign: str, text: str) -> RenderableType:
    """Return a wrapped paragraph with a sign before it."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=3, justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(sign, Text(text))
    return grid
