"""`rotate`: begins and undoes rotations of DKIM keys, and takes away what they left behind."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import typer

from bot.app.console_root import open_rotations
from bot.config.loading import load_settings
from bot.console.arguments import read_domain
from bot.console.exits import FAILED, NOTHING_FOUND_OUT, OK, complain
from bot.console.rotation_page import (
    due_as_json,
    leftovers_as_json,
    rotation_as_json,
    show_begun,
    show_due,
    show_leftovers,
    show_rotation,
)
from bot.console.terminal import make_console
from bot.console_commands.loaded import end_loading
from bot.errors import (
    BackendError,
    BackendKeyFaulty,
    BackendRefused,
    RequestError,
    StoreError,
    UsageError,
)
from bot.requests.model import Actor, ActorKind
from bot.rotations.rotation import KEY_SIZES
from bot.rotations.rotation_service import MOST_A_DAY
from bot.words import Words

if TYPE_CHECKING:
    from bot.app.console_root import RotationDesk
    from bot.errors import Fact
    from bot.names import Domain
    from bot.rotations.key_rotator import Leftover

_CONSOLE: Final = Actor(ActorKind.ADMIN)  # nobody knows who sits there


@dataclass(frozen=True, slots=True)
class RotateCall:
    """What `rotate` was called with."""

    domain: str | None = None
    size: int | None = None
    undo: bool = False
    due: bool = False
    dry_run: bool = False
    leftovers: bool = False
    remove: bool = False
    as_json: bool = False


def rotate(call: RotateCall) -> int:
    """Do it, print what came of it, and return the exit code.

    Raises UsageError for options that do not go together.
    """
    _refuse_odd(call)
    config = load_settings()
    words = Words(own=config.templates_dir)
    domain = None if call.domain is None else read_domain(call.domain, words)
    end_loading()

    async def run() -> int:
        async with open_rotations(config) as desk:
            if desk is None:
                complain(words.sentence("console/rotate_no_store", {}))
                return FAILED
            if call.leftovers:
                return await _clear_up(desk, call, words)
            if domain is None:
                return await _rotate_due(desk, call, words)
            if call.undo:
                return await _undo(desk, domain, call, words)
            return await _begin(desk, domain, call, words)

    try:
        return asyncio.run(run())
    except (RequestError, BackendRefused, BackendKeyFaulty) as error:
        complain(words.error(error))
        return FAILED
    except BackendError as error:
        complain(words.error(error))
        return NOTHING_FOUND_OUT
    except StoreError as error:
        complain(error)
        return FAILED


async def _begin(desk: RotationDesk, domain: Domain, call: RotateCall, words: Words) -> int:
    came = await desk.rotations.begin(domain, call.size or KEY_SIZES[0], _CONSOLE)
    rotation = came.rotation
    if call.as_json:
        typer.echo(rotation_as_json(rotation, words, is_new=came.is_new))
        return OK
    show_rotation(make_console(), rotation, words)
    facts: dict[str, Fact] = {"is_new": came.is_new, "by_hand": rotation.by_hand}
    typer.echo(words.sentence("console/rotate_begun", facts))
    return OK


async def _undo(desk: RotationDesk, domain: Domain, call: RotateCall, words: Words) -> int:
    found = await desk.rotations.of_domain(domain)
    if not found:
        complain(words.sentence("console/rotate_none", {"domain": domain.unicode}))
        return FAILED
    rotation = await desk.rotations.undo(found[0].id, _CONSOLE)
    if call.as_json:
        typer.echo(rotation_as_json(rotation, words))
    else:
        show_rotation(make_console(), rotation, words)
        facts: dict[str, Fact] = {
            "open": rotation.open,
            "by_hand": rotation.by_hand,
            "switched": rotation.switched_at is not None,
        }
        typer.echo(words.sentence("console/rotate_undone", facts))
    return OK


async def _rotate_due(desk: RotationDesk, call: RotateCall, words: Words) -> int:
    came = None if call.dry_run else await desk.rotations.begin_due(_CONSOLE)
    due = await desk.rotations.due_keys() if came is None else came.due
    if call.as_json:
        typer.echo(due_as_json(due, came, words))
    else:
        show_due(make_console(), due, words)
        if came is not None:
            show_begun(make_console(), came, MOST_A_DAY, words)
    return FAILED if came is not None and came.refused else OK


async def _clear_up(desk: RotationDesk, call: RotateCall, words: Words) -> int:
    if desk.leftovers is None:
        complain(words.sentence("console/rotate_leftovers_by_hand", {}))
        return FAILED
    found: list[Leftover] = []
    fault: BackendError | None = None
    if call.remove:
        try:
            async for leftover in desk.leftovers.remove_all():
                found.append(leftover)  # noqa: PERF401 - those before a fault are gone
        except BackendError as error:
            fault = error
    else:
        found += await desk.leftovers.find()
    if call.as_json:
        typer.echo(leftovers_as_json(found, removed=call.remove))
    else:
        show_leftovers(make_console(), found, words, removed=call.remove)
    if fault is not None:
        raise fault
    return OK


def _refuse_odd(call: RotateCall) -> None:
    """Raise UsageError for options that do not go together, or a size that no key has."""
    if (call.domain is not None) + call.due + call.leftovers != 1:
        raise UsageError("Name a domain, or call it with --due or --leftovers.")
    lone = (
        ("--undo", call.undo, call.domain is not None, "a domain"),
        ("--size", call.size is not None, call.domain is not None and not call.undo, "a domain"),
        ("--dry-run", call.dry_run, call.due, "--due"),
        ("--remove", call.remove, call.leftovers, "--leftovers"),
    )
    for option, is_there, may_be, other in lone:
        if is_there and not may_be:
            raise UsageError(f"{option} goes with {other}.")
    if call.size is not None and call.size not in KEY_SIZES:
        sizes = " or ".join(map(str, KEY_SIZES))
        raise UsageError(f"--size: A new key has {sizes} bits.")
