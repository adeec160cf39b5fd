"""Workers of several processes never have two calls for one domain under way at the mail server."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.mailcow.mailcow_backend import MailcowBackend
from bot.requests.evidence import Evidence
from bot.requests.model import RequestKind, State
from bot.requests.polling import WakeUp
from bot.requests.protocols import Verification
from bot.requests.service import Requests
from bot.requests.work import Tools
from bot.requests.worker import LEASE, Worker
from bot.store.engine.database import Database
from bot.store.repositories.for_requests import RequestStore
from mailcow_helpers import READ, WRITE, connect
from max_wait import MAX_WAIT
from request_parts import ANN, COWHERD, FRIEND, NOON, PLACE, SERVER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.requests.model import Request

pytest_plugins = ["store_fixtures"]

ELSEWHERE = 999  # a channel


@dataclass
class Process:
    """What one process has: its own connections to the database and to Mailcow."""

    requests: Requests
    store: RequestStore
    worker: Worker


@dataclass
class Dairy:
    """Two processes on one database and one Mailcow, and the clock that both have."""

    mailcow: MailcowDouble
    time: datetime = NOON

    def now(self) -> datetime:
        """The time."""
        return self.time

    async def begin(self, stack: AsyncExitStack, url: str) -> Process:
        """Add a process."""
        database = await stack.enter_async_context(await Database.open(url))
        client = await stack.enter_async_context(connect(self.mailcow))
        backend, store = MailcowBackend(client, "dkim"), RequestStore.of(database)
        requests = Requests(store, self.now, WakeUp(), "dkim", backend.capabilities)
        tools = Tools(SERVER, backend, _see_nothing)
        return Process(requests, store, Worker(store, tools, self.now, WakeUp()))

    def writes(self) -> list[str]:
        """What was asked for that changes something."""
        return self.mailcow.routes("POST")

    async def is_asked(self, number: int = 1) -> None:
        """Return when so many writes have come."""
        async with asyncio.timeout(MAX_WAIT):
            while len(self.writes()) < number:  # noqa: ASYNC110 - the double tells nobody
                await asyncio.sleep(0.01)


async def _see_nothing(_: Request) -> Verification:
    return Verification(live=False, seen="dkim-missing")


@asynccontextmanager
async def two_processes(url: str) -> AsyncIterator[tuple[Dairy, Process, Process]]:
    keys = {READ: ApiKey(may_write=False), WRITE: ApiKey(may_write=True)}
    async with MailcowDouble(keys=keys) as mailcow, AsyncExitStack() as stack:
        mailcow.ready_keys.extend(await asyncio.to_thread(_make_pairs))
        mailcow.held = asyncio.Event()
        dairy = Dairy(mailcow)
        yield dairy, await dairy.begin(stack, url), await dairy.begin(stack, url)


def _make_pairs() -> list[DkimPair]:
    return [DkimPair.make("dkim", 1024) for _ in range(2)]


async def approve(process: Process, kind: RequestKind = RequestKind.DKIM) -> int:
    asked = await process.requests.open(kind, FRIEND, PLACE, ANN, evidence="[]")
    await process.requests.approve(asked.request.id, COWHERD, control_shown=True)
    return asked.request.id


async def state_of(process: Process, number: int) -> State:
    request = await process.requests.get(number)
    assert request is not None
    return request.state


@pytest.mark.parametrize("what", ["evidence", "card"])
async def test_what_is_noted_of_a_request_meanwhile_lets_nobody_begin_a_second_time(
    postgres_url: str, what: str
) -> None:
    async with two_processes(postgres_url) as (dairy, one, other):
        mailcow = dairy.mailcow
        mailcow.add_domain(FRIEND.ascii)
        number = await approve(one)
        await one.worker.step()
        working = asyncio.create_task(one.worker.step())
        await dairy.is_asked()
        if what == "evidence":
            await other.requests.keep_evidence(number, Evidence(NOON, ()))
        else:
            async with asyncio.timeout(MAX_WAIT):
                for message in await other.store.outbox.take_due(dairy.time, LEASE, 9):
                    await other.store.outbox.end(message, dairy.time, (ELSEWHERE, 1))
                assert await other.requests.move_cards(PLACE[1]) == 1
        assert await other.worker.step() == 0
        assert mailcow.held is not None
        mailcow.held.set()
        await asyncio.wait_for(working, MAX_WAIT)
        # What was found out is of a request that is another by now: it is done again, and found.
        assert await other.worker.step() == 1
        assert await state_of(other, number) is State.WAITING
        assert mailcow.keys_made == {FRIEND.ascii: 1}
        assert dairy.writes() == ["add/dkim"]


async def test_a_domain_and_its_key_are_not_made_at_once_by_two(postgres_url: str) -> None:
    async with two_processes(postgres_url) as (dairy, one, other):
        mailcow = dairy.mailcow
        domain = await approve(one, RequestKind.MAILDOMAIN)
        await one.worker.step()
        adding = asyncio.create_task(one.worker.step())
        await dairy.is_asked()
        key = await approve(other)
        for _ in range(3):
            await other.worker.step()
        assert await state_of(other, key) is State.APPROVED
        assert mailcow.held is not None
        mailcow.held.set()
        await asyncio.wait_for(adding, MAX_WAIT)
        assert await state_of(one, domain) is State.WAITING
        dairy.time += timedelta(seconds=5)
        while await other.worker.step():
            pass
        assert await state_of(other, key) is State.WAITING
        assert mailcow.keys_made == {FRIEND.ascii: 1}
        assert dairy.writes() == ["add/domain"]


async def test_of_two_that_begin_for_one_domain_at_once_one_does(postgres_url: str) -> None:
    async with two_processes(postgres_url) as (dairy, one, other):
        dairy.mailcow.add_domain(FRIEND.ascii)
        numbers = await approve(one), await approve(one, RequestKind.MAILDOMAIN)
        (first,) = await one.store.requests.take_due(dairy.time, LEASE, 1)
        (second,) = await other.store.requests.take_due(dairy.time, LEASE, 1)
        await asyncio.gather(one.worker._advance(first), other.worker._advance(second))
        states = [await state_of(one, number) for number in numbers]
        assert sorted(states) == [State.APPROVED, State.WORKING]


async def test_a_policy_waits_for_no_call_of_the_mail_server(postgres_url: str) -> None:
    async with two_processes(postgres_url) as (dairy, one, other):
        dairy.mailcow.add_domain(FRIEND.ascii)
        await approve(one)
        await one.worker.step()
        working = asyncio.create_task(one.worker.step())
        await dairy.is_asked()
        asked = await other.requests.open(RequestKind.DMARC, FRIEND, PLACE, ANN, evidence="[]")
        await other.requests.approve(asked.request.id, COWHERD, stage="none")
        while await other.worker.step():
            pass
        assert await state_of(other, asked.request.id) is State.WAITING
        assert dairy.mailcow.held is not None
        dairy.mailcow.held.set()
        await asyncio.wait_for(working, MAX_WAIT)


async def test_a_call_that_is_cut_short_is_not_made_again_while_it_may_be_under_way(
    postgres_url: str,
) -> None:
    async with two_processes(postgres_url) as (dairy, one, other):
        mailcow = dairy.mailcow
        mailcow.add_domain(FRIEND.ascii)
        number = await approve(one)
        await one.worker.step()
        running = asyncio.create_task(one.worker.run())
        await dairy.is_asked()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert await other.worker.step() == 0
        assert mailcow.held is not None
        mailcow.held.set()
        due = await other.store.requests.next_due()
        assert due is not None
        assert due - dairy.time < LEASE / 4
        dairy.time = due
        await other.worker.step()
        assert await state_of(other, number) is State.WAITING
        assert mailcow.keys_made == {FRIEND.ascii: 1}
        assert dairy.writes() == ["add/dkim"]
