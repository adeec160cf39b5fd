"""Forgotten members: a pseudonym in what is kept, and no more messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from bot.requests.model import ActorKind, MessageKind, RequestKind, State
from request_parts import ANN, BEN, COWHERD, MOVER, PLACE, Setup
from stored_requests import ask, now_of, states_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

pytest_plugins = ["request_fixtures"]


async def test_a_forgotten_member_is_a_pseudonym_everywhere(parts: Setup) -> None:
    waiting, pending = await ask(parts), await ask(parts, RequestKind.DMARC)
    other = (await parts.requests.open(RequestKind.DKIM, MOVER, PLACE, BEN)).request
    await parts.requests.approve(waiting.id, COWHERD)
    await parts.settle()
    await parts.requests.forget_member(ANN)
    assert await parts.requests.of_member(ANN) == ()
    after = [await now_of(parts, request) for request in (waiting, pending)]
    assert [request.state for request in after] == [State.WITHDRAWN] * 2
    assert all(request.forgotten and request.message_id is None for request in after)
    assert after[0].member_id == after[1].member_id
    entries = [*await parts.requests.audit(waiting.id), *await parts.requests.audit(pending.id)]
    members = {entry.actor.id for entry in entries if entry.actor.kind is ActorKind.MEMBER}
    assert members == {after[0].member_id}
    assert await states_of(parts, waiting) == [
        "pending",
        "approved",
        "working",
        "waiting",
        "withdrawn",
    ]
    assert await now_of(parts, other) == (await parts.requests.of_member(BEN))[0]
    await parts.requests.forget_member(COWHERD)
    assert ANN not in await _numbers(parts)
    assert COWHERD not in await _numbers(parts)
    await parts.settle()
    before = len(parts.messenger.sent())
    await parts.settle()
    assert len(parts.messenger.sent()) == before


async def test_no_way_back_to_a_forgotten_members_messages_is_kept(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.deny(request.id, COWHERD, "no")
    await parts.settle()
    await parts.requests.forget_member(ANN)
    await parts.settle()
    posts = await parts.store.outbox.of(request.id)
    to_member = {post.what: post.message_id for post in posts if post.what.target == "member"}
    assert to_member == {MessageKind.MEMBER_DENIED: None}
    # The card in the request channel named the member.
    assert [post.what for post in posts][-1] is MessageKind.ADMIN_EDIT
    assert parts.messenger.said(request.id).count("admin-edit") == 2


async def _numbers(parts: Setup) -> set[object]:
    """Return every number that is stored about requests, apart from rows' own."""

    def read(session: Session) -> set[object]:
        columns = "member_id, decided_by FROM request UNION SELECT actor_id, actor_id FROM audit"
        rows = session.execute(text(f"SELECT {columns}"))
        return {number for row in rows for number in row}

    return await parts.database.read(read)


async def test_two_forgotten_members_have_different_pseudonyms(parts: Setup) -> None:
    mine = await ask(parts)
    other = (await parts.requests.open(RequestKind.DKIM, MOVER, PLACE, BEN)).request
    await parts.requests.forget_member(ANN)
    await parts.requests.forget_member(BEN)
    ids = {(await now_of(parts, request)).member_id for request in (mine, other)}
    assert len(ids) == 2
    assert all(number < 0 for number in ids)


async def test_no_message_goes_to_a_forgotten_member_whose_key_is_being_made(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    await parts.worker.step()
    await parts.requests.forget_member(ANN)
    assert (await now_of(parts, request)).state is State.WORKING
    await parts.settle()
    assert (await now_of(parts, request)).state is State.WAITING
    posts = await parts.store.outbox.of(request.id)
    to_member = [post for post in posts if post.what is MessageKind.MEMBER_RECORD]
    assert [post.message_id for post in to_member] == [None]
    assert not any(what.startswith("member") for what in parts.messenger.said(request.id))
