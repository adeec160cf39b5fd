"""The repositories of the watch, opened together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bot.store.repositories.domain_changes import DomainChanges
from bot.store.repositories.incidents import Incidents
from bot.store.repositories.watch_news_table import WatchNewsTable
from bot.store.repositories.watched_domains import WatchedDomains

if TYPE_CHECKING:
    from bot.store.engine.database import Database


@dataclass(frozen=True, slots=True)
class WatchStore:
    """What the watch keeps in one database; the worker needs `domains` alone."""

    domains: WatchedDomains
    incidents: Incidents
    changes: DomainChanges
    news: WatchNewsTable

    @classmethod
    def of(cls, database: Database) -> Self:
        """Return the repositories of this database."""
        return cls(
            WatchedDomains(database),
            Incidents(database),
            DomainChanges(database),
            WatchNewsTable(database),
        )
