"""What the process at Discord and those that wait for its place say to each other when it leaves.

The one that leaves asks who waits (`WHO`), and has the first that answers (`HERE`) connect to
Discord while it says nothing there (`CONNECT`). When that one is connected (`CONNECTED`), the
leader leaves, and its note says which interactions it took (`bot.store.engine.leadership` keeps
it, and writes it before it gives back the lock). A message that is lost costs time alone: without
its answer the leader leaves as if nobody waited, and a note of another handover counts for nothing.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.store.engine.notices import Notices

ANSWERED_WITHIN: Final = 1.0  # seconds in which one that waits says so
CONNECTED_WITHIN: Final = 4.0  # seconds in which it has to be connected to Discord
ARRANGED_WITHIN: Final = 9.0  # seconds; where one that waits fails there is time for another
_TOPIC: Final = "handover"
_MOST_UNHEARD: Final = 100  # messages
_HEARD_WITHIN: Final = 3.0  # seconds; nobody waits for an answer to what is older


class Word(StrEnum):
    """What a message says."""

    WHO = "who"  # leader: who waits?
    HERE = "here"  # standby: I do
    CONNECT = "connect"  # leader, to one: connect and say nothing; to all others: stand back
    CONNECTED = "connected"  # standby: Discord tells me of everything from now on
    FAILED = "failed"  # standby: Discord does not let me
    CALLED_OFF = "called-off"  # leader: it comes to nothing


@dataclass(frozen=True, slots=True)
class Message:
    """A message of one handover, to or from one that waits."""

    word: Word
    handover: str  # a random name
    standby: str = ""  # the random name of one that waits; none where all are meant

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return what a text says; None for what another version of Cowbell may say."""
        match text.split(" "):
            case [word, handover, standby] if word in set(Word):
                return cls(Word(word), handover, standby)
        return None

    def __str__(self) -> str:
        return f"{self.word} {self.handover} {self.standby}"


class _Ear:
    """The messages that came and were not heard yet; the oldest are lost where they are many."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._came: asyncio.Queue[tuple[Message, float]] = asyncio.Queue(_MOST_UNHEARD)
        notices.listen(_TOPIC, self._take)

    async def hear(self) -> Message:
        """Return the next message, once there is one."""
        while True:
            message, came_at = await self._came.get()
            if time.monotonic() - came_at < _HEARD_WITHIN:
                return message

    async def say(self, message: Message) -> bool:
        """Return whether the others were told."""
        return await self._notices.send(_TOPIC, str(message))

    def _take(self, text: str) -> None:
        message = Message.parse(text)
        if message is None:
            return
        if self._came.full():
            self._came.get_nowait()
        self._came.put_nowait((message, time.monotonic()))


class Departure:
    """The side of the process that leaves."""

    def __init__(self, notices: Notices) -> None:
        self._ear = _Ear(notices)
        self._number = secrets.token_hex(8)
        self.found = asyncio.Event()  # one that waits has answered

    async def arrange(self) -> bool:
        """Return whether one that waits is connected to Discord by now, and ready to take over.

        That takes some seconds at most, in which the caller goes on as ever.
        """
        try:
            async with asyncio.timeout(ARRANGED_WITHIN):
                while (standby := await self._find()) is not None:
                    self.found.set()
                    if await self._connect(standby):
                        return True
                    await self.call_off()
        except TimeoutError:
            await self.call_off()
        return False

    async def call_off(self) -> None:
        """Tell whoever connected that nothing comes of it."""
        await self._ear.say(Message(Word.CALLED_OFF, self._number))

    def write_note(self, taken: Iterable[int]) -> str:
        """Return what the next one has to know: the interactions that were taken lately."""
        return json.dumps({"handover": self._number, "taken": list(taken)})

    async def _find(self) -> str | None:
        if not await self._ear.say(Message(Word.WHO, self._number)):
            return None
        answer = await self._wait({Word.HERE}, ANSWERED_WITHIN)
        return answer.standby if answer else None

    async def _connect(self, standby: str) -> bool:
        if not await self._ear.say(Message(Word.CONNECT, self._number, standby)):
            return False
        answer = await self._wait({Word.CONNECTED, Word.FAILED}, CONNECTED_WITHIN, standby)
        return answer is not None and answer.word is Word.CONNECTED

    async def _wait(self, words: set[Word], seconds: float, standby: str = "") -> Message | None:
        try:
            async with asyncio.timeout(seconds):
                while True:
                    message = await self._ear.hear()
                    is_meant = message.handover == self._number and message.word in words
                    if is_meant and standby in ("", message.standby):
                        return message
        except TimeoutError:
            return None


class Candidate:
    """The side of a process that waits for the place."""

    def __init__(self, notices: Notices) -> None:
        self._ear = _Ear(notices)
        self.name = secrets.token_hex(8)

    async def hear(self) -> Message:
        """Return the next thing that is said; the question who waits is answered meanwhile.

        What others that wait say to the leader is heard, too.
        """
        while True:
            message = await self._ear.hear()
            if message.word is not Word.WHO:
                return message
            await self.say(Word.HERE, message.handover)

    async def say(self, word: Word, handover: str) -> None:
        """Answer a leader; where it cannot be told, it leaves as if nobody waited."""
        await self._ear.say(Message(word, handover, self.name))


def read_note(note: str, handover: str) -> frozenset[int] | None:
    """Return the interactions that the former one took; None where the note is of another handover.

    They are the former one's to answer, even when it has left.
    """
    try:
        said = json.loads(note)
    except ValueError:
        return None
    if not isinstance(said, dict) or said.get("handover") != handover:
        return None
    taken = said.get("taken")
    return (
        frozenset(one for one in taken if isinstance(one, int)) if isinstance(taken, list) else None
    )
