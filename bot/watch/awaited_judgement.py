"""What a look means to a member who waits: it is right, it is given up, or when to look again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.checks.finding import Check, Status
from bot.checks.report import is_of_other_key
from bot.requests.schedule import next_look
from bot.watch.awaited_goal import OF_OTHER_KEY, AwaitedEnd, is_reached
from bot.watch.look_decision import AwaitedLook

if TYPE_CHECKING:
    from bot.checks.finding import Finding
    from bot.checks.report import Report
    from bot.watch.awaited_goal import Awaited
    from bot.watch.watched_domain import Seen

NOT_FOUND_OUT: Final = timedelta(hours=1)  # the longest wait after a look that did not find it out

# What is said of these rests on what only the mail server and the admin know.
_CONFIDENTIAL: Final = frozenset({Check.DKIM, Check.DMARC})


def judge_awaited(awaited: Awaited, seen: Seen) -> AwaitedLook:
    """Return how waiting for a goal stands after a look, and what is in the way.

    A look that somebody else needed counts where it shows that the goal is reached; else the next
    one stays due when it was.
    """
    at = seen.report.checked_at
    if is_reached(awaited.goal, seen):
        return AwaitedLook(replace(awaited, seen="", end=AwaitedEnd.RIGHT, ended_at=at))
    finding = _find_obstacle(awaited, seen.report)
    now = replace(awaited, seen="" if finding is None else finding.code)
    if at < awaited.due_at:
        return AwaitedLook(now, finding)
    attempts = awaited.attempts + 1
    ttl = None if finding is None else seen.report.ttl_of(finding.check)
    wait = next_look(attempts, at - awaited.made_at, ttl)
    if wait is None:
        return AwaitedLook(replace(now, end=AwaitedEnd.GIVEN_UP, ended_at=at), finding)
    if finding is not None and finding.severity is Status.UNKNOWN:
        wait = min(wait, NOT_FOUND_OUT)  # it may be right already
    return AwaitedLook(replace(now, attempts=attempts, due_at=at + wait), finding)


def _find_obstacle(awaited: Awaited, report: Report) -> Finding | None:
    """Return the first finding about what is waited for that this member may be told of."""
    checks = {each.value: each for each in Check}
    # `dkim-key` and `dmarc-reject` are about the records of DKIM and DMARC.
    parts = [checks[p] for part in awaited.parts if (p := part.partition("-")[0]) in checks]
    # What is missing of a new key is no fault, and yet in the way.
    findings = tuple(f for f in report.steps if f.severity is not Status.INFO)
    if any(part in OF_OTHER_KEY for part in awaited.parts):
        findings = (*filter(is_of_other_key, report.findings), *findings)
    for finding in findings:
        is_told = awaited.confidential or finding.check not in _CONFIDENTIAL
        if is_told and (not parts or finding.check in parts):
            return finding
    return None
