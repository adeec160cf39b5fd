"""The history of a domain as one JSON object: docs/operation.md says what is in it."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from bot.checks.finding import Check
from bot.watch.change_words import say_changes

if TYPE_CHECKING:
    from datetime import datetime

    from bot.names import Domain
    from bot.watch.snapshot import CheckState
    from bot.watch.timeline import DatedChanges, History, Lane
    from bot.words import Words

SCHEMA = 1


def history_as_json(domain: Domain, history: History | None, words: Words) -> str:
    """Return a history on one line, in ASCII alone; None: nothing is kept of the domain."""
    row: dict[str, Any] = {
        "schema": SCHEMA,
        "domain": domain.ascii,
        "status": None,
        "from": None,
        "to": None,
        "known_at": None,
        "cut": False,
        "checks": {},
        "changes": [],
    }
    if history is not None:
        row |= {
            "status": history.status.value,
            "from": _time(history.began_at),
            "to": _time(history.ended_at),
            "known_at": _time(history.known_at),
            "cut": history.is_cut,
            "checks": {lane.check.value: _lane(lane, history) for lane in history.lanes},
            "changes": [_changes(dated, words) for dated in history.changes],
        }
    return json.dumps(row)


def _lane(lane: Lane, history: History) -> dict[str, Any]:
    since = history.since_when(lane.check)
    return {
        "status": lane.latest.status.value,
        "since": None if since is None else _time(since.began_at),
        "before": None if since is None or since.before is None else since.before.value,
        "periods": [
            {
                "from": _time(period.began_at),
                "to": _time(period.ended_at),
                "status": period.status.value,
                "codes": list(period.codes),
            }
            for period in lane.periods
        ],
    }


def _changes(dated: DatedChanges, words: Words) -> dict[str, Any]:
    row: dict[str, Any] = {
        "at": _time(dated.at),
        "checks": {
            change.check.value: {"before": _state(change.before), "after": _state(change.after)}
            for change in dated.changes.checks
            if change.check is not Check.SERVER
        },
        "messages": list(say_changes(dated.changes, words)),
    }
    if dated.changes.name_servers is not None:
        before, after = dated.changes.name_servers
        row["name_servers"] = {"before": list(before), "after": list(after)}
    return row


def _state(state: CheckState | None) -> dict[str, Any] | None:
    if state is None:
        return None
    return {
        "status": state.status.value,
        "codes": list(state.codes),
        "found": list(state.found),
    }


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
