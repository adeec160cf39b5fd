"""What a judge says: findings with their facts and fixes, and the verdict of one check."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import dns.name

    from bot.errors import Fact


class Status(StrEnum):
    """How well something is, and how grave a finding; the order is the contract's.

    `rank` is a status's place in that order, counted from pass as 0.
    """

    rank: int

    PASS = "pass"  # noqa: S105 - proven right; a status, not a secret
    INFO = "info"  # worth knowing, nothing to do
    UNKNOWN = "unknown"  # could not be found out
    WARN = "warn"  # works, or is at risk
    FAIL = "fail"  # mail is lost, refused or forged

    def __init__(self, _: str) -> None:
        self.rank = len(type(self).__members__)  # those before it


class _ReportLine(StrEnum):
    """What a report has a line for; `place` is where that stands, the first at 0."""

    place: int

    def __init__(self, _: str) -> None:
        self.place = len(type(self).__members__)  # those before it


class Check(_ReportLine):
    """The checks, in the order of the report."""

    DELEGATION = "delegation"
    MX = "mx"
    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    WEBMAIL = "webmail"
    AUTOCONFIG = "autoconfig"
    AUTODISCOVER = "autodiscover"
    SRV = "srv"
    MTA_STS = "mta-sts"
    TLS_RPT = "tls-rpt"
    DANE = "dane"
    DNSSEC = "dnssec"
    CAA = "caa"
    SERVER = "server"  # what is the mail server's own fault


# The optional records beside those that mail needs.
EXTRAS = frozenset(
    {
        Check.SRV,
        Check.MTA_STS,
        Check.TLS_RPT,
        Check.DANE,
        Check.DNSSEC,
        Check.CAA,
    }
)

# The optional records that an operator chooses among.
_USUAL = frozenset({Check.WEBMAIL, Check.AUTOCONFIG, Check.AUTODISCOVER})
OFFERABLE = tuple(check for check in Check if check in _USUAL | EXTRAS)


class ServerCheck(_ReportLine):
    """The checks of the mail server itself, in the order of its report."""

    ZONE = "zone"
    ADDRESS = "address"
    REVERSE = "reverse"
    SPF = "spf"  # the value that is handed out
    HELO = "helo"  # the SPF record of the host name itself
    DMARC = "dmarc"  # the value that is handed out
    REPORTS = "reports"  # whether reports of members' domains are taken
    DANE = "dane"
    PORTS = "ports"  # what mail programs connect to
    CERTIFICATE = "certificate"  # that is shown there


Subject = Check | ServerCheck


class FixAction(StrEnum):
    """What to do with a record at the provider."""

    ADD = "add"
    REPLACE = "replace"
    DELETE = "delete"
    RENAME = "rename"


@dataclass(frozen=True, slots=True)
class Fix:
    """One thing to type. Owners are absolute; the report makes them relative to the zone.

    `value` is the whole value in presentation form without quotes and, for MX, without the
    priority. `old` is the value that a replace overwrites, `old_owner` the name that a rename
    takes the record from. `zone` is the apex of the zone that it has to be typed in where that is
    not the report's, as the name is delegated to other name servers.
    """

    action: FixAction
    owner: dns.name.Name
    type: str
    value: str
    priority: int | None = None
    ttl: int | None = None
    old: str | None = None
    old_owner: dns.name.Name | None = None
    zone: dns.name.Name | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is so, with what a template needs to say it.

    `facts` are data: text from a zone in them is hostile and is made safe where it is shown.
    The words are the template `findings/<code>.j2`. `seen_after` is in how many seconds after the
    last fix everybody sees the change, None where that is not known. `harmless`: mail of ours is
    proven to pass all the same, so that no strict DMARC policy has to wait for it.
    """

    check: Subject
    code: str
    severity: Status
    facts: Mapping[str, Fact] = field(default_factory=lambda: MappingProxyType({}))
    fixes: tuple[Fix, ...] = ()
    seen_after: int | None = None
    harmless: bool = False


def is_proof(findings: Iterable[Finding]) -> bool:
    """Whether a check that found no more than this proves that mail of ours passes."""
    return all(finding.harmless for finding in findings)


@dataclass(frozen=True, slots=True)
class Note:
    """A remark beside a check's status; the words are the template `notes/<code>.j2`."""

    code: str
    facts: Mapping[str, Fact] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one judge says of its check: findings with the root cause first, none for a pass.

    `expected` and `found` are records in presentation form, to be shown beside each other.
    """

    check: Subject
    findings: tuple[Finding, ...] = ()
    expected: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    note: Note | None = None

    @property
    def status(self) -> Status:
        """The worst of the findings; pass where there is none."""
        worst = Status.PASS
        for finding in self.findings:
            if finding.severity.rank > worst.rank:
                worst = finding.severity
        return worst

    @property
    def is_proven(self) -> bool:
        """Whether mail of ours is proven to pass: there is nothing, or only what is harmless."""
        return is_proof(self.findings)
