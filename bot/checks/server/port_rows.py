"""What was seen at each port of the mail server, as rows of a table and as JSON."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.checks.finding import Status
from bot.checks.server.shown_certificates import list_certificates
from bot.net.port_look import Reached, proven_closed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from bot.checks.finding import Finding
    from bot.errors import Fact
    from bot.net.port_look import PortLook

_LONGEST_SAID: Final = 200
_MOST_LOGINS: Final = 6  # of a row; servers have two or three


class SeenState(StrEnum):
    """How a port is, as far as that is proven."""

    OPEN = "open"
    CLOSED = "closed"  # nobody listens, as the host itself says
    ODD = "odd"  # somebody answers, and not as the protocol wants it
    UNSEEN = "could-not-look"


@dataclass(frozen=True, slots=True)
class PortRow:
    """What people are shown of one port; its texts are the server's own, and hostile.

    `status` is the worst of its findings. `tls` is the value of its state, and `version` what was
    spoken; `certificate` is the value of its state. `days_left` is None where none was seen.
    """

    name: str
    number: int
    status: Status
    state: SeenState
    tls: str
    version: str
    certificate: str
    days_left: int | None
    starttls: bool
    logins_before: tuple[str, ...]
    logins_after: tuple[str, ...]
    elapsed_ms: int

    @property
    def is_clear_known(self) -> bool:
        """Whether the server has said what it can before TLS; it cannot where TLS comes first."""
        return self.starttls and self.state is SeenState.OPEN

    @property
    def facts(self) -> dict[str, Fact]:
        """What the words about it need."""
        return {
            "name": self.name,
            "tls": self.tls,
            "version": self.version,
            "certificate": self.certificate,
            "days": self.days_left,
            "before": " ".join(self.logins_before),
            "took": self.elapsed_ms,
        }


def port_rows(
    looks: Sequence[PortLook], findings: Iterable[Finding], now: datetime
) -> tuple[PortRow, ...]:
    """Return a row for each port, in the order of the looks, with the worst finding of each."""
    states, worst = _states_of(looks), _worst_of(findings)
    return tuple(
        PortRow(
            look.port.text,
            look.port.number,
            worst.get(look.port.text, Status.PASS if look.works else Status.UNKNOWN),
            state,
            look.tls.value,
            look.tls_version,
            look.certificate.state.value if look.certificate else "",
            look.certificate.days_left(now) if look.certificate else None,
            look.port.starttls,
            look.logins_before[:_MOST_LOGINS],
            look.logins_after[:_MOST_LOGINS],
            look.elapsed_ms,
        )
        for look, state in zip(looks, states, strict=True)
    )


def ports_as_dicts(looks: Sequence[PortLook], now: datetime) -> list[dict[str, object]]:
    """Return what was seen at each port as JSON-ready values."""
    return [
        {
            "port": look.port.number,
            "protocol": look.port.speaks.value,
            "starttls": look.port.starttls,
            "state": state.value,
            # "closed" is only said where it is proven; who refused is not known otherwise.
            "reached": "refused" if look.reached is Reached.CLOSED else look.reached.value,
            "address": look.address or None,
            "refused_at": list(look.refused_at),
            "tls": look.tls.value,
            "tls_version": look.tls_version or None,
            "certificate": look.certificate.state.value if look.certificate else None,
            "days_left": look.certificate.days_left(now) if look.certificate else None,
            "capabilities_before": list(look.can_before),
            "capabilities_after": list(look.can_after),
            "logins_before": list(look.logins_before),
            "logins_after": list(look.logins_after),
            "elapsed_ms": look.elapsed_ms,
            "said": look.said[:_LONGEST_SAID] or None,
        }
        for look, state in zip(looks, _states_of(looks), strict=True)
    ]


def certificates_as_dicts(looks: Sequence[PortLook], now: datetime) -> list[dict[str, object]]:
    """Return each certificate that was shown as JSON-ready values, with the ports that show it."""
    return [
        {
            "state": certificate.state.value,
            "names": list(certificate.names),
            "issuer": certificate.issuer,
            "not_before": _moment(certificate.not_before),
            "not_after": _moment(certificate.not_after),
            "days_left": certificate.days_left(now),
            "sha256": hashlib.sha256(certificate.der).hexdigest(),
            "ports": [look.port.number for look in at],
        }
        for certificate, at in list_certificates(looks).items()
    ]


def _worst_of(findings: Iterable[Finding]) -> dict[str, Status]:
    """Return the worst severity of the findings that name each port."""
    worst = dict[str, Status]()
    for finding in findings:
        ports = finding.facts.get("ports")
        for name in ports if isinstance(ports, tuple) else ():
            known = worst.get(name, Status.PASS)
            worst[name] = max(known, finding.severity, key=lambda status: status.rank)
    return worst


def _states_of(looks: Sequence[PortLook]) -> list[SeenState]:
    closed = proven_closed(looks)
    states = {Reached.OPEN: SeenState.OPEN, Reached.ODD: SeenState.ODD}
    return [
        SeenState.CLOSED if look.port in closed else states.get(look.reached, SeenState.UNSEEN)
        for look in looks
    ]


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
