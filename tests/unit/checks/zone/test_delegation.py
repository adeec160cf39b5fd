"""The delegation judge on hand-made observations."""

from __future__ import annotations

import dns.name
import dns.rdata
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.finding import Finding, Fix, FixAction, Status, Verdict
from bot.checks.observation import Observation
from bot.checks.zone import delegation
from bot.dns.answer import Answer, ExtendedError, Outcome, Question
from bot.names import Domain
from bot.records.expected import expect
from bot.records.mail_server import MailServer
from bot.words import Words

DOMAIN = Domain.from_ascii("friend.example")
WORDS = Words()
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject",
)
TYPES = ("NS", "CNAME", "MX", "TXT", "A")


def answered(rdtype: str, text: str, *, chain: tuple[str, ...] = ()) -> Answer:
    return Answer(
        Question.of(DOMAIN.name, dns.rdatatype.from_text(rdtype)),
        Outcome.RECORDS,
        (dns.rdata.from_text("IN", rdtype, text),),
        chain=tuple(dns.name.from_text(name) for name in chain),
        server="192.0.2.1:53",
    )


def unfound(
    rdtype: str,
    outcome: Outcome,
    *,
    zone: str | None = None,
    chain: tuple[str, ...] = (),
    extended: tuple[ExtendedError, ...] = (),
    domain: Domain = DOMAIN,
) -> Answer:
    return Answer(
        Question.of(domain.name, dns.rdatatype.from_text(rdtype)),
        outcome,
        chain=tuple(dns.name.from_text(name) for name in chain),
        zone=None if zone is None else dns.name.from_text(zone),
        extended=extended,
    )


NS = answered("NS", "ns1.provider.example.")
MX = answered("MX", "10 mx1.cow.example.")
NO_ALIAS = unfound("CNAME", Outcome.NODATA, zone="friend.example.")


def judge(*answers: Answer, single: bool = False, domain: Domain = DOMAIN) -> Verdict:
    observed = Observation.of(domain, answers, single_server=single)
    return delegation.judge(expect(SERVER, domain), observed)


def only(verdict: Verdict, code: str, severity: Status) -> Finding:
    assert [(f.code, f.severity) for f in verdict.findings] == [(code, severity)]
    return verdict.findings[0]


def say(finding: Finding) -> str:
    return WORDS.finding(
        finding, {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}
    )


def test_a_domain_with_name_servers_passes_and_shows_them() -> None:
    verdict = judge(NS, NO_ALIAS, MX)
    assert verdict.status is Status.PASS
    assert verdict.found == ("ns1.provider.example.",)
    assert verdict.note is None
    assert not delegation.blocks_everything(verdict)


def test_a_name_inside_another_zone_is_told_with_the_names_to_type() -> None:
    domain = Domain.from_ascii("post.friend.example")
    answers = (
        unfound("NS", Outcome.NODATA, zone="friend.example.", domain=domain),
        unfound("MX", Outcome.NODATA, zone="friend.example.", domain=domain),
    )
    verdict = judge(*answers, domain=domain)
    finding = only(verdict, "subdomain", Status.INFO)
    assert finding.facts["zone"] == "friend.example"
    assert finding.facts["label"] == "post"
    assert finding.facts["shorts"] == (
        "post",
        "_dmarc.post",
        "mail.post",
        "autoconfig.post",
        "autodiscover.post",
    )
    assert "_dmarc.post" in say(finding)


def test_an_international_name_is_told_in_ascii() -> None:
    domain = Domain.parse("bücher.example").domain
    answers = [unfound(rdtype, Outcome.NODATA, domain=domain) for rdtype in ("NS", "MX")]
    finding = only(judge(*answers, domain=domain), "idn", Status.INFO)
    assert finding.facts == {"ascii": "xn--bcher-kva.example", "unicode": "bücher.example"}


def test_a_domain_that_nobody_knows_is_not_found_and_blocks_everything() -> None:
    verdict = judge(*(unfound(t, Outcome.NXDOMAIN, zone="example.") for t in TYPES))
    finding = only(verdict, "domain-not-found", Status.FAIL)
    assert finding.facts == {"zone": "example", "ending": None, "below": False}
    assert delegation.blocks_everything(verdict)
    assert "registry of example" in say(finding)


def test_an_ending_that_does_not_exist_is_named() -> None:
    finding = judge(unfound("NS", Outcome.NXDOMAIN, zone=".")).findings[0]
    assert finding.facts == {"zone": None, "ending": "example", "below": False}
    assert "no domain name ends in example" in say(finding)


@pytest.mark.parametrize(
    ("outcome", "types"),
    [(Outcome.NXDOMAIN, TYPES), (Outcome.NXDOMAIN, ("MX",)), (Outcome.NODATA, (*TYPES, "AAAA"))],
)
def test_a_name_without_anything_in_somebodys_zone_has_no_records_yet(
    outcome: Outcome, types: tuple[str, ...]
) -> None:
    domain = Domain.from_ascii("post.friend.example")
    answers = [unfound(t, outcome, zone="friend.example.", domain=domain) for t in types]
    verdict = judge(*answers, domain=domain)
    assert [f.code for f in verdict.findings] == ["no-records-yet", "subdomain"]
    assert verdict.status is Status.FAIL
    assert not delegation.blocks_everything(verdict)
    assert "spelling" not in say(verdict.findings[0])


