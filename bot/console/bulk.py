"""Checks many domains side by side and prints each report as soon as it is there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.checks.export.as_json import report_as_dict
from bot.checks.export.diff import changes_as_dict, compare
from bot.checks.finding import Status
from bot.console.changes_page import show_changes
from bot.console.progress_bar import ProgressBar
from bot.console.report_page import show_line, show_report
from bot.console.terminal import make_console
from bot.files import read_text
from bot.services.domain_looks import DomainLooks
from bot.services.plan.plan_export import plan_as_dict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rich.console import Console

    from bot.checks.export.diff import EarlierReport
    from bot.checks.report import Report
    from bot.names import Domain
    from bot.records.dkim_key import DkimKnowledge
    from bot.services.core import Core
    from bot.services.plan.step import Plan

LARGEST_FILE = 4_000_000  # bytes


@dataclass(slots=True)
class SweepOutcome:
    """The result of all checks, which decides the exit code."""

    failed: bool = False
    nothing_found_out: bool = False

    def count(self, report: Report) -> None:
        """Take one report into account."""
        self.failed |= report.status is Status.FAIL
        self.nothing_found_out |= all(r.status is Status.UNKNOWN for r in report.results)


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How reports are printed.

    `explain` adds to each finding why it is one; `since` are earlier reports by domain, to say
    what changed. `provider` is the key of the one whose words to speak, by default the name
    servers' own.
    """

    as_json: bool = False
    explain: bool = False
    since: Mapping[str, EarlierReport] | None = None
    provider: str | None = None


async def sweep(
    core: Core, domains: list[Domain], key: DkimKnowledge | None, output: OutputOptions
) -> SweepOutcome:
    """Check domains, print their reports as each is ready, and return what they came to.

    A key that is given is that of the only domain.
    """
    outcome = SweepOutcome()
    console = make_console()
    progress = ProgressBar(len(domains), console)
    alone = len(domains) == 1

    def take(report: Report, plan: Plan) -> None:
        outcome.count(report)
        progress.advance()
        _print(console, report, plan, core, output, alone=alone)

    with progress:
        if alone:  # somebody waits for this very one
            take(*await core.check_for_operator(domains[0], key))
        else:
            await DomainLooks(core, core.checker.now).sweep(domains, take)
    return outcome


def _print(
    console: Console,
    report: Report,
    plan: Plan,
    core: Core,
    output: OutputOptions,
    *,
    alone: bool,
) -> None:
    row, changes = dict[str, object](), None
    if output.as_json or output.since is not None:
        row = report_as_dict(
            report, core.server, core.words, explain=output.explain, plan=plan_as_dict(plan)
        )
    if output.since is not None and (earlier := output.since.get(report.domain.ascii)):
        changes = compare(earlier, row)
    if output.as_json:
        if output.since is not None:
            row["since"] = changes_as_dict(changes) if changes else None
        # In ASCII alone: nothing in it drives a terminal or runs from right to left.
        console.out(json.dumps(row), highlight=False)
        return
    show = show_report if alone else show_line
    show(
        console,
        report,
        core.server,
        core.words,
        plan=plan,
        provider=output.provider,
        explain=output.explain,
    )
    if output.since is not None:
        if alone:
            console.print()
        show_changes(console, changes, core.words)


def read_domains(path: Path) -> list[str]:
    """Return the lines of a file that name a domain; `#` begins a comment, `-` is stdin.

    Raises:
        UsageError: the file cannot be read.

    """
    text = read_text(path, "--file", LARGEST_FILE, "give one domain a line")
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return [line for line in lines if line]
