"""Looks at domains over real sockets, by a mail server in files and a store of the test."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.services.core import Core
from bot.services.domain_check import Checker
from bot.services.domain_facts import DomainFacts
from bot.services.domain_looks import DomainLooks
from bot.store.engine.database import Database
from bot.store.repositories.known_keys import KnownKeys
from bot.words import Words
from empty_store import empty_store_url
from max_wait import MAX_WAIT
from request_parts import NOON, SERVER, FileMail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.demo.zone_server import ZoneServer
    from bot.dns.authority import Authorities
    from bot.watch.watched_domain import Seen


@dataclass(slots=True)
class LookedAt:
    """The looks, the resolver that counts their questions, and what listeners were given."""

    looks: DomainLooks
    resolver: Resolver
    mail: FileMail
    core: Core
    time: datetime = NOON
    told: list[Seen] = field(default_factory=list)

    def pass_time(self, **time: float) -> None:
        """Let time pass."""
        self.time += timedelta(**time)

    async def until_asked(self) -> None:
        """Return when the first question is under way."""
        async with asyncio.timeout(MAX_WAIT):
            while not self.resolver.queries:  # noqa: ASYNC110 - the resolver only counts
                await asyncio.sleep(0.001)

    async def take(self, seen: Seen) -> None:
        """Note what a listener is given."""
        self.told.append(seen)


@asynccontextmanager
async def looking(
    folder: Path, server: ZoneServer, *, authorities: Authorities | None = None
) -> AsyncIterator[LookedAt]:
    """Yield looks at the zones of a server; `authorities` says which name servers are asked too."""
    async with AsyncExitStack() as stack:
        resolver = await stack.enter_async_context(Resolver([Server(*server.address)]))
        url = empty_store_url(folder / "bot.db")
        database = await stack.enter_async_context(await Database.open(url))
        mail = FileMail(folder / "mail")

        def now() -> datetime:
            return parts.time

        checker = Checker(resolver.ask, SERVER, now, authorities=authorities)
        facts = DomainFacts(KnownKeys(database), now, backend=mail)
        core = Core(SERVER, Words(), checker, facts)
        parts = LookedAt(DomainLooks(core, now), resolver, mail, core)
        parts.looks.listen(parts.take)
        yield parts
