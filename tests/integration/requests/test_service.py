"""Requests over a real store: asking, deciding at once, work, waiting, messages, forgetting."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.errors import MailcowLocked, RequestError, StoreError
from bot.names import Domain
from bot.requests.model import Actor, ActorKind, MessageKind, Request, RequestKind
from bot.requests.outbox_worker import Later, Never
from bot.requests.schedule import GIVE_UP_AFTER, REMIND_AFTER
from bot.requests.states import State, can_go
from bot.requests.transitions import MOST_OPEN, move, touch
from bot.store.repositories.known_keys import KeySource
from bot.store.repositories.request_rows import swap
from patience import PATIENCE
from requests_house import ANN, BEN, COWHERD, DAIRYMAID, FRIEND, KEY, MOVER, NOON, PLACE, House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlalchemy.orm import Session


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = await House(tmp_path).open()
    yield house
    await house.close()


async def ask(
    house: House, kind: RequestKind = RequestKind.DKIM, domain: Domain = FRIEND
) -> Request:
    return (await house.requests.open(kind, domain, PLACE, ANN, evidence="[]")).request


async def now_of(house: House, request: Request) -> Request:
    found = await house.requests.get(request.id)
    assert found is not None
    return found


async def states_of(house: House, request: Request) -> list[str]:
    entries = await house.requests.audit(request.id)
    assert entries[0].before is None
    assert all(one.after is two.before for one, two in pairwise(entries))
    assert all(entry.before is None or can_go(entry.before, entry.after) for entry in entries)
    return [entry.after.value for entry in entries]


async def test_a_new_request_is_pending_and_the_admin_gets_a_card(house: House) -> None:
    opened = await house.requests.open(
        RequestKind.DKIM, FRIEND, PLACE, ANN, evidence='["spf: pass"]'
    )
    assert (opened.is_new, opened.by_other) == (True, False)
    request = opened.request
    assert request == await now_of(house, request)
    assert (request.kind, request.domain, request.state) == (
        RequestKind.DKIM,
        FRIEND,
        State.PENDING,
    )
    assert (request.guild_id, request.channel_id, request.member_id) == (*PLACE, ANN)
    assert (request.version, request.created_at, request.evidence) == (1, NOON, '["spf: pass"]')
    await house.settle()
    assert house.messenger.said(request.id) == ["admin-card"]
    assert (await now_of(house, request)).card_message_id == 1
    assert (await now_of(house, request)).version == 1


async def test_a_domain_has_one_open_request_of_a_kind(house: House) -> None:
    first = await house.requests.open(RequestKind.DKIM, FRIEND, PLACE, ANN)
    again = await house.requests.open(RequestKind.DKIM, FRIEND, PLACE, ANN)
    other = await house.requests.open(RequestKind.DKIM, FRIEND, PLACE, BEN)
    assert (again.request.id, again.is_new, again.by_other) == (first.request.id, False, False)
    assert (other.request.id, other.is_new, other.by_other) == (first.request.id, False, True)
    assert (await house.requests.open(RequestKind.DMARC, FRIEND, PLACE, ANN)).is_new
    assert (await house.requests.open(RequestKind.DKIM, MOVER, PLACE, ANN)).is_new
    await house.requests.withdraw(first.request.id, ANN)
    anew = await house.requests.open(RequestKind.DKIM, FRIEND, PLACE, BEN)
    assert anew.is_new
    assert anew.request.id > first.request.id


async def test_fifty_who_ask_at_once_get_the_same_request(house: House) -> None:
    async with asyncio.timeout(PATIENCE):
        opened = await asyncio.gather(
            *(
                house.requests.open(RequestKind.DKIM, FRIEND, PLACE, member)
                for member in range(1, 51)
            )
        )
    assert len({one.request.id for one in opened}) == 1
    assert sum(one.is_new for one in opened) == 1
    assert len(await house.requests.audit(opened[0].request.id)) == 1


async def test_a_change_of_what_is_no_longer_so_is_not_written(house: House) -> None:
    request = await ask(house)
    await house.store.requests.change(request.id, lambda now: touch(now, attempts=1), NOON)
    late = move(request, State.DENIED, Actor(ActorKind.ADMIN, COWHERD), NOON, reason="late")
    assert not await house.database.write(lambda session: swap(session, request, late, NOON))
    now = await now_of(house, request)
    assert (now.state, now.version, now.reason) == (State.PENDING, 2, "")
    assert await states_of(house, request) == ["pending"]
    assert len(await house.store.posts.of(request.id)) == 1


async def test_the_database_itself_refuses_a_second_open_request(house: House) -> None:
    request = await ask(house)

    def copy(session: Session) -> None:
        columns = [c["name"] for c in _columns(session) if c["name"] not in {"id", "version"}]
        names = ", ".join(columns)
        session.execute(
            text(f"INSERT INTO request ({names}, version) SELECT {names}, 9 FROM request")  # noqa: S608 - our own column names
        )

    with pytest.raises(StoreError):
        await house.database.write(copy)
    await house.requests.deny(request.id, COWHERD, "no")
    await house.database.write(copy)


def _columns(session: Session) -> list[dict[str, str]]:
    rows = session.execute(text("PRAGMA table_info(request)"))
    return [{"name": row.name} for row in rows]


async def test_a_member_cannot_have_ever_more_open_requests(house: House) -> None:
    for number in range(MOST_OPEN):
        await ask(house, domain=Domain.of(f"n{number}.example"))
    with pytest.raises(RequestError, match="10 open requests already"):
        await ask(house, domain=MOVER)
    assert not (
        await house.requests.open(RequestKind.DKIM, Domain.of("n1.example"), PLACE, ANN)
    ).is_new
    assert (await house.requests.open(RequestKind.DKIM, MOVER, PLACE, BEN)).is_new


async def test_of_fifty_clicks_at_once_one_decides(house: House) -> None:
    request = await ask(house)

    async def click(number: int) -> tuple[int, bool, Request]:
        admin = (COWHERD, DAIRYMAID)[number % 2]
        if number % 3:
            decision = await house.requests.approve(request.id, admin)
        else:
            decision = await house.requests.deny(request.id, admin, f"reason {number}")
        return admin, decision.won, decision.request

    async with asyncio.timeout(PATIENCE):
        outcomes = await asyncio.gather(*(click(number) for number in range(50)))
    winners = [(admin, after) for admin, won, after in outcomes if won]
    assert len(winners) == 1
    admin, after = winners[0]
    assert {seen for _, _, seen in outcomes} == {after}
    assert (after.decided_by, after.decided_at) == (admin, NOON)
    entries = await house.requests.audit(request.id)
    assert [entry.actor for entry in entries] == [
        Actor(ActorKind.MEMBER, ANN),
        Actor(ActorKind.ADMIN, admin),
    ]


async def test_dkim_goes_from_asking_to_closed(house: House) -> None:
    request = await ask(house)
    assert (await house.requests.approve(request.id, COWHERD)).won
    await house.settle()
    waiting = await now_of(house, request)
    assert (waiting.state, waiting.value, waiting.selector) == (State.WAITING, KEY, "dkim")
    assert waiting.due_at == NOON + timedelta(minutes=2)
    key = await house.keys.current(FRIEND)
    assert key is not None
    assert (key.value, key.selector, key.source) == (KEY, "dkim", KeySource.MAILCOW)
    house.pass_time(minutes=2)
    await house.settle()
    looked = await now_of(house, request)
    assert (looked.attempts, looked.seen) == (1, "dkim-missing")
    assert looked.due_at == house.time + timedelta(minutes=5)
    house.pass_time(minutes=5)
    house.live.add(FRIEND.ascii)
    await house.settle()
    assert (await now_of(house, request)).state is State.LIVE
    house.pass_time(seconds=5)
    await house.settle()
    closed = await now_of(house, request)
    assert (closed.state, closed.open, closed.due_at) == (State.CLOSED, False, None)
    assert await states_of(house, request) == [
        "pending",
        "approved",
        "working",
        "waiting",
        "live",
        "closed",
    ]
    assert house.messenger.said(request.id).count("member-record") == 1
    assert house.messenger.said(request.id).count("member-live") == 1
    assert house.mail.lines("made") == ["key-friend.example"]
    assert closed.message_id is not None


async def test_it_is_not_closed_before_everybody_was_told(house: House) -> None:
    request = await ask(house)
    await house.requests.approve(request.id, COWHERD)
    house.live.add(FRIEND.ascii)
    await house.settle()
    house.messenger.answer = Later("Discord is down", timedelta(hours=2))
    house.pass_time(minutes=2)
    await house.settle()
    house.pass_time(minutes=10)
    await house.settle()
    assert (await now_of(house, request)).state is State.LIVE
    house.messenger.answer = None
    house.pass_time(hours=2)
    await house.settle()
    house.pass_time(minutes=5)
    await house.settle()
    assert (await now_of(house, request)).state is State.CLOSED


async def test_an_approved_dmarc_stage_is_handed_out_and_remembered(house: House) -> None:
    request = await ask(house, RequestKind.DMARC)
    assert await house.requests.approved_stage(FRIEND) is None
    with pytest.raises(RequestError, match="Choose a DMARC policy"):
        await house.requests.approve(request.id, COWHERD)
    with pytest.raises(RequestError, match="too old"):
        await house.requests.approve(request.id, COWHERD, stage="reject")
    assert (await now_of(house, request)).state is State.PENDING
    await house.requests.approve(request.id, COWHERD, stage="none")
    assert await house.requests.approved_stage(FRIEND) == "none"
    assert await house.requests.approved_stage(MOVER) is None
    await house.settle()
    waiting = await now_of(house, request)
    assert waiting.value == "v=DMARC1; p=none; sp=none; rua=mailto:dmarc@cow.example"
    assert (await house.requests.audit(request.id))[1].detail == "p=none"
    assert house.mail.lines("calls") == []


async def test_a_pasted_key_is_learned_as_the_admins(tmp_path: Path) -> None:
    house = await House(tmp_path, by_hand=True).open()
    request = await ask(house)
    with pytest.raises(RequestError, match="paste the DKIM value"):
        await house.requests.approve(request.id, COWHERD)
    await house.requests.approve(request.id, COWHERD, value=f'"{KEY}"', selector="cow")
    await house.settle()
    key = await house.keys.current(FRIEND)
    assert key is not None
    assert (key.value, key.selector, key.source) == (KEY, "cow", KeySource.ADMIN)
    assert house.mail.lines("calls") == []
    await house.close()


async def test_a_mail_domain_is_added_once_and_done_when_the_server_knows_it(house: House) -> None:
    request = await ask(house, RequestKind.MAILDOMAIN)
    await house.requests.approve(request.id, COWHERD)
    await house.settle()
    house.pass_time(seconds=5)
    await house.settle()
    assert (await now_of(house, request)).state is State.CLOSED
    assert house.mail.lines("made") == ["domain-friend.example"]
    assert "member-accepted" in house.messenger.said(request.id)


async def test_what_an_admin_does_by_hand_is_done_when_they_say_so(house: House) -> None:
    request = await ask(house, RequestKind.MAILDOMAIN)
    await house.requests.approve(request.id, COWHERD, by_hand=True)
    await house.settle()
    assert house.mail.lines("calls") == []
    assert (await now_of(house, request)).state is State.WAITING
    assert (await house.requests.finish(request.id, DAIRYMAID)).won
    assert not (await house.requests.finish(request.id, COWHERD)).won
    assert (await house.requests.audit(request.id))[-1].actor == Actor(ActorKind.ADMIN, DAIRYMAID)
    with pytest.raises(RequestError, match="sees by itself"):
        await house.requests.finish((await ask(house)).id, COWHERD)


async def test_a_failure_is_told_to_the_admin_and_a_retry_goes_on(house: House) -> None:
    request = await ask(house)
    house.mail.refusal = "Mailcow does not know friend.example; add the domain there first."
    await house.requests.approve(request.id, COWHERD)
    await house.settle()
    failed = await now_of(house, request)
    assert (failed.state, failed.reason) == (State.FAILED, house.mail.refusal)
    assert not any(what.startswith("member") for what in house.messenger.said(request.id))
    assert not (await house.requests.approve(request.id, COWHERD)).won
    stale = await house.requests.retry(request.id, COWHERD, version=failed.version - 1)
    assert not stale.won
    house.mail.refusal = None
    retried = await house.requests.retry(request.id, DAIRYMAID, version=failed.version)
    assert (retried.won, retried.request.decided_by) == (True, DAIRYMAID)
    assert not (await house.requests.retry(request.id, COWHERD, version=failed.version)).won
    await house.settle()
    assert (await now_of(house, request)).state is State.WAITING
    assert (await now_of(house, request)).reason == ""
    assert house.mail.lines("made") == ["key-friend.example"]


async def test_a_retry_keeps_the_approved_stage_and_takes_a_pasted_key(house: House) -> None:
    request = await ask(house)
    house.mail.refusal = "Mailcow is not there."
    await house.requests.approve(request.id, COWHERD)
    await house.settle()
    await house.requests.retry(request.id, COWHERD, value=KEY)
    await house.settle()
    assert (await now_of(house, request)).state is State.WAITING


async def test_a_failed_request_can_be_denied(house: House) -> None:
    request = await ask(house)
    house.mail.refusal = "No."
    await house.requests.approve(request.id, COWHERD)
    await house.settle()
    denied = await house.requests.deny(request.id, DAIRYMAID, "  The domain is not yours.  ")
    assert (denied.won, denied.request.reason) == (True, "The domain is not yours.")
    await house.settle()
    assert house.messenger.said(request.id)[-2:] == ["admin-edit", "member-denied"] or set(
        house.messenger.said(request.id)[-2:]
    ) == {"admin-edit", "member-denied"}


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 1001])
async def test_a_denial_takes_a_reason(house: House, reason: str) -> None:
    request = await ask(house)
    with pytest.raises(RequestError):
        await house.requests.deny(request.id, COWHERD, reason)
    assert (await now_of(house, request)).state is State.PENDING


async def test_only_the_member_withdraws_and_only_what_is_under_way(house: House) -> None:
    request = await ask(house)
    with pytest.raises(RequestError, match="not your request"):
        await house.requests.withdraw(request.id, BEN)
    assert (await house.requests.withdraw(request.id, ANN)).won
    assert not (await house.requests.withdraw(request.id, ANN)).won
    assert not (await house.requests.approve(request.id, COWHERD)).won
    with pytest.raises(RequestError, match="no request with the number 999"):
        await house.requests.withdraw(999, ANN)


async def test_while_the_mail_server_is_called_nobody_withdraws(house: House) -> None:
    request = await ask(house)
    await house.requests.approve(request.id, COWHERD)
    await house.worker.step()
    with pytest.raises(RequestError, match="in a minute"):
        await house.requests.withdraw(request.id, ANN)


async def test_a_result_that_came_too_late_changes_nothing(house: House) -> None:
    request = await ask(house)
    await house.requests.approve(request.id, COWHERD)
    await house.settle()
    house.pass_time(minutes=2)
    house.live.add(FRIEND.ascii)
    (taken,) = await house.store.requests.take_due(house.time, timedelta(minutes=3), 9)
    await house.requests.withdraw(request.id, ANN)
    await house.worker._advance(taken)
    assert (await now_of(house, request)).state is State.WITHDRAWN
    assert (await states_of(house, request))[-1] == "withdrawn"


async def test_a_taken_request_is_nobody_elses_until_the_lease_runs_out(house: House) -> None:
    request = await ask(house)
    await house.requests.approve(request.id, COWHERD)
    store, lease = house.store.requests, timedelta(minutes=3)
    taken = await asyncio.gather(*(store.take_due(house.time, lease, 9) for _ in range(20)))
    assert sum(map(len, taken)) == 1
    assert await store.next_due() == NOON + lease
    house.pass_time(minutes=3)
    assert len(await store.take_due(house.time, lease, 9)) == 1
    await store.release_leases()
    assert len(await store.take_due(house.time, lease, 9)) == 1
    assert await house.worker.step() == 0


async def test_the_admin_is_reminded_after_a_week_and_the_request_expires(house: House) -> None:
    request = await ask(house)
    await house.settle()
    house.pass_time(days=7, seconds=-1)
    assert await house.worker.step() == 0
    house.pass_time(seconds=1)
    await house.settle()
    assert house.messenger.said(request.id) == ["admin-card", "admin-reminder"]
    house.pass_time(days=6)
    await house.settle()
    assert house.messenger.said(request.id) == ["admin-card", "admin-reminder"]
    await house.restart()
    house.pass_time(days=1)
    await house.settle()
    assert (await now_of(house, request)).state is State.EXPIRED
    assert house.messenger.said(request.id).count("member-expired") == 1
    assert (await states_of(house, request)) == ["pending", "expired"]
    assert timedelta(days=14) == GIVE_UP_AFTER == 2 * REMIND_AFTER


async def test_a_bot_that_was_away_for_a_month_lets_it_expire_at_once(house: House) -> None:
    request = await ask(house)
    house.pass_time(days=30)
    await house.settle()
    assert (await now_of(house, request)).state is State.EXPIRED
    assert "admin-reminder" not in house.messenger.said(request.id)


async def test_a_record_that_never_comes_is_given_up_after_fourteen_days(house: House) -> None:
    request = await ask(house)
    await house.requests.approve(request.id, COWHERD)
    await house.settle()
    looks = 0
    while (waiting := await now_of(house, request)).open:
        assert waiting.due_at is not None
        assert waiting.due_at > house.time
        house.time = waiting.due_at
        await house.settle()
        looks += 1
    assert (await now_of(house, request)).state is State.EXPIRED
    assert house.time == NOON + GIVE_UP_AFTER
    assert looks == 99
    assert house.messenger.said(request.id).count("member-edit") == 1


async def test_the_next_look_is_when_the_old_answer_is_gone(house: House) -> None:
    request = await ask(house)
    await house.requests.approve(request.id, COWHERD)
    await house.settle()
    house.ttl = 900
    house.pass_time(minutes=2)
    await house.settle()
    assert (await now_of(house, request)).due_at == house.time + timedelta(seconds=902)
    house.live.add(FRIEND.ascii)
    await house.settle()
    assert (await now_of(house, request)).state is State.WAITING
    await house.requests.look_now(request.id)
    await house.settle()
    assert (await now_of(house, request)).state is State.LIVE


async def test_a_look_that_fails_is_made_again_later(house: House) -> None:
    request = await ask(house)
    await house.requests.approve(request.id, COWHERD)
    await house.settle()

    async def refuse(request: Request) -> None:
        raise MailcowLocked("Mailcow refused the key.")

    house.worker._look = refuse  # type: ignore[assignment]  # it only raises
    house.pass_time(minutes=2)
    await house.settle()
    waiting = await now_of(house, request)
    assert (waiting.state, waiting.attempts) == (State.WAITING, 1)


async def test_a_fault_of_ours_in_one_request_keeps_no_other_one_back(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = await ask(house), await ask(house, domain=MOVER)
    for request in (broken, sound):
        await house.requests.approve(request.id, COWHERD)
    await house.worker.step()

    async def stumble(point: str) -> None:
        if point.endswith("friend.example"):
            raise ZeroDivisionError

    house.mail.pause = stumble
    with caplog.at_level(logging.ERROR):
        await house.worker.step()
    assert f"request {broken.id}: working" in caplog.text
    assert (await now_of(house, sound)).state is State.WAITING
    assert (await now_of(house, broken)).state is State.WORKING
    house.mail.pause = None
    assert await house.worker.step() == 0
    house.pass_time(minutes=3)
    await house.settle()
    assert (await now_of(house, broken)).state is not State.WORKING


@pytest.mark.parametrize("point", ["called", "made"])
async def test_work_cut_short_is_finished_after_a_restart_with_one_key(
    house: House, point: str
) -> None:
    request = await ask(house)
    await house.requests.approve(request.id, COWHERD)
    await house.worker.step()
    reached = asyncio.Event()

    async def hang(where: str) -> None:
        if where.startswith(point):
            reached.set()
            await asyncio.Event().wait()

    house.mail.pause = hang
    task = asyncio.create_task(house.worker.step())
    async with asyncio.timeout(PATIENCE):
        await reached.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await now_of(house, request)).state is State.WORKING
    house.mail.pause = None
    await house.restart()
    await house.settle()
    assert (await now_of(house, request)).state is State.WAITING
    assert house.mail.lines("made") == ["key-friend.example"]
    assert house.mail.lines("calls") == ["key-friend.example"] * 2
    assert house.messenger.said(request.id).count("member-record") == 1


async def test_a_message_whose_arrival_was_not_noted_is_found_and_not_sent_again(
    house: House,
) -> None:
    request = await ask(house)
    reached = asyncio.Event()

    async def hang(where: str) -> None:
        if where.startswith("sent"):
            reached.set()
            await asyncio.Event().wait()

    house.messenger.pause = hang
    task = asyncio.create_task(house.outbox.step())
    async with asyncio.timeout(PATIENCE):
        await reached.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    house.messenger.pause = None
    await house.restart()
    await house.settle()
    assert house.messenger.said(request.id) == ["admin-card"]
    (post,) = await house.store.posts.of(request.id)
    assert (post.attempts, post.message_id) == (2, 1)
    assert (await now_of(house, request)).card_message_id == 1


async def test_a_taken_message_is_nobody_elses_until_the_lease_runs_out(house: House) -> None:
    await ask(house)
    posts, lease = house.store.posts, timedelta(minutes=2)
    taken = await asyncio.gather(*(posts.take_due(house.time, lease, 9) for _ in range(20)))
    assert sum(map(len, taken)) == 1
    assert await posts.next_due() == NOON + lease
    house.pass_time(minutes=2)
    (again,) = await posts.take_due(house.time, lease, 9)
    assert again.attempts == 2
    await house.store.requests.release_leases()
    assert len(await posts.take_due(house.time, lease, 9)) == 1


async def test_messages_to_the_same_people_go_out_in_their_order(house: House) -> None:
    request = await ask(house)
    house.messenger.answer = Later("no")
    await house.requests.approve(request.id, COWHERD)
    await house.worker.step()
    await house.outbox.step()
    assert await house.outbox.step() == 0
    house.messenger.answer = None
    house.pass_time(seconds=5)
    await house.settle()
    said = house.messenger.said(request.id)
    assert [what for what in said if what.startswith("admin")][:2] == ["admin-card", "admin-edit"]
    posts = await house.store.posts.of(request.id)
    assert len({(post.version, post.what) for post in posts}) == len(posts)
    assert all(len(post.nonce) == 24 for post in posts)


async def test_tries_come_ever_later_and_end_after_fourteen_days(house: House) -> None:
    request = await ask(house)
    house.messenger.answer = Later("Discord is down")
    await house.outbox.step()
    (post,) = await house.store.posts.of(request.id)
    assert (post.attempts, post.due_at) == (1, NOON + timedelta(seconds=5))
    house.pass_time(seconds=5)
    await house.outbox.step()
    (post,) = await house.store.posts.of(request.id)
    assert (post.attempts, post.due_at) == (2, house.time + timedelta(seconds=10))
    house.pass_time(days=14)
    await house.outbox.step()
    (post,) = await house.store.posts.of(request.id)
    assert (post.ended_at, post.message_id, post.detail) == (house.time, None, "Discord is down")


async def test_what_cannot_be_delivered_any_more_is_ended(house: House) -> None:
    request = await ask(house)
    house.messenger.answer = Never("the channel was deleted")
    await house.settle()
    (post,) = await house.store.posts.of(request.id)
    assert (post.message_id, post.detail) == (None, "the channel was deleted")
    assert await house.store.posts.left() == 0
    assert await house.store.posts.next_due() is None


async def test_a_forgotten_member_is_a_pseudonym_everywhere(house: House) -> None:
    waiting, pending = await ask(house), await ask(house, RequestKind.DMARC)
    other = (await house.requests.open(RequestKind.DKIM, MOVER, PLACE, BEN)).request
    await house.requests.approve(waiting.id, COWHERD)
    await house.settle()
    await house.requests.forget_member(ANN)
    assert await house.requests.of_member(ANN) == ()
    after = [await now_of(house, request) for request in (waiting, pending)]
    assert [request.state for request in after] == [State.WITHDRAWN] * 2
    assert all(request.forgotten and request.message_id is None for request in after)
    assert after[0].member_id == after[1].member_id
    entries = [*await house.requests.audit(waiting.id), *await house.requests.audit(pending.id)]
    members = {entry.actor.id for entry in entries if entry.actor.kind is ActorKind.MEMBER}
    assert members == {after[0].member_id}
    assert await states_of(house, waiting) == [
        "pending",
        "approved",
        "working",
        "waiting",
        "withdrawn",
    ]
    assert await now_of(house, other) == (await house.requests.of_member(BEN))[0]
    await house.requests.forget_member(COWHERD)
    assert ANN not in await _numbers(house)
    assert COWHERD not in await _numbers(house)
    await house.settle()
    before = len(house.messenger.sent())
    await house.settle()
    assert len(house.messenger.sent()) == before


async def test_no_way_back_to_a_forgotten_members_messages_is_kept(house: House) -> None:
    request = await ask(house)
    await house.requests.deny(request.id, COWHERD, "no")
    await house.settle()
    await house.requests.forget_member(ANN)
    await house.settle()
    posts = await house.store.posts.of(request.id)
    to_member = {post.what: post.message_id for post in posts if post.what.target == "member"}
    assert to_member == {MessageKind.MEMBER_DENIED: None}
    # The card in the request channel named the member.
    assert [post.what for post in posts][-1] is MessageKind.ADMIN_EDIT
    assert house.messenger.said(request.id).count("admin-edit") == 2


async def _numbers(house: House) -> set[object]:
    """Return every number that is stored about requests, apart from rows' own."""

    def read(session: Session) -> set[object]:
        columns = "member_id, decided_by FROM request UNION SELECT actor_id, actor_id FROM audit"
        rows = session.execute(text(f"SELECT {columns}"))
        return {number for row in rows for number in row}

    return await house.database.read(read)


