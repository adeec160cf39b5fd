"""Rotations as an admin has them, in this process and over the store of those that are measured."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from bot.app.shared_parts import make_rotator
from bot.app.work_parts import ALONE, make_requests, make_rotations, open_foundation
from bot.config.loading import load_settings
from bot.rotations.rotation_service import Rotations
from bot.store.engine.database import Database
from bot.store.engine.notices import open_notices
from bot.store.repositories.known_keys import KnownKeys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


@asynccontextmanager
async def open_desk(environment: Mapping[str, str]) -> AsyncIterator[Rotations]:
    """Yield the service by which rotations are begun and undone; it wakes all other processes."""
    settings = load_settings(environment)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(await Database.open(settings.database_url))
        notices = await stack.enter_async_context(open_notices(settings.database_url))
        base = await open_foundation(database, notices, settings, stack, pace=ALONE)
        parts = make_rotations(base)
        yield Rotations(
            parts.store,
            KnownKeys(database),
            make_requests(base).requests.of_domain,
            base.backend,
            make_rotator(base.mailcow),
            base.now,
            parts.wake_up,
        )