def test_a_name_is_not_said_to_be_empty_while_an_answer_is_missing() -> None:
    domain = Domain.from_ascii("post.friend.example")
    answers = [
        unfound(t, Outcome.NODATA, zone="friend.example.", domain=domain)
        for t in (*TYPES, "AAAA")
        if t != "TXT"
    ]
    only(judge(*answers, domain=domain), "subdomain", Status.INFO)
    failed = unfound("TXT", Outcome.TIMEOUT, domain=domain)
    only(judge(*answers, failed, domain=domain), "subdomain", Status.INFO)


def test_a_name_denied_by_a_zone_that_it_does_not_lie_in_is_not_found() -> None:
    domain = Domain.from_ascii("post.friend.example")
    answers = [unfound(t, Outcome.NXDOMAIN, zone="good.example.", domain=domain) for t in TYPES]
    finding = only(judge(*answers, domain=domain), "domain-not-found", Status.FAIL)
    assert finding.facts["below"] is True
    assert "the name has no records yet" in say(finding)


def test_a_name_denied_by_a_registry_is_not_found() -> None:
    domain = Domain.from_ascii("friend.co.uk")
    answers = [unfound(t, Outcome.NXDOMAIN, zone="co.uk.", domain=domain) for t in TYPES]
    only(judge(*answers, domain=domain), "domain-not-found", Status.FAIL)


def test_records_below_a_name_are_believed_over_its_denial() -> None:
    answers = [unfound(t, Outcome.NXDOMAIN, zone="example.") for t in TYPES]
    below = dns.rdata.from_text("IN", "TXT", '"v=DMARC1; p=reject"')
    policy = Answer(Question.of("_dmarc.friend.example", "TXT"), Outcome.RECORDS, (below,))
    assert "domain-not-found" not in [f.code for f in judge(*answers, policy).findings]


def test_a_domain_is_not_found_even_if_the_denial_names_no_zone() -> None:
    finding = only(judge(unfound("NS", Outcome.NXDOMAIN)), "domain-not-found", Status.FAIL)
    assert "does not exist." in say(finding)


def test_records_are_believed_over_a_denial() -> None:
    verdict = judge(unfound("NS", Outcome.NXDOMAIN, zone="example."), MX)
    assert verdict.status is Status.PASS


def test_a_denial_is_believed_although_another_question_failed() -> None:
    verdict = judge(unfound("NS", Outcome.NXDOMAIN), unfound("MX", Outcome.TIMEOUT))
    only(verdict, "domain-not-found", Status.FAIL)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.SERVFAIL, "servfail"),
        (Outcome.TIMEOUT, "dns-timeout"),
        (Outcome.REFUSED, "dns-refused"),
    ],
)
def test_failure_of_everything_is_unknown_and_blocks_everything(
    outcome: Outcome, code: str
) -> None:
    verdict = judge(*(unfound(t, outcome) for t in TYPES))
    finding = only(verdict, code, Status.UNKNOWN)
    assert finding.facts == {"name": "friend.example", "type": None, "dnssec": False, "detail": ""}
    assert delegation.blocks_everything(verdict)
    assert "your records" in say(finding)


def test_dnssec_is_said_to_be_the_reason_where_an_answer_names_it() -> None:
    bogus = ExtendedError(6, "signature expired \x1b[31m")
    verdict = judge(
        unfound("NS", Outcome.SERVFAIL),
        unfound("TXT", Outcome.SERVFAIL, extended=(bogus,)),
        unfound("MX", Outcome.TIMEOUT),
    )
    finding = only(verdict, "servfail", Status.UNKNOWN)
    assert finding.facts["dnssec"] is True
    assert finding.facts["detail"] == "signature expired \x1b[31m"
    assert "because its DNSSEC signatures do not fit" in say(finding)
    assert "\x1b" not in say(finding)


def test_a_servers_own_words_are_kept_short() -> None:
    bogus = ExtendedError(6, "x" * 10_000)
    finding = judge(unfound("NS", Outcome.SERVFAIL, extended=(bogus,))).findings[0]
    assert len(str(finding.facts["detail"])) == 200


def test_server_failure_tells_more_than_a_timeout() -> None:
    verdict = judge(unfound("NS", Outcome.TIMEOUT), unfound("MX", Outcome.SERVFAIL))
    only(verdict, "servfail", Status.UNKNOWN)


def test_nothing_asked_is_unknown() -> None:
    verdict = judge()
    only(verdict, "dns-timeout", Status.UNKNOWN)
    assert delegation.blocks_everything(verdict)


