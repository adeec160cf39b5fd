"""Approving, denying and withdrawing: of all that is done at once, one thing counts."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.errors import BackendRefused, RequestError, StoreError
from bot.requests.model import Actor, ActorKind, Request, State
from bot.requests.transitions import move, touch
from bot.store.repositories.request_rows import swap
from max_wait import MAX_WAIT
from request_parts import ANN, BEN, COWHERD, DAIRYMAID, FRIEND, NOON, Setup
from stored_requests import ask, now_of, states_of

pytest_plugins = ["request_fixtures"]


async def test_a_change_of_what_is_no_longer_so_is_not_written(parts: Setup) -> None:
    request = await ask(parts)
    await parts.store.requests.change(request.id, lambda now: touch(now, attempts=1), NOON)
    late = move(request, State.DENIED, Actor(ActorKind.ADMIN, COWHERD), NOON, reason="late")
    with pytest.raises(StoreError, match="changed by somebody else"):
        await parts.database.write(lambda session: swap(session, request, late, NOON))
    now = await now_of(parts, request)
    assert (now.state, now.version, now.reason) == (State.PENDING, 2, "")
    assert await states_of(parts, request) == ["pending"]
    assert len(await parts.store.outbox.of(request.id)) == 1


async def test_of_fifty_clicks_at_once_one_decides(parts: Setup) -> None:
    request = await ask(parts)

    async def click(number: int) -> tuple[int, bool, Request]:
        admin = (COWHERD, DAIRYMAID)[number % 2]
        if number % 3:
            decision = await parts.requests.approve(request.id, admin)
        else:
            decision = await parts.requests.deny(request.id, admin, f"reason {number}")
        return admin, decision.won, decision.request

    async with asyncio.timeout(MAX_WAIT):
        outcomes = await asyncio.gather(*(click(number) for number in range(50)))
    winners = [(admin, after) for admin, won, after in outcomes if won]
    assert len(winners) == 1
    admin, after = winners[0]
    assert {seen for _, _, seen in outcomes} == {after}
    assert (after.decided_by, after.decided_at) == (admin, NOON)
    entries = await parts.requests.audit(request.id)
    assert [entry.actor for entry in entries] == [
        Actor(ActorKind.MEMBER, ANN),
        Actor(ActorKind.ADMIN, admin),
    ]


async def test_a_failed_request_can_be_denied(parts: Setup) -> None:
    request = await ask(parts)
    parts.mail.refusal = BackendRefused("mailcow-down")
    await parts.requests.approve(request.id, COWHERD)
    await parts.settle()
    denied = await parts.requests.deny(request.id, DAIRYMAID, "  The domain is not yours.  ")
    assert (denied.won, denied.request.reason) == (True, "The domain is not yours.")
    await parts.settle()
    assert parts.messenger.said(request.id)[-2:] == ["admin-edit", "member-denied"] or set(
        parts.messenger.said(request.id)[-2:]
    ) == {"admin-edit", "member-denied"}


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 501])
async def test_a_denial_takes_a_reason(parts: Setup, reason: str) -> None:
    request = await ask(parts)
    with pytest.raises(RequestError):
        await parts.requests.deny(request.id, COWHERD, reason)
    assert (await now_of(parts, request)).state is State.PENDING
    assert (await parts.requests.deny(request.id, COWHERD, "x" * 500)).won


async def test_only_the_member_withdraws_and_only_what_is_under_way(parts: Setup) -> None:
    request = await ask(parts)
    with pytest.raises(RequestError, match="request-of-another"):
        await parts.requests.withdraw(request.id, BEN)
    assert (await parts.requests.withdraw(request.id, ANN)).won
    assert not (await parts.requests.withdraw(request.id, ANN)).won
    assert not (await parts.requests.approve(request.id, COWHERD)).won
    with pytest.raises(RequestError, match="request-unknown"):
        await parts.requests.withdraw(999, ANN)


async def test_while_the_mail_server_is_called_nobody_withdraws(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    await parts.worker.step()
    with pytest.raises(RequestError, match="request-at-work"):
        await parts.requests.withdraw(request.id, ANN)


async def test_a_result_that_came_too_late_changes_nothing(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    await parts.settle()
    parts.pass_time(minutes=2)
    parts.live.add(FRIEND.ascii)
    (taken,) = await parts.store.requests.take_due(parts.time, timedelta(minutes=3), 9)
    await parts.requests.withdraw(request.id, ANN)
    await parts.worker._advance(taken)
    assert (await now_of(parts, request)).state is State.WITHDRAWN
    assert (await states_of(parts, request))[-1] == "withdrawn"
