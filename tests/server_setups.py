"""Set-ups of a mail server's ports, right ones and wrong ones, each with how it has to be named."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.net.port_look import (
    MX_PORT,
    CertificateState,
    Reached,
    ServicePort,
    Speaks,
    TlsState,
)
from mail_server_double import NO_FAULT, AfterGoAhead, Fault, FaultyPort, closed_port
from server_certificates import HOST, ServerCertificates, Shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

IMAPS: Final = ServicePort(Speaks.IMAP, 993)
IMAP: Final = ServicePort(Speaks.IMAP, 143, starttls=True)
SMTPS: Final = ServicePort(Speaks.SMTP, 465)
SUBMISSION: Final = ServicePort(Speaks.SMTP, 587, starttls=True)
POPS: Final = ServicePort(Speaks.POP, 995)
POP: Final = ServicePort(Speaks.POP, 110, starttls=True)
SIEVE: Final = ServicePort(Speaks.SIEVE, 4190, starttls=True)
WEB: Final = ServicePort(Speaks.HTTPS, 443)

_LONG_LINE: Final = b"x" * 65_536
_HTTP_REPLY: Final = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"


class OpenPort(NamedTuple):
    """A port that is set up."""

    number: int  # on this machine
    heard: list[bytes]  # what clients have said to it, line by line


@dataclass(frozen=True, slots=True)
class ServerSetup:
    """How one port is set up, and what a look at it has to come to."""

    name: str
    port: ServicePort
    reached: Reached = Reached.OPEN
    tls: TlsState = TlsState.WORKS
    certificate: CertificateState | None = CertificateState.VALID
    shown: Shown = Shown.RIGHT
    fault: Fault = NO_FAULT
    version: ssl.TLSVersion | None = None  # the only one that it speaks
    closed: bool = False

    @asynccontextmanager
    async def serving(self, certificates: ServerCertificates) -> AsyncIterator[OpenPort]:
        """Yield the port on this machine, until the block ends."""
        if self.closed:
            async with closed_port() as number:
                yield OpenPort(number, [])
            return
        context = certificates.context(self.shown, tls=self.version)
        async with FaultyPort(self.port, HOST, context, self.fault) as port:
            yield OpenPort(port.number, port.heard)


# The finding that each comes to; the others come to none.
CODES: Final = {
    "ends soon": "server-cert-ends",
    "expired": "server-cert-expired",
    "expired, with STARTTLS": "server-cert-expired",
    "not valid yet": "server-cert-not-yet",
    "for another name": "server-cert-other-name",
    "for another name, on the web": "server-cert-other-name",
    "self-signed": "server-cert-self-signed",
    "self-signed, for servers": "server-cert-self-signed",
    "of an unknown authority": "server-cert-untrusted",
    "without the one between": "server-cert-untrusted",
    "TLS 1.0 alone": "server-tls-old",
    "TLS 1.0 alone, with STARTTLS": "server-tls-old",
    "passwords without TLS": "server-tls-plain-login",
    "passwords without TLS, sending": "server-tls-plain-login",
    "no STARTTLS": "server-tls-missing",
    "no STARTTLS, and passwords": "server-tls-missing",
    "STARTTLS stripped": "server-tls-missing",
    "STARTTLS refused": "server-tls-refused",
    "STARTTLS refused, reading": "server-tls-refused",
    "closes after the go-ahead": "server-tls-failed",
    "plain text after the go-ahead": "server-tls-failed",
    "plain text in one piece with the go-ahead": "server-tls-mixed",
    "silent after the go-ahead": "server-port-silent",
    "no TLS where it begins at once": "server-tls-failed",
    "a web server without TLS": "server-tls-failed",
    "a web server with TLS": "server-port-odd",
    "SSH": "server-port-odd",
    "says goodbye at once": "server-port-turned-away",
    "busy": "server-port-turned-away",
    "turns us away": "server-port-turned-away",
    "hangs up at once": "server-port-odd",
    "silent": "server-port-silent",
    "an octet a second": "server-port-silent",
    "a line without end": "server-port-odd",
    "lines without end": "server-port-odd",
    "closed": "server-port-pop-closed",
}


def _shows(name: str, port: ServicePort, shown: Shown, state: CertificateState) -> ServerSetup:
    return ServerSetup(name, port, certificate=state, shown=shown)


def _no_tls(name: str, port: ServicePort, tls: TlsState, fault: Fault) -> ServerSetup:
    return ServerSetup(name, port, tls=tls, certificate=None, fault=fault)


def _no_mail(name: str, port: ServicePort, reached: Reached, fault: Fault) -> ServerSetup:
    """Return a port whose greeting is none: what is looked at ends there."""
    return ServerSetup(name, port, reached, TlsState.NOT_TRIED, None, fault=fault)


SETUPS: Final = (
    ServerSetup("IMAP over TLS", IMAPS),
    ServerSetup("IMAP with STARTTLS", IMAP),
    ServerSetup("submission over TLS", SMTPS),
    ServerSetup("submission with STARTTLS", SUBMISSION),
    ServerSetup("the port between servers", MX_PORT),
    ServerSetup("POP over TLS", POPS),
    ServerSetup("POP with STLS", POP),
    ServerSetup("ManageSieve", SIEVE),
    ServerSetup("webmail", WEB),
    ServerSetup("an RSA key", IMAPS, shown=Shown.RSA),
    ServerSetup("a wildcard", IMAP, shown=Shown.WILDCARD),
    ServerSetup("the certificate between is sent", SMTPS, shown=Shown.CHAIN),
    ServerSetup("ends soon", POP, shown=Shown.ENDS_SOON),
    _shows("expired", IMAPS, Shown.EXPIRED, CertificateState.EXPIRED),
    _shows("expired, with STARTTLS", SUBMISSION, Shown.EXPIRED, CertificateState.EXPIRED),
    _shows("not valid yet", IMAP, Shown.NOT_YET, CertificateState.NOT_YET),
    _shows("for another name", SMTPS, Shown.OTHER_NAME, CertificateState.OTHER_NAME),
    _shows("for another name, on the web", WEB, Shown.OTHER_NAME, CertificateState.OTHER_NAME),
    _shows("self-signed", POPS, Shown.SELF_SIGNED, CertificateState.SELF_SIGNED),
    _shows("self-signed, for servers", MX_PORT, Shown.SELF_SIGNED, CertificateState.SELF_SIGNED),
    _shows("of an unknown authority", SIEVE, Shown.UNKNOWN, CertificateState.UNTRUSTED),
    _shows("without the one between", IMAP, Shown.NO_CHAIN, CertificateState.UNTRUSTED),
    ServerSetup("TLS 1.2 alone", SUBMISSION, version=ssl.TLSVersion.TLSv1_2),
    ServerSetup("TLS 1.0 alone", IMAPS, tls=TlsState.OLD, version=ssl.TLSVersion.TLSv1),
    ServerSetup(
        "TLS 1.0 alone, with STARTTLS",
        SUBMISSION,
        tls=TlsState.OLD,
        version=ssl.TLSVersion.TLSv1,
    ),
    ServerSetup("passwords without TLS", IMAP, fault=Fault(clear_logins=True)),
    ServerSetup("passwords without TLS, sending", SUBMISSION, fault=Fault(clear_logins=True)),
    _no_tls("no STARTTLS", IMAP, TlsState.NOT_OFFERED, Fault(no_starttls=True)),
    _no_tls(
        "no STARTTLS, and passwords",
        SUBMISSION,
        TlsState.NOT_OFFERED,
        Fault(no_starttls=True, clear_logins=True),
    ),
    _no_tls("STARTTLS stripped", SUBMISSION, TlsState.NOT_OFFERED, Fault(stripped=True)),
    _no_tls(
        "STARTTLS refused",
        MX_PORT,
        TlsState.REFUSED,
        Fault(refusal=b"454 4.7.0 TLS not available due to local problem\r\n"),
    ),
    _no_tls(
        "STARTTLS refused, reading",
        IMAP,
        TlsState.REFUSED,
        Fault(refusal=b"TAG NO STARTTLS failed.\r\n"),
    ),
    _no_tls(
        "closes after the go-ahead",
        SUBMISSION,
        TlsState.FAILED,
        Fault(after_go_ahead=AfterGoAhead.END),
    ),
    _no_tls(
        "plain text after the go-ahead",
        POP,
        TlsState.FAILED,
        Fault(after_go_ahead=AfterGoAhead.NO_TLS),
    ),
    _no_tls(
        "plain text in one piece with the go-ahead",
        SUBMISSION,
        TlsState.MIXED,
        Fault(injected=b"250-elsewhere.example\r\n250 AUTH PLAIN\r\n"),
    ),
    _no_tls(
        "silent after the go-ahead",
        IMAP,
        TlsState.SILENT,
        Fault(after_go_ahead=AfterGoAhead.SILENCE),
    ),
    _no_tls("no TLS where it begins at once", IMAPS, TlsState.FAILED, Fault(no_tls=True)),
    _no_tls(
        "a web server without TLS",
        IMAPS,
        TlsState.FAILED,
        Fault(no_tls=True, greeting=_HTTP_REPLY),
    ),
    ServerSetup(
        "a web server with TLS", POPS, reached=Reached.ODD, fault=Fault(greeting=_HTTP_REPLY)
    ),
    _no_mail("SSH", IMAP, Reached.ODD, Fault(greeting=b"SSH-2.0-OpenSSH_9.2p1\r\n")),
    _no_mail(
        "says goodbye at once",
        IMAP,
        Reached.TURNED_AWAY,
        Fault(greeting=b"* BYE Too many connections.\r\n", hangs_up=True),
    ),
    _no_mail(
        "busy",
        SUBMISSION,
        Reached.TURNED_AWAY,
        Fault(greeting=b"421 4.3.2 Too many connections\r\n", hangs_up=True),
    ),
    _no_mail(
        "turns us away",
        MX_PORT,
        Reached.TURNED_AWAY,
        Fault(greeting=b"554 5.7.1 Go away\r\n", hangs_up=True),
    ),
    _no_mail("hangs up at once", SUBMISSION, Reached.ODD, Fault(hangs_up=True)),
    _no_mail("silent", SUBMISSION, Reached.NO_ANSWER, Fault(silent=True)),
    _no_mail("an octet a second", POP, Reached.NO_ANSWER, Fault(pace=1.0)),
    _no_mail("a line without end", IMAP, Reached.ODD, Fault(endless=_LONG_LINE)),
    _no_mail(
        "lines without end", SUBMISSION, Reached.ODD, Fault(endless=b"220-" + b"x" * 60 + b"\r\n")
    ),
    ServerSetup("closed", POPS, Reached.CLOSED, TlsState.NOT_TRIED, None, closed=True),
)
