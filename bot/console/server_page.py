"""Shows the report of the mail server itself, in words or as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bot.checks.server.server_report import server_report_as_dict
from bot.console.report_page import show_report

if TYPE_CHECKING:
    from rich.console import Console

    from bot.checks.report import Report
    from bot.services.core import Core


def show_server(console: Console, report: Report, core: Core, *, as_json: bool) -> None:
    """Print the report of the mail server: as one line of JSON, or what to do first."""
    if as_json:
        row = server_report_as_dict(report, core.server, core.words)
        # In ASCII alone: nothing in it drives a terminal or runs from right to left.
        console.out(json.dumps(row), highlight=False)
    else:
        show_report(console, report, core.server, core.words)
