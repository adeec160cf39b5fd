"""Builders of what looks at all ports of a mail server came to, for the tests of its judges."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from bot.net.port_look import (
    ALL_PORTS,
    CertificateState,
    PortLook,
    Reached,
    ShownCertificate,
    TlsState,
)
from port_looks import AT, CERTIFICATE, working

if TYPE_CHECKING:
    from datetime import timedelta

    from bot.checks.finding import Finding, Verdict
    from bot.net.port_look import ServicePort


def port(number: int) -> ServicePort:
    (found,) = (port for port in ALL_PORTS if port.number == number)
    return found


def at(number: int, **changes: Any) -> PortLook:
    """Return a look at a port that is all right, but for some of its fields."""
    return replace(working(port(number)), **changes)


def unreached(number: int, reached: Reached) -> PortLook:
    return PortLook(port(number), reached)


def without_tls(number: int, tls: TlsState, **changes: Any) -> PortLook:
    return at(number, tls=tls, tls_version="", certificate=None, **changes)


def showing(
    number: int, state: CertificateState, *, ends_in: timedelta | None = None, **changes: Any
) -> PortLook:
    """Return a look at a port whose certificate is in this state, with fields of either changed."""
    of_certificate = {f.name for f in fields(ShownCertificate)}
    shown = {name: value for name, value in changes.items() if name in of_certificate}
    of_look = {name: value for name, value in changes.items() if name not in of_certificate}
    return at(number, certificate=certificate(state, ends_in=ends_in, **shown), **of_look)


def certificate(
    state: CertificateState = CertificateState.VALID,
    *,
    ends_in: timedelta | None = None,
    **changes: Any,
) -> ShownCertificate:
    ends = CERTIFICATE.not_after if ends_in is None else AT + ends_in
    return replace(CERTIFICATE, state=state, not_after=ends, **changes)


def world(*others: PortLook) -> tuple[PortLook, ...]:
    """Return looks at all ports, which are all right but for these."""
    by_port = {look.port: look for look in others}
    return tuple(by_port.get(port, working(port)) for port in ALL_PORTS)


def told(verdict: Verdict) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return what a judge says: code, severity and ports of each finding."""
    return [(f.code, f.severity.value, _ports(f)) for f in verdict.findings]


def _ports(finding: Finding) -> tuple[str, ...]:
    ports = finding.facts.get("ports", ())
    assert isinstance(ports, tuple)
    return ports
