"""The unmodified bot under load while it watches: `python -m benchmarks.watch_soak --minutes 30`.

Fifty commands a second from thousands of members, against stand-ins for Discord (HTTP and gateway),
the DNS (2 % of the datagrams lost) and Mailcow (5 % of the calls fail), over 500 watched domains.
Their looks come in every second window of time, so that an interactive check is measured with and
without the watch in the same run. Needs `PYTHONPATH=.:tests:tests/e2e`; `make soak-watch` has it.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import math
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from bot_process import Bot
from discord_channels import DiscordChannels
from discord_payloads import BUTTON, CHANNEL, GUILD, walk

from benchmarks.child import HOST, start_child
from benchmarks.soak_stand_ins import DOMAINS, READ_KEY, WRITE_KEY
from benchmarks.year_script import YearScript

if TYPE_CHECKING:
    import subprocess

    from bot_process import Process
    from discord_payloads import Json
    from sent_interaction import SentInteraction

RATE: Final = 50  # commands a second
LOOKS: Final = 2  # of the watch a second, where it is at work; a day has 172 times as many seconds
WARM_UP: Final = 20.0  # seconds of load before the first window
WINDOW: Final = 30.0  # seconds with the watch, and then as many without it
MOST_GROWTH: Final = 1.10  # of the memory, from after the warm-up to the end
MOST_SLOWER: Final = 1.3  # an interactive check's p95 with the watch, by that without it
_PATIENCE: Final = 60.0  # seconds until a command counts as unanswered
_SAID_FIRST: Final = 3.0  # seconds in which Discord wants to hear something
_MEMBERS: Final = 5000
_FIRST_MEMBER: Final = 200_000_000_000_000_000
# How often each command comes among a hundred.
_MIX: Final = {
    "help": 24,
    "mailsettings": 26,
    "dnscheck": 6,
    "dnsrecords": 4,
    "requests": 13,
    "privacy": 13,
    "button": 14,  # of the card of a check
}
_STORED: Final = "%Y-%m-%d %H:%M:%S.%f"  # a time in the database
_QUIET: Final = ("cowbell:why:", "cowbell:details:", "cowbell:zone:", "cowbell:records:")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Listening(NamedTuple):
    """Where the stand-in for the DNS listens."""

    address: tuple[str, int]


@dataclass
class SoakFigures:
    """What was measured so far; times are in seconds, memory in octets."""

    sent: Counter[str] = field(default_factory=Counter)
    unanswered: list[str] = field(default_factory=list)
    late: int = 0  # acknowledged after Discord gave up
    checks: dict[bool, list[float]] = field(default_factory=lambda: defaultdict(list))
    memory: list[int] = field(default_factory=list)  # once a second

    @property
    def growth(self) -> float:
        """The memory at the end by that after the warm-up."""
        tenth = max(len(self.memory) // 10, 1)
        warm = self.memory[2 * tenth : 3 * tenth]
        return statistics.median(self.memory[-tenth:]) / statistics.median(warm)

    @property
    def slower(self) -> float:
        """The 95th percentile of a check with the watch by that without it."""
        return p95(self.checks[True]) / p95(self.checks[False])

    def missed(self) -> list[str]:
        """Return the targets that were not met."""
        found = []
        if self.unanswered:
            found.append(f"{len(self.unanswered)} unanswered: {self.unanswered[:5]}")
        if self.late:
            found.append(f"{self.late} acknowledged after {_SAID_FIRST:g} s")
        if not 1 / MOST_GROWTH <= self.growth <= MOST_GROWTH:
            found.append(f"memory × {self.growth:.2f}")
        if not self.slower <= MOST_SLOWER:  # nor is it met where nothing was measured
            found.append(f"a check takes × {self.slower:.2f}")
        return found


def p95(times: list[float]) -> float:
    """Return the 95th percentile; of fewer than two that is not a number."""
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else math.nan


class Soak:
    """The members who send commands, and the clock of the looks."""

    def __init__(self, bot: Bot, discord: DiscordChannels, database: Path, rate: float) -> None:
        self._rate = rate
        self._bot = bot
        self._discord = discord
        self._database = database
        self._chance = random.Random(4)
        self._domains = list(YearScript(DOMAINS, seed=1).zones)
        self._turns = itertools.cycle(self._domains)
        self._cards: list[SentInteraction] = []
        self._members = itertools.cycle(range(_MEMBERS))
        self._is_watching: bool | None = None  # None: nothing is measured yet
        self.figures = SoakFigures()
        self.looks = 0  # that were planned
        self.looked_at = 0  # domains

    async def run(self, seconds: float) -> None:
        """Let the bot list the domains, then put it under load for so long."""
        async with self._bot.running() as process:
            await self._until_listed()
            await self._bot.stop(process)
        began = time.time()
        for window in (0, 2):
            self._plan_looks(began + WARM_UP + window * WINDOW)
        async with self._bot.running() as process, asyncio.TaskGroup() as commands:
            beside = [
                asyncio.create_task(self._measure_memory(process)),
                asyncio.create_task(self._switch(began + WARM_UP)),
            ]
            ends = time.monotonic() + seconds
            at = time.monotonic()
            while at < ends:
                commands.create_task(self._send())
                at += 1 / self._rate
                await asyncio.sleep(max(at - time.monotonic(), 0))
            for task in beside:
                task.cancel()
        since = datetime.fromtimestamp(began, UTC).strftime(_STORED)
        self.looked_at = self._count(f"looked_at > '{since}' AND subject LIKE '%.example'")

    async def _until_listed(self) -> None:
        while self._count("hosted") < len(self._domains):  # noqa: ASYNC110 - another process counts
            await asyncio.sleep(0.5)

    def _count(self, where: str) -> int:
        with closing(sqlite3.connect(self._database)) as store:
            (count,) = store.execute(f"SELECT count(*) FROM watched WHERE {where}").fetchone()  # noqa: S608 - our own words
        return int(count)

    async def _switch(self, began: float) -> None:
        """Begin and end the windows of the watch."""
        for window in itertools.count():
            await asyncio.sleep(began + window * WINDOW - time.time())
            self._is_watching = window % 2 == 0
            if not self._is_watching:  # the one after the next, so that there is always one to come
                self._plan_looks(began + (window + 3) * WINDOW)

    def _plan_looks(self, begins: float) -> None:
        """Have so many domains due in a window, and all the others long after it."""
        count = round(WINDOW * LOOKS * 0.9)
        with closing(sqlite3.connect(self._database, timeout=30)) as store, store:
            if not self.looks:
                store.execute("UPDATE watched SET due_at = datetime('now', '+7 days')")
            for number in range(count):
                due = datetime.fromtimestamp(begins, UTC) + timedelta(seconds=number / LOOKS)
                text = due.strftime(_STORED)
                store.execute(
                    "UPDATE watched SET due_at = ? WHERE subject = ?", (text, next(self._turns))
                )
        self.looks += count

    async def _measure_memory(self, process: Process) -> None:
        while True:
            self.figures.memory.append(_resident(process.pid))
            await asyncio.sleep(1)

    async def _send(self) -> None:
        (name,) = self._chance.choices(list(_MIX), list(_MIX.values()))
        member = _FIRST_MEMBER + next(self._members)
        domain = self._chance.choice(self._domains)
        is_watching, started = self._is_watching, time.monotonic()
        self.figures.sent[name] += 1
        try:
            if name == "button" and self._cards:
                sent = await self._click(self._chance.choice(self._cards).message, member)
            else:
                sent = await self._run(name, domain, member)
        except TimeoutError:
            self.figures.unanswered.append(f"{name} {domain}")
            return
        self.figures.late += sent.first_at - sent.sent_at > _SAID_FIRST
        if name == "dnscheck":
            if is_watching is not None and is_watching == self._is_watching:
                self.figures.checks[is_watching].append(time.monotonic() - started)
            if any(one in str(sent.message) for one in _QUIET):
                self._cards = [*self._cards[-20:], sent]
        await asyncio.sleep(_PATIENCE)  # in which more may be said of it
        self._discord.clicks.pop(sent.payload["token"], None)

    async def _click(self, card: Json, member: int) -> SentInteraction:
        """Press a button that asks for no new check."""
        ids = [str(part.get("custom_id")) for part in walk(card, BUTTON)]
        quiet = [one for one in ids if one.startswith(_QUIET)]
        sent = await self._discord.click(self._chance.choice(quiet), card, member=member)
        return await sent.until(lambda sent: bool(sent.shown or sent.others), _PATIENCE)

    async def _run(self, name: str, domain: str, member: int) -> SentInteraction:
        options = {"domain": domain} if name in {"dnscheck", "dnsrecords"} else {}
        if name == "mailsettings":
            options = {"address": f"ann@{domain}"}
        if name == "button":  # there is no card yet
            name = "help"
        sent = await self._discord.run_command(name, options, member=member)
        return await sent.until(
            lambda sent: bool(sent.shown) and "Checking" not in sent.texts, _PATIENCE
        )


def _resident(pid: int) -> int:
    """Return the octets of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * _PAGE


