"""The whole bot on a simulated Discord, with a real resolver, name server and store behind it."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from simcord import Env

from bot.app.bot_root import open_client
from bot.checks.observe.ports import ServerPorts
from bot.config.loading import load_settings
from bot.demo.passing_time import DemoClock
from bot.demo.world import DEMO_ENVIRONMENT
from bot.demo.world import zones as demo_zones
from bot.demo.zone_server import ZoneServer
from bot.net.connector import Connector
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
    from pathlib import Path

    from simcord import ChannelHandle, GuildHandle, MemberActor
    from simcord.results import InteractionResult, ResponseMessage

    from bot.client import Client
    from bot.config.settings import Settings
    from bot.demo.zones import Zones

BUTTON, TEXT = 2, 10  # types of components
GUILD = 300000000000000001  # the server's id, where a test makes it the bot's home
HOME = {"DISCORD_GUILD_ID": str(GUILD)}

DETAILS = "All details"
ON_GREEN = ["Check again", DETAILS]  # the buttons of a check's card where all is right
AWAIT, OFFER = "Tell me when it is right", "Tell me if it breaks"
ON_CARD = [*ON_GREEN, AWAIT]  # and where something is not, and nothing is to be asked for
ON_DETAILS = ["Check again", "Why?", "All records", "Zone file", "Share"]

_demo_zones = cache(demo_zones)  # read once; they are never changed, only replaced


class LogWatch(logging.Handler):
    """Keeps what is logged at ERROR; a test takes what it expects, the rest is a fault."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.append(record.getMessage())

    def take(self) -> list[str]:
        """Return the messages so far and forget them."""
        messages, self._messages = self._messages, []
        return messages


@dataclass
class Simulation:
    """The bot in a Discord server with two members, and the name server that it asks."""

    env: Env
    client: Client
    dns: ZoneServer
    guild: GuildHandle
    channel: ChannelHandle
    ann: MemberActor
    ben: MemberActor
    settings: Settings
    store: Path | str
    stack: AsyncExitStack
    ports: ServerPorts | None = None  # of the mail server, from the next start on
    clock: DemoClock = field(default_factory=DemoClock)

    async def restart(self) -> None:
        """Stop the bot and start it again on the same store, as another process would."""
        await self.stack.aclose()
        self.client = await self.stack.enter_async_context(
            _open(self.settings, self.clock, self.ports)
        )
        await self.env.restart_bot(self.client)

    def follow_clock(self) -> None:
        """Have Discord's time go forward whenever the bot's clock is set forward."""
        env, clock = self.env, self.clock
        clock.follow = lambda: env.backend.advance_clock((clock() - env.now()).total_seconds())

    async def check(self, name: str, who: MemberActor | None = None) -> ResponseMessage:
        """Return the answer to `/dnscheck`."""
        return answer_to(await (who or self.ann).slash(self.channel, "dnscheck", domain=name))

    async def details(self, name: str, who: MemberActor | None = None) -> ResponseMessage:
        """Return what `/dnscheck` and then the button for all details come to."""
        return await open_details(who or self.ann, await self.check(name, who))

    async def share(self, card: ResponseMessage) -> ResponseMessage:
        """Return the public card that comes of sharing one of Ann's."""
        if DETAILS in labels_of(card):
            card = await open_details(self.ann, card)
        (shared,) = (await self.ann.click(card, label="Share")).followups
        return shared


@asynccontextmanager
async def open_simulation(
    store: Path | str,
    zones: Zones | None = None,
    *,
    environ: Mapping[str, str] = DEMO_ENVIRONMENT,
    asks_authorities: bool = False,
) -> AsyncIterator[Simulation]:
    """Yield a bot over these zones, or the demo's, with its database in a file or at a URL.

    `asks_authorities`: it reaches the zones' own name servers, which are the one server there is.
    """
    async with (
        ZoneServer(_demo_zones() if zones is None else zones) as dns,
        AsyncExitStack() as stack,
    ):
        servers = "{}:{}".format(*dns.address)
        url = url_of(store)
        reach = {"DNS_PORT": str(dns.address[1]), "DNS_ALLOW_PRIVATE": "true"}
        settings = load_settings(
            {
                **environ,
                "DNS_SERVERS": servers,
                "DATABASE_URL": url,
                **(reach if asks_authorities else {}),
            }
        )
        clock = DemoClock()
        client = await stack.enter_async_context(_open(settings, clock))
        # Errors are looked for in the log, where those of dynamic items are found, too.
        env = Env(client, check_errors=False, settle_timeout=MAX_WAIT)
        await env.start()
        guild = env.create_guild("Farm", id=GUILD)
        try:
            yield Simulation(
                env=env,
                client=client,
                dns=dns,
                guild=guild,
                channel=guild.create_text_channel("mail"),
                ann=guild.add_member(env.create_user("ann")),
                ben=guild.add_member(env.create_user("ben")),
                settings=settings,
                store=store,
                stack=stack,
                clock=clock,
            )
        finally:
            await env.shutdown()


@asynccontextmanager
async def _open(
    settings: Settings, clock: DemoClock, ports: ServerPorts | None = None
) -> AsyncIterator[Client]:
    # Its address is one that leads nowhere, and is not even tried here: no port is known.
    ports = ports or ServerPorts(Connector(), settings.mail_host.name)
    async with open_client(settings, ports=ports, now=clock) as client:
        try:
            yield client
        finally:
            await client.close()  # the simulation leaves that to us


def url_of(store: Path | str) -> str:
    """Return the DATABASE_URL of an SQLite file, or the one that is given."""
    return store if isinstance(store, str) else f"sqlite+aiosqlite:///{store}"


def break_table(sim: Simulation, table: str) -> None:
    """Take a table away, as a damaged file would."""
    change_store(sim, f"DROP TABLE {table}")


def change_store(sim: Simulation, statement: str) -> None:
    """Change the database behind the bot's back."""
    with closing(sqlite3.connect(sim.store)) as connection:
        connection.execute(statement)
        connection.commit()


def read_store(sim: Simulation, query: str) -> list[tuple[Any, ...]]:
    """Return what is in the database, read behind the bot's back."""
    with closing(sqlite3.connect(sim.store)) as connection:
        return connection.execute(query).fetchall()


def answer_to(result: InteractionResult) -> ResponseMessage:
    """Return the answer to an interaction; there has to be one."""
    assert result.response is not None
    return result.response


async def open_details(who: MemberActor, card: ResponseMessage) -> ResponseMessage:
    """Return the card that the button for all details of a check opens."""
    return answer_to(await who.click(card, label=DETAILS))


def whisper_after(result: InteractionResult) -> ResponseMessage:
    """Return the one message that followed a click; it has to be private."""
    (message,) = result.followups
    assert message.ephemeral
    return message


def whisper_of(result: InteractionResult) -> ResponseMessage:
    """Return the private message that says what came of a click, first answer or not."""
    message = whisper_after(result) if result.followups else answer_to(result)
    assert message.ephemeral
    return message


def text_of(message: ResponseMessage) -> str:
    """Return all text of a card."""
    return "\n".join(part["content"] for part in walk(message.components) if part["type"] == TEXT)


def labels_of(message: ResponseMessage) -> list[str]:
    """Return the labels of a card's buttons."""
    return [part["label"] for part in walk(message.components) if part["type"] == BUTTON]


def walk(components: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield components and those in them."""
    for component in components:
        yield component
        yield from walk(component.get("components", ()))
        if accessory := component.get("accessory"):
            yield from walk((accessory,))