async def test_two_forgotten_members_have_different_pseudonyms(house: House) -> None:
    mine = await ask(house)
    other = (await house.requests.open(RequestKind.DKIM, MOVER, PLACE, BEN)).request
    await house.requests.forget_member(ANN)
    await house.requests.forget_member(BEN)
    ids = {(await now_of(house, request)).member_id for request in (mine, other)}
    assert len(ids) == 2
    assert all(number < 0 for number in ids)


async def test_no_message_goes_to_a_forgotten_member_whose_key_is_being_made(house: House) -> None:
    request = await ask(house)
    await house.requests.approve(request.id, COWHERD)
    await house.worker.step()
    await house.requests.forget_member(ANN)
    assert (await now_of(house, request)).state is State.WORKING
    await house.settle()
    assert (await now_of(house, request)).state is State.WAITING
    posts = await house.store.posts.of(request.id)
    to_member = [post for post in posts if post.what is MessageKind.MEMBER_RECORD]
    assert [post.message_id for post in to_member] == [None]
    assert not any(what.startswith("member") for what in house.messenger.said(request.id))


async def test_lists_are_in_the_order_that_people_read_them_in(house: House) -> None:
    first, second = await ask(house), await ask(house, RequestKind.DMARC)
    third = await ask(house, domain=MOVER)
    await house.requests.deny(second.id, COWHERD, "no")
    own = await house.requests.of_member(ANN)
    assert [request.id for request in own] == [third.id, second.id, first.id]
    its = await house.requests.of_domain(FRIEND)
    assert [request.id for request in its] == [second.id, first.id]
    assert [r.id for r in await house.requests.open_requests()] == [first.id, third.id]
    assert [r.id for r in await house.requests.waiting_for_admin()] == [first.id, third.id]
    assert (await house.requests.latest_audit(1))[0].request_id == second.id
    assert await house.requests.get(999) is None


async def said(house: House, request: Request, what: str) -> None:
    while what not in house.messenger.said(request.id):  # noqa: ASYNC110 - a file tells nobody
        await asyncio.sleep(0.01)


async def test_the_worker_and_the_outbox_run_by_themselves(house: House) -> None:
    running = [
        asyncio.create_task(house.worker.run()),
        asyncio.create_task(house.outbox.run()),
    ]
    request = await ask(house)
    await house.requests.approve(request.id, COWHERD)
    async with asyncio.timeout(PATIENCE):
        await said(house, request, "member-record")
        house.live.add(FRIEND.ascii)
        house.pass_time(minutes=2)
        await house.requests.look_now(request.id)
        await said(house, request, "member-live")
        while (await now_of(house, request)).open:
            house.pass_time(minutes=5)
            house.bell.ring()  # the test's clock wakes nobody
            await asyncio.sleep(0.01)
    for task in running:
        task.cancel()
    ended = await asyncio.gather(*running, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in ended)
