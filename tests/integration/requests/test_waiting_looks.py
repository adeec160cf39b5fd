"""Requests that wait, and looks that were made for somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.net.certificate import Certificate
from bot.requests.model import RequestKind, State
from bot.requests.schedule import SOONEST_LOOK
from bot.requests.verification import DomainVerifier
from bot.requests.waiting_looks import RequestsInWait
from bot.requests.work import Tools
from bot.requests.worker import Worker
from bot.services.core import Core
from bot.services.domain_facts import DomainFacts
from bot.services.domain_looks import DomainLooks
from bot.words import Words
from request_parts import ANN, COWHERD, FRIEND, KEY, PLACE, SERVER
from watched_requests import DKIM, MAIL, NONE, describe, watching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from bot.demo.zone_server import ZoneServer
    from bot.names import Domain
    from bot.requests.model import Request
    from bot.watch.watched_domain import Seen
    from conftest import CaseFile
    from watched_requests import WatchedSetup

    Start = Callable[..., Awaitable[ZoneServer]]


class Shared:
    """Requests whose verifier and a watch have the same looks."""

    def __init__(self, parts: WatchedSetup, server: ZoneServer, case_file: CaseFile) -> None:
        facts = DomainFacts(
            parts.keys, parts.now, backend=parts.mail, stage_of=parts.requests.approved_stage
        )
        core = Core(SERVER, Words(), parts.checker, facts)
        self.parts = parts
        self.server = server
        self.looks = DomainLooks(core, parts.now, asked=parts.requests.kinds_asked)
        self.looks.listen(RequestsInWait(parts.store, parts.now, parts.wake_up).take)
        self._case_file = case_file
        parts.verifier = DomainVerifier(
            self.looks.check,
            parts.mail,
            certificate=parts.see_certificate,
            webmail_label="mail",
            describe=describe,
        )

    def publish(self, zone: str) -> None:
        """Let the domain have these records, and count questions from here."""
        self.server.zones = self._case_file.with_zone(zone)
        self.server.forget()

    def looks_made(self) -> int:
        """How often the domain was looked at: each look asks once for its MX."""
        asked = self.server.asked
        return sum(n for q, n in asked.items() if q.name == FRIEND.name and q.rdtype.name == "MX")

    async def hand_out(self, kind: RequestKind) -> Request:
        """Return a request whose record is out, and not published."""
        request = (await self.parts.requests.open(kind, FRIEND, PLACE, ANN)).request
        stage = "none" if kind is RequestKind.DMARC else None
        await self.parts.requests.approve(request.id, COWHERD, stage=stage)
        await self.parts.settle()
        return await self.now_of(request)

    async def now_of(self, request: Request) -> Request:
        return await self.parts.now_of(request)


@pytest.fixture
async def shared(tmp_path: Path, zone_server: Start, case_file: CaseFile) -> AsyncIterator[Shared]:
    server = await zone_server(case_file.with_zone(MAIL))
    async with watching(tmp_path, server) as parts:
        parts.mail.put_key(FRIEND, "dkim", KEY)
        yield Shared(parts, server, case_file)


async def test_a_look_of_the_watch_that_sees_a_record_ends_its_request(shared: Shared) -> None:
    request = await shared.hand_out(RequestKind.DKIM)
    shared.parts.pass_time(seconds=90)
    await shared.parts.requests.look_now(request.id)
    await shared.parts.settle()  # nothing there; the next look comes in minutes
    shared.publish(MAIL + DKIM)
    shared.parts.pass_time(seconds=30)
    await shared.looks.look(FRIEND)
    await shared.parts.settle()
    assert (await shared.now_of(request)).state is State.CLOSED
    assert shared.looks_made() == 1
    assert "member-live" in shared.parts.messenger.said(request.id)


async def test_a_look_that_sees_the_webmail_alias_has_its_certificate_looked_at(
    shared: Shared,
) -> None:
    parts = shared.parts
    request = (await parts.requests.open(RequestKind.WEBMAIL, FRIEND, PLACE, ANN)).request
    await parts.requests.approve(request.id, COWHERD)
    await parts.settle()
    waiting = await shared.now_of(request)
    assert waiting.due_at is not None
    assert waiting.due_at - parts.now() > SOONEST_LOOK
    shared.publish(MAIL + "mail CNAME mx1.cow.example.\n")
    parts.pass_time(seconds=30)
    await shared.looks.look(FRIEND)
    await parts.settle()
    waiting = await shared.now_of(request)
    assert waiting.seen == Certificate.OTHER_NAME
    assert shared.looks_made() == 1
    # What is seen of it is no news any more: the certificate has its own time.
    parts.pass_time(seconds=30)
    await shared.looks.look(FRIEND)
    assert (await shared.now_of(request)).due_at == waiting.due_at


async def test_a_look_that_sees_the_domain_on_the_server_ends_the_request_for_it(
    shared: Shared,
) -> None:
    parts = shared.parts
    parts.mail.drop_domain(FRIEND)
    request = (await parts.requests.open(RequestKind.MAILDOMAIN, FRIEND, PLACE, ANN)).request
    await parts.requests.approve(request.id, COWHERD, by_hand=True, control_shown=True)
    await parts.settle()
    await shared.looks.look(FRIEND)
    await parts.settle()
    assert (await shared.now_of(request)).state is State.WAITING
    parts.mail.put_domain(FRIEND)
    parts.pass_time(seconds=30)
    await shared.looks.look(FRIEND)
    await parts.settle()
    assert (await shared.now_of(request)).state is State.CLOSED


async def test_a_look_that_sees_nothing_new_leaves_a_request_its_time(shared: Shared) -> None:
    request = await shared.hand_out(RequestKind.DKIM)
    await shared.parts.requests.look_now(request.id)
    await shared.parts.settle()
    before = await shared.now_of(request)
    assert before.due_at is not None
    assert before.due_at - shared.parts.now() > SOONEST_LOOK
    await shared.looks.look(FRIEND)
    await shared.parts.settle()
    assert await shared.now_of(request) == before


async def test_requests_of_one_domain_that_are_due_together_share_a_look(shared: Shared) -> None:
    first, second = [await shared.hand_out(k) for k in (RequestKind.DKIM, RequestKind.DMARC)]
    shared.publish(MAIL + DKIM + NONE)
    await shared.parts.requests.look_now(first.id)
    await shared.parts.settle()
    assert (await shared.now_of(first)).state is State.CLOSED
    assert (await shared.now_of(second)).state is State.CLOSED
    assert shared.looks_made() == 1


async def test_who_published_and_has_it_looked_at_is_not_shown_an_earlier_look(
    shared: Shared,
) -> None:
    request = await shared.hand_out(RequestKind.DKIM)
    await shared.looks.look(FRIEND)
    await shared.parts.settle()
    shared.publish(MAIL + DKIM)
    await shared.parts.requests.look_now(request.id)
    await shared.parts.settle()
    assert (await shared.now_of(request)).state is State.CLOSED
    assert shared.looks_made() == 1


async def test_a_request_that_waits_for_an_admin_is_left_alone(shared: Shared) -> None:
    request = (await shared.parts.requests.open(RequestKind.DKIM, FRIEND, PLACE, ANN)).request
    shared.publish(MAIL + DKIM)
    before = await shared.now_of(request)
    await shared.looks.look(FRIEND)
    assert await shared.now_of(request) == before


async def test_a_look_of_the_request_is_handed_to_the_watch(shared: Shared) -> None:
    seen: list[Domain] = []

    async def take(look: Seen) -> None:
        seen.append(look.domain)

    shared.looks.listen(take)
    request = await shared.hand_out(RequestKind.DKIM)
    await shared.parts.requests.look_now(request.id)
    await shared.parts.settle()
    assert seen == [FRIEND]


class Watch:
    """Notes what it is told to look at."""

    def __init__(self) -> None:
        self.told: list[Domain] = []

    async def have_looked_at(self, domain: Domain, /) -> None:
        """Note it."""
        self.told.append(domain)


@pytest.mark.parametrize("kind", [RequestKind.DKIM, RequestKind.MAILDOMAIN])
async def test_the_watch_looks_at_a_domain_once_something_of_it_is_live(
    shared: Shared, kind: RequestKind
) -> None:
    parts, watch = shared.parts, Watch()
    tools = Tools(SERVER, parts.mail, parts.verify)
    parts.worker = Worker(parts.store, tools, parts.now, parts.wake_up, watch=watch)
    request = (await parts.requests.open(kind, FRIEND, PLACE, ANN)).request
    await parts.requests.approve(request.id, COWHERD, control_shown=True)
    shared.publish(MAIL + DKIM)
    await parts.settle()
    parts.pass_time(hours=1)
    await parts.settle()
    assert (await shared.now_of(request)).state is State.CLOSED
    assert watch.told == [FRIEND]
