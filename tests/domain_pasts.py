"""Pasts of domains for tests: looks one after the other, as values and as rows of the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.checks.finding import Check, Status
from bot.names import Domain
from bot.store.watch_tables import DomainChangeRow, WatchedRow
from bot.watch.history_fold import HistoryFold
from bot.watch.snapshot import (
    CheckState,
    Snapshot,
    compare_snapshots,
    dump_changes,
)
from bot.watch.timeline import DatedChanges
from bot.watch.watch_state import WatchState, dump_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from bot.watch.timeline import History

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FRIEND = Domain.from_ascii("friend.example")
OUR_MX = "10 mx1.cow.example."
OUR_SPF = "v=spf1 include:_spf.cow.example -all"


def state(status: str, *found: str, code: str = "") -> CheckState:
    """Return how a check stands, with the records that were found."""
    return CheckState(Status(status), (code,) if code else (), found)


RIGHT: Mapping[Check, CheckState] = MappingProxyType(
    {
        Check.DELEGATION: state("pass", "ns1.a.example."),
        Check.MX: state("pass", OUR_MX),
        Check.SPF: state("pass", OUR_SPF),
        Check.DKIM: state("info", "v=DKIM1; p=MIIB", code="dkim-unverified"),
        Check.DMARC: state("pass", "v=DMARC1; p=reject"),
        Check.WEBMAIL: state("info", code="optional-missing"),
    }
)
NO_MX: Mapping[Check, CheckState] = MappingProxyType(
    {Check.MX: state("fail", code="mx-missing")},
)


def ago(days: float) -> datetime:
    """Return the moment so many days before now."""
    return NOW - timedelta(days=days)


@dataclass
class Past:
    """What looks saw of a domain; each look says what was another than at the one before."""

    domain: Domain = FRIEND
    snapshot: Snapshot = field(default_factory=Snapshot)
    changes: list[DatedChanges] = field(default_factory=list)

    def look(
        self, at: datetime, seen: Mapping[Check, CheckState], servers: tuple[str, ...] = ()
    ) -> Past:
        """Add a look that saw this, and all else as before."""
        checks = MappingProxyType({**self.snapshot.checks, **seen})
        after = Snapshot(checks, servers or self.snapshot.name_servers)
        if changes := compare_snapshots(self.snapshot, after):
            self.changes.append(DatedChanges(at, changes))
        self.snapshot = after
        return self

    def fold(
        self, *, known_at: datetime = NOW, is_cut: bool = False, added_at: datetime | None = None
    ) -> History:
        """Return the history until now; there has to be one."""
        fold = HistoryFold(20)
        for dated in self.changes:
            fold.add(dated)
        history = fold.finish(
            self.domain,
            self.snapshot,
            added_at=added_at or (self.changes[0].at if self.changes else known_at),
            known_at=known_at,
            now=NOW,
            is_cut=is_cut,
        )
        assert history is not None
        return history

    def write(self, session: Session, *, known_at: datetime = NOW) -> None:
        """Write the past as the watch does: a row a change, and how the domain stands."""
        for dated in self.changes:
            session.add(
                DomainChangeRow(
                    domain=self.domain, at=dated.at, changes=dump_changes(dated.changes)
                )
            )
        session.add(
            WatchedRow(
                subject=self.domain.ascii,
                hosted=True,
                by_hand=False,
                is_new=False,
                added_at=self.changes[0].at if self.changes else known_at,
                due_at=known_at + timedelta(days=1),
                version=1,
                state=dump_state(WatchState(self.snapshot)) if self.changes else "",
                status=self.snapshot.status.value,
                green=False,
                looked_at=known_at,
                known_at=known_at if self.changes else None,
            )
        )


def first_look(at: datetime) -> Past:
    """Return a past that begins with everything right."""
    return Past().look(at, RIGHT, ("ns1.a.example.",))
