"""A request of who has shown control of a domain, in the place of one of who has not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.errors import RequestError
from bot.requests.control_proof import BY_DNS
from bot.requests.failure import load_failure
from bot.requests.model import MOST_OPEN, ActorKind, MessageKind, RequestKind, State
from bot.store.repositories.control_proofs import ControlProofs
from request_parts import ANN, BEN, COWHERD, FRIEND, MOVER, NOON, PLACE

if TYPE_CHECKING:
    from bot.requests.model import Request
    from bot.requests.outcomes import Opened
    from request_parts import Setup

pytest_plugins = ["request_fixtures"]

MAILDOMAIN = RequestKind.MAILDOMAIN


async def ask(parts: Setup, member: int = ANN) -> Request:
    return (await parts.requests.open(MAILDOMAIN, FRIEND, PLACE, member)).request


async def take_over(parts: Setup, member: int = BEN) -> Opened:
    return await parts.requests.open_proven(MAILDOMAIN, FRIEND, PLACE, member)


async def now_of(parts: Setup, request: Request) -> Request:
    found = await parts.requests.get(request.id)
    assert found is not None
    return found


async def test_the_first_is_ended_and_told_and_the_other_is_open(parts: Setup) -> None:
    first = await ask(parts)
    await parts.settle()
    opened = await take_over(parts)
    assert (opened.is_new, opened.by_other) == (True, False)
    assert (opened.request.state, opened.request.member_id) == (State.PENDING, BEN)
    ended = await now_of(parts, first)
    reason = load_failure(ended.reason)
    assert (ended.state, ended.open) == (State.REPLACED, False)
    assert reason is not None
    assert reason.code == "request-replaced"
    entry = (await parts.requests.audit(first.id))[-1]
    assert (entry.before, entry.after) == (State.PENDING, State.REPLACED)
    assert (entry.actor.kind, entry.detail) == (ActorKind.BOT, ended.reason)
    await parts.settle()
    card, *told = parts.messenger.said(first.id)
    assert card == "admin-card"
    assert sorted(told) == ["admin-edit", "member-replaced"]  # of two people: side by side
    assert parts.messenger.said(opened.request.id) == ["admin-card"]


async def test_a_request_whose_member_has_shown_control_too_stays(parts: Setup) -> None:
    first = await ask(parts)
    await ControlProofs(parts.database).keep(FRIEND, ANN, BY_DNS, NOON)
    opened = await take_over(parts)
    assert (opened.request.id, opened.by_other) == (first.id, True)
    assert (await now_of(parts, first)).state is State.PENDING


async def test_a_proof_for_another_domain_keeps_nothing_open(parts: Setup) -> None:
    first = await ask(parts)
    await ControlProofs(parts.database).keep(MOVER, ANN, BY_DNS, NOON)
    assert (await take_over(parts)).is_new
    assert (await now_of(parts, first)).state is State.REPLACED


async def test_ones_own_request_is_found_and_not_replaced(parts: Setup) -> None:
    mine = await ask(parts, BEN)
    opened = await take_over(parts)
    assert (opened.request.id, opened.is_new, opened.by_other) == (mine.id, False, False)


async def test_what_an_admin_has_approved_already_stays(parts: Setup) -> None:
    first = await ask(parts)
    await parts.requests.approve(first.id, COWHERD, accepts_risk=True)
    opened = await take_over(parts)
    assert (opened.request.id, opened.by_other) == (first.id, True)
    assert (await now_of(parts, first)).state is State.APPROVED


async def test_where_none_is_open_one_is_made(parts: Setup) -> None:
    opened = await take_over(parts)
    assert (opened.is_new, opened.request.member_id) == (True, BEN)


async def test_of_several_at_once_one_takes_the_place(parts: Setup) -> None:
    first = await ask(parts)
    owners = range(100, 108)
    proofs = ControlProofs(parts.database)
    for owner in owners:
        await proofs.keep(FRIEND, owner, BY_DNS, NOON)
    opened = await asyncio.gather(*(take_over(parts, owner) for owner in owners))
    assert sum(one.is_new for one in opened) == 1
    assert len({one.request.id for one in opened}) == 1
    still = [r for r in await parts.requests.of_domain(FRIEND) if r.open]
    assert [request.id for request in still] == [opened[0].request.id]
    ends = [e for e in await parts.requests.audit(first.id) if e.after is State.REPLACED]
    assert len(ends) == 1


async def test_against_an_admins_click_one_wins_and_nothing_is_lost(parts: Setup) -> None:
    for _ in range(8):
        first = await ask(parts)
        approval = parts.requests.approve(first.id, COWHERD, accepts_risk=True)
        decision, opened = await asyncio.gather(approval, take_over(parts))
        ended = await now_of(parts, first)
        assert decision.won is (ended.state is State.APPROVED)
        assert opened.is_new is (ended.state is State.REPLACED)
        for request in await parts.requests.of_domain(FRIEND):
            if request.open:
                await parts.requests.withdraw(request.id, request.member_id)


async def test_who_has_too_many_open_requests_ends_nobody_elses(parts: Setup) -> None:
    first = await ask(parts)
    for number in range(MOST_OPEN):
        domain = type(FRIEND).from_ascii(f"d{number}.example")
        await parts.requests.open(RequestKind.DKIM, domain, PLACE, BEN)
    with pytest.raises(RequestError, match="request-too-many"):
        await take_over(parts)
    assert (await now_of(parts, first)).state is State.PENDING
    posts = await parts.store.outbox.of(first.id)
    assert MessageKind.MEMBER_REPLACED not in {post.what for post in posts}


@pytest.mark.parametrize("name", ["gmail.com", "mail.gmx.de", "co.uk"])
@pytest.mark.parametrize("proven", [False, True])
async def test_a_domain_that_nobody_who_asks_can_have_is_not_asked_for(
    parts: Setup, name: str, *, proven: bool
) -> None:
    domain = type(FRIEND).from_ascii(name)
    make = parts.requests.open_proven if proven else parts.requests.open
    with pytest.raises(RequestError, match="request-domain-"):
        await make(MAILDOMAIN, domain, PLACE, ANN)
    assert await parts.requests.of_domain(domain) == ()
