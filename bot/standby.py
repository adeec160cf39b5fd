"""A client that waits for its place at Discord, and listens there for a moment before it has it.

The one that leaves has it connect and say nothing. Discord tells both of everything then, and what
comes is held until the one that left has said, by its note, which interactions it took: those are
left to it, and the others are answered here. So nothing is answered twice, and nothing by nobody.
Without that word, what was held is left unanswered.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from bot.store.engine.handover import CONNECTED_WITHIN, Word, read_note

if TYPE_CHECKING:
    from bot.client import Client
    from bot.store.engine.handover import Candidate
    from bot.store.engine.leadership import Leadership

# Seconds from the connection on, in which the leader goes on: Discord may tell it later than us, so
# that what happened before we were connected is on its way to it alone.
SETTLES: Final = 0.5
LOOK_EVERY: Final = 0.03  # seconds between two looks whether the place is free
LONGEST_MUTED: Final = 20.0  # seconds; a leader that was killed is replaced within ten
_HANDLERS_END: Final = 1.0  # seconds for what is under way to end when it is cancelled
STANDS_BACK: Final = 2.0  # seconds that another one, which is connected, has for taking the place

_log = logging.getLogger(__name__)


class Standby:
    """The part of a waiting process that does as the one at Discord says."""

    def __init__(
        self, client: Client, token: str, leadership: Leadership, candidate: Candidate
    ) -> None:
        self._client = client
        self._token = token
        self._leadership = leadership
        self._candidate = candidate
        self._running: asyncio.Task[None] | None = None
        self._handover = ""  # for which it is connected
        self._asked = ""  # for which it connects, and has not failed or taken the place

    async def listen(self) -> None:
        """Do as the one at Discord says until cancelled; return when the client is used up."""
        while True:
            message = await self._candidate.hear()
            if message.standby == self._candidate.name:
                if message.word is Word.CONNECT:
                    await self._be_there(message.handover)
                    return
            elif message.word is Word.CONNECT:
                self._leadership.stand_back(CONNECTED_WITHIN + STANDS_BACK)
            elif message.word is Word.CONNECTED:
                self._leadership.stand_back(STANDS_BACK)
            elif message.word in {Word.FAILED, Word.CALLED_OFF}:
                self._leadership.stand_back(0.0)

    def take_place(self) -> asyncio.Task[None] | None:
        """Answer what the former one did not take; called as soon as this process leads.

        What comes back runs the client, where it is at Discord already.
        """
        self._asked = ""
        self._client.unmute()
        gate = self._client.tracker.gate
        taken = read_note(self._leadership.note, self._handover)
        if taken is None:
            gate.drop()
        held = gate.open(taken or ())
        if self._handover:
            _log.info("took the place: %d interactions were held for it", held)
        return self._running

    async def aclose(self) -> None:
        """Leave Discord, where the client is there still; a leader that counts on it is told.

        What is held, or is being answered, is ended.
        """
        if self._asked:
            await self._candidate.say(Word.FAILED, self._asked)
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await self._client.tracker.cut_off(_HANDLERS_END)
        await self._client.close()

    async def _be_there(self, handover: str) -> None:
        """Listen at Discord without a word until that is called off, or fails, or takes too long.

        The place is taken while this waits, if all goes well, and then this is cancelled.
        """
        client, self._asked = self._client, handover
        client.mute(self._leadership.is_sure)
        running = self._running = asyncio.create_task(client.start(self._token))
        connecting = asyncio.create_task(client.connected.wait())
        off = asyncio.create_task(self._wait_until_called_off(handover))
        try:
            await _wait_for_first(running, connecting, off, seconds=CONNECTED_WITHIN)
            if not connecting.done():
                _log.warning("another one has to take the place: %s", _tell_why(running))
                return
            self._handover = handover
            await asyncio.sleep(SETTLES)
            await self._candidate.say(Word.CONNECTED, handover)
            looking = asyncio.create_task(self._look())
            try:
                await _wait_for_first(running, off, seconds=LONGEST_MUTED)
            finally:
                looking.cancel()
            _log.info("the one at Discord stays, or left without a word")
        finally:
            connecting.cancel()
            off.cancel()

    async def _look(self) -> None:
        """Have the lock tried in short intervals: it is given back at any moment."""
        while True:
            self._leadership.look_now()
            await asyncio.sleep(LOOK_EVERY)

    async def _wait_until_called_off(self, handover: str) -> None:
        message = await self._candidate.hear()
        while message.word is not Word.CALLED_OFF or message.handover != handover:
            message = await self._candidate.hear()


async def _wait_for_first(*tasks: asyncio.Task[object], seconds: float) -> None:
    await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


def _tell_why(running: asyncio.Task[None]) -> str:
    if not running.done():
        return "Discord did not let it connect in time"
    return f"Discord did not let it connect ({running.exception()})"
