"""The progress of what takes long, such as a sweep over many domains, as a bar on the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

from rich.progress import MofNCompleteColumn, Progress

from bot.console.terminal import make_console

if TYPE_CHECKING:
    from typing import TextIO

    from rich.console import Console


class ProgressBar:
    """A bar over `total` steps; hidden where nobody would see it, or where one step is all.

    Without a total `show` says how many there are. What `console` prints meanwhile goes above.
    """

    def __init__(self, total: int | None, console: Console) -> None:
        # Only one console can keep its lines and a bar apart on the same terminal, so it is the
        # one that prints the lines; where these go into a file, the bar goes to stderr.
        on_stdout = _is_terminal(sys.stdout)
        is_seen = on_stdout or _is_terminal(sys.stderr)
        self._progress = Progress(
            *Progress.get_default_columns(),
            MofNCompleteColumn(),
            console=console if on_stdout else make_console(stderr=True),
            transient=True,
            disable=not is_seen or (total is not None and total < 2),
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

    def show(self, done: int, total: int) -> None:
        """Show how many steps are done, of how many."""
        self._progress.update(self._task, completed=done, total=total)

    def advance(self) -> None:
        """Count one step as done."""
        self._progress.advance(self._task)


def _is_terminal(stream: TextIO | None) -> bool:
    """Whether people look at this stream; a closed one is None."""
    return stream is not None and stream.isatty()
