"""Messages to be delivered, written in the transaction of the change that they tell of."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import exists, select, update
from sqlalchemy.orm import aliased

from bot.requests.model import BOT, Audience, MessageKind, OutboxMessage, State
from bot.store.repositories.audit import add_entry
from bot.store.repositories.leases import (
    count_changed,
    find_earliest,
    is_free,
    is_held,
    take_rows,
)
from bot.store.tables import OutboxRow, RequestRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from bot.requests.model import Undelivered
    from bot.store.engine.database import Database

_ANYBODY = -(2**63)  # below every pseudonym, which are negative


class StoredOutbox:
    """Keeps messages until they were delivered or given up, and remembers them after that."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take_due(
        self, now: datetime, lease: timedelta, most: int
    ) -> tuple[OutboxMessage, ...]:
        """Up to `most` messages whose time has come, each for one taker and with its try counted.

        Of a request's messages to the same people only the first that is left is given out.
        Nobody else is given one until it was ended or put off, or the lease has run out.
        """
        due, free = OutboxRow.due_at <= now, is_free(OutboxRow.lease_until, now)

        def take(session: Session) -> tuple[OutboxMessage, ...]:
            found = select(OutboxRow).where(*_is_first_left(), due, free)
            found = found.order_by(OutboxRow.due_at, OutboxRow.id).limit(most)
            taken = take_rows(session, found, now + lease)
            for row in taken:
                row.attempts += 1
            return tuple(map(_read, taken))

        return await self._database.take(take)

    async def end(
        self,
        message: OutboxMessage,
        now: datetime,
        arrived: tuple[int, int] | None,
        detail: str = "",
        undelivered: Undelivered | None = None,
    ) -> None:
        """Notes that it was delivered as `arrived` (channel and message id), or given up.

        The request then knows where its card or the member's message is, and whether news reached
        the member: where that is another than before, its card is to be drawn anew. Nothing is
        noted of a message that somebody else has taken since: they find it where it arrived.
        """
        channel_id, message_id = arrived or (None, None)

        def note(session: Session) -> None:
            ended = {"channel_id": channel_id, "message_id": message_id, "ended_at": now}
            if not _note_try(session, message, detail, ended):
                return
            _note_reach(session, message, undelivered, now)
            if arrived is None:
                return
            least = 0 if message.what.target is Audience.MEMBER else _ANYBODY
            # A card that was deleted is posted anew by the edit that finds it gone.
            if message.what in {MessageKind.ADMIN_CARD, MessageKind.ADMIN_EDIT}:
                place = {"card_channel_id": channel_id, "card_message_id": message_id}
            elif message.what in {MessageKind.MEMBER_RECORD, MessageKind.MEMBER_ACCEPTED}:
                place = {"message_channel_id": channel_id, "message_id": message_id}
            else:
                return
            session.execute(
                update(RequestRow)
                # Of a member who was forgotten meanwhile nothing is noted any more.
                .where(RequestRow.id == message.request_id, RequestRow.member_id >= least)
                .values(**place)
            )

        await self._database.write(note)

    async def put_off(self, message: OutboxMessage, due_at: datetime, detail: str) -> None:
        """Notes that it could not be delivered, why, and when to try again.

        Nothing is noted of a message that somebody else has taken since.
        """
        later = {"due_at": due_at}
        await self._database.write(lambda session: _note_try(session, message, detail, later))

    async def of(self, request_id: int) -> tuple[OutboxMessage, ...]:
        """All messages about a request, in their order."""

        def find(session: Session) -> tuple[OutboxMessage, ...]:
            rows = session.scalars(
                select(OutboxRow).where(OutboxRow.request_id == request_id).order_by(OutboxRow.id)
            )
            return tuple(_read(row) for row in rows)

        return await self._database.read(find)

    async def next_due(self) -> datetime | None:
        """When the next one is due, or a lease runs out; None where nothing is left."""
        times, left = (OutboxRow.due_at, OutboxRow.lease_until), _is_first_left()
        return await self._database.read(lambda session: find_earliest(session, *times, *left))


def _is_first_left() -> tuple[ColumnElement[bool], ...]:
    """Whether a message is the first of its request to the same people that has not ended."""
    earlier = aliased(OutboxRow)
    is_behind = exists().where(
        earlier.request_id == OutboxRow.request_id,
        earlier.target == OutboxRow.target,
        earlier.ended_at.is_(None),
        earlier.id < OutboxRow.id,
    )
    return OutboxRow.ended_at.is_(None), ~is_behind


def _note_try(
    session: Session, message: OutboxMessage, detail: str, values: Mapping[str, object]
) -> bool:
    """Writes what a try came to, and gives whether it was still the taker's to say."""
    held = update(OutboxRow).where(
        OutboxRow.id == message.id,
        OutboxRow.ended_at.is_(None),
        is_held(OutboxRow, message.lease_until),
    )
    tried = held.values(lease_until=None, detail=detail, **values)
    return bool(count_changed(session, tried.execution_options(synchronize_session=False)))


def _note_reach(
    session: Session, message: OutboxMessage, undelivered: Undelivered | None, now: datetime
) -> None:
    row = session.get(RequestRow, message.request_id, populate_existing=True)
    if row is None or not message.what.is_news or row.member_id < 0:
        return
    # Who withdrew a request knows all that there was to say of it.
    if row.undelivered == undelivered or row.state == State.WITHDRAWN.value:
        return
    row.undelivered = undelivered
    row.version += 1
    if undelivered is not None:
        state = State(row.state)
        add_entry(session, row.id, BOT, (state, state), now, detail=undelivered.value)
    add_messages(session, row.id, row.version, (MessageKind.ADMIN_EDIT,), now)


def add_messages(
    session: Session, request_id: int, version: int, kinds: Iterable[MessageKind], now: datetime
) -> None:
    """Writes down what is to be said of a request at this version, in the caller's transaction."""
    for what in kinds:
        session.add(
            OutboxRow(
                request_id=request_id,
                version=version,
                what=what.value,
                target=what.target.value,
                nonce=secrets.token_hex(12),
                created_at=now,
                due_at=now,
                attempts=0,
                detail="",
            )
        )
        session.flush()  # one by one, so that their ids are in their order


def _read(row: OutboxRow) -> OutboxMessage:
    return OutboxMessage(
        id=row.id,
        request_id=row.request_id,
        version=row.version,
        what=MessageKind(row.what),
        nonce=row.nonce,
        created_at=row.created_at,
        due_at=row.due_at,
        attempts=row.attempts,
        ended_at=row.ended_at,
        channel_id=row.channel_id,
        message_id=row.message_id,
        detail=row.detail,
        lease_until=row.lease_until,
    )
