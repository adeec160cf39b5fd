"""Where everything about requests is kept, opened in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bot.store.repositories.approved_stages import ApprovedStages
from bot.store.repositories.audit import StoredAudit
from bot.store.repositories.outbox import StoredPosts
from bot.store.repositories.request_table import StoredRequests

if TYPE_CHECKING:
    from bot.store.engine.database import Database


@dataclass(frozen=True, slots=True)
class RequestStore:
    """What the service, the worker and the outbox share."""

    requests: StoredRequests
    posts: StoredPosts
    audit: StoredAudit
    stages: ApprovedStages

    @classmethod
    def of(cls, database: Database) -> Self:
        """Return the shelves in this database."""
        return cls(
            StoredRequests(database),
            StoredPosts(database),
            StoredAudit(database),
            ApprovedStages(database),
        )
