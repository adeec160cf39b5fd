"""The mailbox that test mails are sent to: looked into, read and cleaned over IMAP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from bot.probe.bounded_connection import BoundedConnection, find_server, talk
from bot.probe.imap_session import LARGEST_MAIL, logged_in

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from datetime import date

    from bot.config.mail_urls import MailUrl
    from bot.dns.answer import Ask
    from bot.names import MailAddress
    from bot.probe.imap_session import FetchedMail, ImapSession, SeenMail
    from bot.requests.mail_proof import MailPlace

T = TypeVar("T")

_SHORT: Final = 30.0  # seconds for a look, and for a deletion
_LONG: Final = 90.0  # seconds for a mail of the largest size
_LITTLE: Final = 8 * 1024 * 1024  # octets of answers that hold no mail
_AROUND: Final = 1024 * 1024  # octets beside a mail


class ProbeMailbox:
    """The mailbox of one address; one connection at a time, each with an end.

    Nothing in it is changed but the mails that are told to be deleted: what is read stays unread.
    `context` has the certificates that count, where they are not the system's.
    """

    def __init__(
        self,
        address: MailAddress,
        url: MailUrl,
        password: str,
        ask: Ask,
        *,
        context: ssl.SSLContext | None = None,
        seconds: float | None = None,
    ) -> None:
        self.address = address
        self.url = url
        self._password = password
        self._ask = ask
        self._context = context
        self._seconds = seconds
        self._lock = asyncio.Lock()

    async def check(self) -> int:
        """Log in, and return how many mails the inbox has. Raises ProbeError."""
        return await self._talk(lambda session: session.check(), _SHORT, _LITTLE)

    async def look(
        self, since: date, mark: str, after: Mapping[tuple[str, int], int]
    ) -> tuple[SeenMail, ...]:
        """Return the mails that may be test mails; see `ImapSession.look`. Raises ProbeError."""
        local = self.address.local
        return await self._talk(
            lambda session: session.look(since, local, mark, after), _SHORT, _LITTLE
        )

    async def fetch(self, place: MailPlace) -> FetchedMail | None:
        """Return a mail as it is, None where it is there no more. Raises ProbeError."""
        most = LARGEST_MAIL + _AROUND
        return await self._talk(lambda session: session.fetch(place), _LONG, most)

    async def delete(self, place: MailPlace) -> bool:
        """Delete a mail and no other; whether it is gone. Raises ProbeError."""
        return await self._talk(lambda session: session.delete(place), _SHORT, _LITTLE)

    async def _talk(self, work: Callable[[ImapSession], T], seconds: float, most: int) -> T:
        async with self._lock:
            addresses = await find_server(self._ask, self.url)
            connection = BoundedConnection(self.url, addresses, most=most, context=self._context)

            def run() -> T:
                with logged_in(connection, self._password) as session:
                    return work(session)

            return await talk(connection, run, seconds=self._seconds or seconds)
