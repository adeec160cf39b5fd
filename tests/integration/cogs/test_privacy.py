"""`/privacy`: what is stored about who asks, and deleting it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bot.names import Domain
from bot.requests.model import RequestKind, State
from bot.store.backup.database_copy import connect
from discord_house import BUTTON, answer_to, labels_of, text_of, walk
from request_guild import ADMIN, keep_office

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from simcord import MemberActor
    from simcord.results import ResponseMessage

    from bot.requests.model import Request
    from discord_house import House, LogWatch
    from request_guild import Office

pytest_plugins = ["discord_fixtures"]

ASK, DELETE, KEEP = "Delete my data", "Delete it for good", "Keep it"


@pytest.fixture
async def office(store: Path, errors: LogWatch) -> AsyncIterator[Office]:
    async with keep_office(store) as office:
        yield office


async def look(office: Office | House, who: MemberActor | None = None) -> ResponseMessage:
    card = answer_to(await (who or office.ann).slash(office.channel, "privacy"))
    assert card.ephemeral
    return card


async def click(office: Office | House, card: ResponseMessage, label: str) -> ResponseMessage:
    """Return the card that takes the place of the one that was clicked."""
    return answer_to(await office.ann.click(card, label=label))


async def delete(office: Office | House) -> ResponseMessage:
    return await click(office, await click(office, await look(office), ASK), DELETE)


async def ask(office: Office, kind: RequestKind, domain: str) -> Request:
    await office.ann.slash(office.channel, kind.value, domain=domain)
    await office.work()
    return (await office.requests.of_member(office.ann.id))[0]


def numbers_in(store: Path) -> set[object]:
    """Return every value that is stored anywhere."""
    with closing(connect(store)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            value
            for (table,) in tables.fetchall()
            for row in connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - our own names
            for value in row
        }


async def test_who_never_used_the_bot_is_told_that_nothing_is_stored(office: Office) -> None:
    card = await look(office)
    assert "Nothing is stored about you." in text_of(card)
    assert "400 days" in text_of(card)
    assert labels_of(card) == []


async def test_it_counts_what_is_stored_about_who_asks_and_nobody_else(office: Office) -> None:
    await office.ben.slash(office.channel, "dnscheck", domain="newcomer.example")
    await office.ann.slash(office.channel, "dnscheck", domain="friend.example")
    await ask(office, RequestKind.DKIM, "eager.example")
    said = text_of(await look(office))
    assert "**2** domains that you asked about" in said
    assert "`eager.example` and `friend.example`" in said
    assert "**2** checks that you asked for" in said
    assert "**1** request to the admin (1 open, 0 ended)" in said
    assert "newcomer.example" not in said
    assert "decision" not in said


async def test_a_deletion_is_confirmed_and_says_which_requests_it_withdraws(office: Office) -> None:
    await ask(office, RequestKind.DKIM, "eager.example")
    ended = await ask(office, RequestKind.DMARC, "friend.example")
    await office.requests.deny(ended.id, ADMIN, "no")
    card = await click(office, await look(office), ASK)
    said = text_of(card)
    assert "Your open request is withdrawn:" in said
    assert "Request #1: DKIM for `eager.example`" in said
    assert "#2" not in said
    assert "out of **2** checks and **2** requests" in said
    assert labels_of(card) == [DELETE, KEEP]
    back = await click(office, card, KEEP)
    assert "**2** requests to the admin (1 open, 1 ended)" in text_of(back)
    assert [r.open for r in await office.requests.of_member(office.ann.id)] == [False, True]


async def test_after_a_deletion_the_member_is_nowhere_in_the_store(
    office: Office, store: Path
) -> None:
    opened = await ask(office, RequestKind.DKIM, "eager.example")
    ended = await ask(office, RequestKind.DMARC, "friend.example")
    await office.requests.deny(ended.id, ADMIN, "no")
    await office.work()
    direct = office.ann_user.dm_channel.id
    assert numbers_in(store) >= {office.ann.id, direct}
    done = await delete(office)
    assert "Nothing is stored about you any more" in text_of(done)
    assert labels_of(done) == []
    await office.work()
    assert not numbers_in(store) & {office.ann.id, direct}
    now = await office.requests.get(opened.id)
    assert now is not None
    assert (now.state, now.forgotten) == (State.WITHDRAWN, True)
    # What happened stays, and so do the reports, which are about domains.
    assert [entry.after.value for entry in await office.requests.audit(opened.id)] == [
        "pending",
        "withdrawn",
    ]
    cards = office.request_channel.history()
    assert len(cards) == 2
    assert not any(str(office.ann.id) in str(card.components) for card in cards)
    assert "Nothing is stored about you." in text_of(await look(office))


async def test_it_can_be_clicked_again_and_does_nothing_more(office: Office) -> None:
    await ask(office, RequestKind.DKIM, "eager.example")
    card = await click(office, await look(office), ASK)
    twin = await click(office, await look(office), ASK)
    await click(office, card, DELETE)
    audit = await office.requests.audit(1)
    assert "Nothing is stored about you any more" in text_of(await click(office, twin, DELETE))
    assert await office.requests.audit(1) == audit


async def test_a_request_that_was_made_meanwhile_is_asked_about_first(office: Office) -> None:
    await office.ann.slash(office.channel, "dnscheck", domain="friend.example")
    card = await click(office, await look(office), ASK)
    await ask(office, RequestKind.DKIM, "eager.example")
    again = await click(office, card, DELETE)
    assert "Request #1: DKIM for `eager.example`" in text_of(again)
    assert len(await office.requests.of_member(office.ann.id)) == 1
    await click(office, again, DELETE)
    assert await office.requests.of_member(office.ann.id) == ()


async def test_a_request_at_the_mail_server_goes_on_without_the_member(
    office: Office, store: Path
) -> None:
    request = await ask(office, RequestKind.MAILDOMAIN, "eager.example")
    await office.requests.approve(request.id, ADMIN)
    # The worker writes this down before it calls the mail server.
    with closing(connect(store)) as connection:
        connection.execute("UPDATE request SET state = 'working'")
    card = await click(office, await look(office), ASK)
    assert "is being carried out right now and cannot be stopped" in text_of(card)
    assert "withdrawn" not in text_of(card)
    await click(office, card, DELETE)
    assert office.ann.id not in numbers_in(store)
    now = await office.requests.get(request.id)
    assert now is not None
    assert now.state is State.WORKING


async def test_nobody_else_can_click_the_buttons(office: Office) -> None:
    await ask(office, RequestKind.DKIM, "eager.example")
    card = await click(office, await look(office), ASK)
    stored = office.env.backend.get_message(card.channel_id, card.id)
    await office.ben.slash(office.channel, "dnscheck", domain="friend.example")
    mine = answer_to(await office.ben.click(await look(office, office.ben), label=ASK))
    theirs = office.env.backend.get_message(mine.channel_id, mine.id)
    for part, copied in zip(
        (p for p in walk(theirs.components) if p["type"] == BUTTON),
        (p for p in walk(stored.components) if p["type"] == BUTTON),
        strict=True,
    ):
        part["custom_id"] = copied["custom_id"]
    result = await office.ben.click(mine, label=DELETE)
    assert "may not" in text_of(answer_to(result))
    assert len(await office.requests.of_member(office.ann.id)) == 1


async def test_an_admin_is_told_of_their_decisions(office: Office, store: Path) -> None:
    request = (
        await office.requests.open(RequestKind.DKIM, Domain.from_ascii("eager.example"), (1, 2), 3)
    ).request
    await office.requests.deny(request.id, office.ann.id, "no")
    card = await look(office)
    assert "**1** decision that you made as an admin" in text_of(card)
    await click(office, await click(office, card, ASK), DELETE)
    assert office.ann.id not in numbers_in(store)


async def test_former_requests_are_shown_and_deleted_where_none_are_taken(
    store: Path, errors: LogWatch
) -> None:
    async with keep_office(store, takes=False) as office:
        opened = await office.requests.open(
            RequestKind.DKIM, Domain.from_ascii("eager.example"), (1, 2), office.ann.id
        )
        assert "(1 open, 0 ended)" in text_of(await look(office))
        await delete(office)
        now = await office.requests.get(opened.request.id)
        assert now is not None
        assert now.state is State.WITHDRAWN


async def test_the_buttons_work_after_a_restart(house: House) -> None:
    await house.check("friend.example")
    card = await look(house)
    await house.restart()
    confirmation = await click(house, card, ASK)
    await house.restart()
    assert "Nothing is stored" in text_of(await click(house, confirmation, DELETE))
    assert house.ann.id not in numbers_in(house.store)


async def test_fifty_domains_and_ten_requests_fit_a_card(office: Office) -> None:
    for number in range(50):
        await office.client.member_service.remember(
            office.ann.id, Domain.from_ascii(f"{'x' * 60}-{number}.example")
        )
    for number in range(10):
        domain = Domain.from_ascii(f"{'y' * 60}.{'y' * 60}.{'y' * 60}.{number}.example")
        await office.requests.open(RequestKind.DKIM, domain, (1, 2), office.ann.id)
    card = await look(office)
    assert "and 40 more" in text_of(card)
    confirmation = await click(office, card, ASK)
    assert "Your 10 open requests are withdrawn:" in text_of(confirmation)
    assert text_of(confirmation).count("Request #") == 10
