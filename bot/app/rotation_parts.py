"""What brings changes of DKIM keys to their end, for `run` and for `work`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from bot.app.shared_parts import make_authorities, make_rotator
from bot.checks.observe.key_servers import look_at_keys
from bot.rotations.leftover_keys import LeftoverKeys
from bot.rotations.rotation_service import Rotations
from bot.rotations.rotation_worker import RotationWorker
from bot.store.repositories.known_keys import KnownKeys
from bot.store.repositories.rotations import StoredRotations

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.app.work_parts import Foundation, WatchParts
    from bot.requests.polling import WakeUp
    from bot.requests.service import Requests
    from bot.rotations.key_rotator import KeyRotator, Leftover
    from bot.watch.watch_worker import WatchWorker

_ROTATIONS: Final = "rotations"  # what processes tell each other: one is due


@dataclass(frozen=True, slots=True)
class RotationParts:
    """What changes of keys are asked, kept and woken with."""

    rotations: Rotations
    store: StoredRotations
    rotator: KeyRotator | None
    wake_up: WakeUp


def make_rotations(base: Foundation, requests: Requests, watch: WatchParts) -> RotationParts:
    """Return changes of keys over the store of the foundation; the watch tells their news."""
    store, wake_up = StoredRotations(base.database), base.make_wake_up(_ROTATIONS, watch.wake_up)
    keys, rotator = KnownKeys(base.database), make_rotator(base.mailcow)
    rotations = Rotations(
        *(store, keys, requests.of_domain, base.backend, rotator, base.now, wake_up)
    )
    return RotationParts(rotations, store, rotator, wake_up)


def make_rotation_worker(
    base: Foundation, parts: RotationParts, watch: WatchWorker
) -> RotationWorker:
    """Return what brings changes of keys to their end."""
    look = partial(look_at_keys, base.resolver.ask, make_authorities(base.settings))
    return RotationWorker(
        *(parts.store, parts.rotator, base.backend, look, base.now, parts.wake_up),
        watch=watch,
        lease=base.pace.rotation_lease,
    )


def make_leftover_search(
    base: Foundation, parts: RotationParts
) -> Callable[[], Awaitable[tuple[Leftover, ...]]] | None:
    """Return what finds keys that no rotation needs; None where there can be none."""
    if parts.rotator is None:
        return None
    return LeftoverKeys(parts.store, base.backend, parts.rotator).find
