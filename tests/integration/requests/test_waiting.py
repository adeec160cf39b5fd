"""Waiting for an admin or for a record: what ends it, reminders, the times of looks, giving up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import BackendLocked, RequestError
from bot.requests.model import Actor, ActorKind, Request, RequestKind, State
from bot.requests.schedule import GIVE_UP_AFTER, REMIND_AFTER
from request_parts import COWHERD, DAIRYMAID, FRIEND, NOON, Setup
from stored_requests import ask, now_of, states_of

if TYPE_CHECKING:
    from bot.requests.protocols import Verification

pytest_plugins = ["request_fixtures"]


async def test_what_an_admin_does_by_hand_is_done_when_they_say_so(parts: Setup) -> None:
    request = await ask(parts, RequestKind.MAILDOMAIN)
    await parts.requests.approve(request.id, COWHERD, by_hand=True, control_shown=True)
    await parts.settle()
    assert parts.mail.lines("calls") == []
    assert (await now_of(parts, request)).state is State.WAITING
    assert (await parts.requests.finish(request.id, DAIRYMAID)).won
    assert not (await parts.requests.finish(request.id, COWHERD)).won
    assert (await parts.requests.audit(request.id))[-1].actor == Actor(ActorKind.ADMIN, DAIRYMAID)
    with pytest.raises(RequestError, match="request-seen-by-bot"):
        await parts.requests.finish((await ask(parts)).id, COWHERD)


async def test_the_admin_is_reminded_after_a_week_and_the_request_expires(parts: Setup) -> None:
    request = await ask(parts)
    await parts.settle()
    parts.pass_time(days=7, seconds=-1)
    assert await parts.worker.step() == 0
    parts.pass_time(seconds=1)
    await parts.settle()
    assert parts.messenger.said(request.id) == ["admin-card", "admin-reminder"]
    parts.pass_time(days=6)
    await parts.settle()
    assert parts.messenger.said(request.id) == ["admin-card", "admin-reminder"]
    await parts.restart()
    parts.pass_time(days=1)
    await parts.settle()
    assert (await now_of(parts, request)).state is State.EXPIRED
    assert parts.messenger.said(request.id).count("member-expired") == 1
    assert (await states_of(parts, request)) == ["pending", "expired"]
    assert timedelta(days=14) == GIVE_UP_AFTER == 2 * REMIND_AFTER


async def test_a_bot_that_was_away_for_a_month_lets_it_expire_at_once(parts: Setup) -> None:
    request = await ask(parts)
    parts.pass_time(days=30)
    await parts.settle()
    assert (await now_of(parts, request)).state is State.EXPIRED
    assert "admin-reminder" not in parts.messenger.said(request.id)


async def test_a_record_that_never_comes_is_given_up_after_fourteen_days(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    await parts.settle()
    looks = 0
    while (waiting := await now_of(parts, request)).open:
        assert waiting.due_at is not None
        assert waiting.due_at > parts.time
        parts.time = waiting.due_at
        await parts.settle()
        looks += 1
    assert (await now_of(parts, request)).state is State.EXPIRED
    assert parts.time == NOON + GIVE_UP_AFTER
    assert looks == 99
    assert parts.messenger.said(request.id).count("member-edit") == 1


async def test_the_next_look_is_when_the_old_answer_is_gone(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    await parts.settle()
    parts.ttl = 900
    parts.pass_time(minutes=2)
    await parts.settle()
    assert (await now_of(parts, request)).due_at == parts.time + timedelta(seconds=902)
    parts.live.add(FRIEND.ascii)
    await parts.settle()
    assert (await now_of(parts, request)).state is State.WAITING
    await parts.requests.look_now(request.id)
    await parts.settle()
    assert (await now_of(parts, request)).state is State.CLOSED


async def test_a_look_that_fails_is_made_again_later(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    await parts.settle()

    async def refuse(_: Request) -> Verification:
        raise BackendLocked("mailcow-api-key-refused", variable="MAILCOW_READ_KEY")

    parts.verifier = refuse
    parts.pass_time(minutes=2)
    await parts.settle()
    waiting = await now_of(parts, request)
    assert (waiting.state, waiting.attempts) == (State.WAITING, 1)
