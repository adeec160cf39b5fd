"""When a new key may be switched to, by what the name servers have; pure.

The switch waits until every name server has the new record, and until nobody can still keep an
answer of before: a receiver that does would take mail for badly signed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from bot.checks.dkim.server_records import RecordState, ServerRecords, dump_servers, load_servers
from bot.errors import RequestError
from bot.requests.failure import dump_failure
from bot.requests.model import BOT
from bot.requests.schedule import SOONEST_LOOK, next_look
from bot.rotations.rotation import RotationState, RotationStep
from bot.rotations.rotation_changes import move, touch, undo

if TYPE_CHECKING:
    from bot.rotations.rotation import Rotation, RotationChange

GIVE_UP_AFTER: Final = timedelta(days=30)  # in one state
SEEN_FOR: Final = timedelta(minutes=10)  # a look at the servers; a switch later needs another one
MOST_KEPT: Final = timedelta(days=7)  # no cache is waited for longer
UNTOLD: Final = timedelta(days=1)  # in caches, where no server told; RFC 2308 section 5: 3 hours
QUIET_HOURS: Final = range(2, 5)  # UTC; while a switch is written, mail can leave unsigned

_S = RotationState
_LACKING: Final = frozenset({RecordState.MISSING, RecordState.OTHER})


def judge_look(rotation: Rotation, records: ServerRecords, now: datetime) -> RotationChange:
    """Return what becomes of a rotation that awaits its record, after a look at all servers."""
    seen = replace(records, keeps=_longest_kept(rotation, records))
    servers = dump_servers(seen)
    if records.is_everywhere:
        return _judge_everywhere(rotation, seen, servers, now)
    # Whoever switches by hand may take a month, and one silent server is no reason to give up.
    if rotation.state is not _S.LIVE and now >= rotation.changed_at + GIVE_UP_AFTER:
        reason = dump_failure(RequestError("rotation-not-published"))
        return undo(rotation, BOT, now, detail=reason, reason=reason, servers=servers)
    fields: dict[str, Any] = {"servers": servers}
    if any(each.new in _LACKING for each in records.servers):
        fields |= {"live_at": None, "caches_until": None}
    return _await(rotation, _state_after(rotation, records), now, **fields)


def needs_look(rotation: Rotation, now: datetime) -> bool:
    """Whether a switch was put off for so long that its record may be gone by now."""
    return rotation.state is _S.SWITCHING and now - rotation.changed_at > SEEN_FOR


def put_off_switch(
    rotation: Rotation, records: ServerRecords, now: datetime
) -> RotationChange | None:
    """Return the change of a switch whose record is not everywhere any more; None: it goes on.

    Before anything was changed it waits for the record anew, and for caches where that was gone.
    From the next step on the mail server may sign with the new key, or with none: then the old key
    is put back where the record is gone, and a server that is only silent keeps nothing waiting.
    """
    if records.is_everywhere:
        return None
    is_gone = any(each.new in _LACKING for each in records.servers)
    reason = dump_failure(RequestError("rotation-record-gone")) if is_gone else ""
    servers = dump_servers(replace(records, keeps=_longest_kept(rotation, records)))
    fields: dict[str, Any] = {"detail": reason, "reason": reason, "servers": servers}
    if rotation.step is not RotationStep.KEEP_FORMER:
        # Whoever decides this has the lease, and makes no call.
        return undo(replace(rotation, lease_until=None), BOT, now, **fields) if is_gone else None
    if is_gone:
        fields |= {"live_at": None, "caches_until": None}
    state = _state_after(rotation, records)
    return move(rotation, state, BOT, now, due_at=now + SOONEST_LOOK, **fields)


def next_quiet_moment(now: datetime) -> datetime:
    """Return the next moment at which few mails leave: now, or the next two o'clock UTC."""
    if is_quiet(now):
        return now
    today = now.astimezone(UTC).replace(hour=QUIET_HOURS.start, minute=0, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)


def is_quiet(now: datetime) -> bool:
    """Whether few mails leave at this time."""
    return now.astimezone(UTC).hour in QUIET_HOURS


def _judge_everywhere(
    rotation: Rotation, seen: ServerRecords, servers: str, now: datetime
) -> RotationChange:
    live_at, caches_until = rotation.live_at, rotation.caches_until
    if live_at is None or caches_until is None:
        kept = UNTOLD if seen.keeps is None else timedelta(seconds=seen.keeps)
        live_at, caches_until = now, now + min(max(kept, SOONEST_LOOK), MOST_KEPT)
    fields: dict[str, Any] = {
        "servers": servers,
        "live_at": live_at,
        "caches_until": caches_until,
        "reason": "",  # it is not gone any more
    }
    if now < caches_until:
        return _await(rotation, _S.PUBLISHED, now, before=caches_until, **fields)
    if rotation.state is not _S.LIVE:
        due_at = now if rotation.by_hand else next_quiet_moment(now)
        return move(rotation, _S.LIVE, BOT, now, due_at=due_at, **fields)
    if rotation.by_hand:
        return _await(rotation, _S.LIVE, now, **fields)
    # It was due at a quiet moment, or when an admin said so; the one may be over by now.
    is_late = rotation.due_at is not None and is_quiet(rotation.due_at) and not is_quiet(now)
    if is_late:
        return touch(rotation, due_at=next_quiet_moment(now), **fields)
    return move(rotation, _S.SWITCHING, BOT, now, **fields)


def _state_after(rotation: Rotation, records: ServerRecords) -> RotationState:
    """Return the state of a rotation whose record is not everywhere, or not seen to be."""
    if records.is_somewhere:
        return _S.PUBLISHED
    all_deny = bool(records.servers) and all(each.new in _LACKING for each in records.servers)
    if rotation.state is _S.PREPARED or all_deny:
        return _S.PREPARED
    return _S.PUBLISHED  # what was seen to be there is not gone as nobody answers


def _await(
    rotation: Rotation,
    state: RotationState,
    now: datetime,
    *,
    before: datetime | None = None,
    **fields: Any,
) -> RotationChange:
    """Return the change with the next look, which is not after `before`."""
    attempts = rotation.attempts + 1 if state is rotation.state else 0
    # Name servers keep nothing, so no TTL has to be waited for.
    due_at = now + (next_look(attempts, timedelta(0)) or SOONEST_LOOK)
    due_at = due_at if before is None else min(due_at, before)
    if state is rotation.state:
        return touch(rotation, due_at=due_at, attempts=attempts, **fields)
    return move(rotation, state, BOT, now, due_at=due_at, **fields)


def _longest_kept(rotation: Rotation, records: ServerRecords) -> int | None:
    """Return for how long an answer of before may be kept, by this look and those before it."""
    told = (load_servers(rotation.servers).keeps, records.keeps)
    return max((each for each in told if each is not None), default=None)
