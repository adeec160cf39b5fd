"""An IMAP server on a loopback address with one mailbox, as test mails need it (RFC 3501)."""

from __future__ import annotations

import asyncio
import base64
import itertools
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.demo.loopback_server import LoopbackServer
from bot.demo.mailbox_answers import (
    DELETED,
    WORD,
    MailSearch,
    StoredMail,
    chosen,
    literal,
    pick_fields,
    unquote,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

_SEEN = "\\Seen"
_FIELDS = re.compile(
    r"BODY(?P<peek>\.PEEK)?\[HEADER\.FIELDS \((?P<names>[^)]*)\)\]"
    r"(?:<(?P<start>\d+)\.(?P<most>\d+)>)?"
)
_DRIP = 0.05  # seconds between two octets of a server that drips


class MailboxFault(StrEnum):
    """A fault that the server shows."""

    FINE = "fine"
    REFUSES = "refuses every login"
    SILENT = "no greeting"
    DRIPS = "an endless greeting, an octet at a time"
    HANGS_UP = "ends the connection before the command of `breaks_at` is done"
    SAYS_NOTHING = "does not answer the command of `breaks_at`"
    FLOODS = "says a mail to be larger than it was"


@dataclass(kw_only=True)
class MailboxDouble(LoopbackServer):
    """The server; change its fields to change what it has and how it behaves.

    `commands` are those that came in, without what a login says.
    """

    user: str = "probe"
    password: str = "a-password-for-the-demo"  # noqa: S105 - of nothing but this server
    context: ssl.SSLContext | None = None
    has_plain: bool = True  # besides LOGIN
    has_uidplus: bool = True
    fault: MailboxFault = MailboxFault.FINE
    breaks_at: str = ""  # as "UID STORE"
    flood: int = 40 * 1024 * 1024  # octets that are sent besides where it floods
    after_command: Callable[[str], object] | None = None
    folders: dict[str, list[StoredMail]] = field(default_factory=lambda: {"INBOX": [], "Junk": []})
    commands: list[str] = field(default_factory=list)
    connections: int = 0  # that are open now
    most_connections: int = 0  # that were open at once

    def __post_init__(self) -> None:
        super().__init__()
        self._uids = itertools.count(1)
        self.busy, self.idle = asyncio.Event(), asyncio.Event()  # whether there are connections

    @property
    def tls_at_once(self) -> ssl.SSLContext | None:
        """What it needs where it speaks TLS."""
        return self.context

    @property
    def url(self) -> str:
        """The address of the mailbox, as PROBE_IMAP_URL takes it."""
        scheme = "imap" if self.context is None else "imaps"
        host = "127.0.0.1" if self.context is None else "localhost"
        return f"{scheme}://{self.user}@{host}:{self.number}"

    def deliver(self, raw: bytes, *, folder: str = "INBOX", at: datetime | None = None) -> int:
        """Put a mail into a folder; return its number there."""
        mail = StoredMail(next(self._uids), raw, at or datetime.now(UTC))
        self.folders[folder].append(mail)
        return mail.uid

    def state(self) -> dict[str, list[tuple[int, bytes, frozenset[str]]]]:
        """Return all that can be told apart of the mails: numbers, octets and flags."""
        return {
            name: [(mail.uid, mail.raw, frozenset(mail.flags)) for mail in mails]
            for name, mails in self.folders.items()
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold one conversation, from the greeting to its end."""
        self.connections += 1
        self.busy.set()
        self.idle.clear()
        self.most_connections = max(self.most_connections, self.connections)
        try:
            await self._greet(writer)
            await _Conversation(self, reader, writer).run()
        finally:
            self.connections -= 1
            if not self.connections:
                self.busy.clear()
                self.idle.set()

    async def _greet(self, writer: asyncio.StreamWriter) -> None:
        if self.fault is MailboxFault.SILENT:
            await asyncio.Event().wait()
        while self.fault is MailboxFault.DRIPS:
            writer.write(b"*")
            await writer.drain()
            await asyncio.sleep(_DRIP)
        writer.write(b"* OK ready\r\n")


class _Conversation:
    """One connection, from the greeting to its end."""

    def __init__(
        self, double: MailboxDouble, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._double = double
        self._reader = reader
        self._writer = writer
        self._folder: list[StoredMail] | None = None
        self._may_write = False
        self._is_known = False

    async def run(self) -> None:
        while line := await self._reader.readline():
            tag, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            words = rest.split(" ")
            name = " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()
            arguments = rest[len(name) :].strip()
            said = name if name in {"LOGIN", "AUTHENTICATE"} else f"{name} {arguments}".strip()
            self._double.commands.append(said)
            if name == self._double.breaks_at:
                if self._double.fault is MailboxFault.HANGS_UP:
                    return
                if self._double.fault is MailboxFault.SAYS_NOTHING:
                    await asyncio.Event().wait()
            status = await self._answer(name, arguments)
            self._writer.write(f"{tag} {status}\r\n".encode())
            await self._writer.drain()
            if self._double.after_command is not None:
                self._double.after_command(name)
            if name == "LOGOUT":
                return

    def _say(self, text: str) -> None:
        self._writer.write(f"* {text}\r\n".encode())

    async def _answer(self, name: str, arguments: str) -> str:
        match name:
            case "CAPABILITY":
                more = " AUTH=PLAIN" if self._double.has_plain else ""
                more += " UIDPLUS" if self._double.has_uidplus else ""
                self._say(f"CAPABILITY IMAP4rev1{more}")
            case "NOOP":
                pass
            case "LOGOUT":
                self._say("BYE")
            case "LOGIN":
                user, password = (unquote(word) for word in WORD.findall(arguments))
                return self._log_in(user, password)
            case "AUTHENTICATE":
                self._writer.write(b"+ \r\n")
                said = base64.b64decode(await self._reader.readline()).decode()
                return self._log_in(*said.split("\0")[1:])
            case _ if not self._is_known:
                return "BAD log in first"
            case "LIST":
                for folder in self._double.folders:
                    flags = "\\Junk" if folder == "Junk" else ""
                    self._say(f'LIST ({flags}) "/" "{folder}"')
            case "SELECT" | "EXAMINE":
                return self._open(unquote(arguments), may_write=name == "SELECT")
            case _ if self._folder is None:
                return "BAD open a folder first"
            case _:
                return self._on_mails(name, arguments, self._folder)
        return f"OK {name} done"

    def _log_in(self, user: str, password: str) -> str:
        known = (user, password) == (self._double.user, self._double.password)
        if not known or self._double.fault is MailboxFault.REFUSES:
            return f"NO [AUTHENTICATIONFAILED] no {user} with {password}"
        self._is_known = True
        return "OK logged in"

    def _open(self, folder: str, *, may_write: bool) -> str:
        mails = self._double.folders.get(folder)
        if mails is None:
            return "NO no such folder"
        self._folder, self._may_write = mails, may_write
        self._say(f"{len(mails)} EXISTS")
        self._say("0 RECENT")
        self._say("FLAGS (\\Seen \\Deleted)")
        self._say("OK [UIDVALIDITY 1] valid")
        return f"OK [{'READ-WRITE' if may_write else 'READ-ONLY'}] open"

    def _on_mails(self, name: str, arguments: str, mails: list[StoredMail]) -> str:
        match name:
            case "UID SEARCH":
                wanted = MailSearch(WORD.findall(arguments))
                found = " ".join(str(mail.uid) for mail in mails if wanted.fits(mail))
                self._say(f"SEARCH {found}".strip())
            case "UID FETCH":
                numbers, _, items = arguments.partition(" ")
                for mail in chosen(mails, numbers):
                    self._fetch(mails.index(mail) + 1, mail, items)
            case _ if not self._may_write:
                return "NO [READ-ONLY] nothing is changed here"
            case "UID STORE":
                numbers, action, flags = arguments.split(" ", 2)
                for mail in chosen(mails, numbers):
                    change = set.update if action.startswith("+") else set.difference_update
                    change(mail.flags, flags.strip("()").split())
            case "UID EXPUNGE" if self._double.has_uidplus:
                self._expunge(mails, {mail.uid for mail in chosen(mails, arguments)})
            case "EXPUNGE":
                self._expunge(mails, {mail.uid for mail in mails})
            case _:
                return "BAD no such command"
        return f"OK {name} done"

    def _expunge(self, mails: list[StoredMail], uids: set[int]) -> None:
        gone = [mail for mail in mails if mail.uid in uids and DELETED in mail.flags]
        for mail in gone:
            self._say(f"{mails.index(mail) + 1} EXPUNGE")
            mails.remove(mail)

    def _fetch(self, number: int, mail: StoredMail, items: str) -> None:
        parts: list[bytes] = [f"UID {mail.uid}".encode()]
        if "FLAGS" in items.partition("[")[0]:
            parts.append(f"FLAGS ({' '.join(sorted(mail.flags))})".encode())
        if "RFC822.SIZE" in items:
            parts.append(f"RFC822.SIZE {len(mail.raw)}".encode())
        if "INTERNALDATE" in items:
            parts.append(f'INTERNALDATE "{mail.at:%d-%b-%Y %H:%M:%S +0000}"'.encode())
        if found := _FIELDS.search(items):
            text = pick_fields(mail.raw, found["names"].split())
            start = int(found["start"] or 0)
            name = f"BODY[HEADER.FIELDS ({found['names']})]"
            name += f"<{start}>" if found["start"] else ""
            parts.append(literal(name, text[start:][: int(found["most"] or len(text))]))
            self._mark_seen(mail, found["peek"])
        elif whole := re.search(r"BODY(\.PEEK)?\[\]", items):
            floods = self._double.fault is MailboxFault.FLOODS
            raw = mail.raw + b"x" * (self._double.flood if floods else 0)
            parts.append(literal("BODY[]", raw))
            self._mark_seen(mail, whole[1])
        self._writer.write(b"* %d FETCH (%s)\r\n" % (number, b" ".join(parts)))

    def _mark_seen(self, mail: StoredMail, peek: str | None) -> None:
        if peek is None and self._may_write:
            mail.flags.add(_SEEN)
