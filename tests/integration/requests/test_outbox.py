"""Messages to members and admins: sent once, in order, tried again, and known when undelivered."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.requests.model import Actor, ActorKind, State, Undelivered
from bot.requests.outbox_worker import Postponed, Undeliverable
from max_wait import MAX_WAIT
from request_parts import ANN, COWHERD, NOON, PLACE, Setup
from stored_requests import ask, now_of

pytest_plugins = ["request_fixtures"]


async def test_news_that_reached_nobody_is_known_and_sent_again_once(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    await parts.worker.step()
    parts.messenger.answer = Undeliverable("no way", Undelivered.NO_WAY)
    await parts.settle()
    lost = await now_of(parts, request)
    assert (lost.state, lost.undelivered) == (State.WAITING, Undelivered.NO_WAY)
    parts.messenger.answer = None
    ann = Actor(ActorKind.MEMBER, ANN)
    again = await asyncio.gather(
        *(parts.requests.send_again(request.id, ann, (PLACE[0], 201)) for _ in range(3))
    )
    assert {(one.undelivered, one.channel_id) for one in again} == {(None, 201)}
    await parts.settle()
    assert parts.messenger.said(request.id).count("member-record") == 1
    details = [entry.detail for entry in await parts.requests.audit(request.id) if entry.detail]
    assert details == ["no-way", "sent-again"]
    assert (await now_of(parts, request)).message_id is not None


async def test_who_withdrew_a_request_misses_nothing(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    await parts.worker.step()
    await parts.worker.step()
    await parts.requests.withdraw(request.id, ANN)
    parts.messenger.answer = Undeliverable("no way", Undelivered.LEFT)
    await parts.settle()
    assert (await now_of(parts, request)).undelivered is None
    assert await parts.requests.welcome_back(ANN, None) == 0


async def test_a_channel_of_another_server_is_no_place_for_news(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.deny(request.id, COWHERD, "no")
    parts.messenger.answer = Undeliverable("no way", Undelivered.LEFT)
    await parts.settle()
    assert await parts.requests.welcome_back(ANN, (PLACE[0] + 1, 999)) == 1
    assert (await now_of(parts, request)).channel_id == PLACE[1]


async def test_a_message_whose_arrival_was_not_noted_is_found_and_not_sent_again(
    parts: Setup,
) -> None:
    request = await ask(parts)
    reached = asyncio.Event()

    async def hang(where: str) -> None:
        if where.startswith("sent"):
            reached.set()
            await asyncio.Event().wait()

    parts.messenger.pause = hang
    task = asyncio.create_task(parts.outbox.step())
    async with asyncio.timeout(MAX_WAIT):
        await reached.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    parts.messenger.pause = None
    await parts.restart()
    await parts.settle()
    assert parts.messenger.said(request.id) == ["admin-card"]
    (post,) = await parts.store.outbox.of(request.id)
    assert (post.attempts, post.message_id) == (2, 1)
    assert (await now_of(parts, request)).card_message_id == 1


async def test_a_taken_message_is_nobody_elses_until_the_lease_runs_out(parts: Setup) -> None:
    await ask(parts)
    posts, lease = parts.store.outbox, timedelta(minutes=2)
    taken = await asyncio.gather(*(posts.take_due(parts.time, lease, 9) for _ in range(20)))
    assert sum(map(len, taken)) == 1
    assert await posts.next_due() == NOON + lease
    parts.pass_time(minutes=2)
    (again,) = await posts.take_due(parts.time, lease, 9)
    assert again.attempts == 2
    await parts.store.requests.release_messages()
    assert len(await posts.take_due(parts.time, lease, 9)) == 1


async def test_messages_to_the_same_people_go_out_in_their_order(parts: Setup) -> None:
    request = await ask(parts)
    parts.messenger.answer = Postponed("no")
    await parts.requests.approve(request.id, COWHERD)
    await parts.worker.step()
    await parts.outbox.step()
    assert await parts.outbox.step() == 0
    parts.messenger.answer = None
    parts.pass_time(seconds=5)
    await parts.settle()
    said = parts.messenger.said(request.id)
    assert [what for what in said if what.startswith("admin")][:2] == ["admin-card", "admin-edit"]
    posts = await parts.store.outbox.of(request.id)
    assert len({(post.version, post.what) for post in posts}) == len(posts)
    assert all(len(post.nonce) == 24 for post in posts)


async def test_tries_come_ever_later_and_end_after_fourteen_days(parts: Setup) -> None:
    request = await ask(parts)
    parts.messenger.answer = Postponed("Discord is down")
    await parts.outbox.step()
    (post,) = await parts.store.outbox.of(request.id)
    assert (post.attempts, post.due_at) == (1, NOON + timedelta(seconds=5))
    parts.pass_time(seconds=5)
    await parts.outbox.step()
    (post,) = await parts.store.outbox.of(request.id)
    assert (post.attempts, post.due_at) == (2, parts.time + timedelta(seconds=10))
    parts.pass_time(days=14)
    await parts.outbox.step()
    (post,) = await parts.store.outbox.of(request.id)
    assert (post.ended_at, post.message_id, post.detail) == (parts.time, None, "Discord is down")


async def test_what_cannot_be_delivered_any_more_is_ended(parts: Setup) -> None:
    request = await ask(parts)
    parts.messenger.answer = Undeliverable("the channel was deleted")
    await parts.settle()
    (post,) = await parts.store.outbox.of(request.id)
    assert (post.message_id, post.detail) == (None, "the channel was deleted")
    assert await parts.messages_left() == 0
    assert await parts.store.outbox.next_due() is None


async def test_a_card_that_discord_refused_for_two_weeks_is_nobodys_missed_news(
    parts: Setup,
) -> None:
    request = await ask(parts)
    parts.messenger.answer = Postponed("Discord is down")
    parts.pass_time(days=14)
    await parts.outbox.step()
    (post,) = await parts.store.outbox.of(request.id)
    assert (post.ended_at, post.message_id) == (parts.time, None)
    assert (await now_of(parts, request)).undelivered is None


async def test_news_that_discord_refused_for_two_weeks_is_known_as_given_up(parts: Setup) -> None:
    request = await ask(parts)
    await parts.settle()
    await parts.requests.deny(request.id, COWHERD, "no")
    parts.messenger.answer = Postponed("Discord is down")
    await parts.settle()
    assert (await now_of(parts, request)).undelivered is None
    parts.pass_time(days=14, seconds=-1)
    await parts.settle()
    assert await parts.messages_left() == 2
    parts.pass_time(hours=1)
    await parts.settle()
    assert (await now_of(parts, request)).undelivered is Undelivered.GIVEN_UP


async def test_what_waits_for_somebody_is_tried_for_as_long_as_it_takes(parts: Setup) -> None:
    request = await ask(parts)
    parts.messenger.answer = Postponed("nobody chose a channel", timedelta(hours=3), keeps=True)
    parts.pass_time(days=20)
    await parts.outbox.step()
    (post,) = await parts.store.outbox.of(request.id)
    assert (post.ended_at, post.due_at) == (None, parts.time + timedelta(hours=3))
    assert post.detail == "nobody chose a channel"
    parts.messenger.answer = None
    parts.pass_time(hours=3)
    await parts.settle()
    assert "admin-card" in parts.messenger.said(request.id)
