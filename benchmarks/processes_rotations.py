"""DKIM keys that are changed in the soak of several processes, and what was lost or done twice."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from discord_payloads import CHANNEL
from request_cases import MAIL, key_line, record_line
from rotation_cases import CARD, RECORD, TO_MEMBERS, RotationCase

from benchmarks.processes_discord import direct_channel
from benchmarks.processes_people import FIRST_ADMIN, PATIENCE
from benchmarks.processes_verdict import find_broken
from benchmarks.processes_world import shortly_kept
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.rotations.rotation import RotationState

if TYPE_CHECKING:
    import asyncpg

    from benchmarks.processes_verdict import Verdict
    from benchmarks.processes_world import World

_COPIES: Final = "dkim-factory.invalid"
_PASSES_EVERY: Final = 1.0  # seconds; so often the time passes until a rotation goes on
_LEFT: Final = """
SELECT id, greatest(due_at, switched_at + interval '7 days') - now() AS left FROM rotation
WHERE domain = $1 AND lease_until IS NULL AND due_at > now() FOR UPDATE SKIP LOCKED
"""
_MOVE: Final = """
UPDATE rotation SET due_at = due_at - $2::interval, opened_at = opened_at - $2::interval,
  changed_at = changed_at - $2::interval, live_at = live_at - $2::interval,
  caches_until = caches_until - $2::interval, switched_at = switched_at - $2::interval
WHERE id = $1
"""
_WAKE: Final = "SELECT pg_notify('cowbell', 'rotations')"


class KeyChanges:
    """An admin and members, who bring each change of a key from its beginning to its end."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.cases: list[RotationCase] = []

    async def change_all(self, seconds: float) -> None:
        """Return when all keys are changed; that begins one after the other within so long."""
        number = self._world.extent.rotations
        for place in range(number):
            pair = await asyncio.to_thread(DkimPair.make, "dkim")
            self.cases.append(RotationCase(place, pair))

        async def begin(case: RotationCase) -> None:
            await asyncio.sleep(seconds * case.place / number)
            await self._change(case)

        async with asyncio.TaskGroup() as group:
            for case in self.cases:
                group.create_task(begin(case))

    async def _change(self, case: RotationCase) -> None:
        world = self._world
        world.mailcow.add_domain(case.domain)
        world.mailcow.dkim[case.domain] = case.pair
        self._serve(case, MAIL, key_line(case.pair))
        query = "INSERT INTO watcher (domain, member_id, added_at) VALUES ($1, $2, now())"
        await world.record.do(lambda c: c.execute(query, case.domain, case.member))
        while not await self._is_told(CHANNEL, case, CARD):
            sent = await world.discord.run_subcommand(
                "mailadmin", "rotate", {"domain": case.domain}, member=FIRST_ADMIN
            )
            with suppress(TimeoutError):
                await sent.answered(PATIENCE)
        direct = direct_channel(case.member)
        while not await self._is_told(direct, case, RECORD):
            await self._pass_time(case)
        query = "SELECT selector, value FROM rotation WHERE domain = $1"
        ((selector, value),) = await world.record.rows(query, case.domain)
        new = record_line(selector, value)
        self._serve(case, MAIL, key_line(case.pair), new)
        for title in TO_MEMBERS:
            while not await self._is_told(direct, case, title):
                await self._pass_time(case)
        self._serve(case, MAIL, new)
        case.is_over = True

    async def _is_told(self, channel: int, case: RotationCase, title: str) -> bool:
        with suppress(TimeoutError):
            await self._world.discord.message(channel, case.is_told(title), _PASSES_EVERY)
            return True
        return False

    async def _pass_time(self, case: RotationCase) -> None:
        """Have the time pass until a rotation goes on, unless somebody is at it."""

        async def move(connection: asyncpg.Connection) -> None:
            async with connection.transaction():
                row = await connection.fetchrow(_LEFT, case.domain)
                if row is not None:
                    await connection.execute(_MOVE, row["id"], row["left"])
                    await connection.execute(_WAKE)

        await self._world.record.do(move)

    def _serve(self, case: RotationCase, *lines: str) -> None:
        self._world.publish(case.domain, shortly_kept("\n".join(lines)))

    async def judge(self, verdict: Verdict) -> None:
        """Add to the verdict what became of the rotations, when everything has come to rest."""
        sent, mailcow = self._world.discord.channels, self._world.mailcow
        rows = {
            row["domain"]: row
            for row in await self._world.record.rows("SELECT * FROM rotation ORDER BY id")
        }
        chains: dict[int, list[tuple[str | None, str]]] = defaultdict(list)
        query = "SELECT rotation_id, before, after FROM rotation_entry ORDER BY id"
        for row in await self._world.record.rows(query):
            chains[row["rotation_id"]].append((row["before"], row["after"]))
        verdict.counts["rotations"] = len(chains)
        for case in self.cases:
            channels = (CHANNEL, *[direct_channel(case.member)] * len(TO_MEMBERS))
            for channel, title in zip(channels, (CARD, *TO_MEMBERS), strict=True):
                number = sum(map(case.is_told(title), sent.get(channel, [])))
                verdict.expect_one(f"message “{title}” of {case.domain}", number)
            found = rows.get(case.domain)
            if found is None or found["state"] != RotationState.RETIRED:
                verdict.lost.append(f"end of the rotation of {case.domain}")
                continue
            pair = mailcow.dkim[case.domain]
            signs = key_line(pair)
            if not pair.private or signs != record_line(found["selector"], found["value"]):
                verdict.lost.append(f"the new key of {case.domain}")
            broken = find_broken(chains[found["id"]])
            verdict.doubled += [f"transition of the key of {case.domain}: {one}" for one in broken]
        verdict.doubled += [f"key of {n}" for n in mailcow.dkim if n.endswith(_COPIES)]
        if len(chains) > len(self.cases):
            verdict.doubled.append(f"rotations: {len(chains)} of {len(self.cases)}")
