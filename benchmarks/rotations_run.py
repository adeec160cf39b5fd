"""Rotations by the unmodified bot under the load of senders, from the beginning to their end."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from benchmarks.rotations_mail import OLD_SELECTOR
from bot.rotations.rotation import RotationState

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    from console_process import ConsoleProcess

    from benchmarks.rotations_dns import MemberZones
    from benchmarks.rotations_mail import SendersProcess
    from benchmarks.rotations_time import RotationSeen, RotationTimes
    from bot.demo.mailcow_double.double_server import MailcowDouble

_PATIENCE: Final = 900.0  # seconds for one step of a rotation; 20 share one workshop
_TYPED: Final = (0.2, 1.5)  # seconds that a member takes to publish at one server, and the other
_POLLED: Final = 0.05  # seconds
_S = RotationState


@dataclass(frozen=True, slots=True)
class MailsAndSwitches:
    """How much there is of everything."""

    mails: int = 10_000
    domains: int = 20  # each is switched once
    undone: int = 5  # of them: they sign with their old key again
    seed: int = 1


@dataclass
class RotationsRun:
    """Members and an admin, who do what the bot tells them, while mails leave all the time."""

    extent: MailsAndSwitches
    zones: MemberZones
    mailcow: MailcowDouble
    senders: SendersProcess
    times: RotationTimes
    console: ConsoleProcess
    chance: random.Random
    asked: set[str] = field(default_factory=set)  # names that a receiver asks for again and again
    faults: list[str] = field(default_factory=list)

    async def run(self) -> dict[str, Any]:
        """Return what became of all mails when all rotations have come to their end."""
        extent, domains = self.extent, self.zones.domains
        # A twentieth each of the mails while keys are made, and while copies are taken off.
        first = extent.mails // 20
        acts = [(domain, self._switch) for domain in domains]
        acts += [(domain, self._undo) for domain in domains[: extent.undone]]
        share = (extent.mails - 2 * first) // len(acts)
        self.senders.tell(to=first)
        async with asyncio.TaskGroup() as group:
            for domain in domains:
                group.create_task(self._prepare(domain))
        await self.senders.until_sent(first)
        for number, (domain, act) in enumerate(acts, 1):
            await self._under_load(domain, first + number * share, act)
        self.senders.tell(to=extent.mails, hot=[])
        for domain in domains[extent.undone :]:
            await self._pass(domain, _S.SWITCHED, _S.RETIRED)
        await self.senders.until_sent(extent.mails)
        result = await self.senders.finish()
        for domain in domains:
            self._look_at_end(await self.times.of(domain))
        return {**result, "faults": [*self.faults, *result["faults"]]}

    async def _prepare(self, domain: str) -> None:
        """Have a key made, published, and live everywhere."""
        await self._call("rotate", domain)
        seen = await self._until(domain, _S.PREPARED)
        # Some receiver has met the name already, and keeps that there is nothing.
        name = f"{seen.selector}._domainkey.{domain}."
        self.asked.add(name)
        self.senders.tell(ask=sorted(self.asked))
        for number in (0, 1):
            await asyncio.sleep(self.chance.uniform(*_TYPED))
            self.zones.publish(domain, seen.selector, seen.value, at=[number])
        await self._until(domain, _S.LIVE)
        self.asked.discard(name)
        self.senders.tell(ask=sorted(self.asked))

    async def _under_load(
        self, domain: str, to: int, act: Callable[[str], Awaitable[None]]
    ) -> None:
        """Do something to a domain's key while most mails come from that domain."""
        self.senders.tell(to=to, hot=[domain])
        await asyncio.sleep(self.chance.uniform(0, 0.5))
        await act(domain)
        await self.senders.until_sent(to)

    async def _switch(self, domain: str) -> None:
        await self._pass(domain, _S.LIVE, _S.SWITCHED)

    async def _undo(self, domain: str) -> None:
        await self._call("rotate", domain, "--undo")
        await self._until(domain, _S.UNDONE)

    async def _call(self, *words: str) -> None:
        """Do as an admin does at the console."""
        done = await asyncio.to_thread(self.console.call, *words)
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr}")
        await self.times.wake()

    async def _pass(self, domain: str, before: RotationState, after: RotationState) -> None:
        """Have the time pass for a rotation until it has gone from one state to another."""
        ends = time.monotonic() + _PATIENCE
        while (seen := await self.times.of(domain)).state is not after:
            if time.monotonic() > ends or seen.has_ended:
                raise RuntimeError(f"{domain} is {seen.state}, not {after}: {seen.reason}")
            if seen.state is before:
                await self.times.pass_time(seen)
            await asyncio.sleep(_POLLED)

    async def _until(self, domain: str, state: RotationState) -> RotationSeen:
        seen = await self.times.until(domain, lambda s: s.state is state or s.has_ended, _PATIENCE)
        if seen.state is not state:
            raise RuntimeError(f"{domain} is {seen.state}, not {state}: {seen.reason}")
        return seen

    def _look_at_end(self, seen: RotationSeen) -> None:
        """Look whether a rotation has come to its end, and signs with what it should."""
        wanted = seen.selector if seen.state is _S.RETIRED else OLD_SELECTOR
        if not seen.has_ended or self.mailcow.dkim[seen.domain].selector != wanted:
            signing = self.mailcow.dkim[seen.domain].selector
            self.faults.append(f"{seen.domain} is {seen.state} and signs with {signing}")
        kept = Counter(name.endswith("dkim-factory.invalid") for name in self.mailcow.dkim)
        if kept[True]:
            self.faults.append(f"{kept[True]} copies of keys are left")
