"""Prints the link that lets the bot into a Discord server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bot.doctor.invitation import Invitation
    from bot.words import Words


def show_invitation(invitation: Invitation, words: Words) -> None:
    """Print the link alone on a line, to be copied or piped; what it grants goes to stderr."""
    typer.echo(invitation.url)
    typer.echo(words.sentence("console/invite", {"rights": invitation.rights}), err=True)
    if not invitation.is_confirmed:
        typer.echo(words.sentence("console/invite_from_token", {}), err=True)
