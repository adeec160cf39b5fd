"""What is said of a domain's past beside a check: since when, and what changed lately."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from bot.cards.markdown import clip, width
from bot.checks.finding import Check, Status
from bot.watch.change_words import say_changes
from bot.watch.timeline import WRONG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.checks.report import Report
    from bot.errors import Fact
    from bot.watch.timeline import DatedChanges, History, SinceWhen
    from bot.words import Words

_LATELY: Final = timedelta(days=30)
_LONGEST_LINE: Final = 300  # characters
_MOST_CHANGES: Final = 4  # below a check; the history has more
_ROOM: Final = 900  # characters, beside all that a check says


def say_since(history: History, report: Report, words: Words) -> str:
    """Return the one line that stands on the card of a check: since when what is wrong is so.

    Where nothing is wrong, it is what changed in the last thirty days, or since when nothing has;
    empty where that is not known now.
    """
    wrong = list(_find_wrong(history, report))
    if wrong:
        # What was right before is news; of that the gravest, the first in the order of the report.
        told = max(wrong, key=lambda since: (since.before is not None, since.status.rank))
        return clip(_say(told, history, words), _LONGEST_LINE)
    latest, said = next(_tell(history, words), (None, ()))
    if latest is None or history.ended_at - latest.at >= _LATELY:
        is_known = all(result.status is not Status.UNKNOWN for result in report.results)
        return _say_quiet(history, words) if is_known else ""
    facts: dict[str, Fact] = {"at": _seconds(latest), "own": history.is_own}
    return clip(f"{words.sentence('history/changed', facts)} {said[0]}", _LONGEST_LINE)


def list_past(history: History, report: Report, words: Words, *, foot: str) -> str:
    """Return the part of a check's details that tells of the past, with `foot` in small below."""
    since = [_say(each, history, words) for each in _find_wrong(history, report)]
    lines = [f"### {words.label('history', 'since')}"]
    lines += since or [_say_quiet(history, words)]
    if changes := list_changes(history, words, _MOST_CHANGES):
        lines += [f"**{words.label('history', 'changes')}**", *changes]
    small = f"-# {foot}"
    kept, size = [], width(small)
    for line in lines:
        size += width(line) + 1
        if size > _ROOM:
            break
        kept.append(line)
    return "\n".join((*kept, small))


def list_changes(history: History, words: Words, most: int) -> list[str]:
    """Return the latest changes, the newest first and a line each, with its day."""
    told = islice(_tell(history, words), most)
    lines = (f"- {words.day(_seconds(dated))}: {' '.join(said)}" for dated, said in told)
    return [clip(line, _LONGEST_LINE) for line in lines]


def _tell(history: History, words: Words) -> Iterator[tuple[DatedChanges, tuple[str, ...]]]:
    """Yield the changes that there are words for, the newest first."""
    for dated in history.changes:
        if said := say_changes(dated.changes, words):
            yield dated, said


def _find_wrong(history: History, report: Report) -> Iterator[SinceWhen]:
    """Yield since when what a report says is wrong has been so, in the order of the report."""
    for result in report.results:
        if result.status not in WRONG:
            continue
        since = history.since_when(result.check) if isinstance(result.check, Check) else None
        if since is not None and since.status is result.status:
            yield since


def _say(since: SinceWhen, history: History, words: Words) -> str:
    before = "" if since.before is None else words.label("states", since.before.value)
    facts: dict[str, Fact] = {
        "what": words.label("checks", since.check.value),
        "state": words.label("states", since.status.value),
        "before": before,
        "at": int(since.began_at.timestamp()),
        "own": history.is_own,
        "just_now": bool(before) and since.began_at >= history.ended_at,
    }
    return words.sentence("history/since", facts)


def _say_quiet(history: History, words: Words) -> str:
    facts: dict[str, Fact] = {
        "at": int(history.quiet_since.timestamp()),
        "own": history.is_own,
    }
    return words.sentence("history/quiet", facts)


def _seconds(dated: DatedChanges) -> int:
    return int(dated.at.timestamp())
