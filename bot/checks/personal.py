"""What is said to the one who asked and to the admin, and on no card that others see."""

from __future__ import annotations

import dataclasses

from bot.checks.finding import Check, Finding, Status
from bot.checks.report import Report, order


def add_not_in_mailcow(report: Report) -> Report:
    """Return the report of a domain that the mail server does not know: it takes no mail for it."""
    finding = Finding(Check.MX, "not-in-mailcow", Status.FAIL)
    results = tuple(
        dataclasses.replace(result, status=Status.FAIL) if result.check is Check.MX else result
        for result in report.results
    )
    # Sorting is stable: it comes before what is wrong with the MX record, which can wait for it.
    findings = tuple(sorted((finding, *report.findings), key=order))
    return dataclasses.replace(report, results=results, findings=findings)
