"""Messages whose delivery breaks: what is noted, what is tried again, and who goes on meanwhile."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.checks.finding import Check, Status
from bot.errors import DiscordUnreachable, StoreError
from bot.requests.evidence import Evidence, load_evidence
from request_parts import COWHERD, MOVER, NOON, Setup
from stored_requests import ask, now_of

if TYPE_CHECKING:
    from bot.requests.model import OutboxMessage, Request
    from bot.requests.outbox_worker import Delivered, Postponed, Undeliverable

pytest_plugins = ["request_fixtures"]


def break_with(parts: Setup, error: Exception) -> None:
    """Have every delivery end with this error."""

    async def stumble(_: str) -> None:
        raise error

    parts.messenger.pause = stumble


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (DiscordUnreachable("Discord answers 503."), "Discord answers 503."),
        (TimeoutError(), "Discord took too long"),
    ],
)
async def test_what_may_pass_is_noted_and_tried_again(
    parts: Setup, error: Exception, detail: str, caplog: pytest.LogCaptureFixture
) -> None:
    request = await ask(parts)
    break_with(parts, error)
    with caplog.at_level(logging.ERROR):
        assert await parts.outbox.step() == 1
    (post,) = await parts.store.outbox.of(request.id)
    assert (post.detail, post.due_at) == (detail, NOON + timedelta(seconds=5))
    assert caplog.records == []
    parts.messenger.pause = None
    parts.pass_time(seconds=5)
    await parts.settle()
    assert parts.messenger.said(request.id) == ["admin-card"]


async def test_a_fault_of_ours_in_one_message_keeps_no_other_one_back(
    parts: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = await ask(parts), await ask(parts, domain=MOVER)

    async def deliver(
        post: OutboxMessage, request: Request
    ) -> Delivered | Postponed | Undeliverable:
        if request.id == broken.id:
            raise ZeroDivisionError
        return await parts.messenger(post, request)

    parts.outbox._deliver = deliver
    with caplog.at_level(logging.ERROR):
        await parts.outbox.step()
    assert "(admin-card)" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert parts.messenger.said(sound.id) == ["admin-card"]
    (post,) = await parts.store.outbox.of(broken.id)
    assert "log" in post.detail
    assert post.due_at == NOON + timedelta(seconds=5)


async def test_a_message_that_the_store_broke_is_sent_when_the_lease_is_over(
    parts: Setup,
) -> None:
    request = await ask(parts)
    break_with(parts, StoreError("The disk is full."))
    with pytest.raises(StoreError, match="disk"):
        await parts.outbox.step()
    parts.messenger.pause = None
    parts.pass_time(minutes=1, seconds=59)
    assert await parts.outbox.step() == 0
    parts.pass_time(seconds=1)
    await parts.settle()
    assert parts.messenger.said(request.id) == ["admin-card"]


async def test_what_was_delivered_beside_a_message_that_the_store_broke_is_noted(
    parts: Setup,
) -> None:
    broken, sound = await ask(parts), await ask(parts, domain=MOVER)

    async def deliver(
        post: OutboxMessage, request: Request
    ) -> Delivered | Postponed | Undeliverable:
        if request.id == broken.id:
            raise StoreError("The disk is full.")
        return await parts.messenger(post, request)

    parts.outbox._deliver = deliver
    with pytest.raises(StoreError, match="disk"):
        await parts.outbox.step()
    (post,) = await parts.store.outbox.of(sound.id)
    assert post.ended_at == NOON


async def test_each_job_wakes_the_other_when_it_did_something(parts: Setup) -> None:
    listener = parts.wake_up.listen()
    assert await parts.worker.step() + await parts.outbox.step() == 0
    assert not listener.is_set()
    request = await ask(parts)
    assert listener.is_set()
    listener.clear()
    await parts.outbox.step()
    assert listener.is_set()
    await parts.requests.approve(request.id, COWHERD)
    listener.clear()
    await parts.worker.step()
    assert listener.is_set()


async def test_only_a_click_that_counts_wakes_the_jobs(parts: Setup) -> None:
    request = await ask(parts)
    listener = parts.wake_up.listen()
    again = await ask(parts)
    assert again.id == request.id
    assert not listener.is_set()
    await parts.requests.approve(request.id, COWHERD)
    assert listener.is_set()
    listener.clear()
    await parts.requests.approve(request.id, COWHERD)
    assert not listener.is_set()
    await parts.requests.forget_member(request.member_id)
    assert listener.is_set()


async def test_cards_of_open_requests_move_to_the_channel_that_was_chosen(parts: Setup) -> None:
    here, ended = await ask(parts), await ask(parts, domain=MOVER)
    await parts.settle()
    await parts.requests.deny(ended.id, COWHERD, "no")
    await parts.settle()
    unsent = await ask(parts, domain=MOVER)
    assert (await now_of(parts, here)).card_channel_id == 300
    assert await parts.requests.move_cards(300) == 0
    assert await parts.requests.move_cards(301) == 1
    await parts.settle()
    assert parts.messenger.said(here.id) == ["admin-card", "admin-card"]
    assert parts.messenger.said(unsent.id) == ["admin-card"]
    assert parts.messenger.said(ended.id).count("admin-card") == 1


async def test_what_was_found_out_since_is_kept_while_the_request_is_open(parts: Setup) -> None:
    request = await ask(parts)
    first = Evidence(NOON, ((Check.MX, Status.PASS),))
    kept = (await parts.requests.keep_evidence(request.id, first)).evidence
    assert load_evidence(kept) == first
    await parts.requests.deny(request.id, COWHERD, "no")
    second = Evidence(NOON, ((Check.MX, Status.FAIL),))
    assert (await parts.requests.keep_evidence(request.id, second)).evidence == kept
