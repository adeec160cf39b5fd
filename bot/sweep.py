"""Checks many domains side by side and prints each report as soon as it is there."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

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
    progress = ProgressBar(len(domains))

    async def work() -> None:
        for domain in waiting:
            report = await core.check(domain, key)
            outcome.count(report)
            progress.advance()
            if as_json:
                row = report_as_dict(report, core.server, core.words)
                typer.echo(json.dumps(row, ensure_ascii=False))
            elif len(domains) == 1:
                show_report(console, report, core.server, core.words)
            else:
                show_line(console, report, core.server, core.words)

    with progress:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(domains))):
                group.create_task(work())
    return outcome


def read_domains(path: Path) -> list[str]:
    """Return the lines of a file that name a domain; `#` begins a comment, `-` is stdin.

    Raises:
        UsageError: the file cannot be read.

    """
    try:
        if str(path) == "-":
            text = sys.stdin.read(LARGEST_FILE + 1)
        else:
            with path.open(encoding="utf-8") as file:
                text = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UsageError(f"--file: {path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"--file: {path} is no text file; give one domain a line.") from error
    if len(text) > LARGEST_FILE:
        raise UsageError(f"--file: {path} is larger than {LARGEST_FILE // 1_000_000} MB.")
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return [line for line in lines if line]
