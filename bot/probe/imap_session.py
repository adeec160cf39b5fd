"""A conversation with the IMAP server of the mailbox for test mails (RFC 3501), in a thread."""

from __future__ import annotations

import imaplib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import imapclient
from imapclient.exceptions import LoginError

from bot.characters import echo
from bot.errors import ProbeError
from bot.requests.mail_proof import MailPlace

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from bot.probe.bounded_connection import BoundedConnection, CountedReader

LARGEST_MAIL: Final = 25 * 1024 * 1024  # octets
INBOX: Final = "INBOX"
MOST_LOOKED_AT: Final = 100  # mails of all folders in one look, each with 64 KiB of fields
# Where the address that a mail was for can stand, the receiver's own lines first.
RECIPIENT_FIELDS: Final = (
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "X-Envelope-To",
    "X-Delivered-To",
    "To",
    "Cc",
)
_LONGEST_HEAD: Final = 64 * 1024  # octets of the fields that are looked at
_LONGEST_LINE: Final = 1_000_000  # octets, as the library has it
_JUNK: Final = b"\\Junk"  # RFC 6154
_DELETED: Final = b"\\Deleted"


@dataclass(frozen=True, slots=True)
class SeenMail:
    """A mail that may be a test mail: where it lies, and the fields that say whom it was for."""

    place: MailPlace
    fields: bytes  # hostile
    arrived_at: datetime  # as the mailbox says (INTERNALDATE)


@dataclass(frozen=True, slots=True)
class FetchedMail:
    """A mail octet for octet; `raw` is None where it is larger than is read."""

    raw: bytes | None
    arrived_at: datetime


class _GivenConnection(imaplib.IMAP4):
    """The library's own client over a connection that is there already.

    The methods are those that the library's documentation names for this.
    """

    def __init__(self, given: socket.socket, connection: BoundedConnection) -> None:
        self._given = given
        self._connection = connection
        super().__init__()

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        """Take the connection."""
        del timeout  # the connection has one
        self.host, self.port = host, port
        self.sock = self._given
        reader: Any = self._given.makefile("rb")
        self._counted: CountedReader = self._connection.count(reader)

    def read(self, size: int) -> bytes:
        """Return so many octets."""
        return self._counted.read(size)

    def readline(self) -> bytes:
        """Return a line."""
        line = self._counted.readline(_LONGEST_LINE + 1)
        if len(line) > _LONGEST_LINE:
            raise self.error("a line without end")
        return line

    def send(self, data: Any) -> None:
        """Send all of it."""
        self._given.sendall(data)

    def shutdown(self) -> None:
        """Close the connection."""
        self._counted.close()
        self._given.close()


class _Client(imapclient.IMAPClient):  # type: ignore[misc] # it has no types
    """The client over a connection that is there already."""

    def __init__(self, given: socket.socket, connection: BoundedConnection) -> None:
        self._given = given
        self._connection = connection
        timeout = given.gettimeout()
        super().__init__(connection.url.host, connection.url.port, ssl=False, timeout=timeout)
        self.normalise_times = False  # with their zone

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 - the library's name
        return _GivenConnection(self._given, self._connection)


