"""Requests over a real store: asking, deciding at once, work, waiting, messages, forgetting."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.demo.dkim_keys import KEYS
from bot.errors import (
    BackendError,
    BackendLocked,
    BackendRefused,
    BackendUnclear,
    BackendUnreachable,
    RequestError,
    StoreError,
)
from bot.names import Domain
from bot.records.dkim_key import KeySource
from bot.requests.failure import load_failure
from bot.requests.model import (
    MOST_OPEN,
    Actor,
    ActorKind,
    MessageKind,
    Request,
    RequestKind,
    State,
    Undelivered,
    can_go,
)
from bot.requests.outbox_worker import Postponed, Undeliverable
from bot.requests.schedule import GIVE_UP_AFTER, REMIND_AFTER
from bot.requests.transitions import move, touch
from bot.requests.work import Tools
from bot.store.repositories.request_rows import swap
from max_wait import MAX_WAIT
from request_parts import (
    ANN,
    BEN,
    COWHERD,
    DAIRYMAID,
    FRIEND,
    KEY,
    MOVER,
    NOON,
    PLACE,
    SERVER,
    Setup,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlalchemy.orm import Session

    from bot.requests.protocols import Verification

OTHER_KEY = f"v=DKIM1;k=rsa;p={KEYS['friend']}"
REFUSAL = BackendRefused("mailcow-refused", said="access_denied", about="friend.example")


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Setup]:
    parts = await Setup(tmp_path).open()
    yield parts
    await parts.close()


async def ask(
    parts: Setup, kind: RequestKind = RequestKind.DKIM, domain: Domain = FRIEND
) -> Request:
    return (await parts.requests.open(kind, domain, PLACE, ANN, evidence="[]")).request


async def now_of(parts: Setup, request: Request) -> Request:
    found = await parts.requests.get(request.id)
    assert found is not None
    return found


async def states_of(parts: Setup, request: Request) -> list[str]:
    entries = await parts.requests.audit(request.id)
    assert entries[0].before is None
    assert all(one.after is two.before for one, two in pairwise(entries))
    assert all(entry.before is None or can_go(entry.before, entry.after) for entry in entries)
    return [entry.after.value for entry in entries]


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


async def test_a_change_of_what_is_no_longer_so_is_not_written(parts: Setup) -> None:
    request = await ask(parts)
    await parts.store.requests.change(request.id, lambda now: touch(now, attempts=1), NOON)
    late = move(request, State.DENIED, Actor(ActorKind.ADMIN, COWHERD), NOON, reason="late")
    assert not await parts.database.write(lambda session: swap(session, request, late, NOON))
    now = await now_of(parts, request)
    assert (now.state, now.version, now.reason) == (State.PENDING, 2, "")
    assert await states_of(parts, request) == ["pending"]
    assert len(await parts.store.outbox.of(request.id)) == 1


async def test_the_database_itself_refuses_a_second_open_request(parts: Setup) -> None:
    request = await ask(parts)

    def copy(session: Session) -> None:
        columns = [c["name"] for c in _columns(session) if c["name"] not in {"id", "version"}]
        names = ", ".join(columns)
        session.execute(
            text(f"INSERT INTO request ({names}, version) SELECT {names}, 9 FROM request")  # noqa: S608 - our own column names
        )

    with pytest.raises(StoreError):
        await parts.database.write(copy)
    await parts.requests.deny(request.id, COWHERD, "no")
    await parts.database.write(copy)


def _columns(session: Session) -> list[dict[str, str]]:
    rows = session.execute(text("PRAGMA table_info(request)"))
    return [{"name": row.name} for row in rows]


async def test_a_member_cannot_have_ever_more_open_requests(parts: Setup) -> None:
    for number in range(MOST_OPEN):
        await ask(parts, domain=Domain.from_ascii(f"n{number}.example"))
    with pytest.raises(RequestError, match="request-too-many"):
        await ask(parts, domain=MOVER)
    assert not (
        await parts.requests.open(RequestKind.DKIM, Domain.from_ascii("n1.example"), PLACE, ANN)
    ).is_new
    assert (await parts.requests.open(RequestKind.DKIM, MOVER, PLACE, BEN)).is_new


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


async def test_a_pasted_key_is_learned_as_the_admins(tmp_path: Path) -> None:
    parts = await Setup(tmp_path, by_hand=True).open()
    request = await ask(parts)
    with pytest.raises(RequestError, match="request-key-missing"):
        await parts.requests.approve(request.id, COWHERD)
    await parts.requests.approve(request.id, COWHERD, value=f'"{KEY}"', selector="cow")
    await parts.settle()
    key = await parts.keys.current(FRIEND)
    assert key is not None
    assert (key.value, key.selector, key.source) == (KEY, "cow", KeySource.ADMIN)
    assert parts.mail.lines("calls") == []
    await parts.close()


async def test_a_mail_domain_is_added_once_and_done_when_the_server_knows_it(parts: Setup) -> None:
    request = await ask(parts, RequestKind.MAILDOMAIN)
    await parts.requests.approve(request.id, COWHERD)
    await parts.settle()
    parts.pass_time(seconds=5)
    await parts.settle()
    assert (await now_of(parts, request)).state is State.CLOSED
    assert parts.mail.lines("made") == ["domain-friend.example"]
    assert "member-accepted" in parts.messenger.said(request.id)


async def test_what_an_admin_does_by_hand_is_done_when_they_say_so(parts: Setup) -> None:
    request = await ask(parts, RequestKind.MAILDOMAIN)
    await parts.requests.approve(request.id, COWHERD, by_hand=True)
    await parts.settle()
    assert parts.mail.lines("calls") == []
    assert (await now_of(parts, request)).state is State.WAITING
    assert (await parts.requests.finish(request.id, DAIRYMAID)).won
    assert not (await parts.requests.finish(request.id, COWHERD)).won
    assert (await parts.requests.audit(request.id))[-1].actor == Actor(ActorKind.ADMIN, DAIRYMAID)
    with pytest.raises(RequestError, match="request-seen-by-bot"):
        await parts.requests.finish((await ask(parts)).id, COWHERD)


async def test_a_failure_is_told_to_the_admin_and_a_retry_goes_on(parts: Setup) -> None:
    request = await ask(parts)
    parts.mail.refusal = REFUSAL
    await parts.requests.approve(request.id, COWHERD)
    await parts.settle()
    failed = await now_of(parts, request)
    kept = load_failure(failed.reason)
    assert kept is not None
    assert (failed.state, kept.code, kept.facts) == (State.FAILED, REFUSAL.code, REFUSAL.facts)
    assert not any(what.startswith("member") for what in parts.messenger.said(request.id))
    assert not (await parts.requests.approve(request.id, COWHERD)).won
    stale = await parts.requests.retry(request.id, COWHERD, version=failed.version - 1)
    assert not stale.won
    parts.mail.refusal = None
    retried = await parts.requests.retry(request.id, DAIRYMAID, version=failed.version)
    assert (retried.won, retried.request.decided_by) == (True, DAIRYMAID)
    assert not (await parts.requests.retry(request.id, COWHERD, version=failed.version)).won
    await parts.settle()
    assert (await now_of(parts, request)).state is State.WAITING
    assert (await now_of(parts, request)).reason == ""
    assert parts.mail.lines("made") == ["key-friend.example"]


async def test_a_retry_keeps_the_approved_stage_and_takes_a_pasted_key(parts: Setup) -> None:
    request = await ask(parts)
    parts.mail.refusal = BackendRefused("mailcow-down")
    await parts.requests.approve(request.id, COWHERD)
    await parts.settle()
    await parts.requests.retry(request.id, COWHERD, value=KEY)
    await parts.settle()
    assert (await now_of(parts, request)).state is State.WAITING


async def hand_out(parts: Setup) -> Request:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    await parts.settle()
    return await now_of(parts, request)


async def test_a_key_made_anew_is_handed_out_once_whatever_is_cut_short(parts: Setup) -> None:
    request = await hand_out(parts)
    before = parts.messenger.said(request.id)
    parts.mail.put_key(FRIEND, "cow", OTHER_KEY)
    parts.pass_time(minutes=2)
    await parts.worker.step()
    await parts.restart()  # what was to be said is in the store
    parts.live.add(FRIEND.ascii)
    parts.messenger.answer = Postponed("Discord is down", timedelta(minutes=1))
    await parts.outbox.step()
    await parts.restart()
    parts.messenger.answer = None
    parts.pass_time(minutes=1)
    await parts.settle()
    waiting = await now_of(parts, request)
    assert (waiting.value, waiting.selector) == (OTHER_KEY, "cow")
    assert waiting.replaced == f"{request.selector} {KEY}"
    assert waiting.due_at == waiting.changed_at + timedelta(minutes=2)
    said = parts.messenger.said(request.id)[len(before) :]
    assert [what for what in said if what.startswith("member")] == [
        "member-superseded",
        "member-record",
    ]
    assert said.count("admin-edit") == 1
    assert await states_of(parts, request) == [
        "pending",
        "approved",
        "working",
        "waiting",
        "waiting",
    ]
    stored = await parts.keys.former(FRIEND)
    assert [key.value for key in stored] == [KEY]


async def test_nothing_is_live_for_the_key_before(parts: Setup) -> None:
    request = await hand_out(parts)
    parts.live.add(FRIEND.ascii)
    parts.mail.put_key(FRIEND, "dkim", OTHER_KEY)
    await parts.requests.look_now(request.id)
    await parts.worker.step()
    assert (await now_of(parts, request)).state is State.WAITING
    await parts.requests.look_now(request.id)
    await parts.worker.step()
    assert (await now_of(parts, request)).state is State.LIVE
    assert (await now_of(parts, request)).value == OTHER_KEY


async def test_a_key_in_another_spelling_is_the_same(parts: Setup) -> None:
    request = await hand_out(parts)
    parts.mail.put_key(FRIEND, "DKIM", KEY.replace("k=rsa;", "k=rsa;t=s;"))
    await parts.requests.look_now(request.id)
    await parts.settle()
    assert (await now_of(parts, request)).replaced == ""
    assert parts.messenger.said(request.id).count("member-record") == 1


@pytest.mark.parametrize(
    "error",
    [
        BackendUnreachable("mailcow-down", writing=False, status=502, part=""),
        BackendUnclear("mailcow-redis-refuses"),
    ],
)
async def test_what_may_pass_is_tried_four_times_more_before_an_admin_is_told(
    parts: Setup, error: BackendError
) -> None:
    request = await ask(parts)
    parts.mail.refusal = error
    await parts.requests.approve(request.id, COWHERD)
    for wait in (0, 5, 15, 40):
        parts.pass_time(seconds=wait)
        await parts.settle()
        assert (await now_of(parts, request)).state is State.WORKING
        kept = load_failure((await now_of(parts, request)).reason)
        assert kept is not None
        assert kept.code == error.code
    assert "admin-failed" not in parts.messenger.said(request.id)
    parts.pass_time(seconds=120)
    await parts.settle()
    assert (await now_of(parts, request)).state is State.FAILED
    assert "admin-failed" in parts.messenger.said(request.id)
    assert len(parts.mail.lines("calls")) == 5


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


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 1001])
async def test_a_denial_takes_a_reason(parts: Setup, reason: str) -> None:
    request = await ask(parts)
    with pytest.raises(RequestError):
        await parts.requests.deny(request.id, COWHERD, reason)
    assert (await now_of(parts, request)).state is State.PENDING


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

    parts.worker._tools = Tools(SERVER, parts.mail, refuse)
    parts.pass_time(minutes=2)
    await parts.settle()
    waiting = await now_of(parts, request)
    assert (waiting.state, waiting.attempts) == (State.WAITING, 1)


async def test_a_fault_of_ours_in_one_request_keeps_no_other_one_back(
    parts: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = await ask(parts), await ask(parts, domain=MOVER)
    for request in (broken, sound):
        await parts.requests.approve(request.id, COWHERD)
    await parts.worker.step()

    async def stumble(point: str) -> None:
        if point.endswith("friend.example"):
            raise ZeroDivisionError

    parts.mail.pause = stumble
    with caplog.at_level(logging.ERROR):
        await parts.worker.step()
    assert f"request {broken.id}: working" in caplog.text
    assert (await now_of(parts, sound)).state is State.WAITING
    assert (await now_of(parts, broken)).state is State.WORKING
    parts.mail.pause = None
    assert await parts.worker.step() == 0
    parts.pass_time(minutes=3)
    await parts.settle()
    assert (await now_of(parts, broken)).state is not State.WORKING


@pytest.mark.parametrize("point", ["called", "made"])
async def test_work_cut_short_is_finished_after_a_restart_with_one_key(
    parts: Setup, point: str
) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    await parts.worker.step()
    reached = asyncio.Event()

    async def hang(where: str) -> None:
        if where.startswith(point):
            reached.set()
            await asyncio.Event().wait()

    parts.mail.pause = hang
    task = asyncio.create_task(parts.worker.step())
    async with asyncio.timeout(MAX_WAIT):
        await reached.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await now_of(parts, request)).state is State.WORKING
    parts.mail.pause = None
    await parts.restart()
    await parts.settle()
    assert (await now_of(parts, request)).state is State.WAITING
    assert parts.mail.lines("made") == ["key-friend.example"]
    assert parts.mail.lines("calls") == ["key-friend.example"] * 2
    assert parts.messenger.said(request.id).count("member-record") == 1


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
    await parts.store.requests.release_leases()
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


@pytest.mark.parametrize("kind", [RequestKind.DMARC, RequestKind.MAILDOMAIN, RequestKind.WEBMAIL])
async def test_only_a_dkim_request_takes_a_value(parts: Setup, kind: RequestKind) -> None:
    request = await ask(parts, kind)
    with pytest.raises(RequestError, match="request-takes-no-value"):
        await parts.requests.approve(request.id, COWHERD, stage="none", value=KEY)
    assert (await now_of(parts, request)).state is State.PENDING
