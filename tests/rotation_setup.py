"""Rotations over a real store, the double of Mailcow and real name servers, with a clock to set."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.checks.observe.key_servers import look_at_keys
from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.mailcow.key_rotation import MailcowRotator
from bot.mailcow.mailcow_backend import MailcowBackend
from bot.mailcow.workshop_names import WORKSHOP, former_name, next_name
from bot.requests.failure import load_failure
from bot.requests.polling import WakeUp
from bot.rotations.rotation import NewRotation, RotationState
from bot.rotations.rotation_changes import undo
from bot.rotations.rotation_worker import RotationWorker
from bot.store.engine.database import Database
from bot.store.repositories.rotations import StoredRotations
from bot.store.watch_tables import WatchNewsRow
from made_pairs import made_pair
from mailcow_helpers import READ, WRITE, connect
from name_server_world import name_servers
from rotation_parts import ADMIN, FRIEND, NOON, make_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from bot.mailcow.api import Mailcow
    from bot.names import Domain
    from bot.requests.backend import MailBackend
    from bot.rotations.key_rotator import KeyRotator
    from bot.rotations.rotation import Rotation, RotationChange
    from conftest import CaseFile
    from name_server_world import World

SELECTOR, OLD_SELECTOR = "cb202611a", "dkim"
_MOST_TURNS = 30


def pair(number: int) -> DkimPair:
    """Return a key pair, always the same for a number; that of 0 is the one of before."""
    return made_pair(number, OLD_SELECTOR if number == 0 else f"made{number}")


class WatchedDomains:
    """A watch that notes which domains it is told to look at."""

    def __init__(self) -> None:
        self.looked_at: list[Domain] = []

    async def have_looked_at(self, domain: Domain) -> None:
        """Note the domain."""
        await asyncio.sleep(0)
        self.looked_at.append(domain)


class RotationSetup:
    """All that a rotation has to do with, and the hands that change it."""

    def __init__(
        self, database: Database, cow: MailcowDouble, mailcow: Mailcow, dns: World
    ) -> None:
        self.time = NOON
        self.database = database
        self.cow = cow
        self.dns = dns
        self.store = StoredRotations(database)
        self.watch = WatchedDomains()
        self.rotator: KeyRotator | None = MailcowRotator(mailcow)
        self.backend: MailBackend = MailcowBackend(mailcow, OLD_SELECTOR)
        self.worker: RotationWorker
        self.wake_up: WakeUp
        self.restart()

    def restart(self) -> None:
        """Put a new worker in the place of the one before."""
        look = partial(look_at_keys, self.dns.ask, self.dns.authorities)
        self.wake_up = WakeUp()
        self.worker = RotationWorker(
            *(self.store, self.rotator, self.backend, look, lambda: self.time, self.wake_up),
            watch=self.watch,
        )

    async def begin(self, domain: Domain = FRIEND, *, by_hand: bool = False) -> Rotation:
        """Open a rotation of the domain's key."""
        old = self.cow.dkim[domain.ascii]
        key = make_key(old.selector, text_of(old))
        asked = NewRotation(domain, key, 2048, by_hand=by_hand, actor=ADMIN)
        rotation, is_new = await self.store.open(asked, frozenset(), self.time)
        assert is_new
        return rotation

    async def get(self, number: int = 1) -> Rotation:
        """Return a rotation as it is now."""
        rotation = await self.store.get(number)
        assert rotation is not None
        return rotation

    async def settle(self) -> None:
        """Do all that can be done at this time."""
        for _ in range(_MOST_TURNS):
            if not await self.worker.step():
                return
        raise AssertionError("it never comes to rest")

    async def pass_time(self, **time: float) -> Rotation:
        """Let time pass, do what is due then, and return the first rotation."""
        self.time += timedelta(**time)
        await self.settle()
        return await self.get()

    async def pass_until(self, when: datetime | None) -> Rotation:
        """Let time pass with all that is due on the way, and return the first rotation."""
        assert when is not None
        while (due := await self.store.next_due()) is not None and due < when:
            self.time = max(self.time, due)
            await self.settle()
        self.time = max(self.time, when)
        await self.settle()
        return await self.get()

    async def bring_to(self, state: RotationState) -> Rotation:
        """Bring the first rotation to a state, its record being published as soon as it is told."""
        for _ in range(_MOST_TURNS):
            rotation = await self.get()
            if rotation.state is state:
                return rotation
            assert rotation.due_at is not None, rotation
            if rotation.state is RotationState.PREPARED:
                self.publish(self.old, self.made)
            due = await self.store.next_due()
            assert due is not None
            self.time = max(self.time, due)
            await self.worker.step()
        raise AssertionError(f"it never becomes {state}")

    async def news(self) -> list[str]:
        """Return the keys of all news, sorted."""
        wanted = select(WatchNewsRow.key).order_by(WatchNewsRow.key)
        return await self.database.read(lambda session: list(session.scalars(wanted)))

    async def change(
        self, decide: Callable[[Rotation], RotationChange | None], number: int = 1
    ) -> Rotation:
        """Change it, as an admin does."""
        rotation, _ = await self.store.change(number, decide, self.time)
        return rotation

    async def undo(self, number: int = 1) -> Rotation:
        """Undo it, as an admin does."""
        return await self.change(lambda before: undo(before, ADMIN, self.time), number)

    def publish(self, *pairs: DkimPair, at: tuple[int, ...] = (), ttl: int = 3600) -> None:
        """Have the name servers of these numbers, or all of them, hold just these keys."""
        lines = [line_of(each, ttl=ttl) for each in pairs]
        for server in self.dns.servers:
            if not at or server.number in at:
                kept = [line for line in server.lines if "_domainkey" not in line]
                server.lines = [*kept, *lines]

    @property
    def old(self) -> DkimPair:
        """The key that signed at the beginning."""
        return pair(0)

    @property
    def new(self) -> DkimPair:
        """The first key that the mail server makes."""
        return DkimPair(SELECTOR, pair(1).public, pair(1).private)

    @property
    def made(self) -> DkimPair:
        """The key that is kept to be switched to, or signs by now."""
        return self.kept()[0] or self.signing

    @property
    def signing(self) -> DkimPair:
        """What the mail server signs with."""
        return self.cow.dkim[FRIEND.ascii]

    def kept(self, domain: Domain = FRIEND) -> tuple[DkimPair | None, DkimPair | None]:
        """Return the copies of the next key and of the former one."""
        names = (next_name(domain), former_name(domain))
        next_key, former = (self.cow.dkim.get(name.ascii) for name in names)
        return next_key, former

    @property
    def workshop(self) -> DkimPair | None:
        """The key in the workshop."""
        return self.cow.dkim.get(WORKSHOP.ascii)

    def writes(self) -> list[str]:
        """Return what the mail server was told to do, in order."""
        return self.cow.routes("POST")


