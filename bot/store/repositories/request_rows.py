"""Rows of requests: read as values, made, and changed unless somebody else was first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, func, or_, select, update

from bot.errors import RequestError, StoreError
from bot.records.dkim_key import KeySource
from bot.requests.model import Request, RequestKind, State, Undelivered
from bot.store.repositories.approved_stages import put_stage
from bot.store.repositories.audit import add_entry
from bot.store.repositories.known_keys import put_current
from bot.store.repositories.leases import count_changed, is_free
from bot.store.repositories.outbox import add_messages
from bot.store.tables import OutboxRow, RequestRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.requests.model import Change, NewRequest


def read_request(row: RequestRow) -> Request:
    """The request that a row holds."""
    return Request(
        id=row.id,
        kind=RequestKind(row.kind),
        domain=row.domain,
        guild_id=row.guild_id,
        channel_id=row.channel_id,
        member_id=row.member_id,
        state=State(row.state),
        version=row.version,
        created_at=row.created_at,
        changed_at=row.changed_at,
        due_at=row.due_at,
        attempts=row.attempts,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        stage=row.stage,
        by_hand=row.by_hand,
        value=row.value,
        selector=row.selector,
        replaced=row.replaced or "",
        limits=row.limits or "",
        seen=row.seen,
        evidence=row.evidence,
        card_channel_id=row.card_channel_id,
        card_message_id=row.card_message_id,
        message_channel_id=row.message_channel_id,
        message_id=row.message_id,
        undelivered=None if row.undelivered is None else Undelivered(row.undelivered),
        lease_until=row.lease_until,
    )


def get_request(session: Session, request_id: int) -> Request:
    """The request as it is now; raises RequestError where there is none."""
    row = session.get(RequestRow, request_id, populate_existing=True)
    if row is None:
        raise RequestError("request-unknown", number=request_id)
    return read_request(row)


def find_open(session: Session, kind: RequestKind, domain: Domain) -> RequestRow | None:
    """The one open request of a kind for a domain."""
    return session.scalars(
        select(RequestRow).where(
            RequestRow.kind == kind.value,
            RequestRow.domain == domain,
            RequestRow.closed_at.is_(None),
        )
    ).one_or_none()


def refuse_too_many(session: Session, asked: NewRequest) -> None:
    """Raises RequestError where the member has as many open requests as they may."""
    number = session.scalar(
        select(func.count())
        .select_from(RequestRow)
        .where(RequestRow.member_id == asked.member_id, RequestRow.closed_at.is_(None))
    )
    if number is not None and number >= asked.most_open:
        raise RequestError("request-too-many", number=number)


def make_row(asked: NewRequest, now: datetime) -> RequestRow:
    """The row of a new request."""
    return RequestRow(
        kind=asked.kind.value,
        domain=asked.domain,
        guild_id=asked.guild_id,
        channel_id=asked.channel_id,
        member_id=asked.member_id,
        state=State.PENDING.value,
        version=1,
        created_at=now,
        changed_at=now,
        due_at=asked.due_at,
        attempts=0,
        reason="",
        by_hand=False,
        value="",
        selector="",
        seen="",
        evidence=asked.evidence,
    )


def swap(session: Session, before: Request, change: Change, now: datetime) -> None:
    """Writes a change down with all that belongs to it, in the transaction that read `before`.

    Raises StoreError where the request is another by now: `before` was read in an earlier one.
    """
    after = change.after
    # Where its messages are is written by the outbox, at any time: not touched here.
    swapped = count_changed(
        session,
        update(RequestRow)
        .where(
            RequestRow.id == before.id,
            RequestRow.version == before.version,
            RequestRow.state == before.state.value,
        )
        .values(
            state=after.state.value,
            channel_id=after.channel_id,
            version=before.version + 1,
            changed_at=after.changed_at,
            closed_at=None if after.open else now,
            due_at=after.due_at,
            lease_until=after.lease_until,
            attempts=after.attempts,
            decided_by=after.decided_by,
            decided_at=after.decided_at,
            reason=after.reason,
            stage=after.stage,
            by_hand=after.by_hand,
            value=after.value,
            selector=after.selector,
            replaced=after.replaced,
            limits=after.limits,
            seen=after.seen,
            evidence=after.evidence,
            undelivered=after.undelivered,
        )
        .execution_options(synchronize_session=False),
    )
    if not swapped:
        raise StoreError(f"Request {before.id} was changed by somebody else; try again.")
    if after.state is not before.state or change.detail:
        step = (before.state, after.state)
        add_entry(session, before.id, change.actor, step, now, detail=change.detail)
    add_messages(session, before.id, before.version + 1, change.messages, now)
    if change.learned is not None:
        key = change.learned
        source = KeySource(key.source)
        put_current(session, before.domain, key.selector, key.record.text, source, now=now)
    if change.approved_stage is not None:
        put_stage(session, before.domain, change.approved_stage, before.id, now)


def is_due(now: datetime) -> ColumnElement[bool]:
    """Whether a request's time has come and nobody has taken it."""
    free = is_free(RequestRow.lease_until, now)
    return is_unfinished() & (RequestRow.due_at <= now) & free


def is_unfinished() -> ColumnElement[bool]:
    """Whether the worker still has something to do: to end a live one, its messages come first."""
    untold = exists().where(OutboxRow.request_id == RequestRow.id, OutboxRow.ended_at.is_(None))
    live = RequestRow.state == State.LIVE.value
    return or_(RequestRow.closed_at.is_(None) & ~live, live & ~untold)
