"""What processes on one PostgreSQL tell each other at once: LISTEN and NOTIFY on one connection.

A notice is a hint and no truth: it may be lost with the connection, so whoever waits for one also
looks by itself now and then. An SQLite file has one process, and so nobody to tell.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.store.engine import postgresql
from bot.store.engine.driver import raised_by_driver
from bot.store.engine.engines import APPLICATION
from bot.store.engine.url import Address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import asyncpg

LONGEST_TEXT: Final = 7_000  # octets of a notice; the server takes fewer than 8,000
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds between two tries to connect
PROBED_EVERY: Final = 5.0  # seconds; a connection that was cut says nothing of it
_ANSWERED_WITHIN: Final = 2.0  # seconds
_GAP: Final = 0.02  # seconds between two sendings; what is told meanwhile goes with the next one

_CHANNEL: Final = "cowbell"
# What has the same text is delivered once.
_SEND: Final = "SELECT pg_notify($1, text) FROM unnest($2::text[]) AS text"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Listener:
    """Who listens to a topic; see `Notices.listen`."""

    topic: str
    take: Callable[[str], None]
    note_gap: Callable[[], None] | None


@dataclass(frozen=True, slots=True)
class _Message:
    """A text that is to be sent now or never; `was_sent` is told which."""

    text: str
    was_sent: asyncio.Future[bool]


class Notices:
    """Tells the other processes on this database, and takes what they tell; see `open_notices`.

    A process never takes what it told itself.
    """

    def __init__(self, address: Address, application: str) -> None:
        self._address = address
        self._application = application
        self._listeners: list[Listener] = []
        self._untold: dict[str, None] = {}  # topics, kept until the server has taken them
        self._messages: list[_Message] = []
        self._has_news = asyncio.Event()
        self._is_connected = False

    def listen(
        self, topic: str, take: Callable[[str], None], note_gap: Callable[[], None] | None = None
    ) -> Listener:
        """Call `take` with the text of each notice of this topic that another process sends.

        `note_gap` is called each time that the connection is there, at first too: what was told
        before that was missed. Neither may block or raise.
        """
        listener = Listener(topic, take, note_gap)
        self._listeners.append(listener)
        if self._is_connected and note_gap is not None:
            note_gap()
        return listener

    def forget(self, listener: Listener) -> None:
        """Call a listener no more."""
        self._listeners.remove(listener)

    def tell(self, topic: str) -> None:
        """Tell the other processes of this topic, without a text, as soon as that can be done.

        What was told and not sent yet is not told twice, so that nothing piles up.
        """
        self._untold[topic] = None
        self._has_news.set()

    async def send(self, topic: str, text: str) -> bool:
        """Send a text to the other processes; return whether the server has taken it.

        Where there is no connection now, it is not sent later either. Raises ValueError for a text
        over `LONGEST_TEXT` octets.
        """
        if len(f"{topic} {text}".encode()) > LONGEST_TEXT:
            raise ValueError(f"a notice of {topic} is too long")
        if not self._is_connected:
            return False
        was_sent: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._messages.append(_Message(f"{topic} {text}", was_sent))
        self._has_news.set()
        return await was_sent

    async def run(self) -> None:
        """Keep a connection until cancelled; one that is lost is opened anew."""
        import asyncpg  # noqa: PLC0415 - as in `bot.store.engine.driver`

        faults = raised_by_driver()
        arguments = postgresql.connect_arguments(self._address.url, self._application)
        pause = FIRST_PAUSE
        while True:
            connection = None
            try:
                connection = await asyncpg.connect(**arguments)
                await self._serve(connection)
            except faults as error:
                if pause == FIRST_PAUSE:  # once, not at each try
                    detail = str(error) or type(error).__name__
                    _log.warning(
                        "there are no notices over the %s (%s); work is looked for every few "
                        "seconds until they are back.",
                        *(self._address, detail),
                    )
            finally:
                was_connected = self._is_connected
                self._is_connected = False
                self._drop_messages()
                if connection is not None:
                    connection.terminate()
            pause = FIRST_PAUSE if was_connected else min(2 * pause, LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _serve(self, connection: asyncpg.Connection) -> None:
        """Take and send notices until the connection is lost, which raises what was in the way."""
        connection.add_termination_listener(lambda _: self._has_news.set())
        await connection.add_listener(_CHANNEL, self._take)
        self._is_connected = True
        _log.debug("notices over the %s are there", self._address)
        for listener in tuple(self._listeners):
            if listener.note_gap is not None:
                listener.note_gap()
        while True:
            try:
                async with asyncio.timeout(PROBED_EVERY):
                    await self._has_news.wait()
            except TimeoutError:
                await connection.execute("SELECT 1", timeout=_ANSWERED_WITHIN)
                continue
            self._has_news.clear()
            await self._send_all(connection)
            await asyncio.sleep(_GAP)

    async def _send_all(self, connection: asyncpg.Connection) -> None:
        untold, messages = self._untold, self._messages
        self._untold, self._messages = {}, []
        texts = [*untold, *(message.text for message in messages)]
        was_sent = False
        try:
            # With nothing to send, that tells whether the connection is still there.
            await connection.execute(_SEND, _CHANNEL, texts, timeout=_ANSWERED_WITHIN)
            was_sent = True
        finally:
            if not was_sent:
                self._untold = {**untold, **self._untold}
                self._has_news.set()
            _resolve(messages, was_sent=was_sent)

    def _drop_messages(self) -> None:
        messages, self._messages = self._messages, []
        _resolve(messages, was_sent=False)

    def _take(self, connection: Any, process: int, _: str, told: str) -> None:
        if process == connection.get_server_pid():
            return
        topic, _, text = told.partition(" ")
        for listener in tuple(self._listeners):
            if listener.topic == topic:
                listener.take(text)


def _resolve(messages: list[_Message], *, was_sent: bool) -> None:
    for message in messages:
        if not message.was_sent.done():  # who waited for it may have gone
            message.was_sent.set_result(was_sent)


@asynccontextmanager
async def open_notices(url: str, application: str = APPLICATION) -> AsyncIterator[Notices | None]:
    """Yield what processes on the database at `url` tell each other; None for an SQLite file.

    Raises StoreError where the URL is none that we can use.
    """
    address = Address.parse(url)
    if address.on_sqlite:
        yield None
        return
    notices = Notices(address, application)
    running = asyncio.create_task(notices.run())
    try:
        yield notices
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
