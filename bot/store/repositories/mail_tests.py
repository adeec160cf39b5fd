"""Test mails of members: made, taken once, judged, and kept for a while."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, update

from bot.requests.mail_proof import ON_ITS_WAY, MailPlace, MailTest, MailTestState
from bot.requests.model import make_pseudonym
from bot.store.repositories.leases import count_changed
from bot.store.tables import MailTestRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.requests.mail_proof import JudgedMail
    from bot.store.engine.database import Database

_S = MailTestState
_HOUR = timedelta(hours=1)


class MailTests:
    """Keeps each test by its number; the token is known by its digest alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(
        self,
        member_id: int,
        domain: Domain | None,
        digest: str,
        times: tuple[datetime, datetime],
        most: int,
    ) -> MailTest | datetime:
        """A new test, or when one can be made again where this member made `most` in an hour.

        `times` are now, and when the token ends.
        """
        now, ends_at = times

        def add(session: Session) -> MailTest | datetime:
            own = select(MailTestRow.made_at).where(
                MailTestRow.member_id == member_id, MailTestRow.made_at > now - _HOUR
            )
            made = session.scalars(own.order_by(MailTestRow.made_at.desc()).limit(most)).all()
            if len(made) >= most:
                return made[-1] + _HOUR
            row = MailTestRow(
                member_id=member_id,
                domain=domain,
                digest=digest,
                made_at=now,
                ends_at=ends_at,
                state=_S.WAITING.value,
                in_spam=False,
                passed=False,
                verdict="",
                head="",
                fault="",
                nonce=secrets.token_hex(12),
                attempts=0,
                detail="",
            )
            session.add(row)
            session.flush()
            return _read(row)

        return await self._database.write(add)

    async def get(self, test_id: int) -> MailTest | None:
        """The test with this number; None where there is none any more."""

        def find(session: Session) -> MailTest | None:
            row = session.get(MailTestRow, test_id)
            return None if row is None else _read(row)

        return await self._database.read(find)

    async def of_domain(self, domain: Domain) -> tuple[MailTest, ...]:
        """All tests whose mail was from this domain."""
        return await self._find(select(MailTestRow).where(MailTestRow.from_domain == domain))

    async def waiting(self) -> tuple[MailTest, ...]:
        """The tests that are not ended, and whose mail was not seen yet, the oldest first."""
        own = select(MailTestRow).where(MailTestRow.state == _S.WAITING.value)
        return await self._find(own.order_by(MailTestRow.id))

    async def unfinished(self) -> tuple[MailTest, ...]:
        """The tests whose mail was taken and is in the mailbox still, as far as is known."""
        own = select(MailTestRow).where(MailTestRow.folder.is_not(None))
        return await self._find(own.order_by(MailTestRow.id))

    async def take(self, digests: Sequence[str], place: MailPlace, at: datetime) -> MailTest | None:
        """The first test of these that was open `at` that time, taken for the mail; else None.

        Each is taken once: of two mails for it the first one is its mail.
        """

        def take(session: Session) -> MailTest | None:
            for digest in digests:
                statement = (
                    update(MailTestRow)
                    .where(MailTestRow.digest == digest, _is_open(at))
                    .values(
                        state=_S.TAKEN.value,
                        folder=place.folder,
                        validity=place.validity,
                        uid=place.uid,
                        in_spam=place.in_spam,
                    )
                    .execution_options(synchronize_session=False)
                )
                if count_changed(session, statement):
                    found = select(MailTestRow).where(MailTestRow.digest == digest)
                    return _read(session.scalars(found).one())
            return None

        return await self._database.write(take)

    async def settle(self, test_id: int, judged: JudgedMail, now: datetime) -> bool:
        """Keep what the mail of a taken test came to, with news of it; whether that was new.

        Of a member who was forgotten meanwhile nothing is kept.
        """
        return await self._change(
            test_id,
            and_(MailTestRow.state == _S.TAKEN.value, MailTestRow.member_id >= 0),
            state=_S.ARRIVED.value,
            from_domain=judged.from_domain,
            passed=judged.passed,
            verdict=judged.verdict,
            head=judged.head,
            fault=judged.fault,
            arrived_at=judged.arrived_at or now,
            news_at=now,
            due_at=now,
        )

    async def release(self, test_id: int) -> None:
        """Let a taken test wait again: its mail was gone before it could be read."""
        await self._change(
            test_id, MailTestRow.state == _S.TAKEN.value, state=_S.WAITING.value, **_NOWHERE
        )

    async def note_deleted(self, test_id: int) -> None:
        """Note that the mail is not in the mailbox any more.

        Nothing more is kept of the test of a member who was forgotten.
        """

        def note(session: Session) -> None:
            row = session.get(MailTestRow, test_id)
            if row is None:
                return
            if row.member_id < 0:
                session.delete(row)
            else:
                row.folder = row.validity = row.uid = None

        await self._database.write(note)

    async def end_before(self, time: datetime, now: datetime, fault: str = "") -> int:
        """End the tests whose token had ended by `time`, with news; gives how many they were."""

        def end(session: Session) -> int:
            over = and_(MailTestRow.state == _S.WAITING.value, MailTestRow.ends_at <= time)
            rows = session.scalars(select(MailTestRow).where(over)).all()
            for row in rows:
                if row.member_id < 0:
                    session.delete(row)
                    continue
                row.state = _S.ENDED.value
                row.fault = fault
                row.news_at = row.due_at = now
            return len(rows)

        return await self._database.write(end)

    async def count_of(self, member_id: int) -> int:
        """How many tests of this member are kept."""
        count = select(func.count()).where(MailTestRow.member_id == member_id)
        return await self._database.read(lambda session: session.scalars(count).one())

    async def purge(self, before: datetime, most: int) -> int:
        """Removes at most `most` tests from before that moment; gives how many they were.

        Of one whose mail has to be deleted, nothing stays but what that takes.
        """
        is_gone = MailTestRow.folder.is_(None)
        old = select(MailTestRow).where(
            MailTestRow.made_at < before, or_(is_gone, MailTestRow.member_id >= 0)
        )

        def remove(session: Session) -> int:
            rows = session.scalars(old.limit(most)).all()
            for row in rows:
                if row.folder is None:
                    session.delete(row)
                else:
                    _take_out_member(row)
            return len(rows)

        return await self._database.write(remove)

    async def forget(self, member_id: int) -> None:
        """Removes every test of this member.

        Of one whose mail may still come or has to be deleted, nothing stays but what that takes.
        """

        def remove(session: Session) -> None:
            rows = session.scalars(select(MailTestRow).where(MailTestRow.member_id == member_id))
            for row in rows.all():
                if row.folder is None and row.state != _S.WAITING.value:
                    session.delete(row)
                    continue
                _take_out_member(row)

        await self._database.write(remove)

    async def _find(self, rows: Any) -> tuple[MailTest, ...]:
        return await self._database.read(
            lambda session: tuple(_read(row) for row in session.scalars(rows))
        )

    async def _change(self, test_id: int, condition: Any, **values: Any) -> bool:
        statement = (
            update(MailTestRow)
            .where(MailTestRow.id == test_id, condition)
            .values(**values)
            .execution_options(synchronize_session=False)
        )

        return bool(await self._database.write(lambda session: count_changed(session, statement)))


_NOWHERE: dict[str, Any] = {"folder": None, "validity": None, "uid": None, "in_spam": False}


def _take_out_member(row: MailTestRow) -> None:
    """Leave nothing in a row but what finding and deleting its mail takes."""
    row.member_id = make_pseudonym()
    row.domain = row.from_domain = None
    row.verdict = row.head = row.detail = ""
    row.news_at = row.due_at = row.lease_until = None


def _is_open(at: datetime) -> Any:
    return and_(MailTestRow.state == _S.WAITING.value, MailTestRow.ends_at > at - ON_ITS_WAY)


def _read(row: MailTestRow) -> MailTest:
    """The test that a row keeps."""
    place = None
    if row.folder is not None and row.validity is not None and row.uid is not None:
        place = MailPlace(row.folder, row.validity, row.uid, row.in_spam)
    return MailTest(
        id=row.id,
        member_id=row.member_id,
        domain=row.domain,
        made_at=row.made_at,
        ends_at=row.ends_at,
        state=MailTestState(row.state),
        place=place,
        from_domain=row.from_domain,
        passed=row.passed,
        verdict=row.verdict,
        head=row.head,
        fault=row.fault,
        in_spam=row.in_spam,
        arrived_at=row.arrived_at,
    )