class ImapSession:
    """What is done in the mailbox, over one connection and in the thread that opened it."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    def check(self) -> int:
        """Return how many mails the inbox has."""
        count: int = self._client.select_folder(INBOX, readonly=True)[b"EXISTS"]
        return count

    def look(
        self, since: date, local: str, mark: str, after: Mapping[tuple[str, int], int]
    ) -> tuple[SeenMail, ...]:
        """Return the mails that may be test mails, 100 at most; nothing is changed.

        They are for an address that begins with `local` and a plus sign, or have `mark` in the
        subject, as the server finds them; of no other mail anything is asked. `after` is up to
        which number a folder was looked at, by its name and validity.
        """
        wanted = self._criteria(since, local, mark)
        junk = self._client.find_special_folder(_JUNK)
        seen: list[SeenMail] = []
        for folder in (INBOX, *([junk] if isinstance(junk, str) else [])):
            try:
                validity = self._open(folder, readonly=True)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error:
                if folder == INBOX:
                    raise
                continue  # a folder that only holds others
            last = after.get((folder, validity), 0)
            found = self._client.search([*wanted, "UID", f"{last + 1}:*"])
            # A server gives the last mail of all where none has a number that high.
            uids = sorted(uid for uid in found if uid > last)[: MOST_LOOKED_AT - len(seen)]
            seen += self._read_fields(
                [MailPlace(folder, validity, uid, folder != INBOX) for uid in uids]
            )
        return tuple(seen)

    def fetch(self, place: MailPlace) -> FetchedMail | None:
        """Return a mail as it is, without marking it as seen; None where it is there no more.

        Its size is asked before its octets.
        """
        if self._open(place.folder, readonly=True) != place.validity:
            return None
        about = self._client.fetch([place.uid], [b"RFC822.SIZE", b"INTERNALDATE"]).get(place.uid)
        if about is None:
            return None
        arrived_at: datetime = about[b"INTERNALDATE"]
        if about[b"RFC822.SIZE"] > LARGEST_MAIL:
            return FetchedMail(None, arrived_at)
        whole = self._client.fetch([place.uid], [b"BODY.PEEK[]"]).get(place.uid)
        return None if whole is None else FetchedMail(whole[b"BODY[]"], arrived_at)

    def delete(self, place: MailPlace) -> bool:
        """Delete this mail and no other; whether it is gone.

        A server that cannot expunge one mail alone (RFC 4315) is told to expunge only where no
        other mail is marked as deleted; else this one stays, marked.
        """
        if self._open(place.folder, readonly=False) != place.validity:
            return True
        if place.uid not in self._client.fetch([place.uid], [b"FLAGS"]):
            return True
        alone = self._client.has_capability("UIDPLUS")
        others = [] if alone else self._client.search(["DELETED"])
        self._client.add_flags([place.uid], [_DELETED], silent=True)
        if alone:
            self._client.uid_expunge([place.uid])
        elif not set(others) - {place.uid}:
            self._client.expunge()
        return place.uid not in self._client.fetch([place.uid], [b"FLAGS"])

    def _open(self, folder: str, *, readonly: bool) -> int:
        """Open a folder, and return what its numbers are valid for."""
        validity: int = self._client.select_folder(folder, readonly=readonly)[b"UIDVALIDITY"]
        return validity

    def _criteria(self, since: date, local: str, mark: str) -> list[Any]:
        places = [["HEADER", field, f"{local}+"] for field in RECIPIENT_FIELDS]
        nested: list[Any] = ["SUBJECT", mark]
        for place in places:
            nested = ["OR", place, nested]
        return ["SINCE", since, nested]

    def _read_fields(self, places: list[MailPlace]) -> list[SeenMail]:
        if not places:
            return []
        names = " ".join((*RECIPIENT_FIELDS, "Subject")).upper()
        wanted = f"BODY.PEEK[HEADER.FIELDS ({names})]<0.{_LONGEST_HEAD}>".encode()
        uids = [place.uid for place in places]
        answers = self._client.fetch(uids, [b"INTERNALDATE", wanted])
        seen = []
        for place in places:
            parts = answers.get(place.uid)
            if parts is None:  # gone meanwhile
                continue
            text = next((v for k, v in parts.items() if k.startswith(b"BODY[HEADER")), b"")
            fields = text if isinstance(text, bytes) else b""
            seen.append(SeenMail(place, fields, parts[b"INTERNALDATE"]))
        return seen


@contextmanager
def logged_in(connection: BoundedConnection, password: str) -> Iterator[ImapSession]:
    """Yield a session of the mailbox's user.

    Raises:
        ProbeError: nobody answers, the login is refused, or an answer is none.

    """
    given = connection.open()
    try:
        client = _Client(given, connection)
        with client:
            _log_in(client, connection.url.user, password)
            yield ImapSession(client)
    except (imaplib.IMAP4.abort, OSError, EOFError):
        raise ProbeError("probe-cut-off", host=connection.url.host) from None
    except imaplib.IMAP4.error as error:
        raise ProbeError("probe-odd", host=connection.url.host, said=echo(str(error))) from None
    except (KeyError, TypeError, ValueError, AssertionError) as error:
        # The library meets answers of another form than it knows with these.
        said = echo(f"{type(error).__name__}: {error}")
        raise ProbeError("probe-odd", host=connection.url.host, said=said) from None
    finally:
        given.close()


def _log_in(client: _Client, user: str, password: str) -> None:
    try:
        if client.has_capability("AUTH=PLAIN"):  # it takes letters of every script
            client.plain_login(user, password)
        else:
            client.login(user, password)
    except LoginError as error:  # what the server says may repeat what it was given
        if isinstance(error.__context__, imaplib.IMAP4.abort):
            raise error.__context__ from None
        raise ProbeError("probe-login-refused", host=client.host) from None
    except UnicodeError:  # it says which letter of the password LOGIN cannot carry
        raise ProbeError("probe-login-refused", host=client.host) from None