def text_of(key: DkimPair) -> str:
    """Return the text of a key's record, as the mail server tells it."""
    return f"v=DKIM1;k=rsa;t=s;s=email;p={key.public}"


def line_of(key: DkimPair, *, ttl: int = 3600) -> str:
    """Return the record of a key as a line of a zone."""
    text = text_of(key)
    strings = " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))
    return f"{key.selector}._domainkey {ttl} TXT {strings}"


@asynccontextmanager
async def open_rotations(
    url: str, case_file: CaseFile, *others: str, servers: int = 2
) -> AsyncIterator[RotationSetup]:
    """Yield rotations over this database; `others` are further domains of the mail server."""
    cow = MailcowDouble(keys={READ: ApiKey(may_write=False), WRITE: ApiKey(may_write=True)})
    for at, name in enumerate((FRIEND.ascii, *others)):
        cow.add_domain(name)
        cow.dkim[name] = pair(0) if not at else DkimPair("dkim", pair(5).public, pair(5).private)
    cow.ready_keys.extend(pair(number) for number in (1, 2, 3, 4))
    async with (
        cow,
        connect(cow) as mailcow,
        name_servers(case_file, servers) as dns,
        await Database.open(url) as database,
    ):
        setup = RotationSetup(database, cow, mailcow, dns)
        setup.publish(setup.old)
        yield setup


def code_of(rotation: Rotation) -> str:
    """Return the code of why a rotation does not get on."""
    failure = load_failure(rotation.reason)
    return "" if failure is None else failure.code
