"""A whole report as a text file, for what has no room on a card."""

from __future__ import annotations

import io
import textwrap
from datetime import UTC
from typing import TYPE_CHECKING

import discord

from bot.characters import reveal
from bot.checks.export.as_json import context_of
from bot.checks.export.wording import say_fix, say_place
from bot.checks.finding import Status
from bot.records.providers import NEUTRAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.checks.report import Report
    from bot.records.mail_server import MailServer
    from bot.records.providers import Provider
    from bot.words import Words

_WIDTH = 78  # characters of a line of words; values are never wrapped


def report_file(
    report: Report, server: MailServer, words: Words, provider: Provider = NEUTRAL
) -> discord.File:
    """Return the report as `report.txt`."""
    data = report_text(report, server, words, provider).encode("utf-8", "replace")
    return discord.File(io.BytesIO(data), filename="report.txt")


def report_text(
    report: Report, server: MailServer, words: Words, provider: Provider = NEUTRAL
) -> str:
    """Return the report in plain words: steps, every check in full, what is worth knowing."""
    plain = words.plain
    context = context_of(report, server)
    status = report.status.value
    summary = "to_do" if report.steps and report.status is Status.INFO else status
    lines = [
        f"{report.domain.ascii}: {plain.label('summaries', summary)} ({status})",
        f"{report.checked_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
    ]
    if said := say_place(report.zone, report.name_servers, plain):
        lines += _paragraph("", said)
    steps = report.steps
    if steps:
        lines += _title(plain.label("headings", "steps"))
    for number, finding in enumerate(steps, start=1):
        lines += _paragraph(f"{number}. ", plain.finding(finding, context))
        for fix in finding.fixes:
            shown = say_fix(fix, report.zone, provider, plain)
            lines += ["", f"   {shown.action}"]
            lines += [f"     {label:<10} {reveal(value)}" for label, value in shown.fields]
            lines += [line for hint in shown.hints for line in _paragraph("     ", hint)]
        lines.append("")
    lines += _title(plain.label("headings", "overview"))
    for result in report.shown_results:
        label = plain.label("checks", result.check.value)
        lines.append(f"{label}: {plain.label('statuses', result.status.value)}")
        lines += _records(plain.label("headings", "expected"), result.expected)
        lines += _records(plain.label("headings", "found"), result.found)
        if result.note:
            lines += _paragraph("    ", plain.note(result.note, context))
    others = report.remarks
    if others:
        lines += _title(plain.label("headings", "other"))
    for finding in others:
        lines += _paragraph("- ", plain.finding(finding, context))
    return "\n".join(lines) + "\n"


def _title(text: str) -> list[str]:
    return ["", text, "-" * len(text)]


def _paragraph(sign: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=sign,
        subsequent_indent=" " * len(sign),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _records(label: str, records: Iterable[str]) -> list[str]:
    return [f"    {label:<9} {reveal(record)}" for record in records]
