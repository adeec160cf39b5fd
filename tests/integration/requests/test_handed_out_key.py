"""The key that a request for DKIM hands out: pasted by an admin, or made anew on the server."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.demo.dkim_keys import KEYS
from bot.errors import RequestError
from bot.records.dkim_key import KeySource
from bot.requests.model import Request, RequestKind, State
from bot.requests.outbox_worker import Postponed
from request_parts import COWHERD, FRIEND, KEY, Setup
from stored_requests import ask, now_of, states_of

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ["request_fixtures"]

OTHER_KEY = f"v=DKIM1;k=rsa;p={KEYS['friend']}"


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


@pytest.mark.parametrize("kind", [RequestKind.DMARC, RequestKind.MAILDOMAIN, RequestKind.WEBMAIL])
async def test_only_a_dkim_request_takes_a_value(parts: Setup, kind: RequestKind) -> None:
    request = await ask(parts, kind)
    with pytest.raises(RequestError, match="request-takes-no-value"):
        await parts.requests.approve(request.id, COWHERD, stage="none", value=KEY)
    assert (await now_of(parts, request)).state is State.PENDING
