"""Rotations whose bot is killed at their steps, and what is wrong when all of them have ended."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.rotations_mail import KEY_HEAD
from benchmarks.rotations_mailcow import CallMoment, SteppedMailcow
from bot.names import Domain
from bot.requests.model import Actor, ActorKind
from bot.rotations.rotation import RotationNews, RotationState, RotationStep
from bot.watch.watch_news import ADMINS

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from bot_process import Bot, Process

    from benchmarks.processes_discord import SoakDiscord
    from benchmarks.rotations_dns import MemberZones
    from benchmarks.rotations_time import RotationSeen, RotationTimes
    from bot.demo.mailcow_double.mailcow_state import DkimPair
    from bot.rotations.rotation_service import Rotations

ADMIN: Final = Actor(ActorKind.ADMIN, 300_000_000_000_000_000)
WATCHER: Final = 400_000_000_000_000_000  # of the first domain; the next one's is one more
_PATIENCE: Final = 900.0  # seconds for a rotation's next state; others may have the workshop first
_MOST: Final = 2  # kills at one step of one rotation
_SHARE: Final = 0.3  # of the moments of calls at which the bot is killed, as long as it may be
_BETWEEN: Final = 0.3  # of the states at which it is killed, no call being under way
_S = RotationState
# How far rotations go, and how often; those that are not to retire are undone there.
_GOALS: Final = {_S.PREPARED: 1, _S.LIVE: 1, _S.SWITCHED: 5, _S.RETIRED: 4}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KillExtent:
    """How often the bot is killed, and among how much."""

    kills: int = 50  # at each step, at least
    domains: int = 6  # whose keys are rotated at once
    seed: int = 1
    steps: tuple[RotationStep, ...] = tuple(RotationStep)  # at which it is killed


@dataclass
class KillWorld:
    """What the bot lives among, and the store as another process sees it."""

    bot: Bot
    discord: SoakDiscord
    zones: MemberZones
    mailcow: SteppedMailcow
    times: RotationTimes
    rotations: Rotations  # with which admins begin and undo


@dataclass
class KillResult:
    """What came of it."""

    kills: dict[RotationStep, Counter[CallMoment]]
    between: int  # kills while no call was under way
    ended: Counter[RotationState]
    keys_made: int
    told: int  # messages in Discord
    seconds: float
    faults: list[str]


class KillSoak:
    """Brings rotations to their end, with a bot that is killed and started again."""

    def __init__(self, extent: KillExtent, chance: random.Random) -> None:
        self.extent = extent
        self.chance = chance
        self.kills = {step: Counter[CallMoment]() for step in RotationStep}
        self.between = 0
        self.faults: list[str] = []
        self._killed_at: Counter[tuple[int, RotationStep]] = Counter()
        self._values: dict[int, set[str]] = {}  # all that was seen of new keys, by rotation
        self._went_back_late: set[int] = set()
        self._process: Process | None = None

    @property
    def is_enough(self) -> bool:
        """Whether every step has had its kills."""
        return all(self.kills[s].total() >= self.extent.kills for s in self.extent.steps)

    async def run(self, world: KillWorld) -> KillResult:
        """Return what came of it when the bot has ended in peace."""
        self._world, began = world, time.monotonic()
        keeping = asyncio.create_task(self._keep(world.bot))
        try:
            async with asyncio.TaskGroup() as group:
                for domain in world.zones.domains:
                    group.create_task(self._rotate_often(domain))
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        async with world.bot.running() as process:
            await self._until_told()
            await self._end(process)
        seen = await world.times.all()
        self.faults += [*world.mailcow.faults, *self._find_leftovers(), *self._find_mixed(seen)]
        self.faults += await self._find_untold(seen)
        told = sum(map(len, world.discord.channels.values()))
        ended = Counter(rotation.state for rotation in seen)
        made = world.mailcow.keys_made.total()
        seconds = time.monotonic() - began
        return KillResult(self.kills, self.between, ended, made, told, seconds, self.faults)

    def note(self, moment: CallMoment, caller: RotationSeen) -> None:
        """Kill the bot at a moment of a call, now and then."""
        step = caller.step
        if step not in self.extent.steps or self.is_enough or not self._is_up:
            return
        is_often = self._killed_at[caller.id, step] >= _MOST
        if is_often or self.kills[step].total() >= self.extent.kills + _MOST:
            return
        if self.chance.random() < _SHARE:
            self._killed_at[caller.id, step] += 1
            self.kills[step][moment] += 1
            _log.info("killed at %s of %s, %s", step, caller.domain, moment)
            self._kill()

    @property
    def _is_up(self) -> bool:
        return self._process is not None

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None

    async def _keep(self, bot: Bot) -> None:
        """Have a worker run for ever; it is started again whenever it was killed."""
        while True:
            process = self._process = await bot.spawn("work")
            try:
                code = await process.wait()
            finally:
                if process.returncode is None:  # all is done
                    await self._end(process)
            if code != -signal.SIGKILL:
                self.faults.append(f"a worker ended by itself with {code}")
            await self._world.mailcow.finish_calls()
            await self._world.times.end_leases()

    async def _end(self, process: Process) -> None:
        """Have a process end in peace."""
        process.terminate()
        if (code := await process.wait()) != 0:
            self.faults.append(f"a process that was told to stop ended with {code}")

    async def _rotate_often(self, domain: str) -> None:
        while not self.is_enough:
            await self._rotate(domain)

    async def _rotate(self, domain: str) -> None:
        """Have a domain's key rotated, to the end or back again."""
        world, until = self._world, self._until
        signs = world.mailcow.dkim[domain]
        await world.rotations.begin(Domain.from_ascii(domain), 2048, ADMIN)
        await world.times.wake()
        seen = await until(domain, _S.PREPARED)
        goal = self._choose_goal()
        if goal is _S.PREPARED:
            await self._undo(seen, signs)
            return
        await self._publish(seen)
        seen = await until(domain, _S.LIVE)
        if goal is _S.LIVE:
            await self._undo(seen, signs)
            return
        await self._pass_time(seen)
        seen = await until(domain, _S.SWITCHED)
        if goal is _S.SWITCHED:
            self._went_back_late.add(seen.id)
            await self._undo(seen, signs)
            return
        await self._pass_time(seen)
        await until(domain, _S.RETIRED)
        world.zones.remove(domain, signs.selector)
        if f"{KEY_HEAD}{world.mailcow.dkim[domain].public}" != seen.value:
            self.faults.append(f"{domain} signs with another key than that of {seen.selector}")

    def _choose_goal(self) -> RotationState:
        """Return how far a rotation goes."""
        lacking = {s for s in self.extent.steps if self.kills[s].total() < self.extent.kills}
        if lacking == {RotationStep.RESTORE}:
            return _S.SWITCHED
        (goal,) = self.chance.choices(tuple(_GOALS), tuple(_GOALS.values()))
        return goal

    async def _until(self, domain: str, state: RotationState) -> RotationSeen:
        """Return the rotation of a domain in a state; the bot may be killed there, too."""

        def is_there(seen: RotationSeen) -> bool:
            if seen.value:
                self._values.setdefault(seen.id, set()).add(seen.value)
            return seen.state is state or seen.has_ended

        seen = await self._world.times.until(domain, is_there, _PATIENCE)
        if seen.state is not state:
            self.faults.append(f"{domain}: {seen.state} in place of {state}: {seen.reason}")
            raise RuntimeError(self.faults[-1])
        if self._is_up and not self.is_enough and self.chance.random() < _BETWEEN:
            await asyncio.sleep(self.chance.uniform(0, 0.3))
            if self._is_up:
                self.between += 1
                self._kill()
        return seen

    async def _publish(self, seen: RotationSeen) -> None:
        """Publish a new record at one server, and after a while at the other."""
        for number in (0, 1):
            self._world.zones.publish(seen.domain, seen.selector, seen.value, at=[number])
            await asyncio.sleep(self.chance.uniform(0, 0.5))

    async def _pass_time(self, seen: RotationSeen) -> None:
        """Have the time pass until a rotation leaves its state."""
        async with asyncio.timeout(_PATIENCE):
            while not await self._world.times.pass_time(seen):
                await asyncio.sleep(0.05)
                if (await self._world.times.of(seen.domain)).state is not seen.state:
                    return

    async def _undo(self, seen: RotationSeen, signs: DkimPair) -> None:
        """Have an admin undo a rotation, and look at what it comes to."""
        await self._world.rotations.undo(seen.id, ADMIN)
        await self._world.times.wake()
        await self._until(seen.domain, _S.UNDONE)
        if self._world.mailcow.dkim[seen.domain] != signs:
            self.faults.append(f"{seen.domain} does not sign with the key of before")

    async def _until_told(self) -> None:
        """Return when all news are delivered."""
        query = "SELECT count(*) FROM watch_news WHERE ended_at IS NULL"
        async with asyncio.timeout(_PATIENCE):
            while (await self._world.times.rows(query))[0][0]:  # noqa: ASYNC110 - others write it
                await asyncio.sleep(0.1)

    def _find_leftovers(self) -> Iterator[str]:
        yield from (f"{name} has a key still" for name in self._world.mailcow.kept_names())

    def _find_mixed(self, seen: Sequence[RotationSeen]) -> Iterator[str]:
        """Yield what is wrong with the new keys: one for each rotation, under a name of its own."""
        for number, values in self._values.items():
            if len(values) != 1:
                yield f"rotation {number} handed out {len(values)} keys"
        handed_out = Counter(value for values in self._values.values() for value in values)
        yield from (f"{n} rotations handed out one key" for n in handed_out.values() if n > 1)
        used = Counter((rotation.domain, rotation.selector) for rotation in seen)
        yield from (f"{name} was used {n} times" for name, n in used.items() if n > 1)

    async def _find_untold(self, seen: Sequence[RotationSeen]) -> list[str]:
        """Return what was not told, told twice, or told in vain."""
        rows = await self._world.times.rows(
            "SELECT key, message_id FROM watch_news WHERE what = 'rotation'"
        )
        kept = {row["key"]: row["message_id"] for row in rows}
        wanted = {key for rotation in seen for key in self._news_of(rotation)}
        messages = [m for sent in self._world.discord.channels.values() for m in sent]
        there = Counter(int(message["id"]) for message in messages)
        nonces = Counter(message["nonce"] for message in messages)
        return [
            *(f"{key} was never written down" for key in wanted - kept.keys()),
            *(f"{key} is told in vain" for key in kept.keys() - wanted),
            *(f"{key} is not in Discord" for key, number in kept.items() if there[number] != 1),
            *(f"{n} messages are one" for n in nonces.values() if n > 1),
            *(f"message {number} tells nothing" for number in there.keys() - set(kept.values())),
        ]

    def _news_of(self, rotation: RotationSeen) -> Iterator[str]:
        """Yield the keys of the news of a rotation that has come to its end."""
        member = WATCHER + self._world.zones.domains.index(rotation.domain)
        told = [(ADMINS, RotationNews.CARD), (member, RotationNews.RECORD)]
        if rotation.state is _S.RETIRED or rotation.id in self._went_back_late:
            told.append((member, RotationNews.SWITCHED))
        last = RotationNews.REMOVE if rotation.state is _S.RETIRED else RotationNews.UNDONE
        for target, news in (*told, (member, last)):
            yield f"rotation:{rotation.id}:{target}:{news}"
