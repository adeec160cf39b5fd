"""Where everything about requests is kept, opened in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bot.store.approved_stages import ApprovedStages
from bot.store.audit import StoredAudit
from bot.store.outbox import StoredPosts
from bot.store.requests import StoredRequests

if TYPE_CHECKING:
    from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class Shelves:
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
