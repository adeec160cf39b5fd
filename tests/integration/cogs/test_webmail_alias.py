"""Requests for the webmail alias: what is said of alias and certificate is what was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.demo.zones import parse_zone
from bot.net.certificate import Certificate
from bot.requests.model import State
from discord_simulation import labels_of, text_of, whisper_after
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
    ("zone", "answer"),
    [
        (MAIL, "`mail.alias.example` is not in the DNS, so no certificate can cover it."),
        (WRONG, "`mail.alias.example` does not lead to `mx1.cow.example`"),
    ],
    ids=["missing", "wrong"],
)
async def test_an_alias_that_is_not_there_has_to_be_added_before_an_admin_is_asked(
    guild: RequestGuild, zone: str, answer: str
) -> None:
    publish(guild, zone)
    told = await ask(guild, "webmail", DOMAIN)
    assert answer in text_of(told)
    assert "CNAME" in text_of(told)
    assert labels_of(told) == ["Check again"]
    assert await guild.requests.open_requests() == ()


async def test_an_alias_that_is_covered_already_is_said_to_be_so(guild: RequestGuild) -> None:
    publish(guild, RIGHT)
    guild.aliases.certificate = Certificate.COVERS
    told = await ask(guild, "webmail", DOMAIN)
    assert "covers `mail.alias.example` already" in text_of(told)
    assert labels_of(told) == []
    assert await guild.requests.open_requests() == ()


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
    publish(guild, RIGHT)
    await ask(guild, "webmail", DOMAIN)
    await guild.work()
    publish(guild, zone)
    await guild.ben.click(card_of(guild), label="Check again")
    assert "has added" not in said(card_of(guild))
    assert said_of_it in said(card_of(guild))


async def test_an_alias_that_is_gone_is_told_to_the_admin_who_approves(
    guild: RequestGuild,
) -> None:
    publish(guild, RIGHT)
    await ask(guild, "webmail", DOMAIN)
    await guild.work()
    publish(guild, MAIL)
    told = whisper_after(await guild.ben.click(card_of(guild), label="Approve"))
    assert "Request #1 was not approved. `mail.alias.example` is not in the DNS" in text_of(told)
    assert (await get(guild, 1)).state is State.PENDING
    assert "⚠️ `mail.alias.example` is not in the DNS" in said(card_of(guild))


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
    publish(guild, RIGHT)
    await ask(guild, "webmail", DOMAIN)
    await guild.work()
    publish(guild, zone)
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


async def test_a_certificate_that_covers_the_alias_later_is_seen(guild: RequestGuild) -> None:
    publish(guild, RIGHT)
    await ask(guild, "webmail", DOMAIN)
    await guild.requests.approve(1, ADMIN)
    await guild.work()
    assert (await get(guild, 1)).state is State.WAITING
    guild.aliases.certificate = Certificate.COVERS
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
