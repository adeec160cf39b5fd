"""Rows of rotations: read as values, made, and changed unless somebody else was first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select, update

from bot.errors import RequestError, StoreError
from bot.records.dkim_key import DkimRecord, KeySource, KnownKey
from bot.requests.model import Actor, ActorKind
from bot.rotations.rotation import Rotation, RotationEntry, RotationState, RotationStep
from bot.rotations.rotation_changes import FIRST_STEPS
from bot.rotations.selector_names import next_selector
from bot.store.repositories.known_keys import put_current
from bot.store.repositories.leases import count_changed
from bot.store.repositories.rotation_news_rows import draw_rotation_anew, tell_rotation
from bot.store.rotation_tables import RotationEntryRow, RotationRow
from bot.store.tables import KnownKeyRow
from bot.watch.watch_news import ADMINS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.rotations.rotation import NewRotation, RotationChange

_DAY: Final = timedelta(days=1)


def read_rotation(row: RotationRow) -> Rotation:
    """The rotation that a row holds."""
    old = KnownKey(row.old_selector, DkimRecord.read(row.old_value), KeySource(row.old_source))
    return Rotation(
        id=row.id,
        domain=row.domain,
        state=RotationState(row.state),
        version=row.version,
        old=old,
        selector=row.selector,
        bits=row.bits,
        by_hand=row.by_hand,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        value=row.value,
        step=None if row.step is None else RotationStep(row.step),
        due_at=row.due_at,
        attempts=row.attempts,
        reason=row.reason,
        servers=row.servers,
        live_at=row.live_at,
        caches_until=row.caches_until,
        switched_at=row.switched_at,
        proved_at=row.proved_at,
        lease_until=row.lease_until,
    )


def get_rotation(session: Session, rotation_id: int) -> Rotation:
    """The rotation as it is now; raises RequestError where there is none."""
    row = session.get(RotationRow, rotation_id, populate_existing=True)
    if row is None:
        raise RequestError("rotation-unknown", number=rotation_id)
    return read_rotation(row)


def find_open_rotation(session: Session, domain: Domain) -> RotationRow | None:
    """The one open rotation of a domain."""
    return session.scalars(
        select(RotationRow).where(RotationRow.domain == domain, RotationRow.closed_at.is_(None))
    ).one_or_none()


def refuse_too_many_rotations(session: Session, asked: NewRotation, now: datetime) -> None:
    """Raises RequestError where as many were opened since a day as `asked` allows."""
    if asked.most_a_day is None:
        return
    since = select(func.count()).where(RotationRow.opened_at > now - _DAY)
    if session.scalars(since).one() >= asked.most_a_day:
        raise RequestError("rotation-too-many-a-day", most=asked.most_a_day)


def make_rotation_row(
    session: Session, asked: NewRotation, found: Iterable[str], now: datetime
) -> RotationRow:
    """The row of a new rotation; raises RequestError where no selector is left."""
    state = RotationState.PREPARING
    return RotationRow(
        domain=asked.domain,
        state=state.value,
        version=1,
        old_selector=asked.old.selector,
        old_value=asked.old.record.text,
        old_source=asked.old.source,
        selector=next_selector(now, _used_selectors(session, asked, found)),
        value="",
        bits=asked.bits,
        by_hand=asked.by_hand,
        step=None if asked.by_hand else FIRST_STEPS[state].value,
        opened_by=asked.actor.id,
        opened_at=now,
        changed_at=now,
        due_at=None if asked.by_hand else now,
        attempts=0,
        reason="",
        servers="",
    )


def swap_rotation(
    session: Session, before: Rotation, change: RotationChange, now: datetime
) -> None:
    """Writes a change down with all that belongs to it, in the transaction that read `before`.

    Raises StoreError where the rotation is another by now: `before` was read in an earlier one.
    """
    after = change.after
    swapped = count_changed(
        session,
        update(RotationRow)
        .where(
            RotationRow.id == before.id,
            RotationRow.version == before.version,
            RotationRow.state == before.state.value,
        )
        .values(version=before.version + 1, **_changing_values(after, now))
        .execution_options(synchronize_session=False),
    )
    if not swapped:
        raise StoreError(f"Rotation {before.id} was changed by somebody else; try again.")
    if after.state is not before.state or change.detail:
        step = (before.state, after.state)
        add_rotation_entry(session, before.id, change.actor, step, now, detail=change.detail)
    if _told_of(after) != _told_of(before):
        draw_rotation_anew(session, before.id, now)
    elif after.due_at != before.due_at and (after.step is None or after.reason):
        # Members are not told when; nor is anybody who only waits a moment for the mail server.
        draw_rotation_anew(session, before.id, now, only=ADMINS)
    for news in change.news:
        tell_rotation(session, after, news, now)
    if change.learned is not None:
        key = change.learned
        source = KeySource(key.source)
        put_current(session, before.domain, key.selector, key.record.text, source, now=now)


def add_rotation_entry(
    session: Session,
    rotation_id: int,
    actor: Actor,
    step: tuple[RotationState | None, RotationState],
    at: datetime,
    *,
    detail: str = "",
) -> None:
    """Writes down who did what, `step` being from which state to which, in the transaction."""
    before, after = step
    session.add(
        RotationEntryRow(
            at=at,
            rotation_id=rotation_id,
            actor_kind=actor.kind.value,
            actor_id=actor.id,
            before=None if before is None else before.value,
            after=after.value,
            detail=detail,
        )
    )


def read_rotation_entry(row: RotationEntryRow) -> RotationEntry:
    """What a row says was done."""
    return RotationEntry(
        at=row.at,
        actor=Actor(ActorKind(row.actor_kind), row.actor_id),
        before=None if row.before is None else RotationState(row.before),
        after=RotationState(row.after),
        detail=row.detail,
    )


def _changing_values(after: Rotation, now: datetime) -> dict[str, Any]:
    """The columns that a change may write; what a rotation began with stays."""
    return {
        "state": after.state.value,
        "value": after.value,
        "bits": after.bits,
        "step": None if after.step is None else after.step.value,
        "changed_at": after.changed_at,
        "closed_at": None if after.open else now,
        "due_at": after.due_at,
        "lease_until": after.lease_until,
        "attempts": after.attempts,
        "reason": after.reason,
        "servers": after.servers,
        "live_at": after.live_at,
        "caches_until": after.caches_until,
        "switched_at": after.switched_at,
        "proved_at": after.proved_at,
    }


def _told_of(rotation: Rotation) -> tuple[object, ...]:
    """What its messages say to everybody, as far as it changes."""
    return (
        *(rotation.state, rotation.value, rotation.reason, rotation.servers),
        *(rotation.live_at, rotation.caches_until, rotation.proved_at),
    )


def _used_selectors(session: Session, asked: NewRotation, found: Iterable[str]) -> set[str]:
    """The selectors that the domain ever had, as far as anybody knows."""
    own = select(RotationRow.selector).where(RotationRow.domain == asked.domain)
    known = select(KnownKeyRow.selector).where(KnownKeyRow.domain == asked.domain)
    stored = (*session.scalars(own), *session.scalars(known))
    return {selector.lower() for selector in (*stored, *found, asked.old.selector)}
