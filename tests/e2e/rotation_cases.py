"""DKIM keys that are changed in the crash test: how far people have brought each, and who is told.

What a rotation waits for by the hour or the week passes while the program is down.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from discord_channels import DIRECT
from discord_payloads import CHANNEL, text_of
from request_cases import MAIL, key_line, record_line
from sqlalchemy import select

from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.demo.zones import parse_zone
from bot.names import Domain
from bot.rotations.rotation import KEPT_FOR, RotationState
from bot.store.rotation_tables import RotationRow
from bot.store.watch_tables import WatcherRow
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from discord_channels import DiscordChannels
    from discord_payloads import Json
    from sqlalchemy.orm import Session

    from bot.demo.mailcow_double.double_server import MailcowDouble
    from bot.demo.zone_server import ZoneServer
    from bot.store.engine.database import Database

# How the messages about a rotation begin: the admins' card, and what the member is told.
CARD, RECORD, SWITCHED, REMOVE = (
    "Rotation #",
    "New DKIM key:",
    "New DKIM key in use:",
    "Old DKIM record:",
)
_TIMES = ("due_at", "opened_at", "changed_at", "live_at", "caches_until", "switched_at")
_COPIES = "dkim-factory.invalid"
_SOON = timedelta(seconds=1)
_ON_THEIR_WAY = 0.5  # seconds that messages take
_FAR = 3600.0  # seconds; whoever waits so long is stopped before
TO_MEMBERS = (RECORD, SWITCHED, REMOVE)


@dataclass
class RotationCase:
    """One domain whose key is changed."""

    place: int
    pair: DkimPair  # the one of before
    is_begun: bool = False
    is_over: bool = False

    @property
    def domain(self) -> str:
        return f"meadow-{self.place:03}.example"

    @property
    def member(self) -> int:
        """Who watches the domain, and so is told."""
        return 500000000000000000 + self.place

    def is_told(self, title: str) -> Callable[[Json], bool]:
        """Return what finds a message about it by the beginning of its title."""
        return lambda message: title in text_of(message) and self.domain in text_of(message)


@dataclass
class RotationCases:
    """Has keys changed, one after the other, for as long as it is played."""

    store: Database
    discord: DiscordChannels
    dns: ZoneServer
    mailcow: MailcowDouble
    admin: int
    cases: list[RotationCase] = field(default_factory=list)

    async def play(self) -> None:
        """Go on with the last one, and then with further ones, for ever."""
        for place in itertools.count(max(len(self.cases) - 1, 0)):
            if place == len(self.cases):
                pair = await asyncio.to_thread(DkimPair.make, "dkim")
                self.cases.append(RotationCase(place, pair))
            await self._play(self.cases[place])

    async def finish(self) -> bool:
        """Go on with the last one until it waits for time to pass; return whether it is over."""
        if not self.cases:
            return True
        case = self.cases[-1]
        playing = asyncio.create_task(self._play(case))
        async with asyncio.timeout(MAX_WAIT):
            while not playing.done() and await self._is_at_work(case):  # noqa: ASYNC110 - the program tells nobody
                await asyncio.sleep(0.05)
        await asyncio.wait({playing}, timeout=_ON_THEIR_WAY)
        playing.cancel()
        for outcome in await asyncio.gather(playing, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
        return case.is_over

    async def _play(self, case: RotationCase) -> None:
        """Do what people do with a rotation, from what is known to have happened."""
        if case.is_over:
            return
        if not case.is_begun:
            await self._begin(case)
        await self.discord.message(CHANNEL, case.is_told(CARD), _FAR)
        await self.discord.message(DIRECT, case.is_told(RECORD), _FAR)
        row = await self._row(case)
        assert row is not None
        old, new = key_line(case.pair), record_line(row.selector, row.value)
        self._serve(case, MAIL, old, new)
        await self.discord.message(DIRECT, case.is_told(SWITCHED), _FAR)
        await self.discord.message(DIRECT, case.is_told(REMOVE), _FAR)
        self._serve(case, MAIL, new)
        case.is_over = True

    async def _begin(self, case: RotationCase) -> None:
        """Have an admin ask for it, as often as that takes."""
        domain = Domain.from_ascii(case.domain)
        self.mailcow.add_domain(case.domain)
        if case.domain not in self.mailcow.dkim:
            self.mailcow.dkim[case.domain] = case.pair
            self._serve(case, MAIL, key_line(case.pair))
            watcher = WatcherRow(domain=domain, member_id=case.member, added_at=datetime.now(UTC))
            await self.store.write(lambda session: session.merge(watcher))
        options = {"domain": case.domain}
        sent = await self.discord.run_subcommand("mailadmin", "rotate", options, member=self.admin)
        await sent.answered()
        case.is_begun = await self._row(case) is not None
        assert case.is_begun, sent.texts

    async def pass_time(self) -> None:
        """Have so much time pass that every rotation goes on; the program must not run."""

        def pass_all(session: Session) -> None:
            for row in session.scalars(select(RotationRow).where(RotationRow.due_at.is_not(None))):
                _pass_time(row)

        await self.store.write(pass_all)

    async def faults(self) -> list[str]:
        """Return what was lost, mixed up or done twice."""
        sent = self.discord.channels
        found = [
            f"{case.domain}: {number} messages “{title}”"
            for case in self.cases
            for channel, title in ((CHANNEL, CARD), *((DIRECT, t) for t in TO_MEMBERS))
            if (number := sum(map(case.is_told(title), sent.get(channel, [])))) != 1
        ]
        rows = await self.store.read(lambda session: session.scalars(select(RotationRow)).all())
        by_domain = Counter(row.domain.ascii for row in rows)
        found += [f"{name}: {number} rotations" for name, number in by_domain.items() if number > 1]
        for row in rows:
            pair = self.mailcow.dkim[row.domain.ascii]
            signs = (pair.selector, f"v=DKIM1;k=rsa;t=s;s=email;p={pair.public}")
            if row.state != RotationState.RETIRED or signs != (row.selector, row.value):
                found.append(f"{row.domain} is {row.state} and signs with {pair.selector}")
            if not pair.private:
                found.append(f"{row.domain} has lost its private key")
        found += [f"{name} is left" for name in self.mailcow.dkim if name.endswith(_COPIES)]
        return found

    async def _is_at_work(self, case: RotationCase) -> bool:
        """Whether something is due now, or under way."""
        row = await self._row(case)
        if row is None:
            return True
        return row.due_at is not None and row.due_at <= datetime.now(UTC) + _SOON

    def _serve(self, case: RotationCase, *lines: str) -> None:
        zone = parse_zone(case.domain, "\n".join(lines))
        self.dns.zones = self.dns.zones.with_zone(zone)

    async def _row(self, case: RotationCase) -> RotationRow | None:
        wanted = select(RotationRow).where(RotationRow.domain == Domain.from_ascii(case.domain))
        return await self.store.read(lambda session: session.scalars(wanted).first())


def _pass_time(row: RotationRow) -> None:
    """Make a rotation as much older as it takes until it goes on."""
    row.lease_until = None
    until = row.due_at
    if until is not None and row.state == RotationState.SWITCHED and row.switched_at is not None:
        until = max(until, row.switched_at + KEPT_FOR)
    span = timedelta(0) if until is None else until - datetime.now(UTC)
    for name in _TIMES if span > timedelta(0) else ():
        if (moment := getattr(row, name)) is not None:
            setattr(row, name, moment - span)