def _show(soak: Soak, minutes: float) -> None:
    figures = soak.figures
    total = sum(figures.sent.values())
    with_watch, without = figures.checks[True], figures.checks[False]
    print(f"{total} commands in {minutes:g} minutes, {total / minutes / 60:.1f} a second")
    print(", ".join(f"{name} {count}" for name, count in figures.sent.most_common()))
    print(f"unanswered {len(figures.unanswered)}, acknowledged late {figures.late}")
    for name, times in (("with the watch", with_watch), ("without it", without)):
        p50 = statistics.median(times or [math.nan])
        print(
            f"a check {name}: n={len(times)}, p50 {p50 * 1000:.0f} ms, "
            f"p95 {p95(times) * 1000:.0f} ms"
        )
    print(f"p95 with the watch: × {figures.slower:.2f} (target ≤ {MOST_SLOWER})")
    warm, last = figures.memory[len(figures.memory) // 4], figures.memory[-1]
    print(
        f"memory {warm / 1e6:.0f} MB warm, {last / 1e6:.0f} MB at the end, × {figures.growth:.3f} "
        f"(target ≤ {MOST_GROWTH})"
    )
    print(
        f"{LOOKS} looks a second of the watch in every second window of {WINDOW:g} s: "
        f"{soak.looked_at} domains were looked at"
    )


async def soak(folder: Path, ports: tuple[int, int], minutes: float, rate: float) -> Soak:
    """Return the soak when it is over; `ports` are those of the DNS and of Mailcow."""
    dns_port, mailcow_port = ports
    async with DiscordChannels() as discord:
        bot = Bot(folder, discord, Listening((HOST, dns_port)), (sys.executable,))
        bot.environment |= {
            "DISCORD_GUILD_ID": str(GUILD),
            "REQUEST_CHANNEL_ID": str(CHANNEL),
            "MAILCOW_URL": f"http://{HOST}:{mailcow_port}",
            "MAILCOW_API_KEY": WRITE_KEY,
            "MAILCOW_READ_KEY": READ_KEY,
        }
        running = Soak(bot, discord, folder / "bot.db", rate)
        await running.run(minutes * 60)
    for word in ("Traceback", "CRITICAL"):
        if word in bot.says():
            running.figures.unanswered.append(f"the log has a {word}: see {bot.log}")
    return running


def _read_port(process: subprocess.Popen[str]) -> int:
    return int(process.stdout.readline() if process.stdout else "")


def main() -> int:
    """Run the soak and print its figures; the code is 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=RATE, help="commands a second")
    options = parser.parse_args()
    minutes = options.minutes
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
        start_child("benchmarks.soak_stand_ins") as (stand_ins, port),
    ):
        done = asyncio.run(soak(Path(folder), (port, _read_port(stand_ins)), minutes, options.rate))
    _show(done, minutes)
    missed = done.figures.missed()
    print("\n".join(f"MISSED: {text}" for text in missed) or "all targets are met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
