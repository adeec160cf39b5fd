"""One small line for the optional records beside the usual ones; more would flood a card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.finding import Status
from bot.checks.report import EXTRAS, gaps

if TYPE_CHECKING:
    from bot.checks.report import Report
    from bot.words import Words


def extras_line(report: Report, words: Words) -> str:
    """Return what was found of them, the worst first, and then which are not there."""
    missing = gaps(report.findings)
    parts = []
    for status in reversed(Status):
        names = [
            words.label("checks", result.check.value)
            for result in report.results
            if result.check in EXTRAS and result.status is status and result.check not in missing
        ]
        if names:
            parts.append(f"{words.label('marks', status.value)} {', '.join(names)}")
    if missing:
        names = [words.label("checks", check.value) for check in missing]
        parts.append(f"{words.label('headings', 'gaps')}: {', '.join(names)}")
    return f"-# {words.label('headings', 'extras')}: {' · '.join(parts)}" if parts else ""
