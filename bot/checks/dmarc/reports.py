"""Judges where a domain's own DMARC record has reports sent (RFC 9990, RFC 9991)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.answers import MOST_NAMES, name_text, unanswered
from bot.checks.dmarc.faults import find_report_faults
from bot.checks.dmarc.report_addresses import (
    authorisation_of,
    own_addresses,
    refuses,
)
from bot.checks.finding import Check, Finding, Status
from bot.checks.text_bounds import is_too_much

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.checks.dmarc.case import DmarcCase
    from bot.checks.dmarc.record import DmarcRecord
    from bot.checks.dmarc.report_addresses import Destination

Refusals = tuple[tuple["Destination", tuple[str, ...]], ...]


def find_refusals(case: DmarcCase, destinations: Iterable[Destination]) -> Refusals:
    """Return who is known not to take the reports, with the addresses that are not the operator's.

    Where all addresses are the operator's own there are none.
    """
    refusing = [each for each in destinations if refuses(case.observed, each)]
    own = own_addresses(case.expected, "rua", "ruf") if refusing else ()
    return tuple(
        (destination, tuple(a for a in destination.addresses if a.lower() not in own))
        for destination in refusing
    )


def judge_refusals(case: DmarcCase, record: DmarcRecord, refusals: Refusals) -> list[Finding]:
    """Judge the addresses whose domain did not say that it wants the reports (RFC 9990 section 4).

    Nobody sends failure reports without that either (RFC 9991 section 4).
    """
    return [_judge_refusal(case, record, *each) for each in refusals]


def _judge_refusal(
    case: DmarcCase, record: DmarcRecord, destination: Destination, addresses: tuple[str, ...]
) -> Finding:
    host = name_text(destination.host)
    answer = authorisation_of(case.observed, destination)
    name = f"{case.expected.domain.ascii}._report._dmarc.{host}"
    if not addresses:  # all are the operator's own: nothing that the member could mend
        facts = {"what": "report-authorisation", "name": name}
        return Finding(Check.DMARC, "server-side", Status.INFO, facts)
    return case.finding(
        "dmarc-rua-not-authorised",
        Status.WARN,
        case.mend(record.text),
        tag=destination.tag,
        addresses=addresses,
        host=host,
        authorisation=name,
        unread=answer is not None and is_too_much(answer),
        replacement=case.mender.replacement if destination.tag == "rua" else "",
    )


def judge_addresses(case: DmarcCase, record: DmarcRecord) -> list[Finding]:
    """Judge how the addresses are written (RFC 9989 section 4.6), each kind of fault once."""
    findings = []
    for fault in find_report_faults(record):
        facts: Mapping[str, str] = {
            "tag": fault.tag,
            "what": fault.what,
            "value": fault.value,
        }
        lists = {"others": fault.more[:MOST_NAMES], "left_out": fault.left_out[:MOST_NAMES]}
        numbers = {"more": len(fault.more), "left_out_count": len(fault.left_out)}
        findings.append(
            case.finding(
                "dmarc-rua-syntax",
                Status.WARN,
                case.mend(record.text),
                **facts,
                **lists,
                **numbers,
            )
        )
    return findings


def find_silence(case: DmarcCase, destinations: Iterable[Destination]) -> list[Finding]:
    """Return that one of the domains could not be asked whether it wants the reports."""
    answers = (authorisation_of(case.observed, destination) for destination in destinations)
    return [unanswered(Check.DMARC, a) for a in answers if a and a.failed][:1]


def loses_addresses(finding: Finding) -> bool:
    """Whether the new record leaves out addresses, which is said whatever else comes first."""
    left_out = finding.facts.get("left_out")
    return bool(left_out) or finding.code == "dmarc-rua-not-authorised"
