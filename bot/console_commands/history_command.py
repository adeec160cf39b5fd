"""`history`: how a watched domain stood, and what changed."""

from __future__ import annotations

import asyncio

import typer

from bot.app.console_root import read_history
from bot.checks.finding import Status
from bot.config.loading import load_settings
from bot.console.arguments import read_domain
from bot.console.exits import FAILED, NOTHING_FOUND_OUT, OK
from bot.console.history_json import history_as_json
from bot.console.history_page import show_history
from bot.console.terminal import make_console
from bot.console_commands.loaded import end_loading
from bot.words import Words


def print_history(domain: str, *, as_json: bool) -> int:
    """Print what is kept of a domain's past, and return the exit code."""
    config = load_settings()
    words = Words(own=config.templates_dir)
    wanted = read_domain(domain, words)
    end_loading()
    found = asyncio.run(read_history(config, wanted))
    if as_json:
        typer.echo(history_as_json(wanted, found, words))
    elif found is None:
        typer.echo(words.sentence("console/no_history", {"domain": wanted.unicode}))
    else:
        show_history(make_console(), found, words)
    if found is None:
        return NOTHING_FOUND_OUT
    return FAILED if found.status is Status.FAIL else OK
