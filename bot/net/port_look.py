"""What a look at one port of the mail server came to, as values: no credentials, ever."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class Speaks(StrEnum):
    """The protocol of a port."""

    IMAP = "imap"
    SMTP = "smtp"
    POP = "pop"
    SIEVE = "sieve"  # ManageSieve, RFC 5804
    HTTPS = "https"


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a mail server; TLS begins with the first octet unless `starttls`."""

    speaks: Speaks
    number: int
    starttls: bool = False

    @property
    def text(self) -> str:
        """The port as people call it: "IMAP 993"."""
        names = {Speaks.SIEVE: "ManageSieve", Speaks.POP: "POP3"}
        return f"{names.get(self.speaks, self.speaks.value.upper())} {self.number}"


# What a member's programs connect to, in the order in which it is told.
CLIENT_PORTS: Final = (
    ServicePort(Speaks.IMAP, 993),
    ServicePort(Speaks.IMAP, 143, starttls=True),
    ServicePort(Speaks.SMTP, 465),
    ServicePort(Speaks.SMTP, 587, starttls=True),
    ServicePort(Speaks.POP, 995),
    ServicePort(Speaks.POP, 110, starttls=True),
    ServicePort(Speaks.SIEVE, 4190, starttls=True),
    ServicePort(Speaks.HTTPS, 443),
)
MX_PORT: Final = ServicePort(Speaks.SMTP, 25, starttls=True)  # what other mail servers connect to
ALL_PORTS: Final = (*CLIENT_PORTS, MX_PORT)


class Reached(StrEnum):
    """How far a connection came, before any TLS of STARTTLS."""

    OPEN = "open"  # somebody answers there, as the protocol wants
    CLOSED = "closed"  # refused by the host itself: proven
    NO_ANSWER = "no-answer"  # nothing came back in time: a firewall of theirs or of ours
    BLOCKED = "blocked"  # this machine or its network lets nobody out to that port
    ODD = "odd"  # an answer, and not one of the protocol
    TURNED_AWAY = "turned-away"  # the server lets nobody in, or just not this machine
    NO_ADDRESS = "no-address"  # an answer says that the name has none
    PRIVATE = "private"  # it has only addresses that are not connected to
    NO_DNS = "no-dns"  # the DNS did not answer


class TlsState(StrEnum):
    """How TLS went."""

    NOT_TRIED = "not-tried"  # no connection that far
    WORKS = "works"
    NOT_OFFERED = "not-offered"  # STARTTLS is not among what the server can
    REFUSED = "refused"  # it was offered, and refused when it was asked for
    FAILED = "failed"  # no handshake
    OLD = "old"  # a handshake only with what RFC 8996 has retired: TLS 1.1 or before
    SILENT = "silent"  # TLS was asked for, and then nothing came in time
    MIXED = "mixed"  # more came in clear text after the go-ahead, as if it were protected


class CertificateState(StrEnum):
    """Whether a certificate is one that a mail program takes without a question (RFC 9525)."""

    NONE = "none"  # none was seen
    VALID = "valid"
    EXPIRED = "expired"
    NOT_YET = "not-yet"
    OTHER_NAME = "other-name"
    SELF_SIGNED = "self-signed"
    UNTRUSTED = "untrusted"  # of nobody that is trusted, or the certificate between is not sent
    UNUSABLE = "unusable"  # refused for another reason


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """The certificate that was shown; its texts are hostile. Times are aware."""

    state: CertificateState
    names: tuple[str, ...]  # that it is for, ten at most
    issuer: str
    not_before: datetime
    not_after: datetime
    der: bytes  # the whole of it, to compare it with TLSA records
    above: tuple[bytes, ...] = ()  # those that were sent with it, in DER, five at most

    def days_left(self, now: datetime) -> int:
        """Return in how many whole days it ends; negative where it has ended."""
        return (self.not_after - now).days


@dataclass(frozen=True, slots=True)
class PortLook:
    """What one look at a port came to.

    `can` and `logins` are the server's own words in capitals, bounded: its capabilities and login
    methods (SASL mechanisms; LOGIN for IMAP's own command, USER for POP's), before and after TLS.
    `elapsed_ms` is the time until the last answer, in milliseconds.
    """

    port: ServicePort
    reached: Reached
    address: str = ""  # that was connected to
    tls: TlsState = TlsState.NOT_TRIED
    tls_version: str = ""  # as OpenSSL calls it: TLSv1.3
    certificate: ShownCertificate | None = None
    can_before: tuple[str, ...] = ()
    can_after: tuple[str, ...] = ()
    logins_before: tuple[str, ...] = ()
    logins_after: tuple[str, ...] = ()
    elapsed_ms: int = 0
    said: str = ""  # the server's own words where it refused; hostile
    refused_at: tuple[str, ...] = ()  # other addresses of the host at which nobody listens

    @property
    def works(self) -> bool:
        """Whether a mail program can use it: reached, TLS of today, a certificate that it takes."""
        valid = self.certificate is not None and self.certificate.state is CertificateState.VALID
        return self.reached is Reached.OPEN and self.tls is TlsState.WORKS and valid

    @property
    def is_known(self) -> bool:
        """Whether it was found out how the port is."""
        known = {Reached.OPEN, Reached.CLOSED, Reached.ODD, Reached.NO_ADDRESS}
        return self.reached in known and self.tls is not TlsState.SILENT

    @property
    def is_answered(self) -> bool:
        """Whether somebody at the host said anything over it, be it no."""
        return self.reached in {Reached.OPEN, Reached.ODD, Reached.TURNED_AWAY}


def proven_closed(looks: Iterable[PortLook]) -> frozenset[ServicePort]:
    """Return the ports that nobody listens at: refused, where another port of the host answers.

    A firewall of ours can refuse as well as the host, and does so for all ports but a few; that to
    port 25 is the one that networks shut most, so that nobody can say it of that one.
    """
    given = tuple(looks)
    if not any(look.is_answered for look in given):
        return frozenset()
    refused = (look.port for look in given if look.reached is Reached.CLOSED)
    return frozenset(port for port in refused if port != MX_PORT)
