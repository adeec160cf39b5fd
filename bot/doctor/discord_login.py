"""Whether Discord lets the bot in, and what it says of the bot."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import discord

from bot.checks.finding import Status
from bot.doctor.line import Line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

TIMEOUT = 10.0  # seconds
UNKNOWN_BOT = (
    "DISCORD_TOKEN: Discord does not know this token. "
    "Reset it at https://discord.com/developers/applications, and write the new one into .env."
)
SILENCE = (discord.HTTPException, aiohttp.ClientError, OSError)  # what is no answer of use


@asynccontextmanager
async def logged_in(
    token: str, note_header: Callable[[str | None], None]
) -> AsyncIterator[discord.Client]:
    """Yield a client that may ask Discord for things, and is not connected to its gateway.

    `note_header` gets the Date header of each answer.

    Raises:
        discord.LoginFailure: Discord does not know the token.
        OSError: it did not answer within `TIMEOUT` seconds, or any other of `SILENCE`.

    """
    trace = aiohttp.TraceConfig()

    async def note_date(_: object, __: object, ended: aiohttp.TraceRequestEndParams) -> None:
        note_header(ended.response.headers.get("Date"))

    trace.on_request_end.append(note_date)
    client = discord.Client(
        intents=discord.Intents.none(),
        http_trace=trace,
        max_messages=None,
        chunk_guilds_at_startup=False,
    )
    try:
        async with asyncio.timeout(TIMEOUT):
            await client.login(token)
        yield client
    finally:
        await client.close()


def judge_failure(error: Exception) -> Line:
    """Return why nobody could log in."""
    if isinstance(error, discord.LoginFailure):
        return Line("token", Status.FAIL, "token-wrong")
    return Line("token", Status.UNKNOWN, "token-unknown", silent=True)


def check_application(client: discord.Client) -> tuple[Line, ...]:
    """Return that the token works, and whether privileged intents are on, which nobody needs."""
    user = client.user
    name = user.name if user else ""
    flags = client.application_flags
    kinds = {
        "Presence": flags.gateway_presence or flags.gateway_presence_limited,
        "Server Members": flags.gateway_guild_members or flags.gateway_guild_members_limited,
        "Message Content": flags.gateway_message_content or flags.gateway_message_content_limited,
    }
    needless = tuple(kind for kind, is_on in kinds.items() if is_on)
    right = Line("token", Status.PASS, "token-right", {"name": name})
    if needless:
        return (right, Line("intents", Status.INFO, "intents-needless", {"needless": needless}))
    return (right, Line("intents", Status.PASS, "intents-none"))
