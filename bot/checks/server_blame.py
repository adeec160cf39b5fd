"""Says the mail server's own faults that a member's check met: in one finding, no details."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from bot.checks.answers import ADDRESS_TYPES, answer_to, unanswered
from bot.checks.finding import Check, Finding, Note, Status, Verdict
from bot.checks.report import SERVER_SIDE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.checks.observation import Observation
    from bot.checks.report import CheckResult
    from bot.records.expected import Expected


def judge_server(expected: Expected, observed: Observation, findings: Iterable[Finding]) -> Verdict:
    """Return the verdict on the mail server, of all that the other judges found at its side.

    The fact `what` of its finding, a tuple, is for the admin; a member is told none of it.
    """
    host = expected.server.host
    met = dict.fromkeys(str(f.facts["what"]) for f in findings if f.code == SERVER_SIDE)
    answers = [answer_to(observed, host, rdtype) for rdtype in ADDRESS_TYPES]
    if all(answer.absent for answer in answers):
        met.setdefault("host-without-address")
    found = tuple(sorted(observed.addresses(host), key=lambda a: (":" in a, a)))
    if met:
        finding = Finding(Check.SERVER, SERVER_SIDE, Status.INFO, {"what": tuple(met)})
        return Verdict(Check.SERVER, (finding,), found=found)
    if found:
        return Verdict(Check.SERVER, found=found)
    failed = next(answer for answer in answers if answer.failed)
    return Verdict(Check.SERVER, (unanswered(Check.SERVER, failed),))


def merge_server_faults(
    verdict: Verdict, results: Sequence[CheckResult], findings: Sequence[Finding]
) -> tuple[list[CheckResult], list[Finding]]:
    """Return the results and findings with the server's faults said by its verdict alone.

    A check that met one keeps its status, which is no pass: nothing was proven there. What it
    could not find out of the server, and said so, is not said a second time.
    """
    moved = {finding.check for finding in findings if finding.code == SERVER_SIDE}
    kept = [finding for finding in findings if finding.code != SERVER_SIDE]
    silent = moved - {finding.check for finding in kept}
    note = Note("follows-from", {"code": SERVER_SIDE})
    noted = [
        dataclasses.replace(r, note=note) if r.check in silent and r.note is None else r
        for r in results
    ]
    said = [(finding.code, finding.facts) for finding in kept]
    kept += [f for f in verdict.findings if (f.code, f.facts) not in said]
    return noted, kept
