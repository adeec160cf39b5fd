"""What looks at a mail server's ports can come to, for tests that look at none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.net.port_look import (
    CLIENT_PORTS,
    CertificateState,
    PortLook,
    Reached,
    ShownCertificate,
    TlsState,
)

if TYPE_CHECKING:
    from bot.net.port_look import ServicePort

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
CERTIFICATE = ShownCertificate(
    state=CertificateState.VALID,
    names=("mx1.cow.example",),
    issuer="Cow CA",
    not_before=AT - timedelta(days=30),
    not_after=AT + timedelta(days=60),
    der=b"",
)
ENDED = replace(CERTIFICATE, state=CertificateState.EXPIRED)


def working(port: ServicePort) -> PortLook:
    return PortLook(port, Reached.OPEN, tls=TlsState.WORKS, certificate=CERTIFICATE)


def with_ended_certificate(port: ServicePort) -> PortLook:
    return replace(working(port), certificate=ENDED)


def closed(port: ServicePort) -> PortLook:
    return PortLook(port, Reached.CLOSED)


def silent(port: ServicePort) -> PortLook:
    return PortLook(port, Reached.NO_ANSWER)


_KINDS = {"works": working, "ended": with_ended_certificate, "closed": closed, "silent": silent}


def looks(usual: str = "works", **others: str) -> tuple[PortLook, ...]:
    """Return a look at each client's port: `looks("works", p465="closed")`."""
    return tuple(_KINDS[others.get(f"p{port.number}", usual)](port) for port in CLIENT_PORTS)
