from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dns.name
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dns.rdataclass import IN
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.TXT import TXT

from bot.checks.compile import add_not_in_mailcow, compile_report
from bot.checks.dkim.judge import is_absent, judge
from bot.checks.dkim.selectors import other_names
from bot.checks.dmarc import judge as dmarc
from bot.checks.finding import Check, FixAction, Status
from bot.checks.observation import Observation
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.dkim_key import DkimKnowledge, DkimRecord, KeyUnknown, KnownKey, NoKeyYet
from bot.records.expected import Expected, expect
from bot.records.mail_server import MailServer
from bot.words import Words

if TYPE_CHECKING:
    from bot.checks.finding import Finding

DOMAIN = Domain.from_ascii("friend.example")
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example"),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject",
)
CONTEXT = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}
RIGHT, STANDARD, FORMER = (
    f"{selector}._domainkey.friend.example" for selector in ("cow2026", "dkim", "cow2025")
)


def make_key(selector: str) -> KnownKey:
    seed = hashlib.sha256(selector.encode()).digest()  # the same each time
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    key = base64.b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    return KnownKey(selector, DkimRecord.parse(f"v=DKIM1; k=ed25519; p={key}"), "mailcow")


CURRENT, OLD, FOREIGN = make_key("cow2026"), make_key("cow2025"), make_key("dkim")


def wanted(dkim: DkimKnowledge = CURRENT, *former: KnownKey) -> Expected:
    return expect(SERVER, DOMAIN, dkim, former=former)


def answer(name: str, *texts: str, alias: str | None = None) -> Answer:
    rdatas = tuple(TXT(IN, RdataType.TXT, [text.encode()]) for text in texts)
    outcome = Outcome.RECORDS if rdatas else Outcome.NXDOMAIN
    chain = () if alias is None else (dns.name.from_text(alias),)
    return Answer(Question.of(name, "TXT"), outcome, rdatas, chain=chain)


def observed(*answers: Answer, policy: str = "none") -> Observation:
    dmarc_record = answer("_dmarc.friend.example", f"v=DMARC1; p={policy}")
    return Observation.of(DOMAIN, [answer(RIGHT), dmarc_record, *answers])


def only(expected: Expected, observation: Observation) -> Finding:
    (finding,) = judge(expected, observation).findings
    assert Words().finding(finding, CONTEXT).endswith(".")
    return finding


def test_beside_the_right_selector_those_of_former_keys_and_the_standard_one_are_asked() -> None:
    names = [name.to_text(omit_final_dot=True) for name in other_names(wanted(CURRENT, OLD))]
    assert names == [FORMER, STANDARD]


@pytest.mark.parametrize("dkim", [KeyUnknown(), NoKeyYet()])
def test_without_a_key_of_the_server_no_other_selector_is_asked(dkim: DkimKnowledge) -> None:
    assert other_names(wanted(dkim, OLD)) == ()


def test_the_right_selector_is_not_asked_twice() -> None:
    key = make_key("dkim")
    assert other_names(wanted(key, make_key("DKIM"))) == ()


def test_no_more_than_three_other_selectors_are_asked() -> None:
    assert len(other_names(wanted(CURRENT, *(make_key(f"s{i}") for i in range(9))))) == 3


def test_the_right_key_at_another_selector_is_moved() -> None:
    finding = only(wanted(), observed(answer(STANDARD, CURRENT.record.text)))
    assert (finding.code, finding.severity) == ("selector-differs", Status.FAIL)
    assert (finding.facts["other"], finding.facts["moved"]) == (STANDARD, True)
    (fix,) = finding.fixes
    assert (fix.action, fix.value) == (FixAction.RENAME, CURRENT.record.text)
    assert fix.owner == dns.name.from_text(RIGHT)
    assert fix.old_owner == dns.name.from_text(STANDARD)


def test_a_former_key_at_its_selector_is_added_to() -> None:
    finding = only(wanted(CURRENT, OLD), observed(answer(FORMER, OLD.record.text)))
    assert (finding.code, finding.facts["moved"]) == ("selector-differs", False)
    assert [fix.action for fix in finding.fixes] == [FixAction.ADD]


def test_the_right_key_behind_an_alias_is_added_not_moved() -> None:
    elsewhere = answer(STANDARD, CURRENT.record.text, alias="k.cow.example")
    finding = only(wanted(), observed(elsewhere))
    assert [fix.action for fix in finding.fixes] == [FixAction.ADD]


def test_the_right_key_goes_before_a_former_one() -> None:
    both = observed(answer(FORMER, OLD.record.text), answer(STANDARD, CURRENT.record.text))
    assert only(wanted(CURRENT, OLD), both).facts["other"] == STANDARD


@pytest.mark.parametrize(
    "text", [FOREIGN.record.text, "v=DKIM1; k=ed25519; p=", "v=spf1 -all", "p=AAAA", "v=DKIM1; p"]
)
def test_what_is_no_key_of_the_server_leaves_the_record_missing(text: str) -> None:
    assert only(wanted(CURRENT, OLD), observed(answer(STANDARD, text))).code == "dkim-missing"


def test_another_selector_that_does_not_answer_leaves_the_record_missing() -> None:
    assert only(wanted(), observed()).code == "dkim-missing"


def test_the_right_record_passes_whatever_is_elsewhere() -> None:
    everything = [answer(RIGHT, CURRENT.record.text), answer(FORMER, OLD.record.text)]
    observation = Observation.of(DOMAIN, everything)
    assert judge(wanted(CURRENT, OLD), observation).status is Status.PASS


def test_a_record_at_another_selector_is_there_but_does_not_work() -> None:
    observation = observed(answer(STANDARD, CURRENT.record.text), policy="reject")
    assert not is_absent(wanted(), observation)
    assert not judge(wanted(), observation).is_proven
    codes = {finding.code for finding in dmarc.judge(wanted(), observation).findings}
    assert "dmarc-before-dkim" not in codes
    assert only(wanted(), observation).facts["policy"] == "reject"


def test_a_domain_that_mailcow_does_not_know_fails_and_the_shared_report_stays() -> None:
    report = compile_report(wanted(), observed(), datetime(2026, 11, 22, tzinfo=UTC), 1)
    personal = add_not_in_mailcow(report)
    first = next(finding for finding in personal.findings if finding.check is Check.MX)
    assert (first.code, first.severity) == ("not-in-mailcow", Status.FAIL)
    assert Words().finding(first, CONTEXT).startswith("The mail server mx1.cow.example does not")
    (result,) = (result for result in personal.results if result.check is Check.MX)
    assert result.status is Status.FAIL
    assert "not-in-mailcow" not in {finding.code for finding in report.findings}
    assert len(personal.findings) == len(report.findings) + 1
