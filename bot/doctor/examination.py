"""Examines every part from a process of its own, whether the bot runs or not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import discord

from bot.checks.finding import Status
from bot.doctor.admin_rights import check_admins
from bot.doctor.clock import ClockCheck
from bot.doctor.database_server import check_store
from bot.doctor.discord_login import SILENCE, check_application, judge_failure, logged_in
from bot.doctor.line import Line, blame_network
from bot.doctor.mailcow_access import check_mailcow
from bot.doctor.profile_signing import check_signing
from bot.doctor.request_channel import check_channel
from bot.doctor.resolvers import check_dns
from bot.doctor.secret_files import check_secret_files
from bot.store.engine.probe import probe

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.config.settings import Settings
    from bot.doctor.mailcow_access import FindLeftovers
    from bot.mailcow.api import Mailcow


async def examine(
    settings: Settings,
    mailcow: Mailcow | None,
    now: Callable[[], datetime],
    examining_probe: Awaitable[tuple[Line, ...]],
    find_leftovers: FindLeftovers | None = None,
) -> tuple[Line, ...]:
    """Return a line for each part, found out with logins and sockets of one's own.

    Takes as long as the slowest part; each has an end. Nothing is changed anywhere, and a bot that
    runs meanwhile is not disturbed. `examining_probe` gives the lines of the test mails' mailbox,
    `find_leftovers` the keys that changes of keys left behind.
    """
    clock = ClockCheck(now)
    discord_lines, mailcow_lines, probe_lines, resolver_lines, database = await asyncio.gather(
        _ask_discord(settings, clock),
        _ask_mailcow(mailcow, clock, find_leftovers),
        examining_probe,
        check_dns(settings),
        check_store(probe(settings.database_url), settings.database_url, now, tells_watch=True),
    )
    return blame_network(
        (
            *discord_lines,
            check_admins(settings),
            *mailcow_lines,
            *probe_lines,
            *resolver_lines,
            clock.judge(),
            *database,
            *check_signing(settings),
            *check_secret_files(settings),
        )
    )


async def _ask_discord(settings: Settings, clock: ClockCheck) -> tuple[Line, ...]:
    number = settings.request_channel_id
    if settings.discord_token is None:
        unset = Line("token", Status.INFO, "token-unset")
        return (unset, _leave_channel(number, Status.INFO))
    token = settings.discord_token.get_secret_value()
    try:
        async with logged_in(token, lambda date: clock.note("Discord", date)) as client:
            return (*check_application(client), await check_channel(client, number))
    except (discord.LoginFailure, *SILENCE) as error:
        return (judge_failure(error), _leave_channel(number, Status.UNKNOWN))


def _leave_channel(number: int | None, status: Status) -> Line:
    if number is None:
        return Line("channel", Status.INFO, "channel-unset")
    return Line("channel", status, "channel-not-asked", {"number": str(number)})


async def _ask_mailcow(
    mailcow: Mailcow | None, clock: ClockCheck, find_leftovers: FindLeftovers | None
) -> tuple[Line, ...]:
    lines = await check_mailcow(mailcow, find_leftovers)
    if mailcow is not None:
        clock.note("Mailcow", mailcow.date)
    return lines
