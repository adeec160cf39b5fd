"""Whether everything that requests stand on works, found out by using it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import discord
import dns.rdatatype

from bot.checks.finding import Status
from bot.errors import MailcowError, StoreError
from bot.names import Domain
from bot.ui.replies import UNDELIVERED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.checks.finding import Fact
    from bot.client import Client

# What the bot does in the request channel, as Discord's own menus call it.
NEEDED = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "read_message_history": "Read Message History",
    "attach_files": "Attach Files",
}
_PATIENCE = 4.0  # seconds for a question to the DNS: one that takes longer is no help
_NOBODY = 0  # no member has this id, so that what is written under it is offered to nobody


@dataclass(frozen=True, slots=True)
class SetupLine:
    """How one part is: `code` chooses the sentence, `said` is one of our errors' own words."""

    part: str
    status: Status
    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    said: str = ""


async def check_setup(client: Client) -> tuple[SetupLine, ...]:
    """Return a line for each part; all are looked at, whatever is wrong with one."""
    channel, mailcow, dns_line, database = await asyncio.gather(
        _check_channel(client), _check_mailcow(client), _check_dns(client), _check_database(client)
    )
    return (_check_admins(client), channel, *mailcow, dns_line, database)


def _check_admins(client: Client) -> SetupLine:
    settings = client.settings
    facts: dict[str, Fact] = {"users": len(settings.admin_user_ids), "role": None}
    if settings.admin_role_id is not None:
        facts["role"] = str(settings.admin_role_id)
    return SetupLine("admins", Status.PASS, "admins", facts)


async def _check_channel(client: Client) -> SetupLine:
    """Ask Discord for the channel and the bot's rights there; nothing of it is kept here."""
    number = client.settings.request_channel_id
    if number is None:
        return SetupLine("channel", Status.INFO, "channel-unset")
    facts: dict[str, Fact] = {"number": str(number)}
    try:
        seen = await client.fetch_channel(number)
        if not isinstance(seen, discord.TextChannel):
            return SetupLine("channel", Status.FAIL, "channel-kind", facts)
        # The server is asked for, too: what came with the channel does not know its roles.
        guild = await client.fetch_guild(seen.guild.id)
        channel = await guild.fetch_channel(number)
        me = await guild.fetch_member(client.user.id if client.user else 0)
    except discord.NotFound:
        return SetupLine("channel", Status.FAIL, "channel-gone", facts)
    except discord.Forbidden:
        return SetupLine("channel", Status.FAIL, "channel-hidden", facts)
    except UNDELIVERED:
        return SetupLine("channel", Status.UNKNOWN, "discord-failed", facts)
    if not isinstance(channel, discord.TextChannel):
        return SetupLine("channel", Status.FAIL, "channel-kind", facts)
    held = channel.permissions_for(me)
    missing = tuple(label for name, label in NEEDED.items() if not getattr(held, name))
    if missing:
        return SetupLine("channel", Status.FAIL, "channel-rights", {**facts, "missing": missing})
    return SetupLine("channel", Status.PASS, "channel-right", {**facts, "name": channel.name})


async def _check_mailcow(client: Client) -> tuple[SetupLine, ...]:
    mailcow = client.mailcow
    if mailcow is None:
        return (SetupLine("mailcow", Status.INFO, "mailcow-unset"),)
    if mailcow.refusals:
        locked = [
            SetupLine("mailcow", Status.FAIL, "mailcow-locked", said=text)
            for text in mailcow.refusals
        ]
        return tuple(locked)
    try:
        version = await mailcow.version()
    except MailcowError as error:
        # Every refused call counts for its fail2ban: the second key is not tried then.
        return (SetupLine("mailcow", Status.FAIL, "said", said=str(error)),)
    reading = SetupLine("mailcow", Status.PASS, "mailcow-right", {"version": version})
    if not mailcow.can_write:
        return (reading, SetupLine("write_key", Status.INFO, "write-key-unset"))
    try:
        await mailcow.check_write_key()
    except MailcowError as error:
        return (reading, SetupLine("write_key", Status.FAIL, "said", said=str(error)))
    return (reading, SetupLine("write_key", Status.PASS, "write-key-right"))


async def _check_dns(client: Client) -> SetupLine:
    host = client.desk.server.host
    facts: dict[str, Fact] = {"host": client.desk.server.host_text}
    try:
        async with asyncio.timeout(_PATIENCE):
            answer = await client.desk.ask(host, dns.rdatatype.A)
    except TimeoutError:
        return SetupLine("dns", Status.FAIL, "dns-failed", facts)
    if answer.failed:
        return SetupLine("dns", Status.FAIL, "dns-failed", facts)
    return SetupLine("dns", Status.PASS, "dns-right", {**facts, "server": answer.server})


async def _check_database(client: Client) -> SetupLine:
    try:
        await client.desk.remember(_NOBODY, Domain(client.desk.server.host))
    except StoreError as error:
        return SetupLine("database", Status.FAIL, "said", said=str(error))
    return SetupLine("database", Status.PASS, "database-right")
