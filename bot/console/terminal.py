"""The terminal: a console that takes text as it is, statuses in colour, a paragraph with a sign."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.checks.finding import Status

if TYPE_CHECKING:
    from rich.console import RenderableType

STATUS_STYLES = {
    Status.PASS: "green",
    Status.INFO: "blue",
    Status.UNKNOWN: "magenta",
    Status.WARN: "yellow",
    Status.FAIL: "bold red",
}


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


def bullet(sign: str, text: str) -> RenderableType:
    """Return a wrapped paragraph with a sign before it."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=3, justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(sign, Text(text))
    return grid


def print_indented(console: Console, line: str, indent: int) -> None:
    """Print a line, with all that it wraps to, so many columns from the left."""
    console.print(Padding(Text(line), (0, 0, 0, indent), expand=False))
