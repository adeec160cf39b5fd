"""The service of rotations over a real store and the double of Mailcow, with a clock to set."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.by_hand import ByHandBackend
from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.mailcow.key_rotation import MailcowRotator
from bot.mailcow.mailcow_backend import MailcowBackend
from bot.records.dkim_key import DkimRecord, KeySource
from bot.requests.model import BOT
from bot.requests.polling import WakeUp
from bot.rotations.rotation import RotationState
from bot.rotations.rotation_changes import move
from bot.rotations.rotation_service import Rotations
from bot.store.engine.database import Database
from bot.store.repositories.for_requests import RequestStore
from bot.store.repositories.known_keys import KnownKeys
from bot.store.repositories.rotations import StoredRotations
from made_pairs import made_pair
from mailcow_helpers import READ, WRITE, connect
from rotation_parts import ADMIN, FRIEND, NEW, NOON

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from typing import Any

    from bot.demo.mailcow_double.mailcow_state import DkimPair
    from bot.mailcow.api import Mailcow
    from bot.names import Domain
    from bot.rotations.rotation import Rotation

S = RotationState
TO_SWITCHED = (S.PREPARED, S.LIVE, S.SWITCHING, S.SWITCHED)


def pair(number: int, bits: int = 2048) -> DkimPair:
    """Return a key pair, always the same for a number."""
    return made_pair(number, "dkim", bits)


def value_of(key: DkimPair) -> str:
    """Return the record of a key as the double tells it."""
    return DkimRecord.read(f"v=DKIM1;k=rsa;t=s;s=email;p={key.public}").text


class ServiceParts:
    """The service and all that it stands on."""

    def __init__(self, database: Database, cow: MailcowDouble, mailcow: Mailcow) -> None:
        self.time = NOON
        self.cow = cow
        self.database = database
        self.store = StoredRotations(database)
        self.keys = KnownKeys(database)
        self.requests = RequestStore.of(database).requests
        self.woken = WakeUp()
        self.rotations = Rotations(
            *(self.store, self.keys, self.requests.of_domain),
            *(MailcowBackend(mailcow, "dkim"), MailcowRotator(mailcow)),
            *(self.now, self.woken),
        )
        # Nothing can be asked there, or done.
        self.by_hand = Rotations(
            *(self.store, self.keys, self.requests.of_domain, ByHandBackend("Postfix"), None),
            *(self.now, self.woken),
        )

    def now(self) -> datetime:
        """Return the time as the test has it."""
        return self.time

    async def begin(self, domain: Domain = FRIEND) -> Rotation:
        """Return a new rotation."""
        begun = await self.rotations.begin(domain, 2048, ADMIN)
        assert begun.is_new
        return begun.rotation

    async def begin_by_hand(self) -> Rotation:
        """Return a new rotation that an admin does by hand, of a key that was learned."""
        await self.learn()
        return (await self.by_hand.begin(FRIEND, 2048, ADMIN)).rotation

    async def learn(self, domain: Domain = FRIEND, number: int = 0, *, days: int = 0) -> None:
        """Have learned a key so many days ago."""
        at = self.time - timedelta(days=days)
        value = value_of(pair(number))
        await self.keys.learn(domain, "dkim", value, KeySource.MAIL_SERVER, at)

    async def bring(self, rotation: Rotation, *states: RotationState, **fields: Any) -> Rotation:
        """Return it after it went through states, as the worker would bring it."""
        for state in states:
            more: dict[str, Any] = {"value": NEW.record.text} if state is S.PREPARED else {}
            if state is S.SWITCHED:
                more["switched_at"] = self.time
            rotation = await self._move(rotation, state, {**more, **fields})
        return rotation

    async def _move(
        self, rotation: Rotation, state: RotationState, fields: dict[str, Any]
    ) -> Rotation:
        after, is_changed = await self.store.change(
            rotation.id, lambda before: move(before, state, BOT, self.time, **fields), self.time
        )
        assert is_changed
        return after


@asynccontextmanager
async def open_service(url: str, *others: str) -> AsyncIterator[ServiceParts]:
    """Yield the service over this database; `others` are further domains of the mail server."""
    cow = MailcowDouble(keys={READ: ApiKey(may_write=False), WRITE: ApiKey(may_write=True)})
    for name in (FRIEND.ascii, *others):
        cow.add_domain(name)
        cow.dkim[name] = pair(0)
    async with cow, connect(cow) as mailcow, await Database.open(url) as database:
        yield ServiceParts(database, cow, mailcow)
