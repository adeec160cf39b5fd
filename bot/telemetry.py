"""What is counted while the bot works; nobody counts unless somebody wants to read it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp

    from bot.checks.report import Report
    from bot.dns.answer import Answer
    from bot.errors import BackendError


class Ending(StrEnum):
    """What an interaction came to."""

    DONE = "done"
    REFUSED = "refused"  # for what the member typed or did
    STALE = "stale"  # a button or command of another version
    TURNED_AWAY = "turned-away"  # the bot was about to stop
    LATE = "late"  # nobody waited for the answer any more
    FAILED = "failed"  # with a reference in the log
    CUT = "cut"  # by the end of the process


class Telemetry:
    """Is told what happens, and lets it go by."""

    http_trace: aiohttp.TraceConfig | None = None  # for the client's calls to Discord

    def count_check(self, report: Report) -> None:
        """Take in a report."""

    def count_answer(self, answer: Answer) -> None:
        """Take in what a question to the DNS came to."""

    def count_call(self, error: BackendError | None) -> None:
        """Take in what a call to the mail server came to; None: it was answered."""

    def begin(self, interaction_id: int) -> None:
        """Take in that somebody waits for a first answer from now on."""

    def end(self, interaction_id: int, command: str, ending: Ending) -> None:
        """Take in what an interaction came to; `command` is one of a few, never typed text."""
