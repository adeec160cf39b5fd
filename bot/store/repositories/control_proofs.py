"""Who has shown that they control a domain, and the secret behind the texts that show it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from bot.records.control_token import SECRET_OCTETS
from bot.requests.control_proof import ControlProof
from bot.store.repositories.removal import remove_found
from bot.store.tables import ControlProofRow, ControlSecretRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.store.engine.database import Database

_ONLY = 1  # the number of the one secret


class ControlProofs:
    """Keeps one secret, and a proof for each domain and member."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def secret(self) -> bytes:
        """The random secret, made at the first call and the same ever after."""

        def find(session: Session) -> bytes:
            row = session.get(ControlSecretRow, _ONLY)
            return b"" if row is None else row.value

        def find_or_make(session: Session) -> bytes:
            row = session.get(ControlSecretRow, _ONLY)
            if row is None:
                row = ControlSecretRow(id=_ONLY, value=secrets.token_bytes(SECRET_OCTETS))
                session.add(row)
            return row.value

        # All but the first call read alone, and are in nobody's way.
        return await self._database.read(find) or await self._database.write(find_or_make)

    async def keep(self, domain: Domain, member_id: int, how: str, now: datetime) -> ControlProof:
        """The proof as it is kept: one that was there before stays as it was."""

        def find_or_add(session: Session) -> ControlProof:
            proof = find_proof(session, domain, member_id)
            if proof is not None:
                return proof
            row = ControlProofRow(domain=domain, member_id=member_id, how=how, since=now)
            session.add(row)
            session.flush()
            return _read(row)

        return await self._database.write(find_or_add)

    async def of(self, domain: Domain, member_id: int) -> ControlProof | None:
        """The proof of one member for a domain; None where there is none."""
        return await self._database.read(lambda session: find_proof(session, domain, member_id))

    async def of_domain(self, domain: Domain) -> tuple[ControlProof, ...]:
        """All proofs for a domain, the oldest first."""

        def find(session: Session) -> tuple[ControlProof, ...]:
            its = select(ControlProofRow).where(ControlProofRow.domain == domain)
            rows = session.scalars(its.order_by(ControlProofRow.since, ControlProofRow.member_id))
            return tuple(_read(row) for row in rows)

        return await self._database.read(find)

    async def of_member(self, member_id: int) -> tuple[ControlProof, ...]:
        """All proofs of a member, the latest first."""

        def find(session: Session) -> tuple[ControlProof, ...]:
            own = select(ControlProofRow).where(ControlProofRow.member_id == member_id)
            rows = session.scalars(own.order_by(ControlProofRow.since.desc()))
            return tuple(_read(row) for row in rows)

        return await self._database.read(find)

    async def purge(self, before: datetime, most: int) -> int:
        """Removes at most `most` proofs from before that moment; gives how many they were."""
        old = select(ControlProofRow).where(ControlProofRow.since < before).limit(most)
        return await self._database.write(lambda session: remove_found(session, old))

    async def forget(self, member_id: int) -> None:
        """Removes every proof of this member."""

        def remove_all(session: Session) -> None:
            session.execute(delete(ControlProofRow).where(ControlProofRow.member_id == member_id))

        await self._database.write(remove_all)


def find_proof(session: Session, domain: Domain, member_id: int) -> ControlProof | None:
    """The proof of one member for a domain, in the caller's transaction."""
    row = session.get(ControlProofRow, (domain, member_id))
    return None if row is None else _read(row)


def _read(row: ControlProofRow) -> ControlProof:
    return ControlProof(row.domain, row.member_id, row.how, row.since)
