"""The work on approved requests of each kind, until they are closed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.errors import RequestError
from bot.names import Domain
from bot.records.dkim_key import KeySource
from bot.requests.failure import load_failure
from bot.requests.model import Actor, ActorKind, Request, RequestKind, State
from bot.requests.outbox_worker import Postponed
from bot.requests.transitions import move, open_request
from max_wait import MAX_WAIT
from request_parts import ANN, COWHERD, FRIEND, KEY, MOVER, NOON, PLACE, Setup
from stored_requests import ask, now_of, states_of

pytest_plugins = ["request_fixtures"]


async def test_dkim_goes_from_asking_to_closed(parts: Setup) -> None:
    request = await ask(parts)
    assert (await parts.requests.approve(request.id, COWHERD)).won
    await parts.settle()
    waiting = await now_of(parts, request)
    assert (waiting.state, waiting.value, waiting.selector) == (State.WAITING, KEY, "dkim")
    assert waiting.due_at == NOON + timedelta(minutes=2)
    key = await parts.keys.current(FRIEND)
    assert key is not None
    assert (key.value, key.selector, key.source) == (KEY, "dkim", KeySource.MAIL_SERVER)
    parts.pass_time(minutes=2)
    await parts.settle()
    looked = await now_of(parts, request)
    assert (looked.attempts, looked.seen) == (1, "dkim-missing")
    assert looked.due_at == parts.time + timedelta(minutes=5)
    parts.pass_time(minutes=5)
    parts.live.add(FRIEND.ascii)
    await parts.settle()
    closed = await now_of(parts, request)
    assert (closed.state, closed.open, closed.due_at) == (State.CLOSED, False, None)
    assert await states_of(parts, request) == [
        "pending",
        "approved",
        "working",
        "waiting",
        "live",
        "closed",
    ]
    assert parts.messenger.said(request.id).count("member-record") == 1
    assert parts.messenger.said(request.id).count("member-live") == 1
    assert parts.mail.lines("made") == ["key-friend.example"]
    assert closed.message_id is not None


async def test_it_is_not_closed_before_everybody_was_told(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    parts.live.add(FRIEND.ascii)
    await parts.settle()
    parts.messenger.answer = Postponed("Discord is down", timedelta(hours=2))
    parts.pass_time(minutes=2)
    await parts.settle()
    parts.pass_time(minutes=10)
    await parts.settle()
    assert (await now_of(parts, request)).state is State.LIVE
    parts.messenger.answer = None
    parts.pass_time(hours=2)
    await parts.settle()
    assert (await now_of(parts, request)).state is State.CLOSED


async def test_an_approved_dmarc_stage_is_handed_out_and_remembered(parts: Setup) -> None:
    request = await ask(parts, RequestKind.DMARC)
    assert await parts.requests.approved_stage(FRIEND) is None
    with pytest.raises(RequestError, match="request-stage-unknown"):
        await parts.requests.approve(request.id, COWHERD)
    with pytest.raises(RequestError, match="request-check-too-old"):
        await parts.requests.approve(request.id, COWHERD, stage="reject")
    assert (await now_of(parts, request)).state is State.PENDING
    await parts.requests.approve(request.id, COWHERD, stage="none")
    assert await parts.requests.approved_stage(FRIEND) == "none"
    assert await parts.requests.approved_stage(MOVER) is None
    await parts.settle()
    waiting = await now_of(parts, request)
    assert waiting.value == "v=DMARC1; p=none; sp=none; rua=mailto:dmarc@cow.example"
    assert (await parts.requests.audit(request.id))[1].detail == "p=none"
    assert parts.mail.lines("calls") == []


async def test_a_mail_domain_is_added_once_and_done_when_the_server_knows_it(parts: Setup) -> None:
    request = await ask(parts, RequestKind.MAILDOMAIN)
    await parts.requests.approve(request.id, COWHERD, control_shown=True)
    await parts.settle()
    parts.pass_time(seconds=5)
    await parts.settle()
    assert (await now_of(parts, request)).state is State.CLOSED
    assert parts.mail.lines("made") == ["domain-friend.example"]
    assert "member-accepted" in parts.messenger.said(request.id)


async def test_a_providers_domain_that_an_earlier_version_took_is_never_added(
    parts: Setup,
) -> None:
    domain = Domain.from_ascii("gmail.com")
    asked = open_request(RequestKind.MAILDOMAIN, domain, PLACE, ANN, evidence="", now=parts.time)
    request, _ = await parts.store.requests.open(asked, parts.time)
    admin = Actor(ActorKind.ADMIN, COWHERD)
    approved = move(request, State.APPROVED, admin, parts.time)
    await parts.store.requests.change(request.id, lambda _: approved, parts.time)
    await parts.settle()
    failed = load_failure((await now_of(parts, request)).reason)
    assert (await now_of(parts, request)).state is State.FAILED
    assert failed is not None
    assert failed.code == "request-domain-of-provider"
    assert parts.mail.lines("calls") == []


async def test_a_taken_request_is_nobody_elses_until_the_lease_runs_out(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    store, lease = parts.store.requests, timedelta(minutes=3)
    taken = await asyncio.gather(*(store.take_due(parts.time, lease, 9) for _ in range(20)))
    assert sum(map(len, taken)) == 1
    assert await store.next_due() == NOON + lease
    parts.pass_time(minutes=3)
    assert len(await store.take_due(parts.time, lease, 9)) == 1
    await store.release_leases()
    assert len(await store.take_due(parts.time, lease, 9)) == 1
    assert await parts.worker.step() == 0


async def test_no_more_than_eight_requests_and_messages_are_at_work_at_once(parts: Setup) -> None:
    for number in range(9):
        request = await ask(parts, domain=Domain.from_ascii(f"n{number}.example"))
        await parts.requests.approve(request.id, COWHERD)
    assert await parts.worker.step() == 8
    assert await parts.outbox.step() == 8


async def said(parts: Setup, request: Request, what: str) -> None:
    while what not in parts.messenger.said(request.id):  # noqa: ASYNC110 - a file tells nobody
        await asyncio.sleep(0.01)


async def test_the_worker_and_the_outbox_run_by_themselves(parts: Setup) -> None:
    running = [
        asyncio.create_task(parts.worker.run()),
        asyncio.create_task(parts.outbox.run()),
    ]
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    async with asyncio.timeout(MAX_WAIT):
        await said(parts, request, "member-record")
        parts.live.add(FRIEND.ascii)
        parts.pass_time(minutes=2)
        await parts.requests.look_now(request.id)
        await said(parts, request, "member-live")
        while (await now_of(parts, request)).open:
            parts.pass_time(minutes=5)
            parts.wake_up.wake()  # the test's clock wakes nobody
            await asyncio.sleep(0.01)
    for task in running:
        task.cancel()
    ended = await asyncio.gather(*running, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in ended)
