"""The domains that a member asked for lately, offered to that member alone."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from bot.store.repositories.removal import remove_found
from bot.store.tables import RecentDomainRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.store.engine.database import Database

KEPT = 50  # domains a member; more than anybody scrolls through


class RecentDomains:
    """Keeps the latest 50 domains of each member."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def remember(self, member_id: int, domain: Domain, now: datetime) -> None:
        """Puts the domain first among the member's; the oldest beyond 50 are forgotten."""
        own = RecentDomainRow.member_id == member_id

        def put_first(session: Session) -> None:
            session.merge(RecentDomainRow(member_id=member_id, domain=domain, asked_at=now))
            surplus = session.scalars(
                select(RecentDomainRow.domain)
                .where(own, RecentDomainRow.domain != domain)
                .order_by(RecentDomainRow.asked_at.desc(), RecentDomainRow.domain)
                .offset(KEPT - 1)
            ).all()
            session.execute(delete(RecentDomainRow).where(own, RecentDomainRow.domain.in_(surplus)))

        await self._database.write(put_first)

    async def choose_provider(
        self, member_id: int, domain: Domain, provider: str, now: datetime
    ) -> None:
        """Keeps the key of the provider whose words the member wants for this domain."""
        await self.remember(member_id, domain, now)

        def choose(session: Session) -> None:
            session.execute(
                update(RecentDomainRow)
                .where(RecentDomainRow.member_id == member_id, RecentDomainRow.domain == domain)
                .values(provider=provider)
            )

        await self._database.write(choose)

    async def provider(self, member_id: int, domain: Domain) -> str | None:
        """The key of the provider that the member chose for this domain; None where none was."""

        def find(session: Session) -> str | None:
            row = session.get(RecentDomainRow, (member_id, domain))
            return None if row is None else row.provider

        return await self._database.read(find)

    async def of(self, member_id: int, prefix: str = "", limit: int = 25) -> tuple[Domain, ...]:
        """The member's own domains that begin with `prefix`, latest first; nobody else's.

        `prefix` is what was typed so far: it may be in either spelling of an international name.
        """

        def list_all(session: Session) -> Sequence[Domain]:
            return session.scalars(
                select(RecentDomainRow.domain)
                .where(RecentDomainRow.member_id == member_id)
                .order_by(RecentDomainRow.asked_at.desc(), RecentDomainRow.domain)
            ).all()

        domains = await self._database.read(list_all)
        typed = unicodedata.normalize("NFC", prefix.strip().lower())
        # Compared here, not in the database, where % and _ would mean something and IDNs nothing.
        return tuple(
            domain
            for domain in domains
            if domain.ascii.startswith(typed) or domain.unicode.startswith(typed)
        )[: max(limit, 0)]

    async def purge(self, before: datetime, most: int) -> int:
        """Removes at most `most` domains that were last asked for before that moment.

        Gives how many they were.
        """
        old = select(RecentDomainRow).where(RecentDomainRow.asked_at < before).limit(most)
        return await self._database.write(lambda session: remove_found(session, old))

    async def forget(self, member_id: int) -> None:
        """Removes everything that is kept about this member."""

        def remove_all(session: Session) -> None:
            session.execute(delete(RecentDomainRow).where(RecentDomainRow.member_id == member_id))

        await self._database.write(remove_all)