def test_failure_of_the_name_servers_question_alone_blocks_nothing() -> None:
    verdict = judge(unfound("NS", Outcome.SERVFAIL), MX)
    finding = only(verdict, "servfail", Status.UNKNOWN)
    assert finding.facts["type"] == "NS"
    assert not delegation.blocks_everything(verdict)
    assert say(finding)


def test_failure_of_another_question_alone_leaves_the_delegation_right() -> None:
    assert judge(NS, unfound("MX", Outcome.TIMEOUT)).status is Status.PASS


def test_an_alias_at_the_domain_is_found_although_other_records_answer() -> None:
    verdict = judge(NS, MX, answered("CNAME", "edge.site.example."))
    finding = only(verdict, "apex-cname", Status.FAIL)
    assert finding.facts == {"target": "edge.site.example", "circle": False, "dead": False}
    assert finding.fixes == (Fix(FixAction.DELETE, DOMAIN.name, "CNAME", "edge.site.example."),)
    assert not delegation.blocks_everything(verdict)
    assert "ALIAS" in say(finding)


def test_an_alias_at_the_domain_is_found_by_the_chain_of_another_answer() -> None:
    verdict = judge(
        unfound("NS", Outcome.TIMEOUT),
        unfound("MX", Outcome.NXDOMAIN, chain=("edge.site.example.",)),
    )
    finding = only(verdict, "apex-cname", Status.FAIL)
    assert finding.facts["dead"] is True
    assert "does not exist" in say(finding)


def test_an_alias_of_a_host_without_ipv6_is_not_said_to_lead_nowhere() -> None:
    # Some servers deny the name when they are asked for its IPv6 address (RFC 4074 section 4.2).
    chain = ("edge.site.example.",)
    website = answered("A", "203.0.113.80", chain=chain)
    finding = judge(website, unfound("AAAA", Outcome.NXDOMAIN, chain=chain)).findings[0]
    assert (finding.code, finding.facts["dead"]) == ("apex-cname", False)


def test_what_an_alias_at_the_domain_hides_takes_its_place() -> None:
    chain = ("edge.site.example.",)
    verdict = judge(
        answered("A", "203.0.113.80", chain=chain),
        unfound("MX", Outcome.NODATA, chain=chain),
        answered("TXT", '"v=spf1 -all"', chain=chain),
    )
    finding = only(verdict, "apex-cname", Status.FAIL)
    assert [(f.action, f.type, f.value) for f in finding.fixes] == [
        (FixAction.DELETE, "CNAME", "edge.site.example."),
        (FixAction.ADD, "A", "203.0.113.80"),
        (FixAction.ADD, "MX", SERVER.host.to_text()),
        (FixAction.ADD, "TXT", SERVER.spf),
    ]


def test_an_alias_that_comes_back_to_the_domain_leads_in_a_circle() -> None:
    loop = Answer(
        Question.of(DOMAIN.name, dns.rdatatype.MX),
        Outcome.SERVFAIL,
        chain=(dns.name.from_text("a.example."), DOMAIN.name),
        alias_loop=True,
    )
    finding = only(judge(loop), "apex-cname", Status.FAIL)
    assert finding.facts["circle"] is True
    assert "in a circle" in say(finding)


def test_one_server_alone_says_nothing_of_the_delegation() -> None:
    verdict = judge(NS, NO_ALIAS, MX, single=True)
    finding = only(verdict, "delegation-not-checked", Status.INFO)
    assert finding.facts == {"server": "192.0.2.1:53"}
    assert "192.0.2.1:53" in say(finding)
    assert not delegation.blocks_everything(verdict)


def test_one_server_that_fails_at_the_name_servers_question_changes_nothing() -> None:
    verdict = judge(unfound("NS", Outcome.REFUSED), MX, single=True)
    only(verdict, "delegation-not-checked", Status.INFO)


def test_one_server_alone_still_proves_faults() -> None:
    assert judge(answered("CNAME", "a.example."), single=True).status is Status.FAIL
    assert judge(unfound("NS", Outcome.NXDOMAIN), single=True).status is Status.FAIL
    assert judge(unfound("NS", Outcome.SERVFAIL), single=True).status is Status.UNKNOWN


ZONES = st.sampled_from([None, ".", "example.", "friend.example.", "elsewhere.example."])


@given(
    table=st.dictionaries(
        st.sampled_from(TYPES),
        st.tuples(
            st.sampled_from([o for o in Outcome if o is not Outcome.RECORDS]),
            ZONES,
            st.booleans(),
        ),
    ),
    single=st.booleans(),
)
def test_no_set_of_answers_makes_the_judge_raise_or_pass_without_proof(
    table: dict[str, tuple[Outcome, str | None, bool]], *, single: bool
) -> None:
    answers = [
        unfound(rdtype, outcome, zone=zone, chain=("a.example.",) if alias else ())
        for rdtype, (outcome, zone, alias) in table.items()
    ]
    verdict = judge(*answers, single=single)
    for finding in verdict.findings:
        assert say(finding)
    if verdict.status is Status.PASS:
        assert any(answer.outcome is Outcome.NODATA for answer in answers)
