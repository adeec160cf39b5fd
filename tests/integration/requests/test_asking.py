"""Asking: who gets a new request, how many may be open at once, and how they are listed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.errors import RequestError, StoreError
from bot.names import Domain
from bot.requests.model import MOST_OPEN, RequestKind, State
from bot.requests.outbox_worker import Postponed
from bot.store.tables import RequestRow
from max_wait import MAX_WAIT
from request_parts import ANN, BEN, COWHERD, FRIEND, MOVER, NOON, PLACE, Setup
from stored_requests import ask, now_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

pytest_plugins = ["request_fixtures"]


async def test_a_new_request_is_pending_and_the_admin_gets_a_card(parts: Setup) -> None:
    opened = await parts.requests.open(
        RequestKind.DKIM, FRIEND, PLACE, ANN, evidence='["spf: pass"]'
    )
    assert (opened.is_new, opened.by_other) == (True, False)
    request = opened.request
    assert request == await now_of(parts, request)
    assert (request.kind, request.domain, request.state) == (
        RequestKind.DKIM,
        FRIEND,
        State.PENDING,
    )
    assert (request.guild_id, request.channel_id, request.member_id) == (*PLACE, ANN)
    assert (request.version, request.created_at, request.evidence) == (1, NOON, '["spf: pass"]')
    await parts.settle()
    assert parts.messenger.said(request.id) == ["admin-card"]
    assert (await now_of(parts, request)).card_message_id == 1
    assert (await now_of(parts, request)).version == 1


async def test_a_domain_has_one_open_request_of_a_kind(parts: Setup) -> None:
    first = await parts.requests.open(RequestKind.DKIM, FRIEND, PLACE, ANN)
    again = await parts.requests.open(RequestKind.DKIM, FRIEND, PLACE, ANN)
    other = await parts.requests.open(RequestKind.DKIM, FRIEND, PLACE, BEN)
    assert (again.request.id, again.is_new, again.by_other) == (first.request.id, False, False)
    assert (other.request.id, other.is_new, other.by_other) == (first.request.id, False, True)
    assert (await parts.requests.open(RequestKind.DMARC, FRIEND, PLACE, ANN)).is_new
    assert (await parts.requests.open(RequestKind.DKIM, MOVER, PLACE, ANN)).is_new
    await parts.requests.withdraw(first.request.id, ANN)
    anew = await parts.requests.open(RequestKind.DKIM, FRIEND, PLACE, BEN)
    assert anew.is_new
    assert anew.request.id > first.request.id


async def test_fifty_who_ask_at_once_get_the_same_request(parts: Setup) -> None:
    async with asyncio.timeout(MAX_WAIT):
        opened = await asyncio.gather(
            *(
                parts.requests.open(RequestKind.DKIM, FRIEND, PLACE, member)
                for member in range(1, 51)
            )
        )
    assert len({one.request.id for one in opened}) == 1
    assert sum(one.is_new for one in opened) == 1
    assert len(await parts.requests.audit(opened[0].request.id)) == 1


async def test_the_database_itself_refuses_a_second_open_request(parts: Setup) -> None:
    request = await ask(parts)

    def copy(session: Session) -> None:
        columns = RequestRow.__table__.columns.keys()
        names = ", ".join(name for name in columns if name not in {"id", "version"})
        session.execute(
            text(f"INSERT INTO request ({names}, version) SELECT {names}, 9 FROM request")  # noqa: S608 - our own column names
        )

    with pytest.raises(StoreError):
        await parts.database.write(copy)
    await parts.requests.deny(request.id, COWHERD, "no")
    await parts.database.write(copy)


async def test_a_member_cannot_have_ever_more_open_requests(parts: Setup) -> None:
    for number in range(MOST_OPEN):
        await ask(parts, domain=Domain.from_ascii(f"n{number}.example"))
    with pytest.raises(RequestError, match="request-too-many"):
        await ask(parts, domain=MOVER)
    assert not (
        await parts.requests.open(RequestKind.DKIM, Domain.from_ascii("n1.example"), PLACE, ANN)
    ).is_new
    assert (await parts.requests.open(RequestKind.DKIM, MOVER, PLACE, BEN)).is_new


async def test_a_live_request_is_no_open_one_whoever_was_told(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    parts.live.add(FRIEND.ascii)
    await parts.settle()
    parts.messenger.answer = Postponed("Discord is down", timedelta(hours=2))
    parts.pass_time(minutes=2)
    await parts.settle()
    live = await now_of(parts, request)
    assert (live.state, live.open) == (State.LIVE, False)
    assert await parts.requests.open_requests() == ()
    assert (await parts.requests.open(RequestKind.DKIM, FRIEND, PLACE, ANN)).is_new


async def test_lists_are_in_the_order_that_people_read_them_in(parts: Setup) -> None:
    first, second = await ask(parts), await ask(parts, RequestKind.DMARC)
    third = await ask(parts, domain=MOVER)
    await parts.requests.deny(second.id, COWHERD, "no")
    own = await parts.requests.of_member(ANN)
    assert [request.id for request in own] == [third.id, second.id, first.id]
    its = await parts.requests.of_domain(FRIEND)
    assert [request.id for request in its] == [second.id, first.id]
    assert [r.id for r in await parts.requests.open_requests()] == [first.id, third.id]
    assert [r.id for r in await parts.requests.waiting_for_admin()] == [first.id, third.id]
    assert (await parts.requests.latest_audit(1))[0].request_id == second.id
    assert await parts.requests.get(999) is None
