"""`server`: what the mail server itself has wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.app.console_root import open_core
from bot.checks.finding import Status
from bot.checks.server.server_report import found_nothing_out
from bot.config.loading import load_settings
from bot.console.arguments import read_servers
from bot.console.exits import FAILED, NOTHING_FOUND_OUT, OK
from bot.console.server_page import show_server
from bot.console.terminal import make_console
from bot.console_commands.loaded import end_loading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.checks.server.server_report import ServerReport


def print_server(nameservers: Sequence[str], *, as_json: bool) -> int:
    """Print the mail server's own report, and return the exit code."""
    config = load_settings()
    servers = read_servers(nameservers)

    async def look() -> ServerReport:
        async with open_core(config, servers) as core:
            report = await core.check_server()
            show_server(make_console(), report, core.server, core.words, as_json=as_json)
            return report

    end_loading()
    report = asyncio.run(look())
    if report.status is Status.FAIL:
        return FAILED
    return NOTHING_FOUND_OUT if found_nothing_out(report) else OK
