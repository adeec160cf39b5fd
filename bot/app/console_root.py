"""What the console's commands stand on; each part is loaded when a command needs it."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bot.app.shared_parts import (
    NO_TOKEN,
    choose_backend,
    make_authorities,
    make_live_ports,
    make_mailbox,
    make_rotator,
    make_sender,
    make_sources,
    open_mailcow,
    utc_now,
)
from bot.dns.resolver import Resolver
from bot.dns.server_address import system_servers
from bot.errors import ConfigError
from bot.services.core import Core
from bot.services.domain_check import Checker
from bot.services.domain_facts import DomainFacts
from bot.services.turns import Turns
from bot.words import Words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from bot.checks.observe.ports import ServerPorts
    from bot.config.settings import Settings
    from bot.dns.server_address import Server
    from bot.doctor.invitation import Invitation
    from bot.doctor.line import Line
    from bot.mailcow.api import Mailcow
    from bot.names import Domain
    from bot.rotations.key_rotator import Leftover
    from bot.rotations.leftover_keys import LeftoverKeys
    from bot.rotations.rotation_service import Rotations
    from bot.watch.timeline import History

_DOCTOR_CALL = 4.0  # seconds for a call to Mailcow
_SIDE_BY_SIDE = 24  # checks under way for the one person at the console


@asynccontextmanager
async def open_core(
    settings: Settings,
    nameservers: tuple[Server, ...] = (),
    *,
    ports: ServerPorts | None = None,
    now: Callable[[], datetime] = utc_now,
) -> AsyncIterator[Core]:
    """Yield the core with a resolver and, where there is one, the store opened for reading.

    `nameservers` replace the configured resolvers; everything is then asked of them alone. `ports`
    are those of the mail server in place of the ones that the settings name; `now` is the clock.

    Raises:
        StoreError: there is a store, and it cannot be read.

    """
    servers = nameservers or settings.dns_servers or system_servers()
    server = settings.mail_server()
    async with AsyncExitStack() as stack:
        resolver = await stack.enter_async_context(Resolver(servers))
        keys, stages, changes = None, None, None
        if _may_have_store(settings.database_url):
            # SQLAlchemy takes half a second to load, and most calls of the console need no store.
            from bot.rotations.key_changes import KeyChanges  # noqa: PLC0415 - as above
            from bot.store.engine.database import Database  # noqa: PLC0415 - as above
            from bot.store.repositories.approved_stages import ApprovedStages  # noqa: PLC0415 - as above
            from bot.store.repositories.known_keys import KnownKeys  # noqa: PLC0415 - as above
            from bot.store.repositories.rotations import StoredRotations  # noqa: PLC0415 - as above

            database = await Database.open_reading(settings.database_url)
            if database is not None:
                await stack.enter_async_context(database)
                keys, stages = KnownKeys(database), ApprovedStages(database)
                changes = KeyChanges(StoredRotations(database), now)
        backend = choose_backend(settings, await open_mailcow(settings, stack))
        live_ports = make_live_ports(settings, resolver.ask, ports=ports, now=now)
        yield Core(
            server=server,
            words=Words(own=settings.templates_dir),
            checker=Checker(
                resolver.ask,
                server,
                now,
                single_server=bool(nameservers),
                allow_private=settings.dns_allow_private,
                authorities=None if nameservers else make_authorities(settings),
                sources=make_sources(settings, resolver, trusted=not nameservers),
                live_ports=live_ports,
            ),
            domain_facts=DomainFacts(
                keys,
                now,
                backend=backend,
                stage_of=stages.of if stages else None,
                change_of=changes.of if changes else None,
                learns=False,
            ),
            live_ports=live_ports,
            turns=Turns(_SIDE_BY_SIDE, by_itself=_SIDE_BY_SIDE),
        )


async def read_history(settings: Settings, domain: Domain) -> History | None:
    """Return what is kept of a domain's past; None where there is no store, or nothing in it.

    A bot that runs is not disturbed. Raises StoreError where there is a store that cannot be read.
    """
    if not _may_have_store(settings.database_url):
        return None
    from bot.services.domain_history import DomainHistory  # noqa: PLC0415 - as in `open_core`
    from bot.store.engine.database import Database  # noqa: PLC0415 - as above
    from bot.store.repositories.domain_changes import DomainChanges  # noqa: PLC0415 - as above

    database = await Database.open_reading(settings.database_url)
    if database is None:
        return None
    async with database:
        return await DomainHistory(DomainChanges(database), utc_now).of(domain)


@dataclass(frozen=True, slots=True)
class RotationDesk:
    """What the console does with rotations, in the store of a bot that may be running.

    `leftovers` is None where the bot changes no keys on the mail server.
    """

    rotations: Rotations
    leftovers: LeftoverKeys | None


@asynccontextmanager
async def open_rotations(settings: Settings) -> AsyncIterator[RotationDesk | None]:
    """Yield the rotations in the store; None where there is no store.

    A bot that runs goes on with what was begun, within seconds. Raises StoreError where there is a
    store that cannot be used, or is not of this version.
    """
    if not _may_have_store(settings.database_url):
        yield None
        return
    from bot.requests.polling import WakeUp  # noqa: PLC0415 - as in `open_core`
    from bot.rotations.leftover_keys import LeftoverKeys  # noqa: PLC0415 - as above
    from bot.rotations.rotation_service import Rotations  # noqa: PLC0415 - as above
    from bot.store.engine.database import Database  # noqa: PLC0415 - as above
    from bot.store.repositories.known_keys import KnownKeys  # noqa: PLC0415 - as above
    from bot.store.repositories.request_table import StoredRequests  # noqa: PLC0415 - as above
    from bot.store.repositories.rotations import StoredRotations  # noqa: PLC0415 - as above

    async with AsyncExitStack() as stack:
        # What runs on it would stumble over a migration.
        there = await Database.open_reading(settings.database_url)
        if there is None:
            yield None
            return
        await there.aclose()
        database = await stack.enter_async_context(
            await Database.open(settings.database_url, exclusive=False)
        )
        mailcow = await open_mailcow(settings, stack)
        backend, rotator = choose_backend(settings, mailcow), make_rotator(mailcow)
        stored = StoredRotations(database)
        asked = StoredRequests(database).of_domain
        keys, wake_up = KnownKeys(database), WakeUp()
        yield RotationDesk(
            Rotations(stored, keys, asked, backend, rotator, utc_now, wake_up),
            None if rotator is None else LeftoverKeys(stored, backend, rotator),
        )


async def examine_all(settings: Settings) -> tuple[Line, ...]:
    """Return how every part is that the bot stands on; a bot that runs is not disturbed."""
    from bot.doctor.examination import examine  # noqa: PLC0415 - discord.py takes a second to load
    from bot.doctor.probe_access import check_probe  # noqa: PLC0415 - as above
    from bot.logs import keep_quiet  # noqa: PLC0415 - as above

    keep_quiet()
    async with AsyncExitStack() as stack:
        mailcow = await open_mailcow(settings, stack, seconds=_DOCTOR_CALL)
        servers = settings.dns_servers or system_servers()
        resolver = await stack.enter_async_context(Resolver(servers))
        mailbox, sender = make_mailbox(settings, resolver.ask), make_sender(settings, resolver.ask)
        find = partial(_find_leftovers, settings, mailcow)
        return await examine(settings, mailcow, utc_now, check_probe(mailbox, sender), find)


async def _find_leftovers(
    settings: Settings, mailcow: Mailcow | None
) -> tuple[Leftover, ...] | None:
    """Return the keys that no rotation needs; None where nobody knows which are under way."""
    from bot.rotations.leftover_keys import LeftoverKeys  # noqa: PLC0415 - as in `open_core`
    from bot.store.engine.database import Database  # noqa: PLC0415 - as above
    from bot.store.repositories.rotations import StoredRotations  # noqa: PLC0415 - as above

    rotator = make_rotator(mailcow)
    database = None if rotator is None else await Database.open_reading(settings.database_url)
    if rotator is None or database is None:
        return None
    async with database:
        backend = choose_backend(settings, mailcow)
        return await LeftoverKeys(StoredRotations(database), backend, rotator).find()


async def invite(settings: Settings) -> Invitation:
    """Return the link that lets the bot into a server.

    Raises:
        ConfigError: there is no token, or Discord does not know it.
        UsageError: nobody says which application it is.

    """
    if settings.discord_token is None:
        raise ConfigError(NO_TOKEN)
    from bot.doctor.invitation import make_invitation  # noqa: PLC0415 - discord.py, as above
    from bot.logs import keep_quiet  # noqa: PLC0415 - as above

    keep_quiet()
    token = settings.discord_token.get_secret_value()
    return await make_invitation(token, settings.discord_guild_id)


async def run(settings: Settings) -> None:
    """Run the bot; see `bot.app.bot_run.run`."""
    from bot.app.bot_run import run as run_bot  # noqa: PLC0415 - it needs what the console does not

    await run_bot(settings)


async def work(settings: Settings) -> None:
    """Work beside the bot; see `bot.app.work_root.work`."""
    from bot.app.work_root import work as run_worker  # noqa: PLC0415 - as in `run`

    await run_worker(settings)


def _may_have_store(url: str) -> bool:
    """Whether a store could be there: not where a SQLite file is named that does not exist."""
    scheme, _, path = url.partition(":///")
    return not scheme.startswith("sqlite") or Path(path).exists()
