"""Made-up rows of many watched domains with a past of 400 days, the same at every call."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, insert, select, text

from bot.checks.export.archive import dump_finding
from bot.names import Domain
from bot.requests.model import State
from bot.store.tables import (
    ApprovedStageRow,
    AuditRow,
    Base,
    ControlProofRow,
    KnownKeyRow,
    MailTestRow,
    OutboxRow,
    RecentDomainRow,
    RequestRow,
    SentMailRow,
    StoredCheckRow,
)
from bot.store.watch_tables import (
    AwaitedRow,
    DomainChangeRow,
    IncidentRow,
    WatchedRow,
    WatcherRow,
    WatchNewsRow,
)
from bot.watch.judgement import judge_domain
from bot.watch.look_decision import SubjectStanding
from bot.watch.look_schedule import daily_look
from bot.watch.snapshot import dump_changes
from bot.watch.watch_news import ADMINS, NewsKind
from bot.watch.watched_domain import MAIL_SERVER, Watched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from benchmarks.sample_looks import SampleLooks
    from bot.store.engine.database import Database
    from bot.watch.look_decision import LookDecision

SEED: Final = 17
PAST: Final = 400  # days
_AT_ONCE: Final = 2_000  # rows of one statement
_DAY: Final = timedelta(days=1)
_NUMBERED: Final = (RequestRow, IncidentRow)  # tables whose rows are given their numbers here

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Extent:
    """How many rows there are of each kind; of what is not named, as many as belong to these."""

    domains: int
    open_incidents: int
    closed_incidents: int
    changes: int
    news: int
    watchers: int
    requests: int
    checks: int

    @classmethod
    def of(cls, domains: int) -> Extent:
        """Return what so many domains come to in 400 days, by the shares of docs/scale.md."""
        return cls(
            domains,
            open_incidents=domains // 200,
            closed_incidents=domains // 5,
            changes=3 * domains,
            news=domains // 20,
            watchers=domains // 10,
            requests=domains // 5,
            checks=domains // 5,
        )


class ManyRows:
    """The rows of a bot that has run for 400 days until `now`, by table."""

    def __init__(self, extent: Extent, looks: SampleLooks, now: datetime) -> None:
        self.extent = extent
        self.now = now
        self.names = [f"d{number:06}.example" for number in range(extent.domains)]
        self._looks = looks
        self._begin = now - PAST * _DAY
        self._name = looks.right.domain.ascii
        self._right, self._broken = self._judge(broken=False), self._judge(broken=True)

    async def fill(self, database: Database) -> None:
        """Write all rows into an empty database, and let it count what it has."""
        for table, make in (
            (WatchedRow, self._watched),
            (IncidentRow, self._incidents),
            (DomainChangeRow, self._changes),
            (WatcherRow, self._watchers),
            (AwaitedRow, self._awaited),
            (WatchNewsRow, self._news),
            (RequestRow, self._requests),
            (AuditRow, self._audit),
            (OutboxRow, self._outbox),
            (ApprovedStageRow, self._stages),
            (KnownKeyRow, self._keys),
            (StoredCheckRow, self._checks),
            (RecentDomainRow, self._recent),
            (ControlProofRow, self._proofs),
            (MailTestRow, self._tests),
            (SentMailRow, self._mails),
        ):
            await _fill_table(database, table, make(random.Random(f"{SEED} {table.__name__}")))
        await database.write(_settle_down)

    def _judge(self, *, broken: bool) -> LookDecision:
        domain = self._looks.right.domain
        watched = Watched(
            domain.ascii,
            hosted=True,
            by_hand=False,
            is_new=False,
            added_at=self._begin,
            due_at=self.now,
            version=1,
        )
        seen = self._looks.at(domain, self.now - _DAY, broken=broken)
        decision = judge_domain(SubjectStanding(watched), seen, self.now - _DAY)
        if decision is None:
            raise AssertionError
        return decision

    def _watched(self, chance: random.Random) -> Iterator[Row]:
        yield self._watch(MAIL_SERVER, self._right, chance) | {"hosted": False, "state": ""}
        for place, name in enumerate(self.names):
            is_broken = place < self.extent.open_incidents
            yield self._watch(name, self._broken if is_broken else self._right, chance)
        for number in range(self.extent.domains // 100):  # that the mail server had once
            row = self._watch(f"gone{number:05}.example", self._right, chance)
            yield row | {"hosted": False, "due_at": None}

    def _watch(self, subject: str, decision: LookDecision, chance: random.Random) -> Row:
        watched = decision.watched
        due_at = daily_look(subject, self.now)
        return {
            "subject": subject,
            "hosted": True,
            "by_hand": False,
            "is_new": False,
            "added_at": self._moment(chance),
            "due_at": due_at,
            "version": 400,
            "state": watched.state.replace(self._name, subject),
            "status": None if watched.status is None else watched.status.value,
            # Of each hundred one has a record missing that nobody needs at once.
            "green": watched.green and chance.random() > 0.01,
            "next": watched.next,
            "since": self._begin,
            "looked_at": due_at - _DAY,
            "known_at": due_at - _DAY,
        }

    def _incidents(self, chance: random.Random) -> Iterator[Row]:
        extent, finding = self.extent, self._looks.broken.report.findings[0]
        for number in range(1, extent.open_incidents + extent.closed_incidents + 1):
            is_open = number <= extent.open_incidents
            began_at = self.now - _DAY if is_open else self._moment(chance)
            yield {
                "id": number,
                "subject": self.names[number - 1 if is_open else chance.randrange(extent.domains)],
                "check": finding.check.value,
                "finding": dump_finding(finding),
                "began_at": began_at,
                "opened_at": began_at + timedelta(hours=1),
                "seen_at": began_at + timedelta(hours=2),
                "relapses": 0,
                "closed_at": None if is_open else began_at + 3 * _DAY,
            }

    def _changes(self, chance: random.Random) -> Iterator[Row]:
        changes = self._broken.changes
        told = "" if changes is None else dump_changes(changes)
        for _ in range(self.extent.changes):
            yield {
                "domain": Domain.from_ascii(chance.choice(self.names)),
                "at": self._moment(chance),
                "changes": told,
            }

    def _watchers(self, chance: random.Random) -> Iterator[Row]:
        for number in range(self.extent.watchers):
            yield {
                "domain": self._domain(chance, number),
                "member_id": 1_000 + number // 3,
                "added_at": self._begin,
            }

    def _awaited(self, chance: random.Random) -> Iterator[Row]:
        for number in range(self.extent.watchers // 4):
            made_at = self.now - chance.random() * 30 * _DAY
            yield {
                "domain": self._domain(chance, number),
                "member_id": 1_000 + number,
                "goal": "all",
                "confidential": False,
                "made_at": made_at,
                "due_at": self.now + _DAY,
                "attempts": 3,
                "seen": "",
                "end": "reached" if number % 8 else None,
                "ended_at": made_at + _DAY if number % 8 else None,
            }

    def _news(self, chance: random.Random) -> Iterator[Row]:
        for number in range(1, self.extent.news + 1):
            subject = self.names[number % self.extent.domains]
            # One of ten is to the admins, and the last few are still to be sent.
            target = ADMINS if number % 10 == 0 else 1_000 + number
            at = self.now - chance.random() * 30 * _DAY
            is_sent = number > min(20, self.extent.news // 20)
            yield {
                "key": f"{NewsKind.INCIDENTS}:{subject}:{target}:o{number}",
                "what": NewsKind.INCIDENTS.value,
                "target": target,
                "facts": json.dumps({"subject": subject, "opened": [number], "closed": []}),
                "nonce": f"news{number}",
                "version": 1,
                "created_at": at if is_sent else self.now,
                "due_at": at if is_sent else self.now,
                "attempts": int(is_sent),
                "ended_at": at + timedelta(minutes=1) if is_sent else None,
                "channel_id": 1 if is_sent else None,
                "message_id": number if is_sent else None,
                "detail": "",
                "subject": subject,
            }

    def _requests(self, chance: random.Random) -> Iterator[Row]:
        for number in range(1, self.extent.requests + 1):
            is_open = number % 50 == 0  # they wait for their record to be live
            at = self.now - 10 * _DAY if is_open else self._moment(chance)
            yield {
                "id": number,
                "kind": "dkim",
                "domain": self._domain(chance, number),
                "guild_id": 1,
                "channel_id": 2,
                "member_id": 1_000 + number // 2,
                "state": (State.WAITING if is_open else State.CLOSED).value,
                "version": 4,
                "created_at": at,
                "changed_at": at,
                "closed_at": None if is_open else at + 2 * _DAY,
                "due_at": self.now + chance.uniform(-0.01, 1) * _DAY if is_open else None,
                "attempts": 3,
                "decided_by": 7,
                "decided_at": at,
                "reason": "",
                "by_hand": False,
                "value": "v=DKIM1;k=rsa;p=" + "A" * 390,
                "selector": "dkim",
                "seen": "",
                "evidence": "e" * 600,
                "card_channel_id": 2,
                "card_message_id": number,
                "message_channel_id": 3,
                "message_id": number,
                "cleared": False,
            }

    def _audit(self, chance: random.Random) -> Iterator[Row]:
        steps: tuple[State, ...] = (State.PENDING, State.APPROVED, State.WORKING, State.WAITING)
        for number in range(1, self.extent.requests + 1):
            at = self._moment(chance)
            for before, after in pairwise(steps):
                yield {
                    "at": at,
                    "request_id": number,
                    "actor_kind": "bot",
                    "actor_id": None,
                    "before": before.value,
                    "after": after.value,
                    "detail": "",
                }

    def _outbox(self, chance: random.Random) -> Iterator[Row]:
        for number in range(1, self.extent.requests + 1):
            at = self._moment(chance)
            for version, what in ((1, "admin-card"), (2, "member-record"), (3, "admin-edit")):
                is_left = number % 1_000 == 0 and version > 1
                yield {
                    "request_id": number,
                    "version": version,
                    "what": what,
                    "target": what.partition("-")[0],
                    "nonce": f"{number}-{version}",
                    "created_at": at,
                    "due_at": self.now - _DAY if is_left else at,
                    "attempts": 1,
                    "ended_at": None if is_left else at,
                    "channel_id": 2,
                    "message_id": number,
                    "detail": "",
                }

    def _stages(self, chance: random.Random) -> Iterator[Row]:
        for number in range(1, self.extent.requests // 2 + 1):
            yield {
                "domain": self._domain(chance, number),
                "stage": "reject",
                "request_id": number,
                "approved_at": self._moment(chance),
            }

    def _keys(self, chance: random.Random) -> Iterator[Row]:
        for name in self.names:
            yield {
                "domain": Domain.from_ascii(name),
                "selector": "dkim",
                "value": f"v=DKIM1;k=rsa;t=s;s=email;p={chance.randbytes(147).hex()}",
                "source": "mailcow",
                "learned_at": self._begin,
                "superseded_at": None,
            }

    def _checks(self, chance: random.Random) -> Iterator[Row]:
        report = self._looks.report_text()
        for number in range(self.extent.checks):
            yield {
                "domain": self._domain(chance, number // 30),
                "member_id": 1_000 + number // 60,
                "report": report,
                "schema": 3,
                "checked_at": self._moment(chance),
                "confidential": True,
                "shared": False,
            }

    def _recent(self, chance: random.Random) -> Iterator[Row]:
        for number in range(self.extent.watchers):
            yield {
                "member_id": 1_000 + number // 3,
                "domain": self._domain(chance, number),
                "asked_at": self._moment(chance),
            }

    def _proofs(self, chance: random.Random) -> Iterator[Row]:
        for number in range(self.extent.watchers):
            yield {
                "domain": self._domain(chance, number),
                "member_id": 1_000 + number // 3,
                "how": "record",
                "since": self._moment(chance),
            }

    def _tests(self, chance: random.Random) -> Iterator[Row]:
        for number in range(self.extent.domains // 50):
            at = self.now - chance.random() * 30 * _DAY
            yield {
                "member_id": 1_000 + number,
                "digest": f"digest{number}",
                "made_at": at,
                "ends_at": at + timedelta(hours=1),
                "state": "arrived",
                "in_spam": False,
                "passed": True,
                "verdict": "v" * 800,
                "head": "h" * 3_000,
                "fault": "",
                "nonce": f"test{number}",
                "news_at": at,
                "due_at": at,
                "attempts": 1,
                "told_at": at,
                "detail": "",
            }

    def _mails(self, chance: random.Random) -> Iterator[Row]:
        for number in range(self.extent.domains // 50):
            yield {
                "member_id": 1_000 + number,
                "domain": self._domain(chance, number),
                "made_at": self.now - chance.random() * 30 * _DAY,
                "state": "sent",
            }

    def _domain(self, chance: random.Random, number: int) -> Domain:
        del chance  # each number is another domain, as no member has one twice
        return Domain.from_ascii(self.names[(number * 7) % len(self.names)])

    def _moment(self, chance: random.Random) -> datetime:
        return self._begin + chance.random() * (PAST - 5) * _DAY


async def _fill_table(database: Database, table: type[Base], rows: Iterable[Row]) -> None:
    rest = iter(rows)
    while some := list(islice(rest, _AT_ONCE)):
        await database.write(partial(_insert, table, some))


def _insert(table: type[Base], rows: list[Row], session: Session) -> None:
    session.execute(insert(table).execution_options(render_nulls=True), rows)


def _settle_down(session: Session) -> None:
    """Have the database know how many rows there are, and number those that come."""
    if session.get_bind().dialect.name == "postgresql":
        for table in _NUMBERED:
            last = session.scalar(select(func.max(table.id)))
            name = f"{table.__tablename__}_id_seq"
            session.execute(text("SELECT setval(:name, :last)"), {"name": name, "last": last})
    session.execute(text("ANALYZE"))
