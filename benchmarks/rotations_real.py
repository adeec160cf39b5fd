"""Mails through a real rspamd while the unmodified bot switches DKIM keys: how many go unsigned.

`make rotations`; it needs root and the Debian packages that it names, and installs nothing. It runs
in a network of its own, from which nothing leaves this machine. The mail server is rspamd with
Mailcow's signing rule over a real Redis, into which the double of Mailcow writes as Mailcow's PHP
does; `python -m bot rotate` begins each rotation and `python -m bot work` does the rest. Members
publish records as they are told to. Each mail is verified by dkimpy against the DNS of that moment,
and once more when all is over, as if it had been under way until then.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from console_process import ConsoleProcess
from worker_process import Workers

from benchmarks.debian_servers import missing_packages, network
from benchmarks.figures import write_part
from benchmarks.rotations_dns import MemberZones
from benchmarks.rotations_gap import measure_gap
from benchmarks.rotations_mail import READ_KEY, WRITE_KEY, SendersProcess, mail_server
from benchmarks.rotations_receiver import Arrived
from benchmarks.rotations_run import MailsAndSwitches, RotationsRun
from benchmarks.rotations_time import RotationTimes
from forked_python import ForkedPython
from postgres_server import running_postgres

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from postgres_server import PostgresServer

NEEDED: Final = ("rspamd", "redis-server", "util-linux", "iproute2")  # Debian packages
_SLOW: Final = 0.05  # seconds that each command to Redis waits, where mails have to go unsigned
_DNS: Final = 53
_SHOWN: Final = 20  # faults


async def measure(
    extent: MailsAndSwitches, folder: Path, postgres: PostgresServer, python: ForkedPython
) -> dict[str, Any]:
    """Return what became of the mails while the bot rotated keys, and how long all took."""
    chance, began = random.Random(extent.seed), time.monotonic()
    domains = [f"herd-{number:02}.example" for number in range(extent.domains)]
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        zones = await enter(MemberZones(domains).serving(_DNS, _DNS))
        server = await enter(mail_server(folder, zones))
        senders = await enter(SendersProcess.running(zones, extent.seed))
        name = await enter(postgres.database())
        pool = await enter(
            asyncpg.create_pool(
                host=postgres.socket_folder, user="postgres", database=name, min_size=1, max_size=6
            )
        )
        more = {
            "MAILCOW_URL": server.mailcow.url,
            "MAILCOW_API_KEY": WRITE_KEY,
            "MAILCOW_READ_KEY": READ_KEY,
            "REQUEST_CHANNEL_ID": "100000000000000005",
            "DNS_ALLOW_PRIVATE": "true",
        }
        url = postgres.url_of(name)
        workers = await enter(Workers(python, folder, url, zones.resolver.address, more))
        worker = await workers.start()
        run = RotationsRun(
            *(extent, zones, server.mailcow, senders, RotationTimes(pool)),
            ConsoleProcess(workers.environment, folder, python),
            chance,
        )
        result = await run.run()
        if await worker.stop() or "Traceback" in worker.log.read_text():
            result["faults"].append(worker.log.read_text()[-2000:])
        # The first time in each domain; on the way back the private key is there already.
        gaps = [server.redis.gaps[domain][0] for domain in domains]
        result["in a gap"] = server.redis.count_in_gaps(result["unsigned"])
        return {**result, "gaps": gaps, "seconds": time.monotonic() - began}


async def measure_blindness(extent: MailsAndSwitches, folder: Path) -> dict[str, Any]:
    """Return what becomes of mails where switches are slow: some have to go unsigned."""
    zones = MemberZones([f"herd-{number:02}.example" for number in range(4)])
    async with zones.serving(_DNS, _DNS):
        mails = max(extent.mails // 10, 500)
        switches, result = await measure_gap(
            folder, zones, mails=mails, pause=_SLOW, seed=extent.seed
        )
        return {**result, "switches": switches}


def format_mails(extent: MailsAndSwitches, bot: Mapping[str, Any], slow: Mapping[str, Any]) -> str:
    """Return both results as a table."""
    said = f"{extent.domains} switches and {extent.undone} ways back by the bot"
    slowly = f"{slow['switches']} switches, each command to Redis {1000 * _SLOW:.0f} ms later"
    rows = (
        (said, "at once", bot),
        ("", "by a receiver that keeps answers", bot),
        ("", "late", bot),
        (slowly, "at once", slow),
    )
    outcomes = list(Arrived)
    lines = [
        f"| | verified | mails | {' | '.join(outcomes)} |",
        f"|---|---|---:|{'---:|' * len(outcomes)}",
    ]
    for what, when, result in rows:
        counts = " | ".join(str(result[when].get(outcome, 0)) for outcome in outcomes)
        lines.append(f"| {what} | {when} | {sum(result[when].values())} | {counts} |")
    gaps = sorted(1000 * (until - since) for since, until in bot["gaps"])
    said = (
        "From the write of the new selector to that of its private key there were "
        f"{median(gaps):.2f} ms (median of the bot's switches; {gaps[0]:.2f}–{gaps[-1]:.2f} ms). "
        f"Of the unsigned mails rspamd had {bot['in a gap']} and {slow['in a gap']} in such a time."
    )
    return "\n".join((*lines, "", said, ""))


def _inside(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for one in fields(MailsAndSwitches):
        parser.add_argument(f"--{one.name}", type=int, default=one.default)
    parser.add_argument("--write", action="store_true", help="put the figures into the README")
    options = vars(parser.parse_args(arguments))
    writes = options.pop("write")
    extent = MailsAndSwitches(**options)
    with (
        tempfile.TemporaryDirectory(prefix="rotations-") as name,
        network([]),
        running_postgres(Path(name) / "postgres") as postgres,
        ForkedPython() as python,
    ):
        folder = Path(name)
        folder.chmod(0o755)  # rspamd gives its rights up
        for part in ("slow", "bot"):
            (folder / part).mkdir(mode=0o755)
        slow = asyncio.run(measure_blindness(extent, folder / "slow"))
        bot = asyncio.run(measure(extent, folder / "bot", postgres, python))
    table = format_mails(extent, bot, slow)
    print(table)
    for fault in bot["faults"][:_SHOWN]:
        print(f"FAULT: {fault}")
    is_blind = not slow["at once"].get(Arrived.UNSIGNED)
    if is_blind:
        print("No mail went unsigned where some had to: the count cannot be relied on.")
    if writes:
        minutes = bot["seconds"] / 60
        said = (
            f"Measured on {datetime.now(UTC).date()}, seed {extent.seed}, in {minutes:.0f} minutes."
        )
        write_part("rotations", f"{said}\n\n{table}")
    return 1 if bot["faults"] or is_blind else 0


def main() -> int:
    """Run all of it in a network of its own; 2 where something is missing for that."""
    if "--inside" in sys.argv:
        return _inside([word for word in sys.argv[1:] if word != "--inside"])
    missing = sorted(set(missing_packages()) & set(NEEDED))
    if missing or os.geteuid() != 0:
        packages = f", and from Debian: {' '.join(missing)}" if missing else ""
        print(f"This needs root{packages}.", file=sys.stderr)
        return 2
    command = [sys.executable, "-m", "benchmarks.rotations_real", "--inside", *sys.argv[1:]]
    return subprocess.run(["unshare", "--net", "--", *command], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
