"""`/history`, and what a check says of the time before it, on a simulated Discord."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from bot.checks.finding import Check
from bot.demo.world import DEMO_ENVIRONMENT
from bot.interactions.rate_limits import CHECKS_A_MINUTE
from bot.names import Domain
from discord_simulation import (
    HOME,
    answer_to,
    change_store,
    open_details,
    open_simulation,
    read_store,
    text_of,
    walk,
)
from domain_pasts import RIGHT, Past, state

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from simcord.results import ResponseMessage

    from discord_simulation import LogWatch, Simulation

pytest_plugins = ["discord_fixtures"]
MEDIA_GALLERY = 12  # the type of component
TODAY = datetime.now(UTC).replace(microsecond=0)
NEWCOMER = Domain.from_ascii("newcomer.example")
MX_BROKE = {Check.MX: state("fail", code="mx-missing")}


@pytest.fixture
async def home(store: Path, errors: LogWatch) -> AsyncIterator[Simulation]:
    """The bot over the demo's world, with the test's server as its home."""
    async with open_simulation(store, environ={**DEMO_ENVIRONMENT, **HOME}) as sim:
        yield sim


def ago(days: int) -> datetime:
    """Return a moment by the clock that the bot has."""
    return TODAY - timedelta(days=days)


def write(sim: Simulation, past: Past) -> None:
    engine = create_engine(f"sqlite:///{sim.store}")
    with Session(engine) as session:
        past.write(session, known_at=TODAY)
        session.commit()
    engine.dispose()


def had_mx(domain: Domain = NEWCOMER) -> Past:
    """Return the past of a domain whose MX record went ten days ago."""
    return Past(domain).look(ago(90), RIGHT, ("ns1.a.example.",)).look(ago(10), MX_BROKE)


async def ask(sim: Simulation, name: str = "newcomer.example") -> ResponseMessage:
    return answer_to(await sim.ann.slash(sim.channel, "history", domain=name))


async def test_the_history_is_a_private_card_with_a_picture_and_words_for_it(
    home: Simulation,
) -> None:
    write(home, had_mx())
    card = await ask(home)
    assert card.ephemeral
    said = text_of(card)
    assert f"<t:{int(ago(10).timestamp())}:D>: MX went from right to broken." in said
    (gallery,) = (part for part in walk(card.components) if part["type"] == MEDIA_GALLERY)
    (item,) = gallery["items"]
    assert "MX: right until" in item["description"]
    (file,) = card.attachments
    assert file.filename == "history.png"


async def test_a_domain_that_is_not_watched_says_how_to_watch_it(home: Simulation) -> None:
    said = text_of(await ask(home))
    assert "do not watch" in said
    assert "</watch add:" in said
    assert not home.dns.asked


async def test_a_domain_that_was_not_looked_at_yet_says_so(home: Simulation) -> None:
    write(home, Past(NEWCOMER))
    said = text_of(await ask(home))
    assert "have found nothing out about it yet" in said
    assert "</watch add:" not in said


async def test_who_asks_for_many_histories_waits_as_for_checks(home: Simulation) -> None:
    write(home, had_mx())
    for _ in range(CHECKS_A_MINUTE):
        await ask(home)
    refused = await ask(home)
    assert not refused.attachments
    assert f"{CHECKS_A_MINUTE} times a minute" in text_of(refused)


async def test_elsewhere_nothing_is_shown_though_the_domain_is_watched(sim: Simulation) -> None:
    write(sim, had_mx())
    card = await ask(sim)
    assert not card.attachments
    assert "went from" not in text_of(card)
    assert "</dnscheck:" in text_of(card)


async def test_a_check_of_a_watched_domain_says_since_when(home: Simulation) -> None:
    write(home, had_mx())
    card = await home.check("newcomer.example")
    day = f"<t:{int(ago(10).timestamp())}:D>"
    assert f"-# MX has been broken since {day}; it was right before." in text_of(card).splitlines()
    details = text_of(await open_details(home.ann, card))
    assert "### Since when" in details
    assert f"- {day}: MX went from right to broken." in details
    assert "</history:" in details


async def test_a_shared_check_says_nothing_of_the_past(home: Simulation) -> None:
    write(home, had_mx())
    shared = await home.share(await home.check("newcomer.example"))
    assert "has been broken" not in text_of(shared)
    details = text_of(await open_details(home.ben, shared))
    assert "### Since when" not in details


async def test_elsewhere_the_watch_of_a_domain_is_not_told(sim: Simulation) -> None:
    write(sim, had_mx())
    card = await sim.check("newcomer.example")
    assert "since" not in text_of(card)
    assert "### Since when" not in text_of(await open_details(sim.ann, card))


async def test_a_domain_that_is_not_watched_is_compared_with_the_members_own_check(
    home: Simulation,
) -> None:
    first = await home.check("mover.example")
    assert "your check" not in text_of(first)
    assert "your check" not in text_of(await home.check("mover.example", home.ben))
    again = await home.check("mover.example")
    assert "MX was broken at your check of <t:" in text_of(again)
    details = text_of(await open_details(home.ann, again))
    assert "I compared your own checks." in details
    assert "</watch add:" in details


async def test_what_a_member_may_not_know_here_is_compared_with_nothing(home: Simulation) -> None:
    await home.check("mover.example")
    change_store(home, "UPDATE stored_check SET confidential = 1 - confidential")
    assert "your check" not in text_of(await home.check("mover.example"))


async def test_a_check_of_an_earlier_schema_is_not_read(home: Simulation) -> None:
    await home.check("mover.example")
    change_store(home, "UPDATE stored_check SET schema = 1, report = 'x'")
    assert "your check" not in text_of(await home.check("mover.example"))


async def test_a_new_check_is_one_more_look_at_a_watched_domain(home: Simulation) -> None:
    write(home, Past(NEWCOMER).look(ago(90), RIGHT, ("ns1.a.example.",)))
    said = text_of(await home.check("newcomer.example"))
    assert "has been broken since" in said
    assert "it was right before" in said
    assert read_store(home, "SELECT count(*) FROM domain_change") == [(1,)]
