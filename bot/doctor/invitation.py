"""The link that lets the bot into a server, with exactly the rights that it needs."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import discord

from bot.doctor.discord_login import SILENCE, UNKNOWN_BOT, logged_in
from bot.doctor.request_channel import NEEDED
from bot.errors import ConfigError, UsageError

_SCOPES = ("bot", "applications.commands")


@dataclass(frozen=True, slots=True)
class Invitation:
    """The link and, as Discord's own menus call them, the rights it asks for."""

    url: str
    rights: tuple[str, ...]
    is_confirmed: bool  # Discord said which application it is; else the token did


async def make_invitation(token: str, guild_id: int | None) -> Invitation:
    """Return the link for the application of a token, for one server where that is given.

    Discord is asked which application it is. Where it does not answer, the token says it: its
    first part is the bot's id, which is the application's but for some made before 2016.

    Raises:
        ConfigError: Discord does not know the token.
        UsageError: neither Discord nor the token says which application it is.

    """
    application, is_confirmed = None, False
    try:
        async with logged_in(token, lambda _: None) as client:
            application, is_confirmed = client.application_id, True
    except discord.LoginFailure as error:
        raise ConfigError((UNKNOWN_BOT,)) from error
    except SILENCE:
        application = read_application(token)
        if application is None:
            raise UsageError(
                "Discord cannot be reached, and DISCORD_TOKEN does not say which application it "
                "is for. Try again later."
            ) from None
    url = discord.utils.oauth_url(
        application or 0,
        permissions=discord.Permissions(**dict.fromkeys(NEEDED, True)),
        guild=discord.Object(guild_id) if guild_id else discord.utils.MISSING,
        scopes=_SCOPES,
    )
    return Invitation(url, tuple(NEEDED.values()), is_confirmed)


def read_application(token: str) -> int | None:
    """Return the id in a token's first part, which is base64 of its digits; None: there is none."""
    first = token.partition(".")[0]
    try:
        digits = base64.b64decode(first + "=" * (-len(first) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return int(digits) if digits.isdigit() and 15 <= len(digits) <= 20 else None
