"""The optional records as a group: never worse than a warning, and few first questions."""

from __future__ import annotations

from dataclasses import replace

from bot.checks.finding import EXTRAS, Check, Status
from bot.checks.optional import group
from bot.dns.answer import Outcome
from observed_domain import EXPECTED, answered, seen


def test_nothing_here_is_ever_worse_than_a_warning() -> None:
    names = ("friend.example", "_imaps._tcp.friend.example", "_submission._tcp.friend.example")
    failed = [
        replace(answered(name, rdtype), outcome=Outcome.TIMEOUT)
        for name, rdtype in zip(names, ("DS", "SRV", "SRV"), strict=True)
    ]
    for verdict in group.judge(EXPECTED, seen(*failed)):
        assert verdict.check in EXTRAS
        assert verdict.status is not Status.FAIL
    assert [v.check for v in group.judge(EXPECTED, seen())] == [
        check for check in Check if check in EXTRAS
    ]


def test_the_first_questions_are_few() -> None:
    questions = group.first_questions(EXPECTED)
    assert len(questions) == len(set(questions)) <= 10
