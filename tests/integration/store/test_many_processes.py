"""Several processes on one database on PostgreSQL: all comes out as if one had come after another.

Each has a `Database` of its own, as processes do. Without SERIALIZABLE most of these fail.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from bot.errors import RequestError
from bot.names import Domain
from bot.records.dkim_key import KeySource
from bot.requests.mail_proof import MailTest, SentMail
from bot.requests.model import MOST_OPEN, RequestKind
from bot.requests.polling import WakeUp
from bot.requests.service import Requests
from bot.store.engine.database import Database
from bot.store.repositories.awaited_goals import AwaitedGoals
from bot.store.repositories.control_proofs import ControlProofs
from bot.store.repositories.for_requests import RequestStore
from bot.store.repositories.for_watch import WatchStore
from bot.store.repositories.known_keys import KnownKeys
from bot.store.repositories.mail_tests import MailTests
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.sent_mails import SentMails
from bot.store.repositories.watch_news_rows import MOST_A_CYCLE
from bot.store.repositories.watchers import Watchers
from bot.store.tables import KnownKeyRow, RecentDomainRow
from bot.watch.watch_news import ADMINS, NewsKind
from bot.watch.watch_worker import WatchWorker
from request_parts import ALL, ANN, COWHERD, FRIEND, KEY, NOON, PLACE
from watch_parts import MX_GONE, WatchedWorld
from watch_story import DAY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from sqlalchemy.orm import Session

    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

PROCESSES = 4
LEASE = timedelta(minutes=5)


@pytest.fixture
async def databases(postgres: PostgresServer) -> AsyncIterator[list[Database]]:
    """The database as several processes have it open."""
    async with postgres.emptied_database() as name:
        url = postgres.url_of(name)
        opened = [await Database.open(url) for _ in range(PROCESSES)]
        yield opened
        for database in opened:
            await database.aclose()


def named(number: int) -> Domain:
    return Domain.from_ascii(f"n{number:03}.example")


def requests_on(databases: Iterable[Database]) -> list[Requests]:
    return [
        Requests(RequestStore.of(database), lambda: NOON, WakeUp(), "dkim", ALL)
        for database in databases
    ]


async def at_once(parts: Iterable[Any], number: int, do: Callable[..., Awaitable[Any]]) -> Any:
    """Have each process do something so often, all at once; return what came of each."""
    calls = [
        do(part, turn * PROCESSES + place)
        for turn in range(number)
        for place, part in enumerate(parts)
    ]
    return await asyncio.gather(*calls)


async def test_of_many_who_ask_for_the_same_one_request_comes(databases: list[Database]) -> None:
    services = requests_on(databases)

    async def ask(requests: Requests, member: int) -> Any:
        return await requests.open(RequestKind.DKIM, FRIEND, PLACE, member + 1)

    opened = await at_once(services, 4, ask)
    assert len({one.request.id for one in opened}) == 1
    assert sum(one.is_new for one in opened) == 1
    posts = await RequestStore.of(databases[0]).outbox.of(opened[0].request.id)
    assert [post.what.value for post in posts] == ["admin-card"]


async def test_a_member_has_no_more_open_requests_than_they_may(databases: list[Database]) -> None:
    services = requests_on(databases)

    async def ask(requests: Requests, number: int) -> bool:
        try:
            await requests.open(RequestKind.DKIM, named(number), PLACE, ANN)
        except RequestError:
            return False
        return True

    assert sum(await at_once(services, 4, ask)) == MOST_OPEN
    assert len(await services[0].of_member(ANN)) == MOST_OPEN


async def test_of_many_decisions_one_counts(databases: list[Database]) -> None:
    services = requests_on(databases)
    opened = await services[0].open(RequestKind.DKIM, FRIEND, PLACE, ANN)
    number = opened.request.id

    async def decide(requests: Requests, turn: int) -> bool:
        try:
            if turn % 3 == 0:
                return (await requests.approve(number, COWHERD + turn)).won
            if turn % 3 == 1:
                return (await requests.deny(number, COWHERD + turn, "no")).won
            return (await requests.withdraw(number, ANN)).won
        except RequestError:
            return False

    won = await at_once(services, 3, decide)
    audit = await services[0].audit(number)
    # What was approved can still be withdrawn, so there may be two.
    assert sum(won) == len(audit) - 1 <= 2
    assert all(one.after is two.before for one, two in pairwise(audit))


@pytest.mark.parametrize("what", ["requests", "messages", "looks"])
async def test_whatever_is_due_is_taken_once(databases: list[Database], what: str) -> None:
    services = requests_on(databases)
    for number in range(40):
        domain = named(number)
        opened = await services[0].open(RequestKind.DKIM, domain, PLACE, 100 + number)
        await services[0].approve(opened.request.id, COWHERD)
        await Watchers(databases[0]).add(domain, 100 + number, NOON, 9)

    async def take_all(database: Database, _: int) -> list[Any]:
        store, taken = RequestStore.of(database), []
        take: Callable[..., Awaitable[Any]] = {
            "requests": store.requests.take_due,
            "messages": store.outbox.take_due,
            "looks": WatchStore.of(database).domains.take_due,
        }[what]
        while found := await take(NOON, LEASE, 3):
            taken += [each.subject if what == "looks" else each.id for each in found]
        return taken

    taken = Counter(each for some in await at_once(databases, 2, take_all) for each in some)
    # Some may be passed over by one while another holds them, and are then there for the next.
    assert set(taken.values()) == {1}
    assert len(taken) == 40


async def test_what_many_see_is_told_once_and_beyond_five_messages_in_one_summary(
    databases: list[Database],
) -> None:
    herd = tuple(f"d{number:02}.example" for number in range(12))
    world = WatchedWorld(hosted=herd)

    def worker_on(database: Database) -> WatchWorker:
        store = WatchStore.of(database).domains
        return WatchWorker(
            store, world.look, world.look_at_server, world.list_domains, world.now, WakeUp()
        )

    workers = [worker_on(database) for database in databases]
    while await workers[0].step():
        pass
    world.at += DAY
    while await workers[0].step():
        pass
    watchers = Watchers(databases[0])
    for name in herd:
        await watchers.add(Domain.from_ascii(name), ANN, world.at, 20)
    world.statuses = dict.fromkeys(herd, MX_GONE)
    for minutes in (1, 7):
        world.at += timedelta(minutes=minutes)

        async def settle(worker: WatchWorker, number: int) -> None:
            await worker.settle(await world.look(Domain.from_ascii(herd[number // PROCESSES])))

        await at_once(workers, len(herd), settle)
    store = WatchStore.of(databases[0])
    incidents = [each for name in herd for each in await store.incidents.of(name, NOON - 9 * DAY)]
    assert [incident.subject for incident in incidents] == list(herd)
    told: dict[int, list[tuple[NewsKind, list[int]]]] = {ADMINS: [], ANN: []}
    for message in await store.news.take_due(world.at + DAY, LEASE, 99):
        news = await store.news.get(message.request_id)
        assert news is not None
        facts: Any = news.facts
        told[news.target].append((news.what, list(facts["opened"])))
    for messages in told.values():
        kinds = Counter(what for what, _ in messages)
        assert kinds == {NewsKind.INCIDENTS: MOST_A_CYCLE, NewsKind.SUMMARY: 1}
        numbers = [number for _, opened in messages for number in opened]
        assert sorted(numbers) == sorted(incident.id for incident in incidents)


async def test_limits_hold_for_all_processes_together(databases: list[Database]) -> None:
    async def do(database: Database, number: int) -> tuple[bool, ...]:
        test = await MailTests(database).make(ANN, None, str(number), (NOON, NOON + LEASE), 3)
        mail = await SentMails(database).begin(ANN, FRIEND, NOON, 3)
        goal = await AwaitedGoals(database).add(
            named(number), ANN, "mx", NOON, confidential=False, most=3
        )
        watcher = await Watchers(database).add(named(number), ANN, NOON, 3)
        return (
            isinstance(test, MailTest),
            isinstance(mail, SentMail),
            goal is not None,
            watcher is not None,
        )

    done = await at_once(databases, 3, do)
    assert [sum(column) for column in zip(*done, strict=True)] == [3, 3, 3, 3]


async def test_what_there_is_once_is_there_once(databases: list[Database]) -> None:
    async def do(database: Database, number: int) -> bytes:
        await KnownKeys(database).learn(FRIEND, f"s{number}", KEY, KeySource.ADMIN, NOON)
        await AwaitedGoals(database).add(FRIEND, ANN, "mx", NOON, confidential=False, most=3)
        await RecentDomains(database).remember(ANN, FRIEND, NOON + timedelta(seconds=number))
        await ControlProofs(database).keep(FRIEND, ANN, "dns", NOON + timedelta(seconds=number))
        return await ControlProofs(database).secret()

    assert len(set(await at_once(databases, 3, do))) == 1
    current = select(func.count()).where(KnownKeyRow.superseded_at.is_(None))
    recent = select(func.count()).select_from(RecentDomainRow)

    def count(session: Session) -> tuple[int | None, int | None]:
        return session.scalar(current), session.scalar(recent)

    assert await databases[0].read(count) == (1, 1)
    assert len(await KnownKeys(databases[0]).former(FRIEND)) == 3 * PROCESSES - 1
    assert len(await AwaitedGoals(databases[0]).open_of(ANN)) == 1


async def test_a_weeks_digest_is_told_once(databases: list[Database]) -> None:
    world = WatchedWorld()
    stores = [WatchStore.of(database) for database in databases]
    workers = [
        WatchWorker(
            s.domains, world.look, world.look_at_server, world.list_domains, world.now, WakeUp()
        )
        for s in stores
    ]
    while await workers[0].step():
        pass
    world.at += 8 * DAY

    async def tell(worker: WatchWorker, _: int) -> None:
        await worker._tell_digests()

    await at_once(workers, 2, tell)
    news = [
        await stores[0].news.get(message.request_id)
        for message in await stores[0].news.take_due(world.at, LEASE, 99)
    ]
    assert [each.what for each in news if each is not None] == [NewsKind.DIGEST]
