"""How soon other processes take what one had under way that was killed, by the database's notes."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from benchmarks.processes_record import Change

_PROCESS: Final = re.compile(r"(\d+)@")  # in what a process calls itself at the database


def takeovers(changes: Iterable[Change], ends: Mapping[int, datetime]) -> Iterator[float]:
    """Yield for each row that a killed process had leased after how many seconds another took it.

    `ends` says of the killed processes when that was, by their numbers.
    """
    by_row: dict[object, list[Change]] = defaultdict(list)
    for change in changes:
        row = change.after or change.before or {}
        by_row[row.get("subject", row.get("id"))].append(change)
    for own in by_row.values():
        taken: Change | None = None
        for change in own:
            if change.before is None or change.after is None:
                continue
            if change.before["lease_until"] == change.after["lease_until"]:
                continue
            if taken is not None:
                ended = ends.get(_process_of(taken))
                if ended is not None and taken.at < ended < change.at:
                    yield (change.at - ended).total_seconds()
            taken = change if change.after["lease_until"] is not None else None


def _process_of(change: Change) -> int:
    match = _PROCESS.search(change.who)
    return 0 if match is None else int(match[1])
