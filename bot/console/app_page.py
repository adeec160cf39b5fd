"""Shows the steps that set up one mail app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.characters import reveal
from bot.console.terminal import bullet

if TYPE_CHECKING:
    from rich.console import Console

    from bot.records.client_settings import ClientSettings
    from bot.records.mail_apps import MailApp
    from bot.words import Words


def show_app(console: Console, app: MailApp, settings: ClientSettings, words: Words) -> None:
    """Print an app's numbered steps, and what to beware of."""
    facts = {**settings.facts, **app.about}
    console.print(reveal(app.name), style="bold")
    console.print(reveal(words.sentence("setup/written", facts)), style="dim")
    console.print()
    if "cloud" in app.notes:
        console.print(bullet("!", words.sentence("setup/cloud", facts)))
        console.print()
    for number, step in enumerate(words.lines(app.template, app.facts(settings)), 1):
        console.print(bullet(f"{number}.", step))
    console.print()
    for template in app.remarks(settings):
        console.print(bullet("·", words.sentence(template, facts)))
