"""What Discord was last told of our commands, so that a start without changes tells it nothing."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.store.tables import GLOBAL_SCOPE, CommandFingerprintRow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.store.engine.database import Database


@dataclass(frozen=True, slots=True)
class CommandFingerprint:
    """The commands as they were synced: to one guild, or to all of Discord (`guild_id` None)."""

    guild_id: int | None
    fingerprint: str  # at most 128 characters
    command_ids: Mapping[str, int]  # Discord's ids by the commands' names
    synced_at: datetime


class CommandFingerprints:
    """Keeps the latest fingerprint for each guild and for all of Discord."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, guild_id: int | None) -> CommandFingerprint | None:
        """What was last put for this guild, or for all of Discord with None."""

        def find(session: Session) -> CommandFingerprint | None:
            row = session.get(CommandFingerprintRow, _scope(guild_id))
            if row is None:
                return None
            return CommandFingerprint(
                guild_id, row.fingerprint, MappingProxyType(dict(row.command_ids)), row.synced_at
            )

        return await self._database.read(find)

    async def put(self, fingerprint: CommandFingerprint) -> None:
        """Keeps this one in place of the guild's former one."""

        def replace(session: Session) -> None:
            session.merge(
                CommandFingerprintRow(
                    scope=_scope(fingerprint.guild_id),
                    fingerprint=fingerprint.fingerprint,
                    command_ids=dict(fingerprint.command_ids),
                    synced_at=fingerprint.synced_at,
                )
            )

        await self._database.write(replace)


def _scope(guild_id: int | None) -> int:
    return GLOBAL_SCOPE if guild_id is None else guild_id
