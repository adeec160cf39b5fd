"""`settings`: what to type into a mail client."""

from __future__ import annotations

import typer

from bot.config.loading import load_settings
from bot.console.app_page import show_app
from bot.console.arguments import read_address, read_app
from bot.console.settings_json import settings_as_json
from bot.console.settings_page import show_settings
from bot.console.terminal import make_console
from bot.records.client_settings import client_settings
from bot.words import Words


def print_settings(address: str | None, app_key: str | None, *, as_json: bool) -> None:
    """Print the mail client settings, or the steps that set up one app."""
    mail_app = read_app(app_key)
    config = load_settings()
    words = Words(own=config.templates_dir)
    who = read_address(address, words) if address is not None else None
    found = client_settings(config.mail_server(), who)
    if as_json:
        typer.echo(settings_as_json(found, mail_app, words))
    elif mail_app is not None:
        show_app(make_console(), mail_app, found, words)
    else:
        show_settings(make_console(), found, words)
