"""What the bot tells whoever counts its work; here nobody does, `bot.health.metrics` does."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp

    from bot.checks.report import Report
    from bot.dns.answer import Answer
    from bot.errors import BackendError


class InteractionOutcome(StrEnum):
    """How an interaction ended."""

    DONE = "done"
    REFUSED = "refused"  # for what the member typed or did
    STALE = "stale"  # a button or command of another version
    TURNED_AWAY = "turned-away"  # the bot was about to stop
    LATE = "late"  # nobody waited for the answer any more
    FAILED = "failed"  # with a reference in the log
    CUT = "cut"  # by the end of the process


class Telemetry:
    """Receives every event that can be counted, and counts none; a subclass does."""

    http_trace: aiohttp.TraceConfig | None = None  # for the client's calls to Discord

    def count_check(self, report: Report) -> None:
        """Receive the report of a check that has ended."""

    def count_answer(self, answer: Answer) -> None:
        """Receive the answer to one DNS question."""

    def count_call(self, error: BackendError | None) -> None:
        """Receive the outcome of one call to the mail server; None: it was answered."""

    def begin(self, interaction_id: int, came_at: float) -> None:
        """Receive since when by the monotonic clock an interaction waits for its first answer."""

    def end(self, interaction_id: int, command: str, ending: InteractionOutcome) -> None:
        """Receive how an interaction ended; `command` is one of a few, never typed text."""
