"""Checks many domains side by side and prints each report as soon as it is there."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.characters import shorten
from bot.checks.export import report_as_dict
from bot.checks.finding import Status
from bot.console.reports import show_line, show_report
from bot.console.terminal import ProgressBar, make_console
from bot.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from bot.checks.report import Report
    from bot.desk import Core
    from bot.mail.dkim import DkimKnowledge
    from bot.names import Domain

AT_ONCE = 24  # domains under way side by side
LARGEST_FILE = 4_000_000  # bytes


@dataclass(slots=True)
class Outcome:
    """What decides the exit code."""

    failed: bool = False
    nothing_found_out: bool = False

    def count(self, report: Report) -> None:
        """Take one report into account."""
        self.failed |= report.status is Status.FAIL
        self.nothing_found_out |= all(r.status is Status.UNKNOWN for r in report.results)


async def sweep(
    core: Core, domains: list[Domain], key: DkimKnowledge | None, *, as_json: bool
) -> Outcome:
    """Check domains, print their reports as each is ready, and return what they came to."""
    outcome = Outcome()
    console = make_console()
    waiting = iter(domains)
    progress = ProgressBar(len(domains), console)

    async def work() -> None:
        for domain in waiting:
            report = await core.check(domain, key)
            outcome.count(report)
            progress.advance()
            if as_json:
                row = report_as_dict(report, core.server, core.words)
                # In ASCII alone: nothing in it drives a terminal or runs from right to left.
                console.out(json.dumps(row), highlight=False)
            elif len(domains) == 1:
                show_report(console, report, core.server, core.words)
            else:
                show_line(console, report, core.server, core.words)

    with progress:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(AT_ONCE, len(domains))):
                    group.create_task(work())
        except ExceptionGroup as group_of_errors:
            # What stops one stops all: a template that does not fit, a reader that has gone.
            raise group_of_errors.exceptions[0] from None
    return outcome


def read_domains(path: Path) -> list[str]:
    """Return the lines of a file that name a domain; `#` begins a comment, `-` is stdin.

    Raises:
        UsageError: the file cannot be read.

    """
    shown = "stdin" if str(path) == "-" else shorten(str(path))
    try:
        octets = _read_octets(path)
    except OSError as error:
        raise UsageError(f"--file: {shown} cannot be read ({error.strerror}).") from error
    if len(octets) > LARGEST_FILE:
        raise UsageError(f"--file: {shown} is larger than {LARGEST_FILE // 1_000_000} MB.")
    try:
        text = octets.decode("utf-8-sig")  # some editors put a mark before the first line
    except UnicodeDecodeError as error:
        raise UsageError(f"--file: {shown} is no text file; give one domain a line.") from error
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def _read_octets(path: Path) -> bytes:
    if str(path) != "-":
        with path.open("rb") as file:
            return file.read(LARGEST_FILE + 1)
    if sys.stdin is None:  # closed by whoever called us
        return b""
    return sys.stdin.buffer.read(LARGEST_FILE + 1)
