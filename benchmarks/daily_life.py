"""What the watch and the request worker do with the database day by day, as named steps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from bot.names import Domain
from bot.requests.model import make_pseudonym
from bot.requests.schedule import GIVE_UP_AFTER
from bot.requests.transitions import touch
from bot.store.repositories.awaited_goals import AwaitedGoals
from bot.store.repositories.control_proofs import ControlProofs
from bot.store.repositories.for_requests import RequestStore
from bot.store.repositories.for_watch import WatchStore
from bot.store.repositories.mail_test_news import MailTestNews
from bot.store.repositories.mail_tests import MailTests
from bot.store.repositories.old_requests import OldRequests
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.sent_mails import SentMails
from bot.store.repositories.stored_checks import StoredChecks
from bot.store.repositories.tallies import StoredTallies
from bot.store.repositories.watch_records import WatchRecords
from bot.store.repositories.watchers import Watchers
from bot.watch.digest import week_of
from bot.watch.domain_list import make_listing
from bot.watch.judgement import judge_domain
from bot.watch.watched_domain import HISTORY_KEPT

if TYPE_CHECKING:
    from datetime import datetime

    from benchmarks.many_rows import ManyRows
    from benchmarks.sample_looks import SampleLooks
    from bot.requests.model import Change, Request
    from bot.store.engine.database import Database

LEASE: Final = timedelta(minutes=5)
AT_ONCE: Final = 8
_DAY: Final = timedelta(days=1)
_MEMBER: Final = 1_007

Act = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Step:
    """A call of a repository. `reads_all`: what it gives or counts is all that there is."""

    name: str
    act: Act
    often: str  # how often that is, in words
    reads_all: bool = False


def list_steps(
    database: Database, rows: ManyRows, looks: SampleLooks, *, turn: int = 0
) -> tuple[Step, ...]:
    """Return the steps in the order in which they are to be made, once for each turn."""
    watch, requests = WatchStore.of(database), RequestStore.of(database)
    records, checks, now = WatchRecords(database), StoredChecks(database), rows.now
    tallies, tests = StoredTallies(database), MailTests(database)
    quiet, breaking = (Domain.from_ascii(rows.names[-1 - 2 * turn - place]) for place in range(2))
    settle = partial(_settle, watch, looks)
    old = now - HISTORY_KEPT
    domains = tuple(map(Domain.from_ascii, (*rows.names[1:], f"new{turn}.example")))
    looking, daily = "each look", "once a day"
    return (
        Step(
            "watch: take what is due", lambda: _take(watch.domains, now + _DAY / 2), "each 8 looks"
        ),
        Step("watch: when is the next due", watch.domains.next_due, "each 8 looks"),
        Step("settle a quiet look", lambda: settle(quiet, now + _DAY), looking),
        Step(
            "settle a look that suspects a fault",
            lambda: settle(breaking, now + _DAY, broken=True),
            "each fault",
        ),
        Step(
            "settle a look that opens an incident, and tell it",
            lambda: settle(breaking, now + 1.1 * _DAY, broken=True),
            "each fault",
        ),
        Step(
            "settle a look that finds it mended",
            lambda: settle(breaking, now + 1.2 * _DAY),
            "each fault",
        ),
        Step(
            "settle a look that closes it, and tell it",
            lambda: settle(breaking, now + 12 * _DAY),
            "each fault",
        ),
        Step("put a look off", lambda: _put_off(watch, now), "each failure"),
        Step("have a domain looked at", lambda: _have_looked_at(watch, quiet, now), "each request"),
        Step("news: take what is due", lambda: _take(watch.news, now), "each 8 messages"),
        Step("news: when is the next due", watch.news.next_due, "each 8 messages"),
        Step("requests: take what is due", lambda: _take(requests.requests, now), "each 8 steps"),
        Step("requests: when is the next due", requests.requests.next_due, "each 8 steps"),
        Step(
            "a request's step", lambda: _change_request(requests, now, 50 * (turn + 1)), "each step"
        ),
        Step("outbox: take what is due", lambda: _take(requests.outbox, now), "each 8 messages"),
        Step("outbox: when is the next due", requests.outbox.next_due, "each 8 messages"),
        Step(
            "test mails: when is the next due",
            MailTestNews(database).next_due,
            "each 8 messages",
        ),
        Step("test mails: those in the mailbox", tests.unfinished, "each minute"),
        Step("history of a domain", lambda: watch.changes.of(quiet, old), "a command"),
        Step("incidents of a domain", lambda: watch.incidents.of(quiet.ascii, old), "a command"),
        Step("requests of a member", lambda: requests.requests.of_member(_MEMBER), "a command"),
        Step(
            "what a member has watched", lambda: Watchers(database).of_member(_MEMBER), "a command"
        ),
        Step("keep a check", lambda: _keep_check(checks, looks, quiet, now), "a command"),
        Step("purge checks", lambda: checks.purge(old, 200), daily),
        Step(
            "purge checks beyond a member's latest",
            lambda: checks.purge_older(20, now - 7 * _DAY, 200),
            daily,
            reads_all=True,
        ),
        Step("purge domains asked for", lambda: RecentDomains(database).purge(old, 200), daily),
        Step("purge proofs", lambda: ControlProofs(database).purge(old, 200), daily),
        Step("purge test mails", lambda: tests.purge(now - 30 * _DAY, 200), daily),
        Step("purge sent mails", lambda: SentMails(database).purge(now - 30 * _DAY, 200), daily),
        Step("purge what was waited for", lambda: AwaitedGoals(database).purge(now, 200), daily),
        Step(
            "purge old requests",
            lambda: OldRequests(database).purge(old + 50 * _DAY, 200, make_pseudonym),
            daily,
        ),
        Step("purge history", lambda: records.purge_history(old + _DAY, 200), daily),
        Step("purge news", lambda: records.purge_news(now - 29 * _DAY, 200), daily),
        Step(
            "figures: requests by state", tallies.requests_by_state, "each scrape", reads_all=True
        ),
        Step("figures: key changes by state", tallies.rotations_by_state, "each scrape"),
        Step("figures: messages left", tallies.messages_left, "each scrape"),
        Step("figures: the watch", lambda: tallies.watch(now), "each scrape", reads_all=True),
        Step(
            "/mailadmin watch",
            lambda: records.overview(now - _DAY / 2, now),
            "a command",
            reads_all=True,
        ),
        Step(
            "names while an admin types", lambda: records.find("d0001", 25), "a key", reads_all=True
        ),
        Step(
            "the mail server's list of domains",
            lambda: watch.domains.note_listing(make_listing(domains, is_first=False, at=now), now),
            "once an hour",
            reads_all=True,
        ),
        Step(
            "digests of a week",
            lambda: watch.domains.tell_digests(week_of(now + turn * 7 * _DAY), now),
            "once a week",
            reads_all=True,
        ),
        Step("leases given back at a start", watch.news.release_leases, "each start"),
        Step("leases of requests given back", requests.requests.release_leases, "each start"),
    )


async def _take(repository: Any, now: datetime) -> int:
    return len(await repository.take_due(now, LEASE, AT_ONCE))


async def _settle(
    watch: WatchStore,
    looks: SampleLooks,
    domain: Domain,
    at: datetime,
    *,
    broken: bool = False,
) -> None:
    seen = looks.at(domain, at, broken=broken)
    await watch.domains.settle(
        {domain.ascii: lambda standing: judge_domain(standing, seen, at)}, at
    )


async def _put_off(watch: WatchStore, now: datetime) -> None:
    (taken,) = await watch.domains.take_due(now + 1.5 * _DAY, LEASE, 1)
    await watch.domains.put_off(taken, now + _DAY)


async def _have_looked_at(watch: WatchStore, domain: Domain, now: datetime) -> None:
    await watch.domains.have_looked_at(domain, now + _DAY)


async def _change_request(requests: RequestStore, now: datetime, number: int) -> None:
    def look_later(request: Request) -> Change:
        return touch(request, attempts=request.attempts + 1, due_at=now + GIVE_UP_AFTER)

    await requests.requests.change(number, look_later, now)


async def _keep_check(
    checks: StoredChecks, looks: SampleLooks, domain: Domain, now: datetime
) -> None:
    await checks.keep(domain, _MEMBER, looks.report_text(), 3, now)
