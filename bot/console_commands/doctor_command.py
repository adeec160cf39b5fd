"""`doctor`: whether everything works that the bot stands on."""

from __future__ import annotations

import asyncio

import typer

from bot.app.console_root import examine_all
from bot.checks.finding import Status
from bot.config.loading import load_settings
from bot.console.doctor_page import lines_as_json, show_lines
from bot.console.exits import FAILED, NOTHING_FOUND_OUT, OK
from bot.console.terminal import make_console
from bot.console_commands.loaded import end_loading
from bot.doctor.line import found_nothing_out
from bot.words import Words


def print_examination(*, as_json: bool) -> int:
    """Print a line for every part, and return the exit code."""
    config = load_settings()
    words = Words(own=config.templates_dir)
    end_loading()
    lines = asyncio.run(examine_all(config))
    if as_json:
        typer.echo(lines_as_json(lines, words))
    else:
        show_lines(make_console(), lines, words)
    if any(line.status is Status.FAIL for line in lines):
        return FAILED
    return NOTHING_FOUND_OUT if found_nothing_out(lines) else OK
