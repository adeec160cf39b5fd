"""Shows the history of a domain: a lane of signs for each check, and what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from bot.checks.finding import Status
from bot.console.terminal import STATUS_STYLES, bullet
from bot.watch.change_words import say_changes

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from bot.watch.timeline import History, Lane
    from bot.words import Words

# In ASCII, so that every terminal shows them equally wide.
_SIGNS: Final = {
    Status.PASS: "=",
    Status.INFO: "-",
    Status.UNKNOWN: "?",
    Status.WARN: "!",
    Status.FAIL: "x",
}
_WIDEST: Final = 60  # signs of a lane
_NARROWEST: Final = 10
_BESIDE: Final = 17  # characters of the names of checks


def show_history(console: Console, history: History, words: Words) -> None:
    """Print since when, the lanes with what their signs mean, and the latest changes."""
    icon = words.label("icons", history.status.value)
    title = f"{icon} {history.domain.ascii}: {words.label('states', history.status.value)}"
    console.print(Text(title, style=STATUS_STYLES[history.status]))
    console.print(Text(words.sentence("history/head", history.facts), style="dim"))
    width = max(_NARROWEST, min(_WIDEST, console.width - _BESIDE))
    console.print()
    console.print(_lanes(history, words, width))
    console.print(_legend(history, words))
    if not history.changes:
        return
    console.print(f"\n{words.label('history', 'changes')}", style="bold")
    for dated in history.changes:
        if said := say_changes(dated.changes, words):
            console.print(bullet("·", f"{words.day(_seconds(dated.at))}: {' '.join(said)}"))


def _lanes(history: History, words: Words, width: int) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    for lane in history.shown_lanes:
        table.add_row(words.label("checks", lane.check.value), _signs(lane, history, width))
    first, last = (words.day(_seconds(at)) for at in (history.began_at, history.ended_at))
    table.add_row("", Text(f"{first}{last.rjust(width - len(first))}", style="dim"))
    return table


def _signs(lane: Lane, history: History, width: int) -> Text:
    """Return a lane as signs; one that stands for several periods is that of the worst."""
    text = Text()
    for status in lane.columns(width, (history.began_at, history.ended_at)):
        text.append(_SIGNS[status], STATUS_STYLES[status])
    return text


def _legend(history: History, words: Words) -> Text:
    seen = {period.status for lane in history.shown_lanes for period in lane.periods}
    text = Text()
    for status in Status:
        if status in seen:
            text.append(f"{_SIGNS[status]} ", STATUS_STYLES[status])
            text.append(f"{words.label('legend', status.value)}   ", "dim")
    return text


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
