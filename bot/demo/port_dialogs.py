"""What a mail server says on the ports that clients connect to, up to a login: pure, no sockets.

Nobody can log in; who tries is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.net.port_look import Speaks

if TYPE_CHECKING:
    from collections.abc import Callable

_PAGE: Final = b"<!doctype html><title>Webmail</title>"


@dataclass(frozen=True, slots=True)
class PortState:
    """How far a connection is."""

    host: str  # the server's own name
    secured: bool  # TLS is there
    starttls: bool  # it is offered, as long as TLS is not there
    logins: bool  # login methods are offered here and now


@dataclass(frozen=True, slots=True)
class PortReply:
    """What is answered to one line, and what happens then."""

    text: bytes
    tls: bool = False  # the handshake comes next
    ends: bool = False


def greet(speaks: Speaks, state: PortState) -> bytes:
    """Return what is said before anybody asks; nothing over HTTPS."""
    return _GREETINGS[speaks](state)


def answer(speaks: Speaks, line: bytes, state: PortState) -> PortReply:
    """Return what is said to a line, given without its end."""
    return _ANSWERS[speaks](line.decode("ascii", "replace"), state)


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _imap_capabilities(state: PortState) -> str:
    words = ["IMAP4rev1", "SASL-IR", "LITERAL+", "ID", "ENABLE", "IDLE"]
    if state.starttls:
        words.append("STARTTLS")
    words += ["AUTH=PLAIN", "AUTH=LOGIN"] if state.logins else ["LOGINDISABLED"]
    return " ".join(words)


def _greet_imap(state: PortState) -> bytes:
    return _lines(f"* OK [CAPABILITY {_imap_capabilities(state)}] ready.")


def _answer_imap(line: str, state: PortState) -> PortReply:
    tag, _, rest = line.partition(" ")
    command = rest.partition(" ")[0].upper()
    if command == "CAPABILITY":
        return PortReply(_lines(f"* CAPABILITY {_imap_capabilities(state)}", f"{tag} OK Done."))
    if command == "STARTTLS" and state.starttls:
        return PortReply(_lines(f"{tag} OK Begin TLS now."), tls=True)
    if command == "LOGOUT":
        return PortReply(_lines("* BYE Logging out.", f"{tag} OK Done."), ends=True)
    if command == "NOOP":
        return PortReply(_lines(f"{tag} OK Done."))
    if command in {"LOGIN", "AUTHENTICATE"}:
        return PortReply(_lines(f"{tag} NO [AUTHENTICATIONFAILED] Authentication failed."))
    return PortReply(_lines(f"{tag} BAD Unknown command."))


def _greet_smtp(state: PortState) -> bytes:
    return _lines(f"220 {state.host} ESMTP")


def _answer_smtp(line: str, state: PortState) -> PortReply:
    command = line.partition(" ")[0].upper()
    if command == "EHLO":
        words = [state.host, "PIPELINING", "SIZE 104857600", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if state.starttls:
            words.append("STARTTLS")
        if state.logins:
            words.append("AUTH PLAIN LOGIN")
        return PortReply(_lines(*(f"250-{word}" for word in words), "250 SMTPUTF8"))
    if command == "STARTTLS" and state.starttls:
        return PortReply(_lines("220 2.0.0 Ready to start TLS"), tls=True)
    if command == "QUIT":
        return PortReply(_lines("221 2.0.0 Bye"), ends=True)
    if command in {"HELO", "NOOP", "RSET"}:
        return PortReply(_lines("250 2.0.0 Ok"))
    if command == "AUTH":
        return PortReply(_lines("535 5.7.8 Authentication failed"))
    return PortReply(_lines("502 5.5.2 Command not recognized"))


def _greet_pop(_: PortState) -> bytes:
    return _lines("+OK ready.")


def _answer_pop(line: str, state: PortState) -> PortReply:
    command = line.partition(" ")[0].upper()
    if command == "CAPA":
        words = ["CAPA", "TOP", "UIDL", "RESP-CODES", "PIPELINING", "AUTH-RESP-CODE"]
        if state.starttls:
            words.append("STLS")
        words += ["USER", "SASL PLAIN LOGIN"] if state.logins else ["SASL"]
        return PortReply(_lines("+OK", *words, "."))
    if command == "STLS" and state.starttls:
        return PortReply(_lines("+OK Begin TLS now."), tls=True)
    if command == "QUIT":
        return PortReply(_lines("+OK Logging out."), ends=True)
    return PortReply(_lines("-ERR Authentication failed."))


def _greet_sieve(state: PortState) -> bytes:
    lines = ['"IMPLEMENTATION" "Demo"', '"SIEVE" "fileinto reject vacation"']
    if state.starttls:
        lines.append('"STARTTLS"')
    lines.append('"SASL" "PLAIN LOGIN"' if state.logins else '"SASL" ""')
    return _lines(*lines, '"VERSION" "1.0"', 'OK "ready."')


def _answer_sieve(line: str, state: PortState) -> PortReply:
    command = line.partition(" ")[0].upper()
    if command == "CAPABILITY":
        return PortReply(_greet_sieve(state))
    if command == "STARTTLS" and state.starttls:
        return PortReply(_lines('OK "Begin TLS now."'), tls=True)
    if command == "LOGOUT":
        return PortReply(_lines('OK "Logging out."'), ends=True)
    return PortReply(_lines('NO "Authentication failed."'))


def _greet_https(_: PortState) -> bytes:
    return b""


def _answer_https(line: str, _: PortState) -> PortReply:
    if line:
        return PortReply(b"")  # the request goes on until its empty line
    head = _lines("HTTP/1.1 200 OK", "Content-Type: text/html", f"Content-Length: {len(_PAGE)}", "")
    return PortReply(head + _PAGE, ends=True)


_GREETINGS: Final[dict[Speaks, Callable[[PortState], bytes]]] = {
    Speaks.IMAP: _greet_imap,
    Speaks.SMTP: _greet_smtp,
    Speaks.POP: _greet_pop,
    Speaks.SIEVE: _greet_sieve,
    Speaks.HTTPS: _greet_https,
}
_ANSWERS: Final[dict[Speaks, Callable[[str, PortState], PortReply]]] = {
    Speaks.IMAP: _answer_imap,
    Speaks.SMTP: _answer_smtp,
    Speaks.POP: _answer_pop,
    Speaks.SIEVE: _answer_sieve,
    Speaks.HTTPS: _answer_https,
}
