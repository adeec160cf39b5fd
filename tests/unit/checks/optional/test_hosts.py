"""The judges of webmail, autoconfig and autodiscover on hand-made observations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdata
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.finding import Finding, Fix, FixAction, Status, Verdict
from bot.checks.observation import Observation
from bot.checks.optional import host_reading, hosts
from bot.dns.answer import Answer, Outcome
from bot.names import Domain
from bot.records.expected import Expected, expect
from bot.records.mail_server import MailServer
from host_answers import answered, both, host, unfound
from observed_domain import DOMAIN, EXPECTED, HOST, SERVER, WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

    Judge = Callable[[Expected, Observation], Verdict]

SRV_NAME = "_autodiscover._tcp.friend.example."
RIGHT_SRV = "0 1 443 mx1.cow.example."
CHECKS = [
    (hosts.judge_webmail, "mail.friend.example.", "webmail-wrong-target"),
    (hosts.judge_autoconfig, "autoconfig.friend.example.", "autoconfig-foreign"),
    (hosts.judge_autodiscover, "autodiscover.friend.example.", "autodiscover-foreign"),
]


def alias(name: str) -> tuple[Answer, Answer]:
    return host(name, "198.51.100.25", (HOST,))


PROBE = dns.name.from_text("random.friend.example.")
OURS = (answered(HOST, "A", "198.51.100.25"), answered(HOST, "AAAA", "2001:db8:25::25"))
SRV = answered(SRV_NAME, "SRV", RIGHT_SRV)
NO_SRV = unfound(SRV_NAME, "SRV", Outcome.NXDOMAIN)


def look(judge: Judge, *answers: Answer, expected: Expected = EXPECTED) -> Verdict:
    # A later answer to the same question replaces the one that most tests do not care about.
    observed = Observation.of(expected.domain, (*OURS, SRV, *answers), probe=PROBE)
    return judge(expected, observed)


def only(verdict: Verdict, code: str, severity: Status) -> Finding:
    assert [(f.code, f.severity) for f in verdict.findings] == [(code, severity)]
    return verdict.findings[0]


def say(finding: Finding) -> str:
    return WORDS.finding(
        finding, {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}
    )


def replacement(name: str, old: str) -> Fix:
    return Fix(FixAction.REPLACE, dns.name.from_text(name), "CNAME", HOST, ttl=3600, old=old)


def addition(name: str) -> Fix:
    return Fix(FixAction.ADD, dns.name.from_text(name), "CNAME", HOST, ttl=3600)


@pytest.mark.parametrize(("judge", "name", "code"), CHECKS)
def test_an_alias_of_our_host_passes(judge: Judge, name: str, code: str) -> None:
    verdict = look(judge, *alias(name))
    assert verdict.status is Status.PASS
    assert verdict.expected[0] == HOST
    assert verdict.found[0] == HOST


@pytest.mark.parametrize(("judge", "name", "code"), CHECKS)
def test_an_alias_of_our_host_passes_although_its_address_is_not_known(
    judge: Judge, name: str, code: str
) -> None:
    assert look(judge, *both(name, Outcome.TIMEOUT, (HOST,))).status is Status.PASS


@pytest.mark.parametrize(("judge", "name", "code"), CHECKS)
def test_our_address_without_an_alias_passes(judge: Judge, name: str, code: str) -> None:
    assert look(judge, *host(name, "198.51.100.25")).status is Status.PASS


@pytest.mark.parametrize(("judge", "name", "code"), CHECKS)
def test_an_alias_of_another_host_is_replaced(judge: Judge, name: str, code: str) -> None:
    verdict = look(judge, *host(name, "203.0.113.62", ("www.old.example.", "old.example.")))
    finding = only(verdict, code, Status.WARN)
    assert finding.facts["leads"] == "elsewhere"
    assert finding.facts["targets"] == ("www.old.example",)
    assert finding.fixes == (replacement(name, "www.old.example."),)
    assert "www.old.example" in say(finding)


@pytest.mark.parametrize(("judge", "name", "code"), CHECKS)
def test_addresses_of_another_host_make_room_for_the_alias(
    judge: Judge, name: str, code: str
) -> None:
    finding = only(look(judge, *host(name, "203.0.113.80")), code, Status.WARN)
    owner = dns.name.from_text(name)
    assert finding.fixes == (Fix(FixAction.DELETE, owner, "A", "203.0.113.80"), addition(name))
    assert "203.0.113.80" in say(finding)


@pytest.mark.parametrize(("judge", "name", "code"), CHECKS)
@pytest.mark.parametrize("outcome", [Outcome.NXDOMAIN, Outcome.NODATA])
def test_an_alias_to_nothing_is_wrong_and_not_missing(
    judge: Judge, name: str, code: str, outcome: Outcome
) -> None:
    finding = only(look(judge, *both(name, outcome, ("gone.example.",))), code, Status.WARN)
    assert finding.facts["leads"] == "nowhere"
    assert finding.fixes == (replacement(name, "gone.example."),)
    assert "where there is nothing" in say(finding)


@pytest.mark.parametrize(("judge", "name", "code"), CHECKS)
def test_an_alias_in_a_circle_is_said_to_be_one(judge: Judge, name: str, code: str) -> None:
    answers = both(name, Outcome.SERVFAIL, ("a.example.", name), loop=True)
    finding = only(look(judge, *answers), code, Status.WARN)
    assert finding.facts["leads"] == "circle"
    assert "in a circle" in say(finding)


@pytest.mark.parametrize(("judge", "name", "code"), CHECKS)
def test_an_absent_name_is_optional(judge: Judge, name: str, code: str) -> None:
    verdict = look(judge, *both(name, Outcome.NXDOMAIN), NO_SRV)
    finding = only(verdict, "optional-missing", Status.INFO)
    assert addition(name) in finding.fixes
    assert "not there: optional" in say(finding)


@pytest.mark.parametrize(("judge", "name", "code"), CHECKS)
@pytest.mark.parametrize(
    ("outcome", "unknown"),
    [
        (Outcome.SERVFAIL, "servfail"),
        (Outcome.TIMEOUT, "dns-timeout"),
        (Outcome.REFUSED, "dns-refused"),
    ],
)
def test_a_failed_question_is_unknown(
    judge: Judge, name: str, code: str, outcome: Outcome, unknown: str
) -> None:
    answers = (unfound(name, "A", outcome), unfound(name, "AAAA", Outcome.NODATA))
    finding = only(look(judge, *answers), unknown, Status.UNKNOWN)
    assert finding.facts["name"] == name.rstrip(".")


@pytest.mark.parametrize(("judge", "name", "code"), CHECKS)
def test_a_host_that_cannot_be_compared_with_ours_is_unknown(
    judge: Judge, name: str, code: str
) -> None:
    answers = (*both(HOST, Outcome.TIMEOUT), *host(name, "203.0.113.80"))
    finding = only(look(judge, *answers), "dns-timeout", Status.UNKNOWN)
    assert finding.facts["name"] == "mx1.cow.example"


@pytest.mark.parametrize(("judge", "name", "code"), CHECKS)
def test_nothing_asked_is_unknown(judge: Judge, name: str, code: str) -> None:
    assert judge(EXPECTED, Observation.of(DOMAIN, ())).status is Status.UNKNOWN


def test_one_of_the_two_autodiscover_names_is_enough() -> None:
    name = "autodiscover.friend.example."
    for answers in ((*alias(name), NO_SRV), (*both(name, Outcome.NODATA), SRV)):
        verdict = look(hosts.judge_autodiscover, *answers)
        assert verdict.status is Status.PASS
        assert verdict.note is not None
        assert "one of the two is enough" in WORDS.note(verdict.note, {})


def test_both_autodiscover_names_wrong_are_one_finding_with_both_steps() -> None:
    name = "autodiscover.friend.example."
    srv = answered(SRV_NAME, "SRV", "0 0 443 auto.old.example.")
    verdict = look(hosts.judge_autodiscover, *host(name, "203.0.113.62", ("old.example.",)), srv)
    finding = only(verdict, "autodiscover-foreign", Status.WARN)
    assert finding.facts == {
        "names": ("autodiscover.friend.example", "_autodiscover._tcp.friend.example"),
        "targets": ("old.example", "auto.old.example"),
        "leads": "elsewhere",
        "switch": False,
        "sure": False,
    }
    assert finding.fixes == (
        replacement(name, "old.example."),
        Fix(
            FixAction.REPLACE,
            dns.name.from_text(SRV_NAME),
            "SRV",
            RIGHT_SRV,
            ttl=3600,
            old="0 0 443 auto.old.example.",
        ),
    )
    assert "Change both" in say(finding)


def test_a_foreign_srv_record_beside_ours_is_deleted() -> None:
    srv = answered(SRV_NAME, "SRV", RIGHT_SRV, "0 0 443 auto.old.example.")
    verdict = look(hosts.judge_autodiscover, *alias("autodiscover.friend.example."), srv)
    finding = only(verdict, "autodiscover-foreign", Status.WARN)
    owner = dns.name.from_text(SRV_NAME)
    assert finding.fixes == (Fix(FixAction.DELETE, owner, "SRV", "0 0 443 auto.old.example."),)


def test_an_srv_record_with_another_port_is_wrong() -> None:
    srv = answered(SRV_NAME, "SRV", "0 1 80 mx1.cow.example.")
    verdict = look(hosts.judge_autodiscover, *alias("autodiscover.friend.example."), srv)
    finding = only(verdict, "autodiscover-foreign", Status.WARN)
    assert finding.facts["targets"] == ("mx1.cow.example:80",)
    assert say(finding)


def test_an_srv_record_with_another_weight_passes() -> None:
    srv = answered(SRV_NAME, "SRV", "5 0 443 MX1.cow.example.")
    verdict = look(hosts.judge_autodiscover, *alias("autodiscover.friend.example."), srv)
    assert verdict.status is Status.PASS


def test_an_srv_record_that_names_the_alias_of_ours_passes() -> None:
    srv = answered(SRV_NAME, "SRV", "0 1 443 autodiscover.friend.example.")
    verdict = look(hosts.judge_autodiscover, *alias("autodiscover.friend.example."), srv)
    assert verdict.status is Status.PASS


def test_an_srv_record_that_says_there_is_none_is_as_good_as_none() -> None:
    name = "autodiscover.friend.example."
    none = answered(SRV_NAME, "SRV", "0 0 0 .")
    assert look(hosts.judge_autodiscover, *alias(name), none).status is Status.PASS
    verdict = look(hosts.judge_autodiscover, *both(name, Outcome.NXDOMAIN), none)
    finding = only(verdict, "optional-missing", Status.INFO)
    assert finding.fixes[1].old == "0 0 0 ."


@pytest.mark.parametrize(
    ("answer", "leads"),
    [
        (answered(SRV_NAME, "SRV", "0 0 443 old.example.", chain=("x.example.",)), "elsewhere"),
        (unfound(SRV_NAME, "SRV", Outcome.NXDOMAIN, ("x.example.",)), "nowhere"),
        (unfound(SRV_NAME, "SRV", Outcome.SERVFAIL, ("x.example.",), loop=True), "circle"),
    ],
)
def test_an_alias_in_place_of_the_srv_record_is_deleted_first(answer: Answer, leads: str) -> None:
    verdict = look(hosts.judge_autodiscover, *alias("autodiscover.friend.example."), answer)
    finding = only(verdict, "autodiscover-foreign", Status.WARN)
    assert finding.facts["leads"] == leads
    owner = dns.name.from_text(SRV_NAME)
    assert finding.fixes == (
        Fix(FixAction.DELETE, owner, "CNAME", "x.example."),
        Fix(FixAction.ADD, owner, "SRV", RIGHT_SRV, ttl=3600),
    )
    assert say(finding)


def test_a_name_that_is_our_host_itself_needs_no_record() -> None:
    server = MailServer(host=dns.name.from_text("mail.cow.example."), spf=SERVER.spf, dmarc="")
    expected = expect(server, Domain.from_ascii("cow.example"))
    verdict = look(hosts.judge_webmail, expected=expected)
    assert verdict.status is Status.PASS


def test_a_name_used_for_something_else_is_left_alone() -> None:
    server = MailServer(host=SERVER.host, spf=SERVER.spf, dmarc="", webmail_label="@")
    expected = expect(server, DOMAIN)
    assert [record for record in expected.records if record.purpose == "webmail"] == []
    finding = only(
        look(hosts.judge_webmail, *host("friend.example.", "203.0.113.80"), expected=expected),
        "not-needed",
        Status.INFO,
    )
    assert finding.fixes == ()
    assert "Nothing to do" in say(finding)


def test_a_domain_too_long_for_a_further_label_needs_no_record() -> None:
    domain = Domain.from_ascii(".".join([*["a" * 49] * 4, "b" * 49, "ex"]))
    expected = expect(SERVER, domain)
    assert host_reading.host_names(expected) == ()
    for judge, _, _ in CHECKS:
        finding = only(look(judge, expected=expected), "not-needed", Status.INFO)
        assert say(finding)


def test_the_questions_are_the_addresses_of_three_names_and_one_service() -> None:
    assert [(name.to_text(), rdtype.name) for name, rdtype in host_reading.questions(EXPECTED)] == [
        ("mail.friend.example.", "A"),
        ("mail.friend.example.", "AAAA"),
        ("autoconfig.friend.example.", "A"),
        ("autoconfig.friend.example.", "AAAA"),
        ("autodiscover.friend.example.", "A"),
        ("autodiscover.friend.example.", "AAAA"),
        ("_autodiscover._tcp.friend.example.", "SRV"),
    ]


def test_many_addresses_make_few_lines_and_steps() -> None:
    name = "mail.friend.example."
    addresses = [f"192.0.2.{n}" for n in range(1, 200)]
    answers = (answered(name, "A", *addresses), unfound(name, "AAAA", Outcome.NODATA))
    verdict = look(hosts.judge_webmail, *answers)
    assert len(verdict.found) == 11
    assert len(verdict.findings[0].fixes) <= 10


def test_escape_sequences_in_an_alias_stay_text() -> None:
    target = r"\027\091\050Jx.`@everyone.example."
    finding = only(
        look(hosts.judge_webmail, *host("mail.friend.example.", "203.0.113.9", (target,))),
        "webmail-wrong-target",
        Status.WARN,
    )
    assert "\x1b" not in say(finding)


VALUES = {
    "A": st.sampled_from(["198.51.100.25", "203.0.113.80"]),
    "AAAA": st.sampled_from(["2001:db8:25::25", "2001:db8::80"]),
    "SRV": st.sampled_from(
        [RIGHT_SRV, "0 0 0 .", "0 0 443 old.example.", "0 1 80 mx1.cow.example."]
    ),
}


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    chains = st.lists(st.sampled_from([HOST, "old.example.", "mail.friend.example."]), max_size=2)
    answers = []
    asked = [(name.to_text(), rdtype.name) for name, rdtype in host_reading.questions(EXPECTED)]
    for name, rdtype in (*asked, (HOST, "A"), (HOST, "AAAA")):
        outcome = draw(st.sampled_from(Outcome))
        chain = tuple(draw(chains))
        if outcome is Outcome.RECORDS:
            texts = draw(st.lists(VALUES[rdtype], max_size=3, unique=True))
            answers.append(answered(name, rdtype, *texts, chain=chain))
        elif draw(st.booleans()):
            loop = outcome is Outcome.SERVFAIL and draw(st.booleans())
            answers.append(unfound(name, rdtype, outcome, chain, loop=loop))
    return Observation.of(DOMAIN, answers)


@given(observed=observations())
def test_no_set_of_answers_makes_a_judge_raise_or_exceed_its_severity(
    observed: Observation,
) -> None:
    for judge, _, _ in CHECKS:
        verdict = judge(EXPECTED, observed)
        assert verdict.status is not Status.FAIL
        for finding in verdict.findings:
            assert say(finding)
            assert finding.code != "optional-missing" or finding.fixes


@pytest.mark.parametrize(("judge", "name", "code"), CHECKS)
def test_an_old_address_beside_ours_is_wrong(judge: Judge, name: str, code: str) -> None:
    answers = (answered(name, "A", "198.51.100.25"), answered(name, "AAAA", "2001:db8::80"))
    finding = only(look(judge, *answers), code, Status.WARN)
    assert finding.facts["targets"] == ("2001:db8::80",)


@pytest.mark.parametrize(("judge", "name", "code"), CHECKS)
def test_an_alias_to_itself_is_replaced(judge: Judge, name: str, code: str) -> None:
    finding = only(look(judge, *both(name, Outcome.SERVFAIL, loop=True)), code, Status.WARN)
    assert finding.facts["leads"] == "circle"
    assert finding.fixes == (replacement(name, name),)


@pytest.mark.parametrize("chain", [(), ("edge.site.example.",)])
@pytest.mark.parametrize(("judge", "name"), [check[:2] for check in CHECKS])
def test_what_a_wildcard_lends_is_not_there_to_delete(
    judge: Judge, name: str, chain: tuple[str, ...]
) -> None:
    answers = (
        *host(name, "203.0.113.80", chain),
        *host(PROBE.to_text(), "203.0.113.80", chain),
        *((NO_SRV,) if judge is hosts.judge_autodiscover else ()),
    )
    code = "wildcard-cname" if chain else "wildcard-address"
    finding = only(look(judge, *answers), code, Status.INFO)
    assert finding.fixes[-1] == addition(name)
    assert finding.facts["wildcard"] == "*.friend.example"
