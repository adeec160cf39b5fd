"""`move-database`: what an SQLite database holds, onto PostgreSQL."""

from __future__ import annotations

import asyncio
import getpass
import sys
import time

import typer

from bot.config.loading import load_settings
from bot.console.exits import FAILED, OK, complain
from bot.console.move_page import moved_as_json, show_moved
from bot.console.progress_bar import ProgressBar
from bot.console.terminal import make_console
from bot.console_commands.loaded import end_loading
from bot.errors import StoreError
from bot.store.move.database_move import move_database, read_target
from bot.words import Words

_FROM_STDIN = "-"


def move(url: str, *, as_json: bool) -> int:
    """Move all rows to the database at `url`, and return the exit code.

    A `url` of `-` is read from stdin: a line, or typed unseen at a terminal.
    """
    config = load_settings()
    words = Words(own=config.templates_dir)
    end_loading()
    target = read_target(_read_url(words) if url == _FROM_STDIN else url)
    if target.url.password and url != _FROM_STDIN:
        complain(words.sentence("console/move_password", {}))
    began = time.monotonic()
    try:
        with ProgressBar(None, make_console()) as bar:
            moved = asyncio.run(move_database(config.database_url, target, bar.show))
    except StoreError as error:
        complain(error)
        return FAILED
    seconds = time.monotonic() - began
    if as_json:
        typer.echo(moved_as_json(moved, seconds))
    else:
        show_moved(moved, seconds, words)
    return OK


def _read_url(words: Words) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"{words.sentence('console/move_url', {})} ").strip()
    return sys.stdin.readline().strip()
