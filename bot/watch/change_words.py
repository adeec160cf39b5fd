"""What changed about a domain, a sentence or two for each check: the part that came or went."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from bot.characters import shorten
from bot.checks.finding import Check
from bot.watch.record_changes import RecordChanges, compare_names, compare_records
from bot.watch.timeline import LANES, RIGHT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.errors import Fact
    from bot.watch.snapshot import CheckChange, SnapshotChanges
    from bot.words import Words

MOST_PARTS: Final = 3  # of each kind that are named; the rest is counted
_LONGEST_PART: Final = 80  # characters of one


def say_changes(changes: SnapshotChanges, words: Words) -> tuple[str, ...]:
    """Return what changed in the order of the report, how things stand before what is there.

    Of a check that was not known before only what is wrong with it is said.
    """
    return tuple(_say_all(changes, words))


def _say_all(changes: SnapshotChanges, words: Words) -> Iterator[str]:
    moved = changes.name_servers
    if moved is not None and moved[0] and (servers := compare_names(*moved)) is not None:
        yield _say_name_servers(servers, words)
    for change in changes.checks:
        if change.check in LANES and (said := _say_change(change, words)):
            yield said


def _say_change(change: CheckChange, words: Words) -> str:
    """Return what changed in one check; empty where nothing is worth saying."""
    status = _say_status(change, words)
    # The records of the delegation are the name servers, which have been said.
    if change.before is None or change.check is Check.DELEGATION:
        return status
    parts = compare_records(change.check, change.before.found, change.after.found)
    if parts is None:
        return status
    what = "" if status else words.label("checks", change.check.value)
    return " ".join(filter(None, (status, _say_parts(what, parts, words))))


def _say_parts(what: str, parts: RecordChanges, words: Words) -> str:
    """Return which parts of `what` are new, gone or another; empty: it has been named just now."""
    facts: dict[str, Fact] = {
        "what": what,
        "kind": parts.kind.value,
        "new": _name(parts.new),
        "more_new": max(len(parts.new) - MOST_PARTS, 0),
        "gone": _name(parts.gone),
        "more_gone": max(len(parts.gone) - MOST_PARTS, 0),
        "now": _name(now for now, _ in parts.replaced),
        "was": _name(was for _, was in parts.replaced),
        "more_changed": max(len(parts.replaced) - MOST_PARTS, 0),
    }
    return words.sentence("history/parts", facts)


def _name(parts: Iterable[str]) -> tuple[str, ...]:
    """Return the first parts, none longer than a line, without the dot that ends a full name."""
    return tuple(
        shorten(part, _LONGEST_PART).removesuffix(".") for part in islice(parts, MOST_PARTS)
    )


def _say_name_servers(servers: RecordChanges, words: Words) -> str:
    if servers.new and servers.gone:
        facts = {"new": _name(servers.new), "gone": _name(servers.gone)}
        return words.sentence("history/name_servers", facts)
    return _say_parts(words.label("history", "name_servers"), servers, words)


def _say_status(change: CheckChange, words: Words) -> str:
    """Return how a check stood and stands now; empty where that is the same, or right at first."""
    before, after = change.before, change.after
    if after.status in RIGHT and (before is None or before.status in RIGHT):
        return ""
    if before is not None and (before.status, before.codes) == (after.status, after.codes):
        return ""
    facts: dict[str, Fact] = {
        "what": words.label("checks", change.check.value),
        "was": "" if before is None else before.status.value,
        "now": after.status.value,
        "before": "" if before is None else words.label("states", before.status.value),
        "state": words.label("states", after.status.value),
    }
    return words.sentence("history/status", facts)
