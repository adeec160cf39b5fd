"""The zone that a domain lies in and the names of its name servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.checks.observation import Observation
from bot.dns.answer import Outcome
from bot.public_suffix import is_public_suffix
from bot.records.providers import find_provider

if TYPE_CHECKING:
    import dns.name

    from bot.checks.report import Report
    from bot.dns.answer import Answer
    from bot.names import Domain
    from bot.records.expected import Expected


@dataclass(frozen=True, slots=True)
class ZonePlace:
    """The apex of a domain's zone, and the names of the zone's name servers where known."""

    zone: dns.name.Name
    name_servers: tuple[str, ...] = ()

    @classmethod
    def of_report(cls, report: Report) -> ZonePlace:
        """Return what a check has found."""
        exists = all(finding.code != "domain-not-found" for finding in report.findings)
        return cls._found(report.domain, report.zone, report.name_servers, exists=exists)

    @classmethod
    def unknown(cls, expected: Expected) -> ZonePlace:
        """Return the place of a domain that nobody asked for: a zone of its own."""
        return cls(expected.domain.name)

    @classmethod
    def of_answers(cls, domain: Domain, answers: list[Answer]) -> ZonePlace:
        """Return what the answers to one or two questions for name servers tell."""
        observed = Observation.of(domain, answers)
        exists = answers[0].outcome is not Outcome.NXDOMAIN
        return cls._found(domain, observed.zone, observed.name_servers, exists=exists)

    @classmethod
    def _found(
        cls, domain: Domain, zone: dns.name.Name, servers: tuple[str, ...], *, exists: bool
    ) -> ZonePlace:
        # What denies a name that is not there may be a registry's zone, unless it is a provider's.
        if exists or not is_public_suffix(zone) or find_provider(servers).providers:
            return cls(zone, servers)
        return cls(domain.name)
