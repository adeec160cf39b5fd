"""Shows the report of the mail server itself, in words or as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from bot.characters import reveal
from bot.checks.server.server_report import server_report_as_dict
from bot.console.report_page import show_report
from bot.console.terminal import STATUS_STYLES

if TYPE_CHECKING:
    from rich.console import Console

    from bot.checks.server.port_rows import PortRow
    from bot.checks.server.server_report import ServerReport
    from bot.records.mail_server import MailServer
    from bot.words import Words

_COLUMNS = ("port", "status", "tls", "certificate", "before", "after", "took")


def show_server(
    console: Console, report: ServerReport, server: MailServer, words: Words, *, as_json: bool
) -> None:
    """Print the report of the mail server: as one line of JSON, or what to do first."""
    if as_json:
        row = server_report_as_dict(report, server, words)
        # In ASCII alone: nothing in it drives a terminal or runs from right to left.
        console.out(json.dumps(row), highlight=False)
        return
    show_report(console, report, server, words)
    if rows := report.rows():
        console.print(f"\n{words.label('headings', 'ports')}", style="bold")
        console.print(_table(rows, words))


def _table(rows: tuple[PortRow, ...], words: Words) -> Table:
    """Return what was seen at each port, a row each."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for key in _COLUMNS:
        table.add_column(words.label("headings", key), overflow="fold")
    none = words.label("headings", "none")
    for row in rows:
        state = words.label("port_states", row.state.value)
        icon = words.label("icons", row.status.value)
        table.add_row(
            row.name,
            Text(f"{icon} {state}", style=STATUS_STYLES[row.status]),
            words.sentence("console/port_tls", row.facts),
            words.sentence("console/port_certificate", row.facts),
            _logins(row.logins_before) or Text(none if row.is_clear_known else "", style="dim"),
            _logins(row.logins_after),
            f"{row.elapsed_ms} ms" if row.elapsed_ms else "",
        )
    return table


def _logins(methods: tuple[str, ...]) -> Text:
    return Text(" ".join(map(reveal, methods)))
