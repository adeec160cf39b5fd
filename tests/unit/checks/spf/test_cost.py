"""What an SPF record costs, and the word of warning before it costs too much."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import dns.name
import dns.rdata
import dns.rdatatype
import pytest

from bot.checks.finding import Finding, Note, Status, Verdict
from bot.checks.observation import Observation
from bot.checks.spf import judge as spf_judge
from bot.dns.answer import Answer, Outcome, Question
from bot.dns.spf_evaluate import evaluate_all
from bot.names import Domain
from bot.records.expected import expect
from bot.records.mail_server import MailServer
from bot.records.presentation import quoted_parts
from bot.words import Words

if TYPE_CHECKING:
    from bot.dns.owner_name import AnyName

OURS = "198.51.100.25"
HOST = "mx1.cow.example"
SERVER = MailServer(
    host=dns.name.from_text(f"{HOST}."),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject",
)
DOMAIN = Domain.from_ascii("friend.example")
EXPECTED = expect(SERVER, DOMAIN)
CONTEXT = {"domain": "friend.example", "host": HOST, "service": "Cow Mail"}
WORLD = {
    "_spf.cow.example": f"v=spf1 ip4:{OURS} -all",
    "big.example": "v=spf1 " + " ".join(f"include:s{n}.example" for n in range(4)) + " ~all",
    **{f"s{n}.example": "v=spf1 ip4:192.0.2.1 ~all" for n in range(9)},
}
ADDRESSES = {HOST: OURS, "here.example": "192.0.2.7"}


def look(record: str) -> Verdict:
    """Return the verdict on the domain with this record."""
    answers: dict[Question, Answer] = {}

    async def ask(name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        question = Question.of(name, rdtype)
        owner = question.name.to_text(omit_final_dot=True).lower()
        kind = question.rdtype.name
        text = {**WORLD, DOMAIN.ascii: record}.get(owner)
        data = quoted_parts(text) if kind == "TXT" and text else None
        data = ADDRESSES.get(owner) if kind == "A" else data
        rdatas = () if data is None else (dns.rdata.from_text("IN", kind, data),)
        outcome = Outcome.RECORDS if rdatas else Outcome.NXDOMAIN
        answers[question] = Answer(question, outcome, rdatas, 3600)
        return answers[question]

    async def run() -> Observation:
        async def find() -> list[str]:
            return [OURS]

        evaluations = await evaluate_all(ask, find, DOMAIN.ascii, HOST)
        for name, kind in ((DOMAIN.ascii, "TXT"), (HOST, "A"), (HOST, "AAAA")):
            await ask(name, kind)
        return Observation.of(DOMAIN, answers.values(), spf=evaluations)

    return spf_judge.judge(EXPECTED, asyncio.run(run()))


def near(verdict: Verdict) -> Finding:
    assert [(f.code, f.severity) for f in verdict.findings] == [("spf-near-limit", Status.INFO)]
    return verdict.findings[0]


def includes(count: int) -> str:
    return " ".join(f"include:s{n}.example" for n in range(count))


def test_a_record_that_uses_half_of_what_it_may_is_told_its_dearest_term() -> None:
    verdict = look("v=spf1 include:_spf.cow.example include:big.example a:here.example -all")
    assert verdict.status is Status.PASS
    assert verdict.note is not None
    assert verdict.note.code == "spf-many-lookups"
    said = Words().note(verdict.note, CONTEXT)
    assert "it uses 7 of 10 look-ups, 5 by include:big.example" in said


def test_a_cheap_record_has_no_word_of_its_cost() -> None:
    verdict = look("v=spf1 include:_spf.cow.example a:here.example -all")
    assert verdict.note == Note("spf-written-differently", {"term": "include:_spf.cow.example"})


@pytest.mark.parametrize(("count", "is_near"), [(7, False), (8, True), (9, True)])
def test_one_more_include_than_nine_look_ups_is_warned_of(count: int, *, is_near: bool) -> None:
    verdict = look(f"v=spf1 include:_spf.cow.example {includes(count)} -all")
    assert verdict.status is (Status.INFO if is_near else Status.PASS)
    if is_near:
        facts = near(verdict).facts
        assert (facts["lookups"], facts["limit"]) == (count + 1, 10)


def test_look_ups_that_find_nothing_are_named() -> None:
    record = "v=spf1 include:_spf.cow.example a:gone.example a:lost.example -all"
    facts = near(look(record)).facts
    assert (facts["voids"], facts["void_names"]) == (2, ("gone.example", "lost.example"))
    said = Words().finding(near(look(record)), CONTEXT)
    assert "gone.example and lost.example" in said


def test_the_record_that_is_handed_out_is_nobodys_to_mend() -> None:
    assert look(SERVER.spf).findings == ()
