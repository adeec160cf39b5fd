"""What name servers' answers show about control of a domain, without a network."""

from __future__ import annotations

import dns.name
import dns.rdata
import dns.rdatatype

from bot.checks.control_answers import (
    ControlAnswers,
    ControlFault,
    ControlVerdict,
    ServerTexts,
    judge_control,
)
from bot.dns.answer import Answer, DirectAnswer, Outcome, Question
from bot.records.control_token import TokenState

NAME = dns.name.from_text("_cowbell.friend.example")


def read(text: str) -> TokenState:
    return TokenState(text) if text in set(TokenState) else TokenState.NONE


def said(*texts: str, outcome: Outcome = Outcome.NXDOMAIN) -> DirectAnswer:
    rdatas = tuple(dns.rdata.from_text("IN", "TXT", f'"{text}"') for text in texts)
    question = Question.of(NAME, dns.rdatatype.TXT)
    outcome = Outcome.RECORDS if texts else outcome
    return DirectAnswer(Answer(question, outcome, rdatas, authoritative=True))


def server(number: int, record: DirectAnswer | None, beside: DirectAnswer | None) -> ServerTexts:
    return ServerTexts(dns.name.from_text(f"ns{number}.example"), "192.0.2.1", record, beside)


def test_a_zone_whose_servers_nobody_knows_shows_nothing() -> None:
    assert judge_control(ControlAnswers(), read) == ControlVerdict(ControlFault.UNKNOWN)
    too_many = ControlAnswers(too_many=True)
    assert judge_control(too_many, read) == ControlVerdict(ControlFault.TOO_MANY)


def test_a_question_that_was_never_asked_shows_nothing() -> None:
    for record, beside in ((None, said()), (said("ours"), None)):
        answers = ControlAnswers((server(1, record, beside),))
        assert judge_control(answers, read).fault is ControlFault.SILENT


def test_what_a_member_can_mend_is_said_before_a_server_that_is_silent() -> None:
    silent = said(outcome=Outcome.TIMEOUT)
    answers = ControlAnswers(
        (server(1, said("ours"), said()), server(2, silent, silent), server(3, said(), said()))
    )
    expected = ControlVerdict(ControlFault.MISSING, ("ns3.example",), elsewhere=True)
    assert judge_control(answers, read) == expected


def test_a_text_that_is_no_ascii_is_none_of_ours() -> None:
    odd = said("\\195\\164")
    answers = ControlAnswers((server(1, odd, said()),))
    assert judge_control(answers, read).fault is ControlFault.MISSING
