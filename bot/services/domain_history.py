"""The past of a domain: what the watch kept of it, or else what a member's own checks saw."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from bot.checks.export.archive import SCHEMA, dump_report, load_report
from bot.watch.history_fold import HistoryFold
from bot.watch.snapshot import (
    Snapshot,
    compare_snapshots,
    load_changes,
    take_snapshot,
)
from bot.watch.timeline import DatedChanges
from bot.watch.watch_state import load_state
from bot.watch.watched_domain import HISTORY_KEPT

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.checks.report import Report
    from bot.names import Domain
    from bot.services.member_service import KeptCheck
    from bot.store.repositories.domain_changes import DomainChanges, KeptHistory
    from bot.store.repositories.stored_checks import StoredCheck, StoredChecks
    from bot.watch.timeline import History

LATEST: Final = 20  # changes that are told whole
OWN_CHECKS: Final = 20  # of a member and domain that are compared; older ones go after a week


class DomainHistory:
    """Tells the past of domains; `checks` are None where members ask for none, as on the console.

    What the watch keeps holds what only the mail server and the admin know, so that it is for those
    who may be told that. Reading takes place beside the event loop. Raises StoreError where the
    store cannot be read.
    """

    def __init__(
        self,
        changes: DomainChanges,
        now: Callable[[], datetime],
        checks: StoredChecks | None = None,
    ) -> None:
        self._changes = changes
        self._checks = checks
        self._now = now

    async def of(self, domain: Domain, report: Report | None = None) -> History | None:
        """Return what the watch knows of a domain; None where it knows nothing of it.

        `report` is a check of the domain that was made just now, which is one more look at it.
        """
        now = self._now()
        kept = await self._changes.of(domain, now - HISTORY_KEPT)
        if not kept.rows and not kept.state:
            return None
        return await asyncio.to_thread(_fold_kept, domain, kept, report, now)

    async def is_watched(self, domain: Domain) -> bool:
        """Whether the watch has the domain, though it may not have looked at it yet."""
        return (await self._changes.of(domain, self._now())).is_watched

    async def of_own_checks(self, kept: KeptCheck, member_id: int) -> History | None:
        """Return what a member's own checks of a domain saw, up to this one of theirs.

        None where there was none before. Those that knew more of the domain, or less, are left
        aside: what they say differs though nothing has changed.
        """
        if self._checks is None or kept.member_id != member_id:
            return None
        former = await self._checks.before(
            kept.id,
            kept.report.domain,
            member_id,
            SCHEMA,
            confidential=kept.confidential,
            most=OWN_CHECKS,
        )
        if not former:
            return None
        return await asyncio.to_thread(_fold_own, former, kept.report)


def _fold_kept(
    domain: Domain, kept: KeptHistory, report: Report | None, now: datetime
) -> History | None:
    fold = HistoryFold(LATEST)
    at = kept.added_at or now
    for at, text in kept.rows:
        fold.add(DatedChanges(at, load_changes(text)))
    current = load_state(kept.state).snapshot
    known_at = max(kept.known_at or at, at)
    if report is not None and kept.state and report.checked_at > known_at:
        after = take_snapshot(report, current)
        if changes := compare_snapshots(current, after):
            fold.add(DatedChanges(report.checked_at, changes))
        current, known_at = after, report.checked_at
    return fold.finish(
        domain,
        current,
        added_at=min(kept.added_at or at, now),
        known_at=known_at,
        now=max(now, known_at),
        is_cut=kept.is_cut,
    )


def _fold_own(former: tuple[StoredCheck, ...], report: Report) -> History | None:
    fold, snapshot = HistoryFold(LATEST), Snapshot()
    # This one is read back too: long texts are cut in what is kept, and a cut is no change.
    texts = (*(check.report for check in former), dump_report(report))
    for earlier in map(load_report, texts):
        after = take_snapshot(earlier, snapshot)
        if changes := compare_snapshots(snapshot, after):
            fold.add(DatedChanges(earlier.checked_at, changes))
        snapshot = after
    return fold.finish(
        report.domain,
        snapshot,
        added_at=former[0].checked_at,
        known_at=report.checked_at,
        now=report.checked_at,
        is_own=True,
    )
