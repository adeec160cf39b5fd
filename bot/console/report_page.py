"""Shows a report: what to do first, then every check, then what is only worth knowing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from bot.characters import reveal, shorten
from bot.checks.export.as_json import context_of
from bot.checks.export.wording import say_fix, say_place
from bot.checks.finding import EXTRAS, Status
from bot.checks.references import load_references
from bot.checks.report import (
    DID_YOU_MEAN,
    find_meant,
    gaps,
    is_all_right,
    is_extra_gap,
    summary_of,
)
from bot.console.terminal import STATUS_STYLES, bullet
from bot.records.providers import choose_provider
from bot.services.plan.plan_words import arrange, say_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import Console

    from bot.checks.finding import Finding
    from bot.checks.report import CheckResult, Report
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.services.plan.step import Plan
    from bot.words import Words

_ABSENCE = {Status.UNKNOWN: "not_known"}  # "nothing" is only said after an answer
_LONGEST_CELL = 60  # characters of one record in the overview; the steps have the whole


def show_report(
    console: Console,
    report: Report,
    server: MailServer,
    words: Words,
    *,
    plan: Plan | None = None,
    provider: str | None = None,
    explain: bool = False,
) -> None:
    """Print one report: what to do first, then all checks, then what is only worth knowing.

    `plan` is what comes next for the domain; None for the mail server's own report. `provider` is
    the key of the one whose words to speak, by default the name servers' own.
    `explain` has each finding followed by why it is one, and by where the rule stands.
    """
    console.print(_headline(report, words))
    console.print(
        Text(
            f"  {report.checked_at:%Y-%m-%d %H:%M:%S} UTC · {report.queries} questions"
            f" · {report.elapsed_ms} ms",
            style="dim",
        )
    )
    due = None
    if plan is not None:
        _print_plan(console, plan, report, server, words)
        report, due = arrange(report, plan)
    other = [f for f in report.remarks if not is_extra_gap(f) and f.code != DID_YOU_MEAN]
    context = context_of(report, server)
    _print_meant(console, report, context, words, explain=explain)
    if report.has_fixes:
        _print_place(console, report, words, provider)
    for number, finding in enumerate(report.steps):
        if number in {0, due}:
            heading = "later" if number == due else "steps"
            console.print(f"\n{words.label('headings', heading)}", style="bold")
        console.print(bullet(f"{number + 1}.", words.finding(finding, context)))
        _print_fixes(console, finding, report, words, provider)
        if explain:
            _print_reason(console, finding, context, words)
    console.print(f"\n{words.label('headings', 'overview')}", style="bold")
    usual = [result for result in report.shown_results if result.check not in EXTRAS]
    console.print(_overview(usual, words))
    _show_extras(console, report, words)
    for said, checks in _notes(report, context, words).items():
        console.print(bullet("·", f"{', '.join(checks)}: {said}"))
    if other:
        console.print(f"\n{words.label('headings', 'other')}", style="bold")
        # One thing can be worth knowing for several checks; it is said once.
        texts: dict[str, Finding] = {}
        for finding in other:
            texts.setdefault(words.finding(finding, context), finding)
        for text, finding in texts.items():
            console.print(bullet("i", text))
            if explain:
                _print_reason(console, finding, context, words)


def show_line(
    console: Console,
    report: Report,
    server: MailServer,
    words: Words,
    *,
    plan: Plan | None = None,
    provider: str | None = None,
    explain: bool = False,
) -> None:
    """Print one report of many in short: the status and the first thing to do."""
    console.print(_headline(report, words))
    if plan is not None:
        _print_plan(console, plan, report, server, words)
        report, _ = arrange(report, plan)
    steps = report.steps
    context = context_of(report, server)
    _print_meant(console, report, context, words, explain=explain)
    if steps:
        console.print(bullet("", words.finding(steps[0], context)))
        _print_fixes(console, steps[0], report, words, provider)
        if explain:
            _print_reason(console, steps[0], context, words)


def _print_plan(
    console: Console, plan: Plan, report: Report, server: MailServer, words: Words
) -> None:
    """Print what comes next for the domain, and what after that."""
    said = say_plan(plan, report.domain.ascii, server, words, can_ask=False)
    title = f"{said.title}. " if said.title else ""
    console.print(bullet("→", said.headline))
    if told := f"{title}{said.todo}".strip():
        console.print(bullet("", told))
    if said.after:
        console.print(bullet("", said.after), style="dim")


def _print_meant(
    console: Console, report: Report, context: Mapping[str, Fact], words: Words, *, explain: bool
) -> None:
    """Print which other domain was likely meant, where one was."""
    meant = find_meant(report)
    if meant is None:
        return
    console.print(bullet("→", words.finding(meant, context)), style="bold")
    if explain:
        _print_reason(console, meant, context, words)


def _print_reason(
    console: Console, finding: Finding, context: Mapping[str, Fact], words: Words
) -> None:
    reason = f"{words.label('headings', 'why')}: {words.reason(finding, context)}"
    console.print(bullet("", reason))
    reference = load_references().of(finding)
    # One line, however long: terminals make links of what is whole.
    console.print(f"    {reference.name}: {reference.url}", soft_wrap=True)


def _notes(report: Report, context: Mapping[str, Fact], words: Words) -> dict[str, list[str]]:
    """Return the remarks and the checks that each is about: several can share one."""
    notes: dict[str, list[str]] = {}
    for result in report.results:
        if result.note:
            said = words.note(result.note, context)
            notes.setdefault(said, []).append(words.label("checks", result.check.value))
    return notes


def _headline(report: Report, words: Words) -> Text:
    status = report.status
    is_right = is_all_right(report)
    summary = words.label("summaries", summary_of(report))
    icon = Status.PASS if is_right else status
    name = report.domain.ascii
    if report.domain.unicode != name:
        name = f"{reveal(report.domain.unicode)} ({name})"
    return Text.assemble(
        (words.label("icons", icon.value), STATUS_STYLES[icon]),
        " ",
        (name, "bold"),
        f": {summary} ",
        (f"({status.value})", STATUS_STYLES[status]),
    )


def _print_place(console: Console, report: Report, words: Words, key: str | None) -> None:
    """Print at whose name servers the domain is, and where that provider's page is."""
    said = say_place(report.zone, report.name_servers, words)
    link = choose_provider(key, report.name_servers).link
    if said or link:
        console.print()
    if said:
        console.print(Text(said))
    if link:
        console.print(Text(f"{words.label('providers', 'page')} {link}"), soft_wrap=True)


