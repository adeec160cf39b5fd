"""What each name server of a zone has of two key records, the old one and the new one; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum


class RecordState(StrEnum):
    """What one name server has at the name of a key record."""

    RIGHT = "right"  # the very key, with nothing beside it that keeps it from being used
    OTHER = "other"  # something else, or more than the key
    MISSING = "missing"  # an answer says that there is none
    UNANSWERED = "unanswered"  # it could not be asked, or did not answer for the zone


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """What one name server has of both records; of several addresses the worst counts."""

    server: str  # its name, without the final dot
    new: RecordState
    old: RecordState


@dataclass(frozen=True, slots=True)
class ServerRecords:
    """What all name servers of a zone have; none where nobody knows which there are.

    `keeps` is for how many seconds a resolver may keep what it was told of the new record's name
    before that was there: "does not exist" (RFC 2308 section 5), or another record that is or was
    there. `old_keeps` is the same of the old record. None where no server told.
    """

    servers: tuple[ServerRecord, ...] = ()
    keeps: int | None = None
    old_keeps: int | None = None

    @property
    def is_everywhere(self) -> bool:
        """Whether every name server answers with the new record."""
        return bool(self.servers) and all(s.new is RecordState.RIGHT for s in self.servers)

    @property
    def is_somewhere(self) -> bool:
        """Whether some name server answers with the new record."""
        return any(s.new is RecordState.RIGHT for s in self.servers)

    @property
    def lacking_old(self) -> tuple[str, ...]:
        """The servers that say that the old record is not there, or have another in its place."""
        lacking = {RecordState.MISSING, RecordState.OTHER}
        return tuple(s.server for s in self.servers if s.old in lacking)


def dump_servers(records: ServerRecords) -> str:
    """Return what servers have as one line of JSON."""
    servers = [[s.server, s.new.value, s.old.value] for s in records.servers]
    kept = {"servers": servers, "keeps": records.keeps, "old_keeps": records.old_keeps}
    return json.dumps(kept, separators=(",", ":"))


def load_servers(text: str) -> ServerRecords:
    """Return what `dump_servers` wrote; none of an empty text."""
    if not text:
        return ServerRecords()
    kept = json.loads(text)
    servers = (ServerRecord(s, RecordState(n), RecordState(o)) for s, n, o in kept["servers"])
    return ServerRecords(tuple(servers), kept["keeps"], kept["old_keeps"])
