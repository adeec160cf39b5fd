"""Whether this machine's clock is right, compared with the time in the answers of others."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from bot.checks.finding import Status
from bot.doctor.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.errors import Fact

MOST = timedelta(seconds=60)  # that a clock may be off


@dataclass(slots=True)
class ClockCheck:
    """Compares this machine's clock with the Date header of answers (RFC 9110 section 6.6.1)."""

    now: Callable[[], datetime]
    offsets: dict[str, timedelta] = field(default_factory=dict)  # ours minus theirs, by who

    def note(self, who: str, date: str | None) -> None:
        """Take in a header of an answer that has just come; one that is no date tells nothing."""
        if not date:
            return
        try:
            theirs = parsedate_to_datetime(date)
            if theirs.tzinfo is None:
                theirs = theirs.replace(tzinfo=UTC)
            self.offsets[who] = self.now() - theirs
        except (ValueError, OverflowError):
            return

    def judge(self) -> Line:
        """Return the clock's line, by the smallest difference: the others' clocks may be wrong."""
        if not self.offsets:
            return Line("clock", Status.UNKNOWN, "clock-unknown")
        who, offset = min(self.offsets.items(), key=lambda item: abs(item[1]))
        if abs(offset) <= MOST:
            return Line("clock", Status.PASS, "clock-right", {"who": who})
        facts: dict[str, Fact] = {
            "who": who,
            "off": word_length(abs(offset)),
            "ahead": offset > timedelta(0),
        }
        return Line("clock", Status.WARN, "clock-off", facts)


def word_length(offset: timedelta) -> str:
    """Return a length of time as people say it: 90 s, 12 min, 5 h, 3 d."""
    seconds = round(offset.total_seconds())
    for size, unit in ((172_800, "d"), (7200, "h"), (300, "min")):
        if seconds >= size:
            return f"{seconds // {'d': 86_400, 'h': 3600, 'min': 60}[unit]} {unit}"
    return f"{seconds} s"