def _print_fixes(
    console: Console, finding: Finding, report: Report, words: Words, key: str | None
) -> None:
    provider = choose_provider(key, report.name_servers)
    for fix in finding.fixes:
        shown = say_fix(fix, report.zone, provider, words)
        console.print(f"    {shown.action}")
        width = max(11, *(len(label) + 1 for label, _ in shown.fields))
        for label, value in shown.fields:
            # One line each, however long: a value that is wrapped here cannot be copied.
            console.print(Text(f"      {label:<{width}}{reveal(value)}"), soft_wrap=True)
        for hint in shown.hints:
            console.print(bullet("     ", hint), style="dim")


def _show_extras(console: Console, report: Report, words: Words) -> None:
    """Print the optional records beside the usual ones: those that are there, then the gaps."""
    missing = gaps(report.findings)
    # Where nothing at all could be looked at, they have nothing to say of their own.
    said = {finding.check for finding in report.findings}
    there = [
        result
        for result in report.shown_results
        if result.check in EXTRAS
        and result.check not in missing
        and (result.check in said or result.status is not Status.UNKNOWN)
    ]
    if not there and not missing:
        return
    console.print(f"\n{words.label('headings', 'extras')}", style="bold")
    if there:
        console.print(_overview(there, words, empty=""))
    if missing:
        names = ", ".join(words.label("checks", check.value) for check in missing)
        console.print(bullet("·", f"{words.label('headings', 'gaps')}: {names}"))


def _overview(results: Iterable[CheckResult], words: Words, *, empty: str | None = None) -> Table:
    """Return the results as a table; `empty` is said where nothing was found, else by status."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for key in ("check", "status", "expected", "found"):
        flexible = key in {"expected", "found"}
        table.add_column(
            words.label("headings", key),
            overflow="fold",
            no_wrap=not flexible,
            ratio=1 if flexible else None,
        )
    for result in results:
        status = result.status
        icon = words.label("icons", status.value)
        absence = words.label("headings", _ABSENCE.get(status, "nothing"))
        table.add_row(
            words.label("checks", result.check.value),
            Text(f"{icon} {status.value}", style=STATUS_STYLES[status]),
            _cell(result.expected, ""),
            _cell(result.found, absence if empty is None else empty),
        )
    return table


def _cell(records: tuple[str, ...], empty: str) -> Text:
    if not records:
        return Text(empty, style="dim")
    return Text("\n".join(shorten(reveal(record), _LONGEST_CELL) for record in records))
