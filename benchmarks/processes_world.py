"""The world of several processes on one database: zones, mail server, Discord, and time passing."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from benchmarks.breakages import KEY, KINDS, MemberZone
from benchmarks.processes_discord import SoakDiscord
from benchmarks.processes_record import Record
from bot.demo import world
from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones, parse_zone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg

    from postgres_server import PostgresServer

WRITE_KEY, READ_KEY = "write-key", "read-key"
FAULTS: Final = ("MX gone", "SPF gone", "DKIM gone")  # each of them is one check's
TTL: Final = 5  # seconds, so that what a process keeps in its cache is soon asked anew
_WATCHERS: Final = 400_000_000_000_000_000


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there is of everything, and for how long the processes are disturbed."""

    domains: int = 2000
    requests: int = 500
    rotations: int = 24  # domains whose DKIM key is changed
    faults: int = 300  # domains that break and are mended
    looks: float = 6.0  # that come due a second, beside those at faults
    workers: int = 3
    runs: int = 2
    kills: int = 60
    restarts: int = 2  # of the database
    cuts: int = 2  # of the way to it: of one process, and of all of them
    cut_seconds: float = 30.0
    minutes: float = 25.0
    quiet: float = 5.0  # seconds without anything to do until all counts as over


@dataclass(frozen=True, slots=True)
class Fault:
    """What breaks at a domain once, and is mended; and the member who watches it."""

    domain: str
    kind: str
    watcher: int

    @property
    def broken(self) -> str:
        """The zone while it is broken."""
        return KINDS[self.kind](sound_zone(self.domain)) or ""


@dataclass
class World:
    """What the processes live among, and how its time passes."""

    extent: Extent
    chance: random.Random
    discord: SoakDiscord
    dns: ZoneServer
    mailcow: MailcowDouble
    record: Record
    postgres: PostgresServer
    database: str  # its name
    pair: DkimPair  # which the mail server hands out
    faults: tuple[Fault, ...]
    steady: tuple[str, ...]  # domains at which nothing breaks
    due: Counter[str] = field(default_factory=Counter)  # how often a look was made due

    def publish(self, name: str, text: str) -> None:
        """Put a zone into the DNS, in place of what was there."""
        self.dns.zones = self.dns.zones.with_zone(parse_zone(name, text))

    async def pass_time(self, subject: str) -> bool:
        """Have the time pass for a domain until its next look; False where one is under way.

        All times that wait for something are moved by as much, as if the clock had gone on.
        """

        async def move(connection: asyncpg.Connection) -> bool:
            async with connection.transaction():
                return await _pass_time(connection, subject)

        was_ahead = await self.record.do(move)
        self.due[subject] += was_ahead
        return was_ahead

    async def pass_time_of_news(self) -> None:
        """Have the time pass until what is gathered for one message is told."""
        await self.record.do(
            lambda connection: connection.execute(
                "UPDATE watch_news SET due_at = now() WHERE ended_at IS NULL AND attempts = 0 "
                "AND lease_until IS NULL AND due_at > now()"
            )
        )

    async def pass_time_of_request(self, number: int) -> None:
        """Have the time pass for a request until the bot looks at it by itself."""
        await self.record.do(
            lambda connection: connection.execute(
                "UPDATE request SET due_at = now() WHERE id = $1 AND state = 'waiting' "
                "AND lease_until IS NULL AND due_at > now()",
                number,
            )
        )


async def _pass_time(connection: asyncpg.Connection, subject: str) -> bool:
    now = datetime.now(UTC)
    row = await connection.fetchrow(
        "SELECT due_at, state FROM watched WHERE subject = $1 AND lease_until IS NULL "
        "AND due_at > $2 FOR UPDATE SKIP LOCKED",
        subject,
        now,
    )
    if row is None:
        return False
    calm_until = await connection.fetchval(
        "SELECT max(calm_until) FROM incident WHERE subject = $1 AND closed_at IS NULL", subject
    )
    # What looks mended is not looked at every hour of a whole day until it counts as mended.
    passed = max(row["due_at"], calm_until or now) - now
    await connection.execute(
        "UPDATE incident SET good_since = good_since - $2::interval, "
        "calm_until = calm_until - $2::interval "
        "WHERE subject = $1 AND closed_at IS NULL AND good_since IS NOT NULL",
        subject,
        passed,
    )
    await connection.execute(
        "UPDATE watched SET due_at = $2, state = $3 WHERE subject = $1",
        subject,
        now,
        _move_suspicions(row["state"], passed),
    )
    return True


def _move_suspicions(state: str, passed: timedelta) -> str:
    """Return what is kept of a subject, as if its suspicions were so much older."""
    if not state:
        return state
    raw: dict[str, Any] = json.loads(state)
    raw["suspicions"] = {
        key: [*((datetime.fromisoformat(at) - passed).isoformat() for at in times[:2]), times[2]]
        for key, times in raw["suspicions"].items()
    }
    return json.dumps(raw, ensure_ascii=False, separators=(",", ":"))


def sound_zone(name: str) -> str:
    """Return the zone of a domain in which everything is right."""
    return MemberZone(name, TTL, TTL).text


def shortly_kept(text: str) -> str:
    """Return a zone that nobody keeps for long, out of lines without a TTL."""
    soa = "@ SOA ns1.dns-servers.example. hostmaster.dns-servers.example. 1 7200 3600 1209600"
    lines = (f"{soa} {TTL}", *filter(None, map(str.strip, text.splitlines())))
    return "\n".join(line.replace(" ", f" {TTL} ", 1) for line in lines)


@asynccontextmanager
async def open_world(extent: Extent, seed: int, postgres: PostgresServer) -> AsyncIterator[World]:
    """Yield the world, with a database that notes each change; no process runs in it yet."""
    chance = random.Random(seed)
    herd = [f"herd-{number:04}.example" for number in range(extent.domains - extent.requests)]
    kinds = itertools.cycle(FAULTS)
    faults = tuple(
        Fault(name, next(kinds), _WATCHERS + place)
        for place, name in enumerate(herd[: extent.faults])
    )
    sound = (parse_zone(name, sound_zone(name)) for name in herd)
    keys = {WRITE_KEY: ApiKey(may_write=True), READ_KEY: ApiKey(may_write=False)}
    mailcow = MailcowDouble(keys=keys, add_delay=0.1)
    known = DkimPair("dkim", KEY.partition("p=")[2], "a private key that nobody reads here")
    for name in herd:
        mailcow.add_domain(name)
        mailcow.dkim[name] = known
    pair = await asyncio.to_thread(DkimPair.make, "dkim")
    mailcow.ready_keys.extend([pair] * 10 * extent.requests)  # to make so many takes minutes
    async with (
        SoakDiscord(chance) as discord,
        ZoneServer(Zones.of([*world.zones().table.values(), *sound])) as dns,
        mailcow,
        postgres.database() as database,
        Record.opened(postgres, database) as record,
    ):
        watchers = [(fault.domain, fault.watcher) for fault in faults]
        await record.do(
            lambda connection: connection.executemany(
                "INSERT INTO watcher (domain, member_id, added_at) VALUES ($1, $2, now())", watchers
            )
        )
        yield World(
            extent,
            chance,
            discord,
            dns,
            mailcow,
            record,
            postgres,
            database,
            pair,
            faults,
            tuple(herd[extent.faults :]),
        )
