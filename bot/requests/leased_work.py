"""Work that is taken from the store by leases: several pieces under way, and none taken twice."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from bot.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from datetime import datetime, timedelta

TakenT = TypeVar("TakenT")

_GIVEN_BACK_IN: Final = 1.0  # seconds; a lease that was not given back runs out

_log = logging.getLogger(__name__)


class Leases(Protocol[TakenT]):
    """Where work is taken from; each method is one transaction, or raises StoreError."""

    async def take_due(self, now: datetime, lease: timedelta, most: int, /) -> tuple[TakenT, ...]:
        """Return up to `most` pieces of work whose time has come, leased to the caller."""
        ...

    async def give_back(self, taken: Iterable[TakenT], /) -> None:
        """Let others take what was not done, as far as it is still the caller's."""
        ...


class LeasedWork(Generic[TakenT]):
    """Has `do` called for what is due, for at most `most` pieces at once.

    More is taken as soon as a quarter of them is done, so that a slow piece keeps no other from its
    turn, and the store is not asked for each. Where `do` raises, the piece is taken up again when
    its lease has run out; `describe` says for the log which one it was.
    """

    def __init__(
        self,
        store: Leases[TakenT],
        do: Callable[[TakenT], Coroutine[Any, Any, None]],
        describe: Callable[[TakenT], str],
        now: Callable[[], datetime],
        *,
        lease: timedelta,
        most: int,
    ) -> None:
        self._store = store
        self._do = do
        self._describe = describe
        self._now = now
        self._lease = lease
        self._most = most
        self._tasks: dict[asyncio.Task[None], TakenT] = {}
        self._taking: asyncio.Task[tuple[TakenT, ...]] | None = None
        self._beginning = asyncio.Lock()
        self._room = asyncio.Event()
        self._room.set()
        self._fault: StoreError | None = None
        self._is_closed = False

    @property
    def is_busy(self) -> bool:
        """Whether something is under way."""
        return bool(self._tasks)

    async def begin(self) -> int:
        """Take what is due, as much as there is room for, and begin it; return how much that is.

        Raises StoreError where nothing can be taken, or something that was begun before met one.
        """
        async with self._beginning:
            self._raise_fault()
            room = self._most - len(self._tasks)
            if self._is_closed or not room:
                return 0
            taking = self._store.take_due(self._now(), self._lease, room)
            self._taking = asyncio.create_task(taking)
            # Whoever is cancelled here leaves it to end, and `cut_short` gives back what it took.
            taken = await asyncio.shield(self._taking)
            self._taking = None
            for each in taken:
                task = asyncio.create_task(self._do(each))
                self._tasks[task] = each
                task.add_done_callback(self._note_end)
            self._note_room()
            return len(taken)

    async def wait_for_room(self) -> None:
        """Return when more can be taken; at a stop that is never, until all is cut short."""
        await self._room.wait()

    async def wait_for_end(self) -> None:
        """Return when what is under way now has ended; raises StoreError where some of it met one.

        Whoever is cancelled meanwhile cancels it.
        """
        if self._tasks:
            tasks = list(self._tasks)
            await asyncio.gather(*tasks, return_exceptions=True)
        self._raise_fault()

    async def finish(self) -> None:
        """Take nothing more, and return when what is under way has ended."""
        self._is_closed = True
        self._note_room()
        if self._taking is not None and not self._taking.done():
            await asyncio.wait({self._taking})
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def cut_short(self) -> None:
        """Cancel what is under way, and let others take it; nothing is taken meanwhile."""
        self._is_closed = True
        try:
            await self._cut_short()
        finally:
            self._is_closed = False
            self._note_room()

    async def _cut_short(self) -> None:
        cut = dict(self._tasks)
        for task in cut:
            task.cancel()
        await asyncio.gather(*cut, return_exceptions=True)
        left = [taken for task, taken in cut.items() if task.cancelled()]
        if self._taking is not None:
            await asyncio.wait({self._taking})
            if self._taking.exception() is None:
                left.extend(self._taking.result())
            self._taking = None
        if not left:
            return
        try:
            async with asyncio.timeout(_GIVEN_BACK_IN):
                await self._store.give_back(left)
        except (StoreError, TimeoutError) as error:
            _log.warning(
                "%d that were taken, %s first, are free again only when their leases run out: %s",
                *(len(left), self._describe(left[0]), str(error) or "the database took too long"),
            )

    def _note_end(self, task: asyncio.Task[None]) -> None:
        taken = self._tasks.pop(task)
        self._note_room()
        error = None if task.cancelled() else task.exception()
        if isinstance(error, StoreError):
            self._fault = error
        elif error is not None:  # a fault of ours
            _log.error("%s", self._describe(taken), exc_info=error)

    def _note_room(self) -> None:
        room = self._most - len(self._tasks)
        if room >= max(self._most // 4, 1) and not self._is_closed:
            self._room.set()
        else:
            self._room.clear()

    def _raise_fault(self) -> None:
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault
