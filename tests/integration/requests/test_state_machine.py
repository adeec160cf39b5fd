"""Anything that members, admins, time and crashes do to requests, in any order."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bot.demo.dkim_keys import KEYS
from bot.errors import BackendRefused, RequestError
from bot.requests.control_proof import BY_DNS
from bot.requests.model import ActorKind, MessageKind, RequestKind, State, can_go
from bot.requests.outbox_worker import Postponed
from bot.store.repositories.control_proofs import ControlProofs
from request_parts import ANN, BEN, COWHERD, DAIRYMAID, FRIEND, KEY, MOVER, PLACE, Setup

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from bot.requests.model import AuditEntry, OutboxMessage, Request
    from bot.requests.outcomes import Decision
    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

OTHER_KEYS = tuple(f"v=DKIM1;k=rsa;p={KEYS[name]}" for name in ("friend", "mover"))
MEMBERS = st.sampled_from((ANN, BEN))
ADMINS = st.sampled_from((COWHERD, DAIRYMAID))
KINDS = st.sampled_from(RequestKind)
DOMAINS = st.sampled_from((FRIEND, MOVER))
NUMBERS = st.integers(1, 4)  # of requests, of which not all are there
NO = BackendRefused("mailcow-redirects", location="")
TURNS = st.integers(0, 60)  # of the event loop, before a crash
CLICKS = st.lists(
    st.tuples(st.sampled_from(("approve", "deny", "retry", "withdraw", "finish")), ADMINS),
    min_size=2,
    max_size=6,
)


class RequestMachine(RuleBasedStateMachine):
    """Requests over a store, with what has to hold whatever happens."""

    server: PostgresServer | None = None  # where the store is; None: in a file

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._folder = Path(tempfile.mkdtemp())
        self._stack = AsyncExitStack()
        self._parts = Setup(self._folder)
        self._posts: dict[int, OutboxMessage] = {}
        self._versions: dict[int, Request] = {}
        self._won: Counter[int] = Counter()  # approvals and retries by request
        self._keys = 0  # made anew

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    @initialize(kinds=st.tuples(KINDS, KINDS))
    def begin(self, kinds: tuple[RequestKind, RequestKind]) -> None:
        self._run(self._open())
        self._parts.live.add(FRIEND.ascii)
        for number, kind in enumerate((RequestKind.DKIM, RequestKind.MAILDOMAIN, *kinds), start=1):
            self.somebody_asks(kind, (FRIEND, MOVER)[number % 2], (ANN, BEN)[number % 2])
        self.an_admin_clicks(1, "approve", COWHERD)

    @rule(kind=KINDS, domain=DOMAINS, member=MEMBERS)
    def somebody_asks(self, kind: RequestKind, domain: Any, member: int) -> None:
        self._run(self._parts.requests.open(kind, domain, PLACE, member))

    @rule(domain=DOMAINS, member=MEMBERS, is_kept=st.booleans())
    def who_controls_a_domain_asks(self, domain: Any, member: int, *, is_kept: bool) -> None:
        async def show_and_ask() -> None:
            parts = self._parts
            if is_kept:
                await ControlProofs(parts.database).keep(domain, member, BY_DNS, parts.time)
            kind = RequestKind.MAILDOMAIN
            opened = await parts.requests.open_proven(kind, domain, PLACE, member)
            assert opened.by_other is (opened.request.member_id != member)

        self._run(self._attempt(show_and_ask()))

    @rule(kind=KINDS, domain=DOMAINS, crowd=st.lists(MEMBERS, min_size=2, max_size=5))
    def several_ask_at_once(self, kind: RequestKind, domain: Any, crowd: list[int]) -> None:
        async def ask_all() -> None:
            asked = (self._parts.requests.open(kind, domain, PLACE, member) for member in crowd)
            opened = await asyncio.gather(*asked)
            assert len({one.request.id for one in opened}) == 1
            assert sum(one.is_new for one in opened) <= 1

        self._run(ask_all())

    @rule(
        number=NUMBERS, click=st.sampled_from(("approve", "approve", "retry", "deny")), admin=ADMINS
    )
    def an_admin_clicks(self, number: int, click: str, admin: int) -> None:
        self._run(self._click(number, click, admin))

    @rule(number=NUMBERS, clicks=CLICKS)
    def several_click_at_once(self, number: int, clicks: list[tuple[str, int]]) -> None:
        async def click_all() -> None:
            before = await self._parts.requests.get(number)
            won = await asyncio.gather(*(self._click(number, *click) for click in clicks))
            assert before is not None or not any(won)
            if before is not None and before.state is State.PENDING:
                taken = [c for (c, _), one in zip(clicks, won, strict=True) if one]
                assert len([c for c in taken if c in {"approve", "deny"}]) <= 1

        self._run(click_all())

    @rule(number=NUMBERS)
    def somebody_looks_again(self, number: int) -> None:
        self._run(self._attempt(self._parts.requests.look_now(number)))

    @rule(member=MEMBERS)
    def a_member_is_forgotten(self, member: int) -> None:
        self._run(self._parts.requests.forget_member(member))
        assert self._run(self._parts.requests.of_member(member)) == ()

    @rule(domain=DOMAINS)
    def somebody_publishes_or_takes_back(self, domain: Any) -> None:
        self._parts.live ^= {domain.ascii}

    @rule(refuses=st.booleans())
    def the_mail_server_refuses_or_not(self, *, refuses: bool) -> None:
        self._parts.mail.refusal = NO if refuses else None

    @rule(domain=DOMAINS, selector=st.sampled_from(("dkim", "cow")))
    def somebody_makes_a_key_anew(self, domain: Any, selector: str) -> None:
        if self._parts.mail.key_of(domain) is not None:
            self._keys += 1
            self._parts.mail.put_key(domain, selector, OTHER_KEYS[self._keys % len(OTHER_KEYS)])

    @rule(number=NUMBERS, click=st.sampled_from(("approve", "retry")), again=st.booleans())
    def the_mail_server_refuses_what_was_approved(
        self, number: int, click: str, *, again: bool
    ) -> None:
        async def fail() -> None:
            former = self._parts.mail.refusal
            self._parts.mail.refusal = NO
            await self._click(number, click, COWHERD)
            await self._parts.worker.step()
            await self._parts.worker.step()
            self._parts.mail.refusal = former
            if again:
                await self._click(number, "retry", DAIRYMAID)

        self._run(fail())

    @rule(breaks=st.booleans())
    def discord_breaks_or_not(self, *, breaks: bool) -> None:
        self._parts.messenger.answer = Postponed("Discord is down") if breaks else None

    @rule(minutes=st.sampled_from((0.1, 0.1, 2, 2, 2, 5, 5, 5, 15, 60, 24 * 60, 7 * 24 * 60)))
    def time_passes(self, minutes: float) -> None:
        self._parts.pass_time(minutes=minutes)

    @rule()
    def the_worker_works(self) -> None:
        self._run(self._parts.worker.step())

    @rule()
    def two_workers_work_at_once(self) -> None:
        async def work() -> None:
            await asyncio.gather(self._parts.worker.step(), self._parts.worker.step())
            await asyncio.gather(self._parts.outbox.step(), self._parts.outbox.step())

        self._run(work())

    @rule()
    def messages_are_delivered(self) -> None:
        self._run(self._parts.outbox.step())

    @rule(turns=TURNS, click=st.none() | st.tuples(NUMBERS, ADMINS))
    def it_crashes_at_any_moment(self, turns: int, click: tuple[int, int] | None) -> None:
        async def crash() -> None:
            work = [self._parts.worker.step(), self._parts.outbox.step()]
            tasks: list[asyncio.Task[Any]] = [asyncio.create_task(one) for one in work]
            if click is not None:
                number, admin = click
                tasks.append(asyncio.create_task(self._click(number, "approve", admin)))
            for _ in range(turns):
                await asyncio.sleep(0.0002 if turns > 30 else 0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._parts.restart()
            await self._count_approvals()

        self._run(crash())

    @rule(point=st.sampled_from(("called", "made", "sent")))
    def it_crashes_inside_a_call(self, point: str) -> None:
        async def crash() -> None:
            reached = asyncio.Event()
            hang = _hang_at(point, reached)
            self._parts.mail.pause = self._parts.messenger.pause = hang
            work = asyncio.gather(self._parts.worker.step(), self._parts.outbox.step())
            waiting = asyncio.ensure_future(reached.wait())
            tasks: set[asyncio.Future[Any]] = {work, waiting}
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._parts.mail.pause = self._parts.messenger.pause = None
            await self._parts.restart()

        self._run(crash())

    @invariant()
    def everything_holds(self) -> None:
        self._run(self._examine())

    def teardown(self) -> None:
        try:
            self._run(self._end_well())
        finally:
            self._run(self._stack.aclose())
            self._runner.close()
            shutil.rmtree(self._folder)

    async def _open(self) -> None:
        if self.server is not None:
            name = await self._stack.enter_async_context(self.server.emptied_database())
            self._parts.url = self.server.url_of(name)
        await self._parts.open()

    def _failures(self, entries: list[AuditEntry]) -> int:
        return sum(entry.after is State.FAILED for entry in entries)

    async def _end_well(self) -> None:
        """Whatever happened: with all in order again, every request comes to its end."""
        parts = self._parts
        parts.mail.refusal = parts.messenger.answer = None
        for _ in range(6):
            await parts.settle()
            parts.pass_time(days=8)
        await parts.settle()
        parts.pass_time(minutes=10)
        await parts.settle()
        await self._examine()
        assert await parts.requests.open_requests() == ()
        assert await parts.messages_left() == 0
        assert await parts.store.requests.next_due() is None
        await parts.close()

    async def _click(self, number: int, click: str, admin: int) -> bool:
        requests = self._parts.requests
        request = await requests.get(number)
        member = request.member_id if request else ANN
        stage = "none" if request and request.kind is RequestKind.DMARC else None
        work: Awaitable[Decision]
        match click:
            case "approve":
                work = requests.approve(number, admin, stage=stage, control_shown=True)
            case "retry":
                work = requests.retry(number, admin)
            case "deny":
                work = requests.deny(number, admin, "no")
            case "finish":
                work = requests.finish(number, admin)
            case _:
                work = requests.withdraw(number, member)
        decision = await self._attempt(work)
        won = decision is not None and decision.won
        self._won[number] += won and click in {"approve", "retry"}
        return won

    async def _attempt(self, work: Awaitable[Any]) -> Any:
        try:
            return await work
        except RequestError:
            return None

    async def _count_approvals(self) -> None:
        """Take as won what a crash kept us from hearing."""
        entries = await self._parts.requests.latest_audit(10_000)
        approved = Counter(e.request_id for e in entries if e.after is State.APPROVED)
        assert all(approved[number] - won in {0, 1} for number, won in self._won.items())
        self._won = approved

    async def _examine(self) -> None:
        every = await self._parts.store.requests.in_states(frozenset(State))
        requests = {request.id: request for request in every}
        audit = await self._parts.requests.latest_audit(10_000)
        open_now = Counter((r.kind, r.domain) for r in requests.values() if r.open)
        assert not open_now or max(open_now.values()) == 1
        for request in requests.values():
            entries = [e for e in reversed(audit) if e.request_id == request.id]
            await self._examine_one(request, entries)
        assert self._versions.keys() <= requests.keys()
        self._versions = requests
        made = Counter(self._parts.mail.lines("made"))
        assert not made or max(made.values()) == 1
        nonces = [line.split()[-1] for line in self._parts.messenger.sent()]
        assert len(set(nonces)) == len(nonces)

    async def _examine_one(self, request: Request, entries: list[AuditEntry]) -> None:
        assert entries[0].before is None
        assert entries[-1].after is request.state
        assert all(one.after is two.before for one, two in pairwise(entries))
        assert all(e.before is None or can_go(e.before, e.after) for e in entries)
        approved = sum(entry.after is State.APPROVED for entry in entries)
        assert approved == self._won[request.id]
        worked = sum(entry.after is State.WORKING for entry in entries)
        assert worked <= approved
        members = {e.actor.id for e in entries if e.actor.kind is ActorKind.MEMBER}
        assert members == {request.member_id}
        before = self._versions.get(request.id)
        if before is not None:
            assert request.version >= before.version
            if request.version == before.version:
                assert (request.state, request.due_at) == (before.state, before.due_at)
        posts = await self._parts.store.outbox.of(request.id)
        assert len({(post.version, post.what) for post in posts}) == len(posts)
        assert all(post.version <= request.version for post in posts)
        mine = {number for number, post in self._posts.items() if post.request_id == request.id}
        assert mine <= {post.id for post in posts}
        for post in posts:
            former = self._posts.get(post.id, post)
            assert (former.nonce, former.what) == (post.nonce, post.what)
            assert former.ended_at in {None, post.ended_at}
            self._posts[post.id] = post
        if request.kind is RequestKind.DKIM and request.state in {State.WAITING, State.LIVE}:
            key = await self._parts.keys.current(request.domain)
            assert key is not None
            assert request.value == key.value
            assert request.value in {KEY, *OTHER_KEYS}
            if request.state is State.WAITING:
                records = [p for p in posts if p.what is MessageKind.MEMBER_RECORD]
                superseded = [p for p in posts if p.what is MessageKind.MEMBER_SUPERSEDED]
                worked = sum(entry.before is State.WORKING for entry in entries)
                assert len(records) == len(superseded) + worked - self._failures(entries)
        assert request.due_at is None or request.due_at <= self._parts.time + timedelta(days=14)


def _hang_at(point: str, reached: asyncio.Event) -> Callable[[str], Awaitable[None]]:
    async def hang(where: str) -> None:
        if where.startswith(point):
            reached.set()
            await asyncio.Event().wait()

    return hang


FEW = settings(max_examples=8, stateful_step_count=20)
MANY = settings(max_examples=300, stateful_step_count=50)


def test_in_any_order_on_sqlite() -> None:
    run_state_machine_as_test(RequestMachine, settings=FEW)


def machine_on(postgres: PostgresServer) -> type[RequestMachine]:
    class MachineOnServer(RequestMachine):
        server = postgres

    return MachineOnServer


def test_in_any_order_on_postgresql(postgres: PostgresServer) -> None:
    run_state_machine_as_test(machine_on(postgres), settings=FEW)


@pytest.mark.slow
def test_the_same_for_longer_on_sqlite() -> None:
    run_state_machine_as_test(RequestMachine, settings=MANY)


@pytest.mark.slow
def test_the_same_for_longer_on_postgresql(postgres: PostgresServer) -> None:
    run_state_machine_as_test(machine_on(postgres), settings=MANY)
