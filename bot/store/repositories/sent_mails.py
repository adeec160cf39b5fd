"""Mails that were sent to members: written down before they are sent, and what came of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, true, update

from bot.requests.mail_proof import SentMail, SentState
from bot.store.repositories.removal import remove_found
from bot.store.tables import SentMailRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.store.engine.database import Database

_DAY = timedelta(days=1)


class SentMails:
    """Keeps which mails were sent to whom, without their addresses."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self, member_id: int, domain: Domain, now: datetime, most: int
    ) -> SentMail | datetime:
        """A mail that may be sent now, or when one may be again.

        In a day there are `most` to a member, and `most` to a domain; one that failed counts.
        """

        def add(session: Session) -> SentMail | datetime:
            free_at = [
                made[-1] + _DAY
                for whose in (SentMailRow.member_id == member_id, SentMailRow.domain == domain)
                if len(made := _latest(session, whose, now, most)) >= most
            ]
            if free_at:
                return max(free_at)
            row = SentMailRow(
                member_id=member_id, domain=domain, made_at=now, state=SentState.SENDING.value
            )
            session.add(row)
            session.flush()
            return _read(row)

        return await self._database.write(add)

    async def note(self, mail_id: int, state: SentState) -> None:
        """Note what came of sending it."""
        await self._note(SentMailRow.id == mail_id, state)

    async def note_cut_short(self) -> None:
        """Note of those that the process before was sending that nobody knows what came of it."""
        await self._note(true(), SentState.UNCLEAR)

    async def answer(self, mail_id: int, member_id: int, *, arrived: bool) -> SentMail | None:
        """Note whether it arrived, as its own member says; None where it is none of theirs."""

        def note(session: Session) -> SentMail | None:
            row = session.get(SentMailRow, mail_id)
            if row is None or row.member_id != member_id:
                return None
            row.arrived = arrived
            return _read(row)

        return await self._database.write(note)

    async def count_of(self, member_id: int) -> int:
        """How many mails to this member are kept."""
        count = select(func.count()).where(SentMailRow.member_id == member_id)
        return await self._database.read(lambda session: session.scalars(count).one())

    async def purge(self, before: datetime, most: int) -> int:
        """Removes at most `most` mails from before that moment; gives how many they were."""
        old = select(SentMailRow).where(SentMailRow.made_at < before).limit(most)
        return await self._database.write(lambda session: remove_found(session, old))

    async def forget(self, member_id: int) -> None:
        """Removes every mail to this member."""

        def remove_all(session: Session) -> None:
            session.execute(delete(SentMailRow).where(SentMailRow.member_id == member_id))

        await self._database.write(remove_all)

    async def _note(self, which: Any, state: SentState) -> None:
        sending = SentMailRow.state == SentState.SENDING.value
        statement = update(SentMailRow).where(which, sending).values(state=state.value)

        def change(session: Session) -> None:
            session.execute(statement)

        await self._database.write(change)


def _latest(session: Session, whose: Any, now: datetime, most: int) -> list[datetime]:
    found = select(SentMailRow.made_at).where(whose, SentMailRow.made_at > now - _DAY)
    return list(session.scalars(found.order_by(SentMailRow.made_at.desc()).limit(most)))


def _read(row: SentMailRow) -> SentMail:
    return SentMail(
        id=row.id,
        member_id=row.member_id,
        domain=row.domain,
        made_at=row.made_at,
        state=SentState(row.state),
        arrived=row.arrived,
    )
