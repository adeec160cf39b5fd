"""Who leads on PostgreSQL: whose session holds the lock LEADER.

Times, in seconds, so that no two are ever at Discord: a leader is sure of it for 3 after the
sending of the last sign of life that was answered, and leaves Discord then; the server ends its
session after 5 without one, or at once where the connection breaks; and whoever takes the lock
waits 4 before it begins, unless the one before wrote down that it had left. So the next one
begins some 5 seconds after a leader was killed, and 10 after its connection was cut.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.errors import StoreError
from bot.process_name import Duty, ProcessName
from bot.store.engine.postgresql import LEADER
from bot.store.engine.session import Session

if TYPE_CHECKING:
    from bot.store.engine.session import Holder
    from bot.store.engine.url import Address

PROBE_EVERY: Final = 1.0  # seconds between two signs of life of a leader
PROBE_TIMEOUT: Final = 1.5  # seconds for its answer; then half a second is left to connect anew
SURE_FOR: Final = 3.0  # seconds after the sending of a sign of life that was answered
GRACE: Final = 4.0  # seconds from the lock to the beginning: the one before may still be sure
TRY_EVERY: Final = 0.5  # seconds between two tries to get the lock
_TRIES = 3  # to take a lock whose holder just went
_TRY_ANEW = 0.1  # seconds between two tries of a leader to get its connection back

_READ = "SELECT term, has_left, note FROM leadership WHERE id = 1"
_BEGIN = (
    "INSERT INTO leadership (id, term, has_left, note) VALUES (1, 1, false, '')"
    " ON CONFLICT (id) DO UPDATE SET term = leadership.term + 1, has_left = false, note = ''"
    " RETURNING term"
)
_LEAVE = "UPDATE leadership SET has_left = true, note = $2 WHERE id = 1 AND term = $1 RETURNING 1"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Former:
    """How the last one ended: its number, whether it had left Discord, and its note."""

    term: int
    has_left: bool
    note: str


class ServerLeadership:
    """The `bot.store.engine.leadership.Leadership` of a process on PostgreSQL; see the module."""

    def __init__(self, address: Address, *, waits: bool) -> None:
        self._address = address
        self._waiting_as = ProcessName.own(Duty.STANDBY if waits else Duty.RUN)
        self._leading_as = ProcessName.own(Duty.RUN)
        self._session: Session | None = None
        self._own: set[int] = set()  # numbers of the sessions of this process so far
        self._term = 0  # the last one of this process
        self._leads = False
        self._sure_until = 0.0
        self._begins_at = 0.0  # when the one before this process can be sure no more
        self._lost = asyncio.Event()
        self._looking = asyncio.Event()
        self._tries_from = 0.0
        self._keeping: asyncio.Task[None] | None = None
        self.note = ""

    def is_sure(self) -> bool:
        """Whether it leads and had an answer to what it sent in the last three seconds."""
        return self._leads and _clock() < self._sure_until

    async def connect(self) -> Session:
        """The session, opened where there is none; raises StoreError."""
        if self._session is not None and self._session.ended.is_set():
            self._session = None
        if self._session is None:
            self._session = await Session.open(self._address, self._waiting_as)
            self._own.add(self._session.pid)
        return self._session

    async def take(self) -> None:
        """Raises StoreError where another one leads; else leads after the grace."""
        holder = await self._try()
        while holder is None and not await self._begin():
            holder = await self._try()
        if holder is not None:
            raise StoreError(
                f"The {self._address} is in use by another Cowbell ({holder.application}); stop "
                "that one first, let this one wait with STANDBY=true, or give it its own "
                "DATABASE_URL."
            )

    async def wait_until_leading(self) -> None:
        """Tries twice a second, also while the server is away, and leads after the grace."""
        known: object = None  # what the log has said last
        while True:
            try:
                if _clock() < self._tries_from:
                    await (await self.connect()).prove()
                    await self._pause()
                    continue
                holder = await self._try()
                if holder is None and await self._begin():
                    return
                if holder is not None and holder != known:
                    known = holder
                    _log.info("waiting: %s is at Discord", holder.application)
            except StoreError as error:
                self._drop()
                if known is not StoreError:
                    known = StoreError
                    _log.warning("waiting, and not first in line: %s", error)
            await self._pause()

    def look_now(self) -> None:
        """Has the next try made at once."""
        self._looking.set()

    def stand_back(self, seconds: float) -> None:
        """Makes no try for so long; the session goes on giving signs of life."""
        self._tries_from = _clock() + seconds

    async def wait_until_lost(self) -> None:
        """Returns where the session broke and could not be had anew before sureness ended."""
        await self._lost.wait()

    async def leave(self, note: str = "") -> None:
        """Writes down that Discord was left, and gives back the lock."""
        led, self._leads = self._leads, False
        await self._stop_keeping()
        session, self._session = self._session, None
        if session is None:
            return
        try:
            # Before it led, the one before it was not known to have left.
            if not led:
                return
            if await session.row(_LEAVE, self._term, note) is not None:
                await session.give_back(LEADER)
                _log.info("left: another one may be at Discord now")
        except StoreError as error:
            _log.warning("the next one begins %d seconds later: %s", GRACE, error)
        finally:
            await session.aclose()

    async def aclose(self) -> None:
        """Gives back all locks; the next one waits where `leave` was not called before."""
        self._leads = False
        await self._stop_keeping()
        session, self._session = self._session, None
        if session is not None:
            await session.aclose()

    async def _try(self) -> Holder | None:
        """None where the lock is this process's now; else who holds it."""
        session = await self.connect()
        for _ in range(_TRIES):
            if await session.take(LEADER):
                return None
            holders = await session.holders(LEADER)
            for holder in holders:
                if holder.pid not in self._own or not self._is_own(holder):
                    return holder
                await session.end_other(holder)  # it broke, and the server does not know it yet
        raise StoreError(f"The {self._address} did not give a lock back; try again in a minute.")

    async def _begin(self) -> bool:
        """Leads once nobody else can be sure any more; False where the lock was lost meanwhile."""
        session, asked_at = await self.connect(), _clock()
        found = await session.row(_READ)
        former = None if found is None else _Former(*found)
        (term,) = await session.row(_BEGIN)
        await session.rename(self._leading_as)
        self._sure_until = asked_at + SURE_FOR
        self._lost.clear()
        self._keeping = asyncio.create_task(self._keep())
        self._keeping.add_done_callback(self._note_end)
        if former is not None and not former.has_left and former.term != self._term:
            self._begins_at = asked_at + GRACE
        self._term = term
        if (left := self._begins_at - _clock()) > 0:
            _log.info("waiting %.0f seconds, in which the one before leaves Discord", left)
            await _wait(self._lost, left)
        if self._lost.is_set():
            return False
        self.note = former.note if former is not None else ""
        self._leads = True
        _log.info("leading: this process is the one at Discord")
        return True

    async def _keep(self) -> None:
        """Give signs of life until the session is lost for good."""
        while self._session is not None:
            await _wait(self._session.ended, PROBE_EVERY)
            sent_at = _clock()
            try:
                async with asyncio.timeout(PROBE_TIMEOUT):
                    await self._session.prove()
            except (StoreError, TimeoutError) as error:
                if not await self._reconnect():
                    detail = str(error) or "no answer in time"
                    _log.error("lost: this process must leave Discord (%s)", detail)
                    break
            else:
                self._sure_until = sent_at + SURE_FOR

    def _note_end(self, keeping: asyncio.Task[None]) -> None:
        """Have the place lost with the signs of life, whatever ended them, unless it is left."""
        if keeping.cancelled():
            return
        self._leads = False
        self._drop()
        self._lost.set()
        if (fault := keeping.exception()) is not None:
            _log.error("lost: this process must leave Discord", exc_info=fault)

    async def _reconnect(self) -> bool:
        """Whether the lock was had anew, of the same term, before sureness ended."""
        self._drop()
        while (left := self._sure_until - _clock()) > 0:
            try:
                async with asyncio.timeout(left):
                    sent_at = _clock()
                    if await self._try() is not None:
                        return False
                    session = await self.connect()
                    row = await session.row(_READ)
                    if row is None or row["term"] != self._term:
                        return False  # another one had it meanwhile, or a backup was put back
                    await session.rename(self._leading_as)
            except (StoreError, TimeoutError):
                self._drop()
                await asyncio.sleep(_TRY_ANEW)
            else:
                self._sure_until = sent_at + SURE_FOR
                _log.warning("the connection for the lock was lost, and had anew in time")
                return True
        return False

    def _is_own(self, holder: Holder) -> bool:
        # The server may have given the number of a session that is over to somebody else's.
        name = ProcessName.parse(holder.application)
        return name is not None and name.place == self._leading_as.place

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.end()

    async def _stop_keeping(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
            self._keeping = None

    async def _pause(self) -> None:
        await _wait(self._looking, TRY_EVERY)
        self._looking.clear()


def _clock() -> float:
    # It goes on while the machine sleeps, unlike the monotonic one.
    return time.clock_gettime(time.CLOCK_BOOTTIME)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Return when the event is set, after some seconds at the latest."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
