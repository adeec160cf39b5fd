"""What a timeline shows, in words, for who does not see the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.characters import shorten
from bot.checks.finding import Status
from bot.watch.timeline import RIGHT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.errors import Fact
    from bot.watch.timeline import History, Lane, Period
    from bot.words import Words

MOST_CHARACTERS_OF_ALT: Final = 1000  # Discord takes 1024
_MOST_PERIODS: Final = 4  # of one lane that are told one by one, the latest


def describe_timeline(history: History, words: Words) -> str:
    """Return what the picture shows, as plain text of at most a thousand characters."""
    facts: dict[str, Fact] = {**history.facts, "domain": history.domain.ascii}
    told = [_describe_lane(lane, words) for lane in history.shown_lanes]
    said = " ".join((words.sentence("history/picture", facts), *told))
    return shorten(said, MOST_CHARACTERS_OF_ALT)


def _describe_lane(lane: Lane, words: Words) -> str:
    spells = merge_right(lane.periods)
    told = spells[-_MOST_PERIODS:]
    facts: dict[str, Fact] = {
        "what": words.label("checks", lane.check.value),
        "states": tuple(words.label("states", period.status.value) for period in told),
        "until": tuple(str(int(period.ended_at.timestamp())) for period in told),
        "more": len(spells) - len(told),
    }
    return words.sentence("history/lane", facts)


def merge_right(periods: Iterable[Period]) -> Sequence[Period]:
    """Return periods by their status alone, and right with a note as right."""
    merged: list[Period] = []
    for period in periods:
        status = Status.PASS if period.status in RIGHT else period.status
        began_at = period.began_at
        if merged and merged[-1].status is status:
            began_at = merged.pop().began_at
        merged.append(type(period)(began_at, period.ended_at, status))
    return merged
