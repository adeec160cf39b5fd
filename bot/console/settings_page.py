"""Shows the settings of a mail client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from bot.characters import reveal
from bot.console.terminal import bullet
from bot.records.client_settings import ADVICE, Protocol

if TYPE_CHECKING:
    from rich.console import Console

    from bot.records.client_settings import ClientSettings
    from bot.words import Words


def show_settings(console: Console, settings: ClientSettings, words: Words) -> None:
    """Print what the service is, where its pages are, and what to type into a mail client."""
    console.print(reveal(settings.name), style="bold")
    if settings.about:
        console.print(reveal(settings.about))
    console.print()
    pages = Table.grid(padding=(0, 2, 0, 0))
    for key, value in (
        ("webmail", settings.webmail_url),
        ("password_page", settings.password_url),
        ("user_name", settings.user_name),
        ("contact", settings.contact),
    ):
        if value:
            pages.add_row(words.label("headings", key), Text(reveal(value)))
    console.print(pages)
    console.print()
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for key in ("service", "direction", "server", "port", "security", "advice"):
        table.add_column(words.label("headings", key), overflow="fold")
    for service in settings.services:
        choice = "first" if service.preferred else "second"
        if service.protocol is Protocol.POP:
            choice = "pop"
        table.add_row(
            service.protocol.value,
            words.label("directions", service.direction.value),
            service.host,
            str(service.port),
            service.security.value,
            words.label("choices", choice),
        )
    console.print(table)
    console.print()
    for template in ADVICE:
        said = words.sentence(template, settings.facts)
        if said:
            console.print(bullet("·", said))
