"""Shows how every part is that the bot stands on, for people or for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from bot.checks.finding import Status
from bot.console.terminal import STATUS_STYLES
from bot.doctor.line_words import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from bot.doctor.line import Line
    from bot.words import Words

_TOKENS = {Status.PASS: "ok"}  # the others' own words


def show_lines(console: Console, lines: Sequence[Line], words: Words) -> None:
    """Print a line a part, with its status as a word."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", min_width=12)
    table.add_column(overflow="fold")
    for line in lines:
        said = say(line, words)
        status = words.label("part_statuses", line.status.value)
        table.add_row(
            Text(status, style=STATUS_STYLES[line.status]), said.part, Text(said.sentence)
        )
    console.print(table)


def lines_as_json(lines: Sequence[Line], words: Words) -> str:
    """Return one JSON object in ASCII: the worst status, and each part with what is said of it."""
    worst = max((line.status for line in lines), key=lambda status: status.rank)
    parts = [
        {
            "part": line.part,
            "about": line.about or None,
            "status": _token(line.status),
            "code": line.code,
            "message": say(line, words).sentence,
        }
        for line in lines
    ]
    return json.dumps({"schema": 1, "status": _token(worst), "parts": parts})


def _token(status: Status) -> str:
    return _TOKENS.get(status, status.value)
