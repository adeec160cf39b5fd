"""Optional records that the mail server's operator does not offer: no word of those not there."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from bot.checks.answers import report_unused
from bot.checks.finding import OFFERABLE, Status, Verdict

if TYPE_CHECKING:
    from bot.checks.finding import Finding, Subject
    from bot.records.mail_server import MailServer

_UNUSED: Final[dict[Subject, Finding]] = {
    check: report_unused(check, offered=False) for check in OFFERABLE
}
_LENT = frozenset({"wildcard-cname", "wildcard-address"})


def leave_out_unoffered(verdict: Verdict, server: MailServer) -> Verdict:
    """Return a verdict that asks for no record that is not offered; what is there stays judged.

    Of what is not there only the finding that says so is left, with nothing to type.
    """
    check = verdict.check
    if check not in _UNUSED or check.value in server.offer:
        return verdict
    if verdict.findings and all(map(_is_absence, verdict.findings)):
        return Verdict(check, (_UNUSED[check],), found=verdict.found)
    if not verdict.findings and verdict.note is not None:
        return dataclasses.replace(verdict, note=None)  # that there could be more of it
    return verdict


def _is_absence(finding: Finding) -> bool:
    """Whether a finding says that there is no record of the domain's own, nor harm in that."""
    lent = finding.code in _LENT and finding.severity is Status.INFO
    return lent or finding.code in {"optional-missing", "not-needed"}
