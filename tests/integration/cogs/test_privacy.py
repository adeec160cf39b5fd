"""`/privacy`: what is stored about who asks, and deleting it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.names import Domain
from bot.requests.model import Actor, ActorKind, RequestKind, State
from bot.rotations.rotation import NewRotation
from bot.store.backup.database_copy import connect
from bot.store.repositories.rotations import StoredRotations
from discord_simulation import BUTTON, answer_to, labels_of, text_of, walk, whisper_after
from request_guild import ADMIN, open_request_guild
from rotation_parts import FRIEND, NOON, OLD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simcord import MemberActor
    from simcord.results import ResponseMessage

    from bot.requests.model import Request
    from discord_simulation import LogWatch, Simulation
    from request_guild import RequestGuild

pytest_plugins = ["discord_fixtures"]

ASK, DELETE, KEEP = "Delete my data", "Delete it for good", "Keep it"


@pytest.fixture
async def guild(store: Path, errors: LogWatch) -> AsyncIterator[RequestGuild]:
    async with open_request_guild(store) as guild:
        yield guild


async def look(guild: RequestGuild | Simulation, who: MemberActor | None = None) -> ResponseMessage:
    card = answer_to(await (who or guild.ann).slash(guild.channel, "privacy"))
    assert card.ephemeral
    return card


async def click(
    guild: RequestGuild | Simulation, card: ResponseMessage, label: str
) -> ResponseMessage:
    """Return the card that takes the place of the one that was clicked."""
    return answer_to(await guild.ann.click(card, label=label))


async def delete(guild: RequestGuild | Simulation) -> ResponseMessage:
    return await click(guild, await click(guild, await look(guild), ASK), DELETE)


async def ask(guild: RequestGuild, kind: RequestKind, domain: str) -> Request:
    await guild.ann.slash(guild.channel, kind.value, domain=domain)
    await guild.work()
    return (await guild.requests.of_member(guild.ann.id))[0]


def numbers_in(store: Path | str) -> set[object]:
    """Return every value that is stored anywhere."""
    with closing(connect(Path(store))) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            value
            for (table,) in tables.fetchall()
            for row in connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - our own names
            for value in row
        }


async def test_who_never_used_the_bot_is_told_that_nothing_is_stored(guild: RequestGuild) -> None:
    card = await look(guild)
    assert "Nothing is stored about you." in text_of(card)
    assert "400 days" in text_of(card)
    assert labels_of(card) == []


async def test_it_counts_what_is_stored_about_who_asks_and_nobody_else(guild: RequestGuild) -> None:
    await guild.ben.slash(guild.channel, "dnscheck", domain="newcomer.example")
    await guild.ann.slash(guild.channel, "dnscheck", domain="friend.example")
    await ask(guild, RequestKind.DKIM, "eager.example")
    said = text_of(await look(guild))
    assert "**2** domains that you asked about" in said
    assert "`eager.example` and `friend.example`" in said
    assert "**2** checks that you asked for" in said
    assert "**1** request to the admin (1 open, 0 ended)" in said
    assert "newcomer.example" not in said
    assert "decision" not in said


async def test_a_deletion_is_confirmed_and_says_which_requests_it_withdraws(
    guild: RequestGuild,
) -> None:
    await ask(guild, RequestKind.DKIM, "eager.example")
    ended = await ask(guild, RequestKind.WEBMAIL, "friend.example")
    await guild.requests.deny(ended.id, ADMIN, "no")
    card = await click(guild, await look(guild), ASK)
    said = text_of(card)
    assert "Your open request is withdrawn:" in said
    assert "Request #1: DKIM for `eager.example`" in said
    assert "#2" not in said
    assert "out of **2** checks and **2** requests" in said
    assert labels_of(card) == [DELETE, KEEP]
    back = await click(guild, card, KEEP)
    assert "**2** requests to the admin (1 open, 1 ended)" in text_of(back)
    assert [r.open for r in await guild.requests.of_member(guild.ann.id)] == [False, True]


async def test_after_a_deletion_the_member_is_nowhere_in_the_store(
    guild: RequestGuild, store: Path
) -> None:
    opened = await ask(guild, RequestKind.DKIM, "eager.example")
    ended = await ask(guild, RequestKind.WEBMAIL, "friend.example")
    await guild.requests.deny(ended.id, ADMIN, "no")
    await guild.work()
    direct = guild.ann_user.dm_channel.id
    assert numbers_in(store) >= {guild.ann.id, direct}
    done = await delete(guild)
    assert "Nothing is stored about you any more" in text_of(done)
    assert labels_of(done) == []
    await guild.work()
    assert not numbers_in(store) & {guild.ann.id, direct}
    now = await guild.requests.get(opened.id)
    assert now is not None
    assert (now.state, now.forgotten) == (State.WITHDRAWN, True)
    # What happened stays, and so do the reports, which are about domains.
    assert [entry.after.value for entry in await guild.requests.audit(opened.id)] == [
        "pending",
        "withdrawn",
    ]
    cards = guild.request_channel.history()
    assert len(cards) == 2
    assert not any(str(guild.ann.id) in str(card.components) for card in cards)
    assert "Nothing is stored about you." in text_of(await look(guild))


async def test_it_can_be_clicked_again_and_does_nothing_more(guild: RequestGuild) -> None:
    await ask(guild, RequestKind.DKIM, "eager.example")
    card = await click(guild, await look(guild), ASK)
    twin = await click(guild, await look(guild), ASK)
    await click(guild, card, DELETE)
    audit = await guild.requests.audit(1)
    assert "Nothing is stored about you any more" in text_of(await click(guild, twin, DELETE))
    assert await guild.requests.audit(1) == audit


async def test_a_request_that_was_made_meanwhile_is_asked_about_first(guild: RequestGuild) -> None:
    await guild.ann.slash(guild.channel, "dnscheck", domain="friend.example")
    card = await click(guild, await look(guild), ASK)
    await ask(guild, RequestKind.DKIM, "eager.example")
    again = await click(guild, card, DELETE)
    assert "Request #1: DKIM for `eager.example`" in text_of(again)
    assert len(await guild.requests.of_member(guild.ann.id)) == 1
    await click(guild, again, DELETE)
    assert await guild.requests.of_member(guild.ann.id) == ()


async def test_a_request_at_the_mail_server_goes_on_without_the_member(
    guild: RequestGuild, store: Path
) -> None:
    request = await ask(guild, RequestKind.MAILDOMAIN, "eager.example")
    await guild.requests.approve(request.id, ADMIN, accepts_risk=True)
    # The worker writes this down before it calls the mail server.
    with closing(connect(store)) as connection:
        connection.execute("UPDATE request SET state = 'working'")
    card = await click(guild, await look(guild), ASK)
    assert "is being carried out and cannot be stopped" in text_of(card)
    assert "withdrawn" not in text_of(card)
    await click(guild, card, DELETE)
    assert guild.ann.id not in numbers_in(store)
    now = await guild.requests.get(request.id)
    assert now is not None
    assert now.state is State.WORKING


async def test_nobody_else_can_click_the_buttons(guild: RequestGuild) -> None:
    await ask(guild, RequestKind.DKIM, "eager.example")
    card = await click(guild, await look(guild), ASK)
    stored = guild.env.backend.get_message(card.channel_id, card.id)
    await guild.ben.slash(guild.channel, "dnscheck", domain="friend.example")
    mine = answer_to(await guild.ben.click(await look(guild, guild.ben), label=ASK))
    theirs = guild.env.backend.get_message(mine.channel_id, mine.id)
    for part, copied in zip(
        (p for p in walk(theirs.components) if p["type"] == BUTTON),
        (p for p in walk(stored.components) if p["type"] == BUTTON),
        strict=True,
    ):
        part["custom_id"] = copied["custom_id"]
    result = await guild.ben.click(mine, label=DELETE)
    assert "may not" in text_of(whisper_after(result))
    assert len(await guild.requests.of_member(guild.ann.id)) == 1


async def test_an_admin_is_told_of_their_decisions(guild: RequestGuild, store: Path) -> None:
    request = (
        await guild.requests.open(RequestKind.DKIM, Domain.from_ascii("eager.example"), (1, 2), 3)
    ).request
    await guild.requests.deny(request.id, guild.ann.id, "no")
    card = await look(guild)
    assert "**1** decision that you made as an admin" in text_of(card)
    await click(guild, await click(guild, card, ASK), DELETE)
    assert guild.ann.id not in numbers_in(store)


async def test_an_admin_is_told_of_the_changes_of_keys_that_they_began(
    guild: RequestGuild, store: Path
) -> None:
    rotations = StoredRotations(guild.database)
    asked = NewRotation(
        FRIEND, OLD, 2048, by_hand=False, actor=Actor(ActorKind.ADMIN, guild.ann.id)
    )
    begun, _ = await rotations.open(asked, frozenset(), NOON)
    card = await look(guild)
    assert "**1** step of changes of DKIM keys that you took as an admin" in text_of(card)
    sure = await click(guild, card, ASK)
    assert "It is taken out of **1** step of changes of DKIM keys" in text_of(sure)
    await click(guild, sure, DELETE)
    assert guild.ann.id not in numbers_in(store)
    after = await rotations.get(begun.id)
    assert after is not None
    assert after.open


async def test_former_requests_are_shown_and_deleted_where_none_are_taken(
    store: Path, errors: LogWatch
) -> None:
    async with open_request_guild(store, takes=False) as guild:
        opened = await guild.requests.open(
            RequestKind.DKIM, Domain.from_ascii("eager.example"), (1, 2), guild.ann.id
        )
        assert "(1 open, 0 ended)" in text_of(await look(guild))
        await delete(guild)
        now = await guild.requests.get(opened.request.id)
        assert now is not None
        assert now.state is State.WITHDRAWN


async def test_it_tells_of_the_watch_and_takes_the_member_out_of_it(
    guild: RequestGuild, store: Path
) -> None:
    watching, domain = guild.client.watching, Domain.from_ascii("eager.example")
    await ask(guild, RequestKind.DKIM, domain.ascii)
    await watching.add(guild.ann.id, domain)
    for goal in ("mx", "all"):
        await watching.wait_for(guild.ann.id, domain, goal, confidential=True)
    await watching.wait_for(guild.ben.id, domain, "mx", confidential=True)
    with closing(connect(store)) as connection:
        connection.execute(
            "INSERT INTO watch_news (id, key, what, target, facts, nonce, version, created_at, "
            "due_at, attempts, detail) VALUES (1, ?, 'awaited', ?, '{}', 'n', 1, ?, ?, 0, '')",
            (f"digest:{guild.ann.id}:2026-11-23", guild.ann.id, *["2026-11-23 08:00:00"] * 2),
        )
    card = await look(guild)
    said = text_of(card)
    assert "**1** domain that I tell you of" in said
    assert "**2** things that you wait or waited for" in said
    assert "**1** message of mine about these" in said
    assert "what broke, is kept for the domain for 400 days" in said
    confirmation = await click(guild, card, ASK)
    assert "I write to you no more about domains" in text_of(confirmation)
    await click(guild, confirmation, DELETE)
    assert guild.ann.id not in numbers_in(store)
    assert not any(str(guild.ann.id) in str(value) for value in numbers_in(store))
    assert (await watching.list_own(guild.ann.id)).awaited == ()
    with closing(connect(store)) as connection:
        kept = connection.execute("SELECT subject FROM watched").fetchall()
    assert (domain.ascii,) in kept  # what is known of the domain stays
    assert len((await watching.list_own(guild.ben.id)).awaited) == 1


async def test_the_buttons_work_after_a_restart(sim: Simulation) -> None:
    await sim.check("friend.example")
    card = await look(sim)
    await sim.restart()
    confirmation = await click(sim, card, ASK)
    await sim.restart()
    assert "Nothing is stored" in text_of(await click(sim, confirmation, DELETE))
    assert sim.ann.id not in numbers_in(sim.store)


async def test_fifty_domains_and_ten_requests_fit_a_card(guild: RequestGuild) -> None:
    for number in range(50):
        await guild.client.member_service.remember(
            guild.ann.id, Domain.from_ascii(f"{'x' * 60}-{number}.example")
        )
    for number in range(10):
        domain = Domain.from_ascii(f"{'y' * 60}.{'y' * 60}.{'y' * 60}.{number}.example")
        await guild.requests.open(RequestKind.DKIM, domain, (1, 2), guild.ann.id)
    card = await look(guild)
    assert "and 40 more" in text_of(card)
    confirmation = await click(guild, card, ASK)
    assert "Your 10 open requests are withdrawn:" in text_of(confirmation)
    assert text_of(confirmation).count("Request #") == 10
