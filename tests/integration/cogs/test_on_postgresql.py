"""The whole bot on a simulated Discord, with its database on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.demo.world import DEMO_ENVIRONMENT, DOMAINS
from bot.demo.zones import parse_zone
from bot.requests.model import State
from bot.store.engine.database import Database
from discord_simulation import DETAILS, HOME, answer_to, labels_of, open_simulation, text_of
from domain_pasts import Past, ago, first_look
from request_guild import open_request_guild
from request_steps import ask, get, hand_out, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from discord_simulation import LogWatch, Simulation
    from request_guild import RequestGuild

pytest_plugins = ["discord_fixtures", "store_fixtures"]


@pytest.fixture
async def guild(postgres_url: str, errors: LogWatch) -> AsyncIterator[RequestGuild]:
    async with open_request_guild(postgres_url) as guild:
        yield guild


@pytest.fixture
async def home(postgres_url: str, errors: LogWatch) -> AsyncIterator[Simulation]:
    async with open_simulation(postgres_url, environ={**DEMO_ENVIRONMENT, **HOME}) as sim:
        yield sim


async def test_a_key_is_asked_for_approved_handed_out_and_seen_live(guild: RequestGuild) -> None:
    request = await hand_out(guild)
    assert request.state is State.WAITING
    (record,) = guild.direct()
    assert "dkim._domainkey" in said(record)
    mended = DOMAINS["eager.example"].mended
    guild.dns.zones = guild.dns.zones.with_zone(parse_zone("eager.example", mended))
    for _ in range(3):
        await guild.later(hours=1)
    assert (await get(guild, 1)).state is State.CLOSED
    assert "is live" in said(guild.direct()[-1])


async def test_what_is_kept_of_a_member_is_told_and_forgotten(guild: RequestGuild) -> None:
    await ask(guild, "dnscheck", "friend.example")
    await hand_out(guild)
    card = answer_to(await guild.ann.slash(guild.channel, "privacy"))
    assert "friend.example" in text_of(card)
    assert guild.client.privacy is not None
    await guild.client.privacy.forget(guild.ann.id)
    card = answer_to(await guild.ann.slash(guild.channel, "privacy"))
    assert "Nothing is stored about you." in text_of(card)
    assert (await get(guild, 1)).forgotten


async def test_a_check_is_kept_and_its_buttons_work_after_a_restart(home: Simulation) -> None:
    card = await home.check("mover.example")
    await home.restart()
    assert DETAILS in labels_of(card)
    details = answer_to(await home.ann.click(card, label=DETAILS))
    assert "mover.example" in text_of(details).replace("\\", "")


async def test_the_history_that_the_watch_kept_is_shown(
    home: Simulation, postgres_url: str
) -> None:
    past = first_look(ago(90))
    assert isinstance(past, Past)
    async with await Database.open(postgres_url, exclusive=False) as database:
        await database.write(lambda session: past.write(session, known_at=ago(0)))
    card = answer_to(await home.ann.slash(home.channel, "history", domain="friend.example"))
    assert card.ephemeral
    assert [file.filename for file in card.attachments] == ["history.png"]
