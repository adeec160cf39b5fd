"""What is said to a mail server to hear what it can, before and after TLS; never who one is.

Nothing is sent before the answer to what was sent before: STARTTLS of all wants it (RFC 3207).
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from bot.net.port_look import Speaks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bot.net.connection import OpenConnection

_MOST_WORDS: Final = 64
_LONGEST_WORD: Final = 64
_MOST_LINES: Final = 200  # of one answer; those of large servers have some 30

# A capability of ManageSieve and what there is of it, two strings (RFC 5804 section 1.7).
_SIEVE_LINE = re.compile(r'"([^"\\]{1,64})"(?: "((?:[^"\\]|\\.){0,512})")?')
_SMTP_LINE = re.compile(r"(\d{3})([ -]?)(.*)")


class OddAnswerError(Exception):
    """An answer that is none of the protocol; its only argument is what the server said."""


class TurnedAwayError(Exception):
    """The server lets nobody in, or just not us; its only argument is what it said."""


class Abilities(NamedTuple):
    """What a server says that it can: its words in capitals, and ways to log in."""

    words: tuple[str, ...]
    logins: tuple[str, ...]
    starttls: bool


class Dialog(Protocol):
    """One protocol, as far as it goes without logging in; an object speaks over one connection.

    Its methods raise OddAnswerError, TurnedAwayError, and what reading from a connection raises.
    """

    async def hear_greeting(self) -> None:
        """Wait until the server has greeted."""

    async def ask_abilities(self) -> Abilities:
        """Return what the server can."""

    async def ask_for_tls(self) -> str | None:
        """Ask the server to begin TLS; None where it agrees, else what it said."""

    def say_goodbye(self) -> None:
        """Tell the server that nothing more comes."""


class _Speaker:
    """Who speaks over one connection to a host of this name."""

    def __init__(self, connection: OpenConnection, host: str) -> None:
        self._connection = connection
        self._host = host

    async def _hear(self) -> str:
        """Return the next line, of whatever octets it is."""
        return (await self._connection.read_line()).decode("utf-8", "replace")

    def _say(self, line: str) -> None:
        self._connection.write(f"{line}\r\n".encode("ascii"))


class _ImapDialog(_Speaker):
    """IMAP (RFC 9051)."""

    _tag = 0

    async def hear_greeting(self) -> None:
        line = await self._hear()
        word = line.upper().split(" ")[:2]
        if word == ["*", "BYE"]:
            raise TurnedAwayError(line)
        if word != ["*", "OK"]:
            raise OddAnswerError(line)

    async def ask_abilities(self) -> Abilities:
        answer, lines = await self._ask("CAPABILITY")
        if not answer.startswith("OK"):
            raise OddAnswerError(answer)
        found = (line.split() for line in lines if line.upper().startswith("* CAPABILITY "))
        words = _bounded(word for line in found for word in line[2:])
        logins = [word.removeprefix("AUTH=") for word in words if word.startswith("AUTH=")]
        if "LOGINDISABLED" not in words:  # RFC 9051 section 6.2.3
            logins.append("LOGIN")
        return Abilities(words, _bounded(logins), "STARTTLS" in words)

    async def ask_for_tls(self) -> str | None:
        answer, _ = await self._ask("STARTTLS")
        return None if answer.startswith("OK") else answer

    def say_goodbye(self) -> None:
        self._say("a9 LOGOUT")

    async def _ask(self, command: str) -> tuple[str, list[str]]:
        """Return the answer without its tag, and the lines before it."""
        self._tag += 1
        tag = f"a{self._tag} "
        self._say(f"{tag}{command}")
        lines = list[str]()
        while len(lines) < _MOST_LINES:
            line = await self._hear()
            if line.startswith(tag):
                return line.removeprefix(tag), lines
            if line.upper().startswith("* BYE"):
                raise TurnedAwayError(line)
            if not line.startswith("* "):
                raise OddAnswerError(line)
            lines.append(line)
        raise OddAnswerError(lines[0])


class _SmtpDialog(_Speaker):
    """SMTP and submission (RFC 5321, RFC 3207, RFC 4954)."""

    async def hear_greeting(self) -> None:
        code, lines = await self._read()
        if code >= 400:  # such as 421 and 554 (RFC 5321 section 3.1 and 3.8)
            raise TurnedAwayError(f"{code} {lines[0]}")
        if code != 220:
            raise OddAnswerError(f"{code} {lines[0]}")

    async def ask_abilities(self) -> Abilities:
        own = ip_address(self._connection.own_address.partition("%")[0])
        # Who has no name says its address (RFC 5321 section 4.1.3).
        literal = f"[IPv6:{own}]" if own.version == 6 else f"[{own}]"
        code, lines = await self._ask(f"EHLO {literal}")
        if code in {500, 502}:  # a server from before RFC 1869
            return Abilities((), (), starttls=False)
        if code != 250:
            raise TurnedAwayError(f"{code} {lines[0]}")
        words = _bounded(line.partition(" ")[0].partition("=")[0] for line in lines[1:])
        ways = (re.split(r"[ =]+", line.upper()) for line in lines[1:])  # AUTH= is of old servers
        logins = _bounded(way for first, *rest in ways if first == "AUTH" for way in rest)
        return Abilities(words, logins, "STARTTLS" in words)

    async def ask_for_tls(self) -> str | None:
        code, lines = await self._ask("STARTTLS")
        return None if code == 220 else f"{code} {lines[0]}"

    def say_goodbye(self) -> None:
        self._say("QUIT")

    async def _ask(self, command: str) -> tuple[int, list[str]]:
        self._say(command)
        return await self._read()

    async def _read(self) -> tuple[int, list[str]]:
        """Return the code and the lines of a reply (RFC 5321 section 4.2.1)."""
        lines = list[str]()
        while len(lines) < _MOST_LINES:
            line = await self._hear()
            form = _SMTP_LINE.fullmatch(line)
            if form is None:
                raise OddAnswerError(line)
            lines.append(form[3])
            if form[2] != "-":
                return int(form[1]), lines
        raise OddAnswerError(lines[0])


class _PopDialog(_Speaker):
    """POP (RFC 1939, RFC 2449, RFC 2595)."""

    async def hear_greeting(self) -> None:
        line = await self._hear()
        if line.startswith("-ERR"):
            raise TurnedAwayError(line)
        if not line.startswith("+OK"):
            raise OddAnswerError(line)

    async def ask_abilities(self) -> Abilities:
        if not (await self._ask("CAPA")).startswith("+OK"):
            # A server from before RFC 2449 may know STLS all the same, and says so when asked.
            return Abilities((), (), starttls=True)
        lines = list[str]()
        while (line := await self._hear()) != ".":
            lines.append(line)
            if len(lines) > _MOST_LINES:
                raise OddAnswerError(lines[0])
        words = _bounded(line.partition(" ")[0] for line in lines)
        ways = (line.upper().split() for line in lines)
        logins = [way for first, *rest in filter(None, ways) if first == "SASL" for way in rest]
        if "USER" in words:
            logins.append("USER")
        return Abilities(words, _bounded(logins), "STLS" in words)

    async def ask_for_tls(self) -> str | None:
        answer = await self._ask("STLS")
        return None if answer.startswith("+OK") else answer

    def say_goodbye(self) -> None:
        self._say("QUIT")

    async def _ask(self, command: str) -> str:
        self._say(command)
        answer = await self._hear()
        if not answer.startswith(("+OK", "-ERR")):
            raise OddAnswerError(answer)
        return answer


class _SieveDialog(_Speaker):
    """ManageSieve (RFC 5804), whose greeting is what the server can."""

    _greeting: list[str] | None = None

    async def hear_greeting(self) -> None:
        answer, self._greeting = await self._read()
        if not answer.startswith("OK"):
            raise TurnedAwayError(answer)

    async def ask_abilities(self) -> Abilities:
        lines, self._greeting = self._greeting, None
        if lines is None:
            # After TLS it says all again by itself (section 2.2), but some old ones wait: asked
            # for it, each of them says it at least once.
            self._say("CAPABILITY")
            answer, lines = await self._read()
            if not answer.startswith("OK"):
                raise OddAnswerError(answer)
        rows = [form for line in lines if (form := _SIEVE_LINE.match(line)) is not None]
        words = _bounded(row[1] for row in rows)
        sasl = (row[2] or "" for row in rows if row[1].upper() == "SASL")
        logins = _bounded(way for ways in sasl for way in ways.split())
        return Abilities(words, logins, "STARTTLS" in words)

    async def ask_for_tls(self) -> str | None:
        self._say("STARTTLS")
        answer, _ = await self._read()
        return None if answer.startswith("OK") else answer

    def say_goodbye(self) -> None:
        self._say("LOGOUT")

    async def _read(self) -> tuple[str, list[str]]:
        """Return the last line of an answer, and those before it."""
        lines = list[str]()
        while len(lines) < _MOST_LINES:
            line = await self._hear()
            if line.upper().startswith(("OK", "NO", "BYE")):
                return line, lines
            if not line.startswith('"'):
                raise OddAnswerError(line)
            lines.append(line)
        raise OddAnswerError(lines[0])


class _WebDialog(_Speaker):
    """HTTPS: whether a web server answers at all, whatever it says (RFC 9112)."""

    async def hear_greeting(self) -> None:
        """Ask for the first page, as a web server does not speak first."""
        self._say(f"GET / HTTP/1.1\r\nHost: {self._host}\r\nUser-Agent: cowbell")
        self._say("Accept: */*\r\nConnection: close\r\n")
        line = await self._hear()
        if not line.startswith("HTTP/1."):
            raise OddAnswerError(line)

    async def ask_abilities(self) -> Abilities:
        return Abilities((), (), starttls=False)

    async def ask_for_tls(self) -> str | None:
        return ""  # it has no such command

    def say_goodbye(self) -> None:
        pass  # "Connection: close" has said so


DIALOGS: Final[Mapping[Speaks, Callable[[OpenConnection, str], Dialog]]] = {
    Speaks.IMAP: _ImapDialog,
    Speaks.SMTP: _SmtpDialog,
    Speaks.POP: _PopDialog,
    Speaks.SIEVE: _SieveDialog,
    Speaks.HTTPS: _WebDialog,
}


def _bounded(words: Iterable[str]) -> tuple[str, ...]:
    """Return words in capitals, each once, as many and as long as anybody needs."""
    short = (
        word.upper()[:_LONGEST_WORD] for word in words if word.isascii() and word.isprintable()
    )
    return tuple(dict.fromkeys(word for word in short if word))[:_MOST_WORDS]
