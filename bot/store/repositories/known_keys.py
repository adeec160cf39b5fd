"""The DKIM keys that the bot was told of, the former ones too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from bot.records.dkim_key import KeySource
from bot.rotations.due_keys import AgedKey
from bot.store.tables import KnownKeyRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.store.engine.database import Database


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A DKIM key of a domain, as it was learned."""

    domain: Domain
    selector: str
    value: str  # the TXT value in one line (RFC 6376 section 3.6.1)
    source: KeySource
    learned_at: datetime
    superseded_at: datetime | None  # None: the current key


class KnownKeys:
    """Keeps one current key for each domain, and those that it had before."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def current(self, domain: Domain) -> StoredKey | None:
        """The key that the domain should publish; None where the bot knows of none."""

        def find(session: Session) -> StoredKey | None:
            row = _find_current(session, domain)
            return None if row is None else _read(row)

        return await self._database.read(find)

    async def former(self, domain: Domain) -> tuple[StoredKey, ...]:
        """The keys that were superseded, latest first."""

        def find(session: Session) -> tuple[StoredKey, ...]:
            rows = session.scalars(
                select(KnownKeyRow)
                .where(KnownKeyRow.domain == domain, KnownKeyRow.superseded_at.is_not(None))
                .order_by(KnownKeyRow.id.desc())
            )
            return tuple(_read(row) for row in rows)

        return await self._database.read(find)

    async def domains(self, most: int) -> tuple[Domain, ...]:
        """The domains that have a key now, the one learned last first; `most` at most."""

        def find(session: Session) -> tuple[Domain, ...]:
            return tuple(
                session.scalars(
                    select(KnownKeyRow.domain)
                    .where(KnownKeyRow.superseded_at.is_(None))
                    .order_by(KnownKeyRow.id.desc())
                    .limit(most)
                )
            )

        return await self._database.read(find)

    async def current_keys(self, after: Domain | None, most: int) -> tuple[AgedKey, ...]:
        """The keys of up to `most` domains whose names come after this one, in their order.

        Each with when this selector and value were first learned of the domain: one that was
        superseded and came back has been there all the time.
        """
        earlier = aliased(KnownKeyRow)
        first_seen = (
            select(func.min(earlier.learned_at))
            .where(
                earlier.domain == KnownKeyRow.domain,
                earlier.selector == KnownKeyRow.selector,
                earlier.value == KnownKeyRow.value,
            )
            .scalar_subquery()
        )
        found = select(KnownKeyRow.domain, KnownKeyRow.selector, KnownKeyRow.value, first_seen)
        found = found.where(KnownKeyRow.superseded_at.is_(None))
        found = found.order_by(KnownKeyRow.domain).limit(most)
        if after is not None:
            found = found.where(KnownKeyRow.domain > after)

        def find(session: Session) -> tuple[AgedKey, ...]:
            return tuple(AgedKey(*row) for row in session.execute(found))

        return await self._database.read(find)

    async def learn(
        self, domain: Domain, selector: str, value: str, source: KeySource, now: datetime
    ) -> StoredKey:
        """Makes this the domain's current key; gives back how it is stored.

        The same selector and value again change nothing but who said it last. Anything else
        supersedes the key there was.
        """

        def supersede(session: Session) -> StoredKey:
            return put_current(session, domain, selector, value, source, now=now)

        return await self._database.write(supersede)


def put_current(
    session: Session,
    domain: Domain,
    selector: str,
    value: str,
    source: KeySource,
    *,
    now: datetime,
) -> StoredKey:
    """Makes this the domain's current key as `KnownKeys.learn` does, in the transaction."""
    row = _find_current(session, domain)
    if row is not None and (row.selector, row.value) == (selector, value):
        row.source = source
        return _read(row)
    if row is not None:
        row.superseded_at = now
        session.flush()  # before there is another current one
    row = KnownKeyRow(domain=domain, selector=selector, value=value, source=source, learned_at=now)
    session.add(row)
    session.flush()
    session.refresh(row)
    return _read(row)


def _find_current(session: Session, domain: Domain) -> KnownKeyRow | None:
    return session.scalars(
        select(KnownKeyRow).where(KnownKeyRow.domain == domain, KnownKeyRow.superseded_at.is_(None))
    ).one_or_none()


def _read(row: KnownKeyRow) -> StoredKey:
    return StoredKey(
        domain=row.domain,
        selector=row.selector,
        value=row.value,
        source=KeySource(row.source),
        learned_at=row.learned_at,
        superseded_at=row.superseded_at,
    )
