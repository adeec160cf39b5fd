"""Reports of a domain whose DKIM key is being changed, without a network."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bot.checks.compile import compile_report
from bot.checks.finding import Check
from bot.checks.observe.domain import observe
from bot.checks.report import is_of_other_key
from bot.records.dkim_key import DkimRecord, KnownKey
from bot.records.expected import expect
from bot.records.key_change import KeyChange, KeyRole
from bot.records.presentation import quoted_parts
from bot.words import Words
from strategies import KEY_VALUES
from zone_reports import (
    ALIASES,
    CONTEXT,
    DMARC,
    DOMAIN,
    HOST,
    KEY,
    MX,
    NOW,
    SERVER,
    SPF,
    WORLD,
    LinesAsk,
)

if TYPE_CHECKING:
    from bot.checks.finding import Finding
    from bot.checks.report import Report
    from bot.dns.answer import Outcome
    from bot.records.expected import Expected

OLD: Final = KEY
NEW: Final = KnownKey("cb202611a", DkimRecord.parse(KEY_VALUES[2]), "mailcow")
WEEK: Final = datetime(2026, 11, 30, 12, tzinfo=UTC)
# The roles of the key that does not sign, with the one that does.
NEXT: Final = (OLD, KeyChange(KeyRole.NEXT, NEW))
FORMER: Final = (NEW, KeyChange(KeyRole.FORMER, OLD, WEEK))
DONE: Final = (NEW, KeyChange(KeyRole.DONE, OLD))
REST: Final = MX + SPF + DMARC + ALIASES


def name_of(key: KnownKey) -> str:
    """Return the name of a key's record."""
    return f"{key.selector}._domainkey.{DOMAIN.ascii}"


def published(key: KnownKey, text: str | None = None) -> str:
    """Return the line of a key's record, with another text at its name where one is given."""
    value = key.record.text if text is None else text
    return f"{name_of(key)} TXT {quoted_parts(value)}\n"


def expected_of(case: tuple[KnownKey, KeyChange | None]) -> Expected:
    """Return what the domain should publish, by the key that signs and the other one."""
    return expect(SERVER, DOMAIN, case[0], "reject", change=case[1])


def report_of(
    case: tuple[KnownKey, KeyChange | None],
    *parts: str,
    rest: str = REST,
    failing: dict[str, Outcome] | None = None,
) -> Report:
    """Return the report of a domain with these lines beside all that is right but its keys."""
    expected = expected_of(case)
    ask = LinesAsk("".join((HOST, WORLD, rest, *parts)), failing)
    report = compile_report(expected, asyncio.run(observe(ask, expected)), NOW, 7)
    for finding in report.findings:
        assert Words().finding(finding, CONTEXT)
        assert Words().reason(finding, CONTEXT)
    for result in report.results:
        assert result.note is None or Words().note(result.note, CONTEXT)
    return report


def said_of_other_key(report: Report) -> list[Finding]:
    """Return what is said of the key that does not sign; all of it belongs to DKIM."""
    found = [finding for finding in report.findings if is_of_other_key(finding)]
    assert {finding.check for finding in found} <= {Check.DKIM}
    return found
