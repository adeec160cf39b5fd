"""Requests for the webmail alias: what is said of alias and certificate is what was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.demo.zones import parse_zone
from bot.requests.model import State
from request_guild import ADMIN, open_request_guild
from request_steps import ask, get, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import discord

    from discord_simulation import LogWatch
    from request_guild import RequestGuild

pytest_plugins = ["discord_fixtures"]

MAIL = "@ NS ns1.registrar.example.\n@ MX 10 mx1.cow.example.\n"
RIGHT = MAIL + "mail CNAME mx1.cow.example.\n"
WRONG = MAIL + "mail A 192.0.2.77\n"
DOMAIN = "alias.example"


@pytest.fixture
async def guild(store: Path, errors: LogWatch) -> AsyncIterator[RequestGuild]:
    async with open_request_guild(store) as guild:
        ada = guild.guild.add_member(guild.env.create_user("ada"))
        settings = guild.client.settings
        guild.client.settings = settings.model_copy(update={"admin_user_ids": (ada.id,)})
        guild.ben = ada
        yield guild


def publish(guild: RequestGuild, zone: str) -> None:
    guild.dns.zones = guild.dns.zones.with_zone(parse_zone(DOMAIN, zone))


def card_of(guild: RequestGuild) -> discord.Message:
    (card,) = guild.request_channel.history()
    return card


@pytest.mark.parametrize(
    ("zone", "said_of_it"),
    [
        (MAIL, "⚠️ `mail.alias.example` is not in the DNS"),
        (WRONG, "⚠️ `mail.alias.example` is in the DNS, but does not lead to `mx1.cow.example`."),
        (RIGHT, "✅ `mail.alias.example` leads to `mx1.cow.example`."),
    ],
    ids=["missing", "wrong", "right"],
)
async def test_the_card_says_of_the_alias_what_the_check_found(
    guild: RequestGuild, zone: str, said_of_it: str
) -> None:
    publish(guild, zone)
    await ask(guild, "webmail", DOMAIN)
    await guild.work()
    assert "has added" not in said(card_of(guild))
    assert said_of_it in said(card_of(guild))


@pytest.mark.parametrize(
    ("zone", "advice"),
    [
        (MAIL, "First add a CNAME record at `mail.alias.example` to `mx1.cow.example`"),
        (WRONG, "it does not lead to `mx1.cow.example`"),
    ],
    ids=["missing", "wrong"],
)
async def test_no_certificate_is_said_to_cover_an_alias_that_is_not_there(
    guild: RequestGuild, zone: str, advice: str
) -> None:
    publish(guild, zone)
    await ask(guild, "webmail", DOMAIN)
    await guild.work()
    await guild.requests.approve(1, ADMIN)
    await guild.work()
    assert (await get(guild, 1)).state is State.WAITING
    assert advice in said(card_of(guild))
    (accepted,) = guild.direct()
    assert advice in said(accepted)
    await guild.ben.click(card_of(guild), label="I did it")
    await guild.work()
    assert (await get(guild, 1)).state is State.CLOSED
    live = said(guild.direct()[-1])
    assert "The admin says that the certificate covers" in live
    assert advice in live


async def test_an_alias_that_is_added_later_is_seen_with_its_certificate(
    guild: RequestGuild,
) -> None:
    publish(guild, MAIL)
    await ask(guild, "webmail", DOMAIN)
    await guild.requests.approve(1, ADMIN)
    await guild.work()
    assert (await get(guild, 1)).state is State.WAITING
    publish(guild, RIGHT)
    await guild.later(hours=1)
    assert (await get(guild, 1)).state is State.CLOSED
    live = said(guild.direct()[-1])
    assert "The certificate covers the webmail alias of `alias.example` now." in live


async def test_a_mail_domain_that_the_bot_cannot_see_is_the_admins_word(
    guild: RequestGuild,
) -> None:
    await ask(guild, "maildomain", "friend.example")
    await guild.work()
    await guild.requests.approve(1, ADMIN, by_hand=True, accepts_risk=True)
    await guild.work()
    await guild.ben.click(card_of(guild), label="I did it")
    await guild.work()
    assert "The admin says that `friend.example` is on Cow Mail now." in said(guild.direct()[-1])
