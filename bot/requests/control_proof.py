"""Control of a domain as it counts for a request: shown by the DNS, by the MX alone, or not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.checks.finding import Check, Status
from bot.checks.report import find_propagation
from bot.errors import RequestError
from bot.mail_providers import is_provider_domain
from bot.public_suffix import is_public_suffix

if TYPE_CHECKING:
    from datetime import datetime

    from bot.checks.report import Report
    from bot.names import Domain

BY_DNS = "dns"  # how control is shown: by a TXT record at all name servers of the zone


@dataclass(frozen=True, slots=True)
class ControlProof:
    """That a member has shown that they control a domain; `how` is `BY_DNS`."""

    domain: Domain
    member_id: int
    how: str
    since: datetime


class ControlKind(StrEnum):
    """What shows that whoever asks may have the domain added."""

    NONE = "none"
    OTHER = "other-member"  # nothing does, and another member has shown that they control it
    MX = "mx-only"  # the owner has mail brought to us alone; that does not say who asks
    PROVEN = "proven"  # the member who asks has shown it


@dataclass(frozen=True, slots=True)
class Control:
    """What was known of the control of a domain; `since` where it was shown, or seen."""

    kind: ControlKind = ControlKind.NONE
    since: datetime | None = None

    @property
    def is_enough(self) -> bool:
        """Whether an admin may have the domain added without being told of the risk."""
        return self.kind in {ControlKind.MX, ControlKind.PROVEN}


def weigh_control(
    proof: ControlProof | None, report: Report | None, *, other: ControlProof | None = None
) -> Control:
    """Return what shows control: the proof of who asks, then the MX, then another's proof."""
    if proof is not None:
        return Control(ControlKind.PROVEN, proof.since)
    if report is not None and names_us_alone(report):
        return Control(ControlKind.MX, report.checked_at)
    return Control() if other is None else Control(ControlKind.OTHER, other.since)


def names_us_alone(report: Report) -> bool:
    """Whether the MX records bring all mail to us, as everybody sees them."""
    mx = next((result for result in report.results if result.check is Check.MX), None)
    return (
        mx is not None
        and mx.status is Status.PASS
        and bool(mx.found)
        and find_propagation(report, Check.MX) is None
    )


def refuse_foreign(domain: Domain) -> None:
    """Raise RequestError where nobody who asks can have a domain.

    It is one under which anybody registers names, a big mail provider's, or below `.invalid`, which
    is never in the DNS (RFC 6761 section 6.4) and under which keys are made at Mailcow.
    """
    if domain.name.labels[-2] == b"invalid":
        raise RequestError("request-domain-is-nobodys", domain=domain.ascii)
    if is_public_suffix(domain.name):
        raise RequestError("request-domain-is-suffix", domain=domain.ascii)
    if is_provider_domain(domain.name):
        raise RequestError("request-domain-of-provider", domain=domain.ascii)
