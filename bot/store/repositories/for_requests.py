"""The repositories of everything about requests, opened together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bot.store.repositories.approved_stages import ApprovedStages
from bot.store.repositories.audit import StoredAudit
from bot.store.repositories.outbox import StoredOutbox
from bot.store.repositories.request_table import StoredRequests

if TYPE_CHECKING:
    from bot.store.engine.database import Database


@dataclass(frozen=True, slots=True)
class RequestStore:
    """What `bot.requests.protocols.Repositories` asks for, in one database."""

    requests: StoredRequests
    outbox: StoredOutbox
    audit: StoredAudit
    stages: ApprovedStages

    @classmethod
    def of(cls, database: Database) -> Self:
        """Return the repositories of this database."""
        return cls(
            StoredRequests(database),
            StoredOutbox(database),
            StoredAudit(database),
            ApprovedStages(database),
        )
