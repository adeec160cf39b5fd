"""Requests as they are kept: every change is one transaction, and none is lost to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from bot.requests.model import MessageKind, State
from bot.store.repositories.audit import add_entry
from bot.store.repositories.control_proofs import find_proof
from bot.store.repositories.leases import find_earliest, give_back, release_leases, take_rows
from bot.store.repositories.outbox import add_messages
from bot.store.repositories.request_rows import (
    find_open,
    get_request,
    is_due,
    is_unfinished,
    make_row,
    read_request,
    refuse_too_many,
    swap,
)
from bot.store.tables import AuditRow, OutboxRow, RequestRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.requests.model import Change, NewRequest, Request
    from bot.store.engine.database import Database


class StoredRequests:
    """Keeps requests, with their audit and the messages about them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, asked: NewRequest, now: datetime) -> tuple[Request, bool]:
        """The open request of this kind for the domain, and whether it was made just now.

        Raises RequestError where the member has as many open ones as `asked` allows.
        """

        def find_or_add(session: Session) -> tuple[Request, bool]:
            row = find_open(session, asked.kind, asked.domain)
            if row is not None:
                return read_request(row), False
            return _add(session, asked, now), True

        return await self._database.write(find_or_add)

    async def take_over(
        self,
        asked: NewRequest,
        decide: Callable[[Request, bool], Change | None],
        now: datetime,
    ) -> tuple[Request, bool]:
        """What `open` gives, after the open request was ended that `decide` gives a change for.

        `decide` gets that request, and whether its member has shown control of the domain; None
        leaves it open. One is ended and the other made in one transaction, or nothing happens.
        """

        def end_and_add(session: Session) -> tuple[Request, bool]:
            row = find_open(session, asked.kind, asked.domain)
            if row is not None:
                before = get_request(session, row.id)
                proof = find_proof(session, before.domain, before.member_id)
                change = decide(before, proof is not None)
                if change is None:
                    return before, False
                swap(session, before, change, now)
            return _add(session, asked, now), True

        return await self._database.write(end_and_add)

    async def change(
        self, request_id: int, decide: Callable[[Request], Change | None], now: datetime
    ) -> tuple[Request, bool]:
        """The request as it is now, and whether `decide` changed it.

        `decide` gets the request as it is, returns what becomes of it, and may be called again
        with a later one; None leaves it alone, and what it raises goes through. Raises
        RequestError where there is no such request.
        """
        return await self._change(request_id, lambda _, before: decide(before), now)

    async def change_among(
        self,
        request_id: int,
        decide: Callable[[Request, tuple[Request, ...]], Change | None],
        now: datetime,
    ) -> tuple[Request, bool]:
        """What `change` gives, where `decide` also gets the other requests for the domain.

        None of them is changed while that is decided: of two that rest on each other, one is
        written, and the other decided anew.
        """

        def decide_among(session: Session, before: Request) -> Change | None:
            its = select(RequestRow).where(RequestRow.domain == before.domain)
            rows = session.scalars(its.order_by(RequestRow.id))
            return decide(before, tuple(read_request(row) for row in rows if row.id != before.id))

        return await self._change(request_id, decide_among, now)

    async def _change(
        self,
        request_id: int,
        decide: Callable[[Session, Request], Change | None],
        now: datetime,
    ) -> tuple[Request, bool]:
        def replace(session: Session) -> tuple[Request, bool]:
            before = get_request(session, request_id)
            change = decide(session, before)
            if change is None:
                return before, False
            swap(session, before, change, now)
            return get_request(session, request_id), True

        return await self._database.write(replace)

    async def get(self, request_id: int) -> Request | None:
        """The request with this id; None where there never was one."""
        found = await self._list(select(RequestRow).where(RequestRow.id == request_id))
        return found[0] if found else None

    async def of_member(self, member_id: int) -> tuple[Request, ...]:
        """A member's requests, latest first."""
        own = select(RequestRow).where(RequestRow.member_id == member_id)
        return await self._list(own.order_by(RequestRow.id.desc()))

    async def of_domain(self, domain: Domain) -> tuple[Request, ...]:
        """All requests for a domain, latest first."""
        its = select(RequestRow).where(RequestRow.domain == domain)
        return await self._list(its.order_by(RequestRow.id.desc()))

    async def in_states(self, states: frozenset[State]) -> tuple[Request, ...]:
        """The requests in any of these states, oldest first."""
        wanted = select(RequestRow).where(RequestRow.state.in_([s.value for s in states]))
        return await self._list(wanted.order_by(RequestRow.id))

    async def take_due(self, now: datetime, lease: timedelta, most: int) -> tuple[Request, ...]:
        """Up to `most` requests whose time has come, longest due first, each for one taker.

        Nobody else is given them until they were changed or the lease has run out.
        """

        def take(session: Session) -> tuple[Request, ...]:
            found = select(RequestRow).where(is_due(now))
            found = found.order_by(RequestRow.due_at, RequestRow.id).limit(most)
            return tuple(map(read_request, take_rows(session, found, now + lease)))

        return await self._database.take(take)

    async def next_due(self) -> datetime | None:
        """When the next one is due, or a lease runs out; None where nothing will be."""
        times, left = (RequestRow.due_at, RequestRow.lease_until), is_unfinished()
        return await self._database.read(lambda session: find_earliest(session, *times, left))

    async def give_back(self, taken: Iterable[Request], free_at: datetime | None = None) -> None:
        """Lets others take requests that were not changed, as far as the leases on them last.

        That is from `free_at` on; None: at once.
        """
        leases = [(request.id, request.lease_until) for request in taken]
        await give_back(self._database, RequestRow.id, leases, free_at)

    async def release_leases(self) -> None:
        """Takes back the requests that a former process had taken; only where no other one is."""
        await release_leases(self._database, RequestRow.lease_until)

    async def release_messages(self) -> None:
        """Takes back the messages that the process at Discord before had taken; before any is sent.

        What could not be delivered is tried again at once: the settings may be others now.
        """

        def release(session: Session) -> None:
            left = update(OutboxRow).where(OutboxRow.ended_at.is_(None))
            session.execute(left.values(lease_until=None, due_at=OutboxRow.created_at))

        await self._database.write(release)

    async def rename_member(
        self,
        member_id: int,
        pseudonym: int,
        withdraw: Callable[[Request], Change | None],
        now: datetime,
    ) -> None:
        """Puts a pseudonym in a member's place everywhere, all at once.

        What `withdraw` gives for their open requests happens before. Messages to them that were
        not sent yet never will be.
        """

        def rename(session: Session) -> None:
            own = RequestRow.member_id == member_id
            # Cards of ended requests name the member, too, until they are drawn again.
            for row in session.scalars(
                select(RequestRow).where(
                    own, RequestRow.closed_at.is_not(None), RequestRow.card_message_id.is_not(None)
                )
            ).all():
                row.version += 1
                add_messages(session, row.id, row.version, (MessageKind.ADMIN_EDIT,), now)
            for row in session.scalars(
                select(RequestRow).where(own, RequestRow.closed_at.is_(None))
            ).all():
                before = read_request(row)
                change = withdraw(before)
                if change is not None:
                    swap(session, before, change, now)
            session.execute(
                update(OutboxRow)
                .where(
                    OutboxRow.request_id.in_(select(RequestRow.id).where(own)),
                    OutboxRow.target == "member",
                    OutboxRow.ended_at.is_(None),
                )
                .values(ended_at=now, detail="the member was forgotten")
                .execution_options(synchronize_session=False)
            )
            # Where messages to them are is a way back to them.
            session.execute(
                update(OutboxRow)
                .where(
                    OutboxRow.request_id.in_(select(RequestRow.id).where(own)),
                    OutboxRow.target == "member",
                )
                .values(channel_id=None, message_id=None)
                .execution_options(synchronize_session=False)
            )
            session.execute(
                update(RequestRow)
                .where(own)
                .values(
                    member_id=pseudonym,
                    message_channel_id=None,
                    message_id=None,
                    undelivered=None,
                )
                .execution_options(synchronize_session=False)
            )
            session.execute(
                update(RequestRow)
                .where(RequestRow.decided_by == member_id)
                .values(decided_by=pseudonym)
                .execution_options(synchronize_session=False)
            )
            session.execute(
                update(AuditRow).where(AuditRow.actor_id == member_id).values(actor_id=pseudonym)
            )

        await self._database.write(rename)

    async def _list(self, wanted: Select[Any]) -> tuple[Request, ...]:
        def find(session: Session) -> list[Request]:
            return [read_request(row) for row in session.scalars(wanted)]

        return tuple(await self._database.read(find))


def _add(session: Session, asked: NewRequest, now: datetime) -> Request:
    """The new request.

    Raises RequestError where the member has as many open ones as `asked` allows.
    """
    refuse_too_many(session, asked)
    row = make_row(asked, now)
    session.add(row)
    session.flush()
    add_entry(session, row.id, asked.actor, (None, State.PENDING), now)
    add_messages(session, row.id, row.version, asked.messages, now)
    return read_request(row)
