"""Requests and rotations through the unmodified program, which is killed again and again."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import re
import secrets
import sqlite3
from collections import Counter
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from bot_process import LOCAL_PROGRAM, Bot
from discord_channels import DIRECT, has_button
from discord_payloads import CHANNEL, GUILD, text_of, walk
from request_cases import MAIL, Case, key_line, prepare
from rotation_cases import RotationCases
from slow_channels import SlowChannels

from bot.demo import world
from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import parse_zone
from bot.requests.model import RequestKind
from bot.store.engine.database import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from discord_payloads import Json
    from sent_interaction import SentInteraction

    from forked_python import ForkedPython

AT_ONCE = 4  # members who ask, one for each kind
ADMINS = 600  # each looks at one request, as checks are counted a person and minute
_FIRST_MEMBER, _FIRST_ADMIN = 200000000000000000, 300000000000000000

# The program without the look for what a former try has sent.
FORGETFUL = LOCAL_PROGRAM.replace(
    "from bot.cli import main",
    """import bot.interactions.delivery
async def find(*_):
    return None
bot.interactions.delivery.find = find
from bot.cli import main""",
)


@dataclass
class CrashRun:
    """The program among stand-ins, and people who go on with what they were at after each end."""

    bot: Bot
    discord: SlowChannels
    dns: ZoneServer
    mailcow: MailcowDouble
    pair: DkimPair
    rotations: RotationCases
    chance: random.Random
    longest_life: float = 1.2  # seconds from when the program is ready until it is killed
    cases: dict[int, Case] = field(default_factory=dict)

    async def run_until_killed(self) -> None:
        """Start the program, and kill it at a random moment, which may be before it is ready."""
        await self.rotations.pass_time()
        self.discord.gateway_up.clear()
        if self.chance.random() < 0.3:
            self.discord.forget_nonces()
        process = await self.bot.spawn()
        people: list[asyncio.Task[None]] = []
        try:
            if self.chance.random() < 0.2:
                await asyncio.sleep(self.chance.uniform(0, 1.5))
            else:
                await self.discord.ready()
                people = [asyncio.create_task(self._work(place)) for place in range(AT_ONCE)]
                people.append(asyncio.create_task(self.rotations.play()))
                await asyncio.sleep(self.chance.uniform(0, self.longest_life))
        finally:
            assert process.returncode is None, self.bot.says()
            process.kill()
            await _end(people)
            await process.wait()

    async def finish(self) -> None:
        """Let all come to its end, and end the program gently."""
        is_over = False
        while not is_over:
            await self.rotations.pass_time()
            async with self.bot.running() as process:
                await asyncio.gather(*(self._play(case) for case in self.cases.values()))
                is_over = await self.rotations.finish()
                if is_over:
                    await asyncio.sleep(1.0)  # in which a second message would come
                assert await self.bot.stop(process) == 0

    async def _work(self, place: int) -> None:
        for number in itertools.count(place, AT_ONCE):
            await self._play(self.cases.setdefault(number, Case(number)))

    async def _play(self, case: Case) -> None:
        """Go on with a request from what is known to have arrived."""
        if case.is_live:
            return
        if not case.is_asked:
            self._serve(case, *prepare(case, self.mailcow, self.pair))
            member, asked = _FIRST_MEMBER + case.place, {"domain": case.domain}
            sent = await self.discord.run_command(case.kind.value, asked, member=member)
            await sent.until(lambda sent: bool(re.search(r"#\d+", sent.texts)))
            case.is_asked = True
        card = await self.discord.message(CHANNEL, case.is_about)
        match = re.search(r"#(\d+)", text_of(card))
        assert match is not None
        if not case.is_approved:
            assert has_button(card, "cowbell:req:")
            await self._approve(case, match[1], card)
            case.is_approved = True
        await self.discord.message(DIRECT, case.is_first_word)
        if not case.is_published:
            self._publish(case)
            case.is_published = True
        while not case.is_live:
            action = "done" if case.kind is RequestKind.WEBMAIL else "check"
            await self._press(case, f"cowbell:req:{action}:{match[1]}", card)
            with contextlib.suppress(TimeoutError):
                await self.discord.message(DIRECT, case.is_live_word, 10)
                case.is_live = True

    async def _approve(self, case: Case, number: str, card: Json) -> None:
        sent = await self._press(case, f"cowbell:req:approve:{number}", card)
        if case.kind is RequestKind.MAILDOMAIN:  # whose member has shown nothing
            risk, chosen = f"cowbell:req:risk:{number}", f"cowbell:req:add:{number}:risk"
            await sent.until(lambda sent: bool(sent.others) or _has(sent.message, risk))
            if not _has(sent.message, risk):
                return
            sent = await self._press(case, risk, sent.message)
        elif case.kind is RequestKind.DMARC:
            chosen = f"cowbell:req:stage:{number}"
        else:
            return
        # There is no choice where the answer is that it was decided before.
        await sent.until(lambda sent: bool(sent.others) or _has(sent.message, chosen))
        if not _has(sent.message, chosen):
            return
        if case.kind is RequestKind.MAILDOMAIN:
            await self._press(case, chosen, sent.message)
            return
        admin = _FIRST_ADMIN + case.place % ADMINS
        done = await self.discord.choose(chosen, "none", sent.message, member=admin)
        await done.answered()

    async def _press(self, case: Case, custom_id: str, card: Json) -> SentInteraction:
        admin = _FIRST_ADMIN + case.place % ADMINS
        sent = await self.discord.click(custom_id, card, member=admin)
        return await sent.answered()

    def _publish(self, case: Case) -> None:
        if case.kind is RequestKind.DKIM:
            self._serve(case, MAIL, key_line(self.mailcow.dkim[case.domain]))

    def _serve(self, case: Case, *lines: str) -> None:
        zone = parse_zone(case.domain, "\n".join(lines))
        self.dns.zones = self.dns.zones.with_zone(zone)

    def counts(self) -> Iterator[tuple[Case, str, int]]:
        """Say how often there is each thing that is to be once."""
        cards = self.discord.channels.get(CHANNEL, [])
        told = self.discord.channels.get(DIRECT, [])
        for case in self.cases.values():
            if case.kind is RequestKind.DKIM:
                yield case, "keys", self.mailcow.keys_made[case.domain]
            yield case, "domains", int(case.domain in self.mailcow.domains)
            yield case, "cards", sum(map(case.is_about, cards))
            yield case, "first words", sum(map(case.is_first_word, told))
            yield case, "words that it is live", sum(map(case.is_live_word, told))

    def doubled(self) -> list[str]:
        """Say what was done twice so far."""
        return [f"{case.domain}: {n} {what}" for case, what, n in self.counts() if n > 1]

    def faults(self) -> Iterator[str]:
        """Say what was lost or done twice of requests."""
        cards, told = self.discord.channels[CHANNEL], self.discord.channels[DIRECT]
        yield from (f"{c.domain} ({c.kind}): {n} {w}" for c, w, n in self.counts() if n != 1)
        changes = len(self.rotations.cases)
        if len(cards) != len(self.cases) + changes:
            yield f"{len(cards)} cards for {len(self.cases)} requests and {changes} rotations"
        if len(told) != 2 * len(self.cases) + 3 * changes:
            yield f"{len(told)} direct messages for these"
        with closing(sqlite3.connect(self.bot.log.parent / "bot.db")) as store:
            kept = Counter(domain for (domain,) in store.execute("SELECT domain FROM request"))
            left = store.execute(
                "SELECT request_id, what, attempts, detail FROM outbox "
                "WHERE ended_at IS NULL OR message_id IS NULL"
            ).fetchall()
        if kept != Counter(case.domain for case in self.cases.values()):
            yield f"the store has {kept}"
        if left:
            yield f"messages that were not delivered: {left}"


@asynccontextmanager
async def open_run(
    folder: Path, python: ForkedPython, seed: int, *, program: str = LOCAL_PROGRAM
) -> AsyncIterator[CrashRun]:
    chance = random.Random(seed)
    keys = {"write-key": ApiKey(may_write=True), "read-key": ApiKey(may_write=False)}
    pair = await asyncio.to_thread(DkimPair.make, "dkim")
    async with (
        SlowChannels(chance) as discord,
        ZoneServer(world.zones()) as dns,
        MailcowDouble(keys=keys) as mailcow,
        await Database.open(f"sqlite+aiosqlite:///{folder}/bot.db", exclusive=False) as store,
    ):
        mailcow.add_delay = 0.1
        mailcow.ready_keys.extend([pair] * 10_000)  # to make so many takes minutes
        bot = Bot(folder, discord, dns, python, program=program)
        bot.environment |= {
            "DISCORD_GUILD_ID": str(GUILD),
            "REQUEST_CHANNEL_ID": str(CHANNEL),
            "ADMIN_USER_IDS": ",".join(str(_FIRST_ADMIN + place) for place in range(ADMINS)),
            "MAILCOW_URL": mailcow.url,
            "MAILCOW_API_KEY": "write-key",
            "MAILCOW_READ_KEY": "read-key",
            "DNS_PORT": str(dns.address[1]),  # its zones name it as their name server
        }
        rotations = RotationCases(store, discord, dns, mailcow, _FIRST_ADMIN)
        yield CrashRun(bot, discord, dns, mailcow, pair, rotations, chance)


def _has(message: Json, custom_id: str) -> bool:
    return any(part.get("custom_id") == custom_id for part in walk(message))


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


@pytest.mark.parametrize(
    "kills", [pytest.param(6), pytest.param(200, marks=pytest.mark.slow)], ids=str
)
async def test_killed_at_random_moments_nothing_is_lost_or_done_twice(
    tmp_path: Path, forked_python: ForkedPython, capsys: pytest.CaptureFixture[str], kills: int
) -> None:
    seed = int(os.environ.get("CRASH_SEED") or secrets.randbits(32))
    async with open_run(tmp_path, forked_python, seed) as run:
        for _ in range(kills):
            await run.run_until_killed()
        in_between = sum(not case.is_live for case in run.cases.values())
        await run.finish()
        faults = [*run.faults(), *await run.rotations.faults()]
        with capsys.disabled():
            print(  # noqa: T201 - the numbers are what a soak is for
                f"\nCRASH_SEED={seed}: {kills} kills, {len(run.cases)} requests "
                f"({in_between} open at the last one), {len(run.rotations.cases)} rotations, "
                f"{run.discord.posted} tries for "
                f"{sum(map(len, run.discord.channels.values()))} messages, {len(faults)} faults"
            )
    assert not faults, (seed, faults)
    assert "Traceback" not in run.bot.says()


async def test_a_program_that_does_not_look_for_former_tries_is_found_out(
    tmp_path: Path, forked_python: ForkedPython
) -> None:
    async with open_run(tmp_path, forked_python, seed=1, program=FORGETFUL) as run:
        run.discord.longest = 1.0  # most of the time a message is there and not confirmed
        run.longest_life = 4.0  # a machine may be busy
        for _ in range(20):
            await run.run_until_killed()
            run.discord.forget_nonces()
            if run.doubled():
                break
        await asyncio.sleep(run.discord.longest + 0.2)  # what is being taken has its end
        assert run.doubled()
