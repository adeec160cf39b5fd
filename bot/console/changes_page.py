"""Shows what changed since an earlier report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.characters import reveal, shorten
from bot.checks.export.diff import read_reports
from bot.console.terminal import bullet
from bot.errors import UsageError
from bot.files import read_text, shown_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

    from bot.checks.export.diff import Changes, ComparedFinding, EarlierReport
    from bot.words import Words

LARGEST_FILE = 64_000_000  # bytes; a report has some ten thousand
_LONGEST_MESSAGE = 1000  # characters of a finding out of the file


def read_earlier(path: Path) -> dict[str, EarlierReport]:
    """Return the reports of a file of JSON lines by domain; `-` is stdin.

    Raises:
        UsageError: the file cannot be read, or a line is no report of this schema.

    """
    text = read_text(path, "--since", LARGEST_FILE, "give what check --json printed")
    try:
        return read_reports(text.split("\n"))
    except ValueError as error:
        raise UsageError(f"--since: {shown_name(path)} cannot be used: {error}.") from error


def show_changes(console: Console, changes: Changes | None, words: Words) -> None:
    """Print what changed since the earlier report; None: the file has none of this domain."""
    if changes is None:
        console.print(words.sentence("console/since_unknown", {}))
        return
    facts = {"time": f"{changes.earlier.checked_at:%Y-%m-%d %H:%M} UTC"}
    if changes.nothing:
        console.print(words.sentence("console/since_nothing", facts))
        return
    console.print(words.sentence("console/since_title", facts), style="bold")
    if changes.status is not changes.earlier.status:
        statuses = {"before": changes.earlier.status.value, "now": changes.status.value}
        console.print(bullet("·", words.sentence("console/since_status", statuses)))
    for sign, text in _lines(changes, words):
        console.print(bullet(sign, text))


def _lines(changes: Changes, words: Words) -> Iterator[tuple[str, str]]:
    for said in changes.new:
        yield "+", f"{words.label('changes', 'new')}: {_finding(said)}"
    for said in changes.gone:
        yield "-", f"{words.label('changes', 'gone')}: {_finding(said)}"
    for before, now in changes.changed:
        yield "~", f"{words.label('changes', 'changed')}: {_finding(now)}"
        yield "", f"{words.label('changes', 'before')}: {_finding(before)}"


def _finding(said: ComparedFinding) -> str:
    """Return a finding on one line, made safe, as it may come out of a file."""
    message = " ".join(said.message.split())
    text = f"{said.check}, {said.code} ({said.severity.value}): {message}"
    return shorten(reveal(text), _LONGEST_MESSAGE)
