"""The unmodified bot is killed at each step of rotations: what is lost, mixed up or done twice.

`python -m benchmarks.rotations_kills`, or `make soak-rotations`: `work` over a real PostgreSQL
among stand-ins for Mailcow and name servers. Rotations of several domains go on at once, some to
their end and some back again. While a call of a step is at Mailcow, the process gets a SIGKILL:
before it is done, when it is done and not answered, or just after the answer; each step so many
times, and now and then between steps. After each call what signs mail has to be published and to
have its private key. At the end `run` delivers the news to a stand-in for Discord, and all that has
to be there once is counted. Needs `PYTHONPATH=.:tests:tests/e2e`.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg
from bot_process import Bot
from discord_payloads import CHANNEL, GUILD

from benchmarks.figures import write_part
from benchmarks.processes_discord import SoakDiscord
from benchmarks.rotations_dns import MemberZones
from benchmarks.rotations_kill_soak import (
    ADMIN,
    WATCHER,
    KillExtent,
    KillResult,
    KillSoak,
    KillWorld,
)
from benchmarks.rotations_mail import KEY_HEAD, OLD_SELECTOR, READ_KEY, WRITE_KEY
from benchmarks.rotations_mailcow import CallMoment, SteppedMailcow
from benchmarks.rotations_time import RotationTimes
from bot.app.console_root import open_rotations
from bot.config.loading import load_settings
from bot.demo.mailcow_double.double_server import ApiKey
from bot.demo.mailcow_double.mailcow_state import DkimPair
from forked_python import ForkedPython
from postgres_server import running_postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from postgres_server import PostgresServer

_SHOWN: Final = 40  # faults


@asynccontextmanager
async def open_kill_world(
    soak: KillSoak,
    postgres: PostgresServer,
    folder: Path,
    python: ForkedPython | Sequence[str] = (sys.executable,),
) -> AsyncIterator[KillWorld]:
    """Yield the world, in which no bot runs yet."""
    domains = [f"herd-{number:02}.example" for number in range(soak.extent.domains)]
    keys = {WRITE_KEY: ApiKey(may_write=True), READ_KEY: ApiKey(may_write=False)}
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        zones = await enter(MemberZones(domains).serving())
        name = await enter(postgres.database())
        pool = await enter(
            asyncpg.create_pool(
                host=postgres.socket_folder, user="postgres", database=name, min_size=1, max_size=6
            )
        )
        times = RotationTimes(pool)
        mailcow = await enter(
            SteppedMailcow(
                keys=keys,
                zones=zones,
                times=times,
                at=soak.note,
                choose_pause=lambda most: soak.chance.uniform(0, most),
            )
        )
        discord = await enter(SoakDiscord(soak.chance))
        for place, domain in enumerate(domains):
            pair = await asyncio.to_thread(DkimPair.make, OLD_SELECTOR)
            mailcow.add_domain(domain)
            mailcow.dkim[domain] = pair
            zones.publish(domain, OLD_SELECTOR, f"{KEY_HEAD}{pair.public}")
            await pool.execute(
                "INSERT INTO watcher (domain, member_id, added_at) VALUES ($1, $2, now())",
                domain,
                WATCHER + place,
            )
        bot = Bot(folder, discord, zones.resolver, python)
        bot.environment |= {
            "DATABASE_URL": postgres.url_of(name),
            "DISCORD_GUILD_ID": str(GUILD),
            "REQUEST_CHANNEL_ID": str(CHANNEL),
            "ADMIN_USER_IDS": str(ADMIN.id),
            "MAILCOW_URL": mailcow.url,
            "MAILCOW_API_KEY": WRITE_KEY,
            "MAILCOW_READ_KEY": READ_KEY,
            "DNS_PORT": str(zones.port),
            "DNS_ALLOW_PRIVATE": "true",
        }
        desk = await enter(open_rotations(load_settings(bot.environment)))
        if desk is None:
            raise RuntimeError("there is no store")
        yield KillWorld(bot, discord, zones, mailcow, times, desk.rotations)


async def soak_rotations(
    extent: KillExtent,
    postgres: PostgresServer,
    folder: Path,
    python: ForkedPython | Sequence[str] = (sys.executable,),
) -> KillResult:
    """Return what came of rotations in which each step was killed so often."""
    soak = KillSoak(extent, random.Random(extent.seed))
    async with open_kill_world(soak, postgres, folder, python) as world:
        return await soak.run(world)


def format_kills(result: KillResult) -> str:
    """Return the result as Markdown."""
    moments = list(CallMoment)
    lines = [
        f"| step | killed | {' | '.join(moments)} |",
        f"|---|---:|{'---:|' * len(moments)}",
        *(
            f"| {step} | {times.total()} | {' | '.join(str(times[m]) for m in moments)} |"
            for step, times in result.kills.items()
        ),
    ]
    kills = sum(times.total() for times in result.kills.values())
    ended = ", ".join(f"{number} {state}" for state, number in sorted(result.ended.items()))
    said = (
        f"{kills} kills at steps and {result.between} between them in "
        f"{result.seconds / 60:.0f} minutes; rotations: {ended}; {result.keys_made} keys made, "
        f"{result.told} messages; {len(result.faults)} faults."
    )
    return "\n".join((*lines, "", said, ""))


def main() -> int:
    """Run the soak and print what came of it; the code is 1 where anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("kills", "domains", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(KillExtent(), name))
    parser.add_argument("--keep", type=Path, help="a folder for the log")
    parser.add_argument("--forked", action="store_true", help="fork processes after the imports")
    parser.add_argument("--write", action="store_true", help="put the figures into the README")
    options = vars(parser.parse_args())
    keep, forked, writes = (options.pop(name) for name in ("keep", "forked", "write"))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    extent = KillExtent(**options)
    with (
        tempfile.TemporaryDirectory(prefix="rotations-") as name,
        running_postgres(Path(name) / "postgres") as postgres,
        ForkedPython() if forked else nullcontext((sys.executable,)) as python,
    ):
        folder = Path(name) if keep is None else keep
        folder.mkdir(parents=True, exist_ok=True)
        result = asyncio.run(soak_rotations(extent, postgres, folder, python))
    table = format_kills(result)
    print(table)
    for fault in result.faults[:_SHOWN]:
        print(f"WRONG: {fault}")
    if writes:
        today = datetime.now(UTC).date()
        write_part("rotation kills", f"Measured on {today}, seed {extent.seed}.\n\n{table}")
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
