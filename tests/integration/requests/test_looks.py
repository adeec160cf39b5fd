"""Looks at a request that waits: who is told of what was seen, and when the next one is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.checks.finding import Check, Status
from bot.errors import BackendKeyFaulty, BackendRefused, BackendUnreachable, StoreError
from bot.requests.backend import MailHosting
from bot.requests.evidence import Evidence, LightSeen, dump_evidence, load_evidence
from bot.requests.failure import load_failure
from bot.requests.model import Request, RequestKind, State
from bot.requests.protocols import Verification
from request_parts import ANN, COWHERD, FRIEND, NOON, PLACE, Setup
from stored_requests import ask, now_of

if TYPE_CHECKING:
    from bot.errors import CowbellError

pytest_plugins = ["request_fixtures"]

ASKED = Evidence(NOON, ((Check.MX, Status.PASS),), MailHosting.ABSENT)


class Looks:
    """What each look finds; the last one stays."""

    def __init__(self, parts: Setup) -> None:
        self.found: Verification | CowbellError = Verification(live=False, seen="dkim-missing")
        parts.verifier = self

    async def __call__(self, _: Request) -> Verification:
        """Find it."""
        if isinstance(self.found, Verification):
            return self.found
        raise self.found


async def wait_for_record(parts: Setup, kind: RequestKind = RequestKind.DKIM) -> Request:
    """Return an approved request whose first look found that nothing is there yet."""
    request = await ask(parts, kind)
    await parts.requests.approve(request.id, COWHERD, stage="none")
    await parts.settle()
    await parts.requests.look_now(request.id)
    await parts.settle()
    return await now_of(parts, request)


async def look_again(parts: Setup, request: Request) -> list[str]:
    """Return what is said after the next look."""
    before = parts.messenger.said(request.id)
    waiting = await now_of(parts, request)
    assert waiting.due_at is not None
    parts.time = waiting.due_at
    await parts.settle()
    return parts.messenger.said(request.id)[len(before) :]


async def test_a_member_is_told_what_is_new_and_nothing_twice(parts: Setup) -> None:
    looks = Looks(parts)
    request = await wait_for_record(parts)
    assert await look_again(parts, request) == []
    looks.found = Verification(live=False, seen="dkim-wrong-key")
    assert await look_again(parts, request) == ["member-edit"]
    assert await look_again(parts, request) == []


@pytest.mark.parametrize("seen", ["propagating", "propagating-negative"])
async def test_who_only_waits_for_caches_is_told_each_time_until_when(
    parts: Setup, seen: str
) -> None:
    looks = Looks(parts)
    request = await wait_for_record(parts)
    looks.found = Verification(live=False, seen=seen, ttl=600)
    for _ in range(2):
        assert await look_again(parts, request) == ["member-edit"]
        waiting = await now_of(parts, request)
        assert waiting.due_at == parts.time + timedelta(seconds=602)


async def test_an_admin_who_finishes_it_is_told_what_is_seen_as_well(parts: Setup) -> None:
    looks = Looks(parts)
    request = await wait_for_record(parts, RequestKind.WEBMAIL)
    looks.found = Verification(live=False, seen="certificate-other-name")
    assert sorted(await look_again(parts, request)) == ["admin-edit", "member-edit"]
    assert await look_again(parts, request) == []


async def test_what_an_admin_has_to_mend_is_on_the_card_until_it_is_mended(parts: Setup) -> None:
    looks = Looks(parts)
    request = await wait_for_record(parts)
    fault = BackendKeyFaulty("backend-key-gone", domain=FRIEND.ascii, backend="File Mail")
    looks.found = Verification(live=False, seen="dkim-missing", fault=fault)
    assert await look_again(parts, request) == ["admin-edit"]
    kept = load_failure((await now_of(parts, request)).reason)
    assert kept is not None
    assert kept.code == "backend-key-gone"
    assert await look_again(parts, request) == []
    looks.found = Verification(live=False, seen="dkim-missing")
    assert await look_again(parts, request) == ["admin-edit"]
    assert (await now_of(parts, request)).reason == ""


async def test_what_the_mail_server_says_anew_is_on_the_card(parts: Setup) -> None:
    looks = Looks(parts)
    request = await wait_for_record(parts)
    await parts.requests.keep_evidence(request.id, ASKED)
    looks.found = Verification(live=False, seen="dkim-missing", hosting=MailHosting.ON)
    assert await look_again(parts, request) == ["admin-edit"]
    told = load_evidence((await now_of(parts, request)).evidence)
    assert told == Evidence(NOON, ASKED.checks, MailHosting.ON, parts.time)
    assert await look_again(parts, request) == []


async def test_what_is_seen_anew_is_on_the_card_and_the_same_again_is_no_news(
    parts: Setup,
) -> None:
    looks = Looks(parts)
    request = await wait_for_record(parts)
    await parts.requests.keep_evidence(request.id, ASKED)
    later = NOON + timedelta(hours=1)
    seen = Evidence(later, ((Check.MX, Status.FAIL),), lights=(LightSeen("mx", Status.FAIL),))
    looks.found = Verification(live=False, seen="dkim-missing", evidence=seen)
    assert await look_again(parts, request) == ["admin-edit"]
    told = load_evidence((await now_of(parts, request)).evidence)
    assert told == replace(seen, hosting=ASKED.hosting)
    looks.found = replace(looks.found, evidence=replace(seen, at=later + timedelta(hours=1)))
    assert await look_again(parts, request) == []


async def test_what_is_live_is_kept_with_its_time_and_the_look_that_saw_it(parts: Setup) -> None:
    looks = Looks(parts)
    request = await wait_for_record(parts)
    await parts.requests.keep_evidence(request.id, ASKED)
    seen = Evidence(NOON, ((Check.DKIM, Status.PASS),), asks=RequestKind.DMARC)
    looks.found = Verification(live=True, hosting=MailHosting.ON, evidence=seen)
    await look_again(parts, request)
    told = load_evidence((await now_of(parts, request)).evidence)
    assert told is not None
    assert (told.checks, told.hosting, told.asks) == (seen.checks, MailHosting.ON, seen.asks)
    assert told.live_at == parts.time


async def test_what_was_seen_before_is_forgotten_where_nobody_saw_it_live(parts: Setup) -> None:
    request = await ask(parts, RequestKind.WEBMAIL)
    await parts.requests.keep_evidence(request.id, ASKED)
    await parts.requests.approve(request.id, COWHERD)
    await parts.settle()
    await parts.requests.finish(request.id, COWHERD)
    told = load_evidence((await now_of(parts, request)).evidence)
    assert told == Evidence(parts.time, (), ASKED.hosting, live_at=parts.time)


async def test_looks_that_find_nothing_out_come_ever_later_and_end(parts: Setup) -> None:
    looks = Looks(parts)
    request = await wait_for_record(parts)
    looks.found = BackendUnreachable("mailcow-down", writing=False, status=502)
    waits = []
    for _ in range(4):
        assert await look_again(parts, request) == []
        waiting = await now_of(parts, request)
        assert waiting.due_at is not None
        waits.append(waiting.due_at - parts.time)
    assert waits == [timedelta(minutes=15), *[timedelta(hours=1)] * 3]
    parts.pass_time(days=15)
    await parts.settle()
    ended = await now_of(parts, request)
    assert (ended.state, ended.seen) == (State.EXPIRED, "dkim-missing")
    assert (await parts.requests.audit(request.id))[-1].detail == "dkim-missing"


async def test_a_request_that_is_given_up_says_what_was_seen_last(parts: Setup) -> None:
    looks = Looks(parts)
    request = await wait_for_record(parts)
    looks.found = Verification(live=False, seen="dkim-wrong-key")
    parts.pass_time(days=15)
    await parts.settle()
    ended = await now_of(parts, request)
    assert (ended.state, ended.seen) == (State.EXPIRED, "dkim-wrong-key")
    assert (await parts.requests.audit(request.id))[-1].detail == "dkim-wrong-key"


async def test_a_look_that_the_store_broke_is_made_again_when_the_lease_is_over(
    parts: Setup,
) -> None:
    looks = Looks(parts)
    request = await wait_for_record(parts)
    looks.found = StoreError("The disk is full.")
    waiting = await now_of(parts, request)
    assert waiting.due_at is not None
    parts.time = waiting.due_at
    with pytest.raises(StoreError, match="disk"):
        await parts.worker.step()
    assert (await now_of(parts, request)).attempts == waiting.attempts
    looks.found = Verification(live=True)
    parts.pass_time(minutes=2, seconds=59)
    assert await parts.worker.step() == 0
    parts.pass_time(seconds=1)
    await parts.settle()
    assert (await now_of(parts, request)).state is State.CLOSED


async def test_a_refusal_says_what_the_mail_server_has_now(parts: Setup) -> None:
    evidence = dump_evidence(ASKED)
    opened = await parts.requests.open(RequestKind.DKIM, FRIEND, PLACE, ANN, evidence=evidence)
    parts.mail.refusal = BackendRefused("mailcow-refused", said="no", about=FRIEND.ascii)
    parts.mail.put_domain(FRIEND)
    await parts.requests.approve(opened.request.id, COWHERD)
    await parts.settle()
    failed = await now_of(parts, opened.request)
    told = load_evidence(failed.evidence)
    assert told is not None
    assert (failed.state, told.hosting, told.told_at) == (State.FAILED, MailHosting.ON, NOON)


@pytest.mark.parametrize("silent", [True, False])
async def test_what_is_handed_out_says_what_the_mail_server_has_if_it_tells(
    parts: Setup, *, silent: bool
) -> None:
    evidence = dump_evidence(ASKED)
    opened = await parts.requests.open(RequestKind.DMARC, FRIEND, PLACE, ANN, evidence=evidence)
    parts.mail.put_domain(FRIEND)
    if silent:
        parts.mail.silence = BackendUnreachable("mailcow-down", writing=False, status=502)
    await parts.requests.approve(opened.request.id, COWHERD, stage="none")
    await parts.settle()
    waiting = await now_of(parts, opened.request)
    told = load_evidence(waiting.evidence)
    assert told is not None
    assert waiting.state is State.WAITING
    assert told.hosting is (MailHosting.ABSENT if silent else MailHosting.ON)


async def test_an_outage_is_shown_once_while_the_work_is_tried_again(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    parts.mail.refusal = BackendUnreachable("mailcow-down", writing=False, status=502)
    await parts.settle()
    said = parts.messenger.said(request.id)
    for _ in range(2):
        assert await look_again(parts, request) == []
    parts.mail.refusal = BackendUnreachable("mailcow-down", writing=False, status=503)
    assert await look_again(parts, request) == ["admin-edit"]
    assert said.count("admin-edit") == 2  # approved, and then the outage
    assert parts.mail.lines("asked") == []


async def test_a_failure_is_an_admins_for_a_week_and_then_they_are_reminded(parts: Setup) -> None:
    request = await ask(parts)
    parts.mail.refusal = BackendRefused("mailcow-refused", said="no", about=FRIEND.ascii)
    await parts.requests.approve(request.id, COWHERD)
    await parts.settle()
    failed = await now_of(parts, request)
    assert failed.due_at == NOON + timedelta(days=7)
    assert await look_again(parts, request) == ["admin-reminder"]
    assert set(await look_again(parts, request)) == {"admin-edit", "member-expired"}
    ended = await now_of(parts, request)
    assert (ended.state, ended.reason) == (State.EXPIRED, failed.reason)
    assert parts.time == NOON + timedelta(days=14)
