"""Shows rotations of DKIM keys, keys that are due and keys left behind, for people or programs."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from bot.checks.dkim.server_records import load_servers
from bot.requests.failure import say_failure
from bot.rotations.rotation import RotationState
from bot.rotations.rotation_view import (
    Signer,
    new_key_type,
    say_strength,
    signer_of,
    state_key,
    stays_until,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from rich.console import Console

    from bot.rotations.due_keys import DueKey
    from bot.rotations.key_rotator import Leftover
    from bot.rotations.rotation import Rotation
    from bot.rotations.rotation_service import BegunDue
    from bot.words import Words

SCHEMA = 1
_STYLES = {
    RotationState.RETIRED: "green",
    RotationState.FAILED: "bold red",
    RotationState.UNDONE: "dim",
}


def show_rotation(console: Console, rotation: Rotation, words: Words) -> None:
    """Print how far a rotation is, both keys, and what each name server has."""
    state = words.label("rotation_states", state_key(rotation))
    title = f"{rotation.domain.ascii} #{rotation.id}: {state}"
    console.print(Text(title, style=_STYLES.get(rotation.state, "bold")))
    if reason := say_failure(rotation.reason, words):
        console.print(Text(reason))
    table = Table.grid(padding=(0, 2))
    for label, key in _keys(rotation, words):
        table.add_row(label, key)
    for server in load_servers(rotation.servers).servers:
        new, old = (words.label("rotation_has", each.value) for each in (server.new, server.old))
        labels = words.label("rotation", "new"), words.label("rotation", "old")
        table.add_row(server.server, f"{labels[0]} {new}, {labels[1]} {old}")
    if rotation.due_at is not None:
        due = words.clock(int(rotation.due_at.timestamp()), dated=True)
        table.add_row(words.label("rotation", "due_at"), due)
    if (stays := stays_until(rotation)) is not None:
        kept = words.clock(int(stays.timestamp()), dated=True)
        table.add_row(words.label("rotation", "stays"), kept)
    console.print(table)


def rotation_as_json(rotation: Rotation, words: Words, *, is_new: bool | None = None) -> str:
    """Return one JSON object in ASCII; `is_new`: whether it was just begun, None after an undo."""
    said: dict[str, Any] = {"schema": SCHEMA, **_row(rotation, words)}
    if is_new is not None:
        said["is_new"] = is_new
    return json.dumps(said)


def show_due(console: Console, due: Sequence[DueKey], words: Words) -> None:
    """Print the keys that are due, a line each."""
    console.print(Text(words.sentence("console/rotate_due", {"due": len(due)})))
    table = Table.grid(padding=(0, 2))
    for key in due:
        seen = (
            f"{words.label('rotation', 'first_seen')} {words.day(int(key.first_seen.timestamp()))}"
        )
        strength = say_strength(key.bits, key.key_type, words)
        table.add_row(key.domain.ascii, key.selector, strength, seen)
    _print_rows(console, table)


def show_begun(console: Console, came: BegunDue, most: int, words: Words) -> None:
    """Print which rotations were begun, and which were refused and why."""
    facts = {"begun": len(came.begun), "left": came.left, "most": most}
    console.print(Text(words.sentence("discord/rotations_begun", facts)))
    table = Table.grid(padding=(0, 2))
    for rotation in came.begun:
        table.add_row(rotation.domain.ascii, words.label("rotation_states", rotation.state.value))
    for domain, error in came.refused:
        table.add_row(domain.ascii, words.error(error))
    _print_rows(console, table)


def due_as_json(due: Sequence[DueKey], came: BegunDue | None, words: Words) -> str:
    """Return one JSON object in ASCII: the keys that were due, and what came of beginning them."""
    said: dict[str, Any] = {
        "schema": SCHEMA,
        "due": [
            {
                "domain": key.domain.ascii,
                "selector": key.selector,
                "bits": key.bits,
                "first_seen": _time(key.first_seen),
                "why": key.why.value,
            }
            for key in due
        ],
    }
    if came is not None:
        said["begun"] = [_row(rotation, words) for rotation in came.begun]
        said["refused"] = [
            {"domain": domain.ascii, "code": error.code, "message": words.error(error)}
            for domain, error in came.refused
        ]
        said["left"] = came.left
    return json.dumps(said)


def show_leftovers(
    console: Console, leftovers: Sequence[Leftover], words: Words, *, removed: bool
) -> None:
    """Print the keys that were left behind, or those that were taken away."""
    facts = {"count": len(leftovers), "removed": removed}
    console.print(Text(words.sentence("console/rotate_leftovers", facts)))
    table = Table.grid(padding=(0, 2))
    for leftover in leftovers:
        table.add_row(leftover.name, leftover.selector)
    _print_rows(console, table)


def leftovers_as_json(leftovers: Iterable[Leftover], *, removed: bool) -> str:
    """Return one JSON object in ASCII: each key's name and selector, and whether it is gone."""
    rows = [
        {"name": each.name, "selector": each.selector or None, "removed": removed}
        for each in leftovers
    ]
    return json.dumps({"schema": SCHEMA, "leftovers": rows})


def _print_rows(console: Console, table: Table) -> None:
    if table.row_count:  # without rows it would be an empty line
        console.print(table)


def _keys(rotation: Rotation, words: Words) -> Iterable[tuple[str, str]]:
    record = rotation.old.record
    old = f"{rotation.old.selector}, {say_strength(record.bits, record.key_type, words)}"
    new = f"{rotation.selector}, {say_strength(rotation.bits, new_key_type(rotation), words)}"
    match signer_of(rotation):
        case Signer.NEW:
            pairs = (("signs", new), ("former", old))
        case Signer.UNSURE:
            pairs = (("signs_one", old), ("signs_one", new))
        case Signer.OLD:
            pairs = (("signs", old), ("next" if rotation.open else "unused", new))
    for label, key in pairs:
        yield words.label("rotation", label), key


def _row(rotation: Rotation, words: Words) -> dict[str, Any]:
    records = load_servers(rotation.servers)
    return {
        "id": rotation.id,
        "domain": rotation.domain.ascii,
        "state": rotation.state.value,
        "by_hand": rotation.by_hand,
        "signs": signer_of(rotation).value,
        "old": {"selector": rotation.old.selector, "bits": rotation.old.record.bits},
        "new": {
            "selector": rotation.selector,
            "bits": rotation.bits,
            "value": rotation.value or None,
        },
        "reason": say_failure(rotation.reason, words) or None,
        "opened_at": _time(rotation.opened_at),
        "changed_at": _time(rotation.changed_at),
        "due_at": _time(rotation.due_at),
        "live_at": _time(rotation.live_at),
        "caches_until": _time(rotation.caches_until),
        "switched_at": _time(rotation.switched_at),
        "proved_at": _time(rotation.proved_at),
        "servers": [
            {"name": each.server, "new": each.new.value, "old": each.old.value}
            for each in records.servers
        ],
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
