"""Puts the parts together: the only place that knows every concrete one of them."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.checks.checker import Checker
from bot.desk import Core
from bot.dns.resolver import Resolver
from bot.dns.servers import Server, system_servers
from bot.errors import UsageError
from bot.mail.dkim import DkimKnowledge, DkimRecord, KnownKey
from bot.text import Words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from bot.config import Settings
    from bot.mail.server import MailServer


@asynccontextmanager
async def open_core(
    settings: Settings, nameservers: tuple[Server, ...] = ()
) -> AsyncIterator[Core]:
    """Yield the core with a resolver and, where there is one, the store opened for reading.

    `nameservers` replace the configured resolvers; everything is then asked of them alone.

    Raises:
        StoreError: there is a store, and it cannot be read.

    """
    servers = nameservers or settings.dns_servers or system_servers()
    server = settings.mail_server()
    async with AsyncExitStack() as stack:
        resolver = await stack.enter_async_context(Resolver(servers))
        keys = None
        if _may_have_store(settings.database_url):
            # Imported late: it takes half a second, and most calls of the console need none.
            from bot.store.database import Database  # noqa: PLC0415
            from bot.store.known_keys import KnownKeys  # noqa: PLC0415

            database = await Database.open_reading(settings.database_url)
            if database is not None:
                keys = KnownKeys(await stack.enter_async_context(database))
        yield Core(
            server=server,
            words=Words(own=settings.templates_dir),
            checker=Checker(resolver.ask, server, _now, single_server=bool(nameservers)),
            keys=keys,
        )


def _may_have_store(url: str) -> bool:
    """Whether a store could be there: not where a SQLite file is named that does not exist."""
    scheme, _, path = url.partition(":///")
    return not scheme.startswith("sqlite") or Path(path).exists()


def parse_servers(texts: Iterable[str]) -> tuple[Server, ...]:
    """Return the name servers that were given by hand.

    Raises:
        UsageError: one is no address with an optional port.

    """
    try:
        return tuple(Server.parse(text) for text in texts)
    except ValueError as error:
        raise UsageError(f"--nameserver: {error}") from error


def parse_key(text: str | None, server: MailServer) -> DkimKnowledge | None:
    """Return the key that was given by hand, None where none was.

    Raises:
        InvalidKey: the text is no DKIM value.

    """
    if text is None:
        return None
    return KnownKey(server.dkim_selector, DkimRecord.parse(text), "--dkim")


def _now() -> datetime:
    return datetime.now(UTC)
