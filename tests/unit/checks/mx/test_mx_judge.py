"""The MX judge on hand-made observations."""

from __future__ import annotations

import dns.name
import dns.rdata
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.answers import MOST_STEPS
from bot.checks.finding import Check, Finding, Fix, FixAction, Status, Verdict
from bot.checks.mx import judge as mx_judge
from bot.checks.mx.targets import targets_to_resolve
from bot.checks.observation import Observation
from bot.dns.answer import Answer, ExtendedError, Outcome, Question
from bot.names import Domain
from bot.records.expected import Expected, expect
from bot.records.mail_server import MailServer
from bot.words import Words

HOST = "mx1.cow.example."
WORDS = Words()
SERVER = MailServer(
    host=dns.name.from_text(HOST),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject",
)
DOMAIN = Domain.from_ascii("friend.example")
EXPECTED = expect(SERVER, DOMAIN)


def answered(name: str, rdtype: str, *texts: str, chain: tuple[str, ...] = ()) -> Answer:
    rdatas = tuple(dns.rdata.from_text("IN", rdtype, text) for text in texts)
    names = tuple(dns.name.from_text(alias) for alias in chain)
    return Answer(Question.of(name, rdtype), Outcome.RECORDS, rdatas, 3600, names)


def unfound(
    name: str,
    rdtype: str,
    outcome: Outcome,
    chain: tuple[str, ...] = (),
    zone: str | None = None,
    *,
    loop: bool = False,
) -> Answer:
    return Answer(
        Question.of(name, rdtype),
        outcome,
        chain=tuple(dns.name.from_text(alias) for alias in chain),
        zone=None if zone is None else dns.name.from_text(zone),
        alias_loop=loop,
    )


def host(name: str, address: str) -> tuple[Answer, Answer]:
    return answered(name, "A", address), unfound(name, "AAAA", Outcome.NODATA)


def both(
    name: str, outcome: Outcome, chain: tuple[str, ...] = (), *, loop: bool = False
) -> tuple[Answer, Answer]:
    return (
        unfound(name, "A", outcome, chain, loop=loop),
        unfound(name, "AAAA", outcome, chain, loop=loop),
    )


OURS = (answered(HOST, "A", "198.51.100.25"), answered(HOST, "AAAA", "2001:db8:25::25"))
WEBSITE = answered("friend.example.", "A", "203.0.113.80")
OLD = host("mx.old.example.", "203.0.113.60")


def observe(
    *records: str, answers: tuple[Answer, ...] = (), ours: tuple[Answer, ...] = OURS
) -> Observation:
    table = (answered("friend.example.", "MX", *records), WEBSITE, *ours, *answers)
    return Observation.of(DOMAIN, table)


def judge(*records: str, answers: tuple[Answer, ...] = ()) -> Verdict:
    return mx_judge.judge(EXPECTED, observe(*records, answers=answers))


def codes(verdict: Verdict) -> list[str]:
    return [finding.code for finding in verdict.findings]


def only(verdict: Verdict, code: str) -> Finding:
    assert codes(verdict) == [code]
    return verdict.findings[0]


def say(finding: Finding, expected: Expected = EXPECTED) -> str:
    context = {
        "domain": expected.domain.ascii,
        "host": expected.server.host_text,
        "service": expected.server.name,
    }
    return WORDS.finding(finding, context)


def replacement(old: str) -> Fix:
    return Fix(FixAction.REPLACE, DOMAIN.name, "MX", HOST, 10, 3600, old=old)


def deletion(old: str, priority: int) -> Fix:
    return Fix(FixAction.DELETE, DOMAIN.name, "MX", old, priority)


def test_our_host_alone_passes_whatever_its_case_and_priority() -> None:
    verdict = judge("0 MX1.Cow.Example.")
    assert verdict.status is Status.PASS
    assert verdict.findings == ()
    assert verdict.expected == ("10 mx1.cow.example.",)
    assert verdict.found == ("0 MX1.Cow.Example.",)


def test_no_record_is_missing_and_names_the_web_server_that_gets_the_mail() -> None:
    answer = unfound("friend.example.", "MX", Outcome.NODATA)
    verdict = mx_judge.judge(EXPECTED, Observation.of(DOMAIN, (answer, WEBSITE, *OURS)))
    finding = only(verdict, "mx-missing")
    assert finding.severity is Status.FAIL
    assert finding.facts == {"address": "203.0.113.80", "reach": "other", "ours_at": None}
    assert finding.fixes == (Fix(FixAction.ADD, DOMAIN.name, "MX", HOST, 10, 3600),)
    assert "203.0.113.80" in say(finding)


def report_missing(*addresses: Answer, ours: tuple[Answer, ...] = OURS) -> Finding:
    answer = unfound("friend.example.", "MX", Outcome.NODATA)
    observed = Observation.of(DOMAIN, (answer, *addresses, *ours))
    return only(mx_judge.judge(EXPECTED, observed), "mx-missing")


def test_only_without_an_address_nobody_knows_where_mail_belongs() -> None:
    finding = report_missing(*both("friend.example.", Outcome.NODATA))
    assert finding.facts == {"address": None, "reach": "nowhere", "ours_at": None}
    assert "do not know where" in say(finding)


def test_an_address_that_could_not_be_found_out_is_said_to_be_so() -> None:
    finding = report_missing(unfound("friend.example.", "A", Outcome.TIMEOUT))
    assert finding.facts == {"address": None, "reach": "unknown", "ours_at": None}
    assert "could not be found out" in say(finding)
    finding = report_missing(WEBSITE, ours=both(HOST, Outcome.SERVFAIL))
    assert finding.facts == {"address": "203.0.113.80", "reach": "unknown", "ours_at": None}
    assert "not our server" not in say(finding)


def test_mail_arrives_by_an_address_that_is_ours() -> None:
    finding = report_missing(answered("friend.example.", "A", "198.51.100.25"))
    assert finding.facts == {"address": None, "reach": "ours", "ours_at": "198.51.100.25"}
    assert "arrives all the same" in say(finding)
    assert finding.fixes == (Fix(FixAction.ADD, DOMAIN.name, "MX", HOST, 10, 3600),)


def test_a_finding_of_a_former_version_is_said_as_before() -> None:
    former = Finding(Check.MX, "mx-missing", Status.FAIL, {"address": "203.0.113.80"})
    assert "203.0.113.80" in say(former)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.SERVFAIL, "servfail"),
        (Outcome.TIMEOUT, "dns-timeout"),
        (Outcome.REFUSED, "dns-refused"),
    ],
)
def test_a_question_that_fails_is_unknown_and_never_missing(outcome: Outcome, code: str) -> None:
    answer = Answer(
        Question.of("friend.example.", "MX"), outcome, extended=(ExtendedError(22, "\x1b[2J"),)
    )
    finding = only(mx_judge.judge(EXPECTED, Observation.of(DOMAIN, (answer, *OURS))), code)
    assert finding.severity is Status.UNKNOWN
    assert finding.facts == {
        "name": "friend.example",
        "type": "MX",
        "dnssec": False,
        "detail": "\x1b[2J",
    }
    assert "\x1b" not in say(finding)


def test_nothing_asked_is_unknown() -> None:
    assert mx_judge.judge(EXPECTED, Observation.of(DOMAIN, ())).status is Status.UNKNOWN


def test_an_alias_loop_at_the_domain_is_said_to_be_one() -> None:
    answer = unfound("friend.example.", "MX", Outcome.SERVFAIL, ("a.example.",), loop=True)
    finding = only(mx_judge.judge(EXPECTED, Observation.of(DOMAIN, (answer, *OURS))), "alias-loop")
    assert "in a circle" in say(finding)


def test_records_behind_an_alias_at_the_domain_are_not_replaced_there() -> None:
    chain = ("edge.site.example.",)
    answer = answered("friend.example.", "MX", "5 mx.old.example.", "9 192.0.2.1.", chain=chain)
    verdict = mx_judge.judge(EXPECTED, Observation.of(DOMAIN, (answer, *OURS, *OLD)))
    assert codes(verdict) == ["mx-is-ip", "mx-not-ours"]
    fixes = [fix for finding in verdict.findings for fix in finding.fixes]
    assert fixes == [Fix(FixAction.ADD, DOMAIN.name, "MX", HOST, 10, 3600)]


def test_a_null_record_is_replaced_by_ours() -> None:
    finding = only(judge("0 ."), "mx-null")
    assert finding.fixes == (replacement("."),)
    assert say(finding)


def test_a_null_record_beside_ours_is_deleted() -> None:
    finding = only(judge("0 .", "10 mx1.cow.example."), "mx-null-mixed")
    assert finding.severity is Status.FAIL
    assert finding.fixes == (deletion(".", 0),)
    assert say(finding)


@pytest.mark.parametrize(
    "target",
    [
        "198.51.100.25.",
        "198.51.100.25.friend.example.",
        "2001:db8:25::25.",
        "2001:db8:25::25.friend.example.",
        "[198.51.100.25].",
    ],
)
def test_an_ip_address_is_no_target(target: str) -> None:
    finding = only(judge(f"10 {target}"), "mx-is-ip")
    assert finding.fixes == (replacement(target),)
    assert "not an IP address" in say(finding)


@pytest.mark.parametrize(
    "target",
    [
        r"10\032mx1.cow.example.",
        r"10\032mx1.cow.example.friend.example.",
        r"10\009mx1.cow.example.",
        r"10\194\160mx1.cow.example.",
        r"10\092032mx1.cow.example.",
        r"10\032.",
        "10.mx1.cow.example.",
        "10mx1.cow.example.",
        r"10\032198.51.100.25.",
    ],
)
def test_a_priority_inside_the_target_is_seen_in_any_form(target: str) -> None:
    finding = only(judge(f"0 {target}"), "mx-priority-in-target")
    assert finding.fixes[0].value == HOST
    assert finding.fixes[0].priority == 10
    assert "Priority box" in say(finding)


def test_a_priority_inside_the_target_is_shown_as_it_was_typed() -> None:
    finding = only(judge(r"0 10\032mx1.cow.example."), "mx-priority-in-target")
    assert finding.facts["typed"] == "10 mx1.cow.example"


@pytest.mark.parametrize(
    "target", [r"mx1.cow.example\032.", r"https://mx1.cow.example.", r"mx1\044b.example.", "*."]
)
def test_a_target_that_is_no_server_name_is_said_to_be_none(target: str) -> None:
    finding = only(judge(f"10 {target}"), "mx-target-invalid")
    assert "no server name can have" in say(finding)


def test_a_domain_appended_by_the_provider_is_recognised() -> None:
    finding = only(judge("10 mx1.cow.example.friend.example."), "mx-domain-appended")
    assert finding.fixes == (replacement("mx1.cow.example.friend.example."),)
    assert "mx1.cow.example." in say(finding).split()


def test_a_zone_appended_to_the_record_of_a_subdomain_is_recognised() -> None:
    domain = Domain.from_ascii("post.friend.example")
    answer = answered("post.friend.example.", "MX", "10 mx1.cow.example.friend.example.")
    verdict = mx_judge.judge(expect(SERVER, domain), Observation.of(domain, (answer, *OURS)))
    assert codes(verdict) == ["mx-domain-appended"]


def test_an_alias_of_ours_is_no_target() -> None:
    aliased = (
        answered("mail.friend.example.", "A", "198.51.100.25", chain=(HOST,)),
        unfound("mail.friend.example.", "AAAA", Outcome.TIMEOUT),
    )
    finding = only(judge("10 mail.friend.example.", answers=aliased), "mx-to-cname")
    assert finding.facts["leads"] == "ours"
    assert finding.fixes == (replacement("mail.friend.example."),)
    assert "of the mail server" in say(finding)


@pytest.mark.parametrize(
    ("answers", "leads"),
    [
        ((answered("x.example.", "A", "203.0.113.9", chain=("y.example.",)),), "elsewhere"),
        (both("x.example.", Outcome.NXDOMAIN, ("y.example.",)), "nowhere"),
        (both("x.example.", Outcome.NODATA, ("y.example.",)), "nowhere"),
        (both("x.example.", Outcome.SERVFAIL, ("y.example.", "x.example."), loop=True), "circle"),
        (both("x.example.", Outcome.SERVFAIL, ("y.example.",)), "unknown"),
    ],
)
def test_an_alias_is_no_target_wherever_it_leads(answers: tuple[Answer, ...], leads: str) -> None:
    finding = only(judge("10 x.example.", answers=answers), "mx-to-cname")
    assert finding.facts["leads"] == leads
    assert say(finding)


def test_a_target_that_does_not_exist_looks_like_a_slip_where_it_is_close_to_ours() -> None:
    missing = both("mx1.cow.exmaple.", Outcome.NXDOMAIN)
    finding = only(judge("10 mx1.cow.exmaple.", answers=missing), "mx-target-nxdomain")
    assert finding.facts["like_ours"] is True
    assert "slip of the hand" in say(finding)


def test_a_target_that_does_not_exist_is_proven_by_one_answer() -> None:
    answers = (
        unfound("mx.elsewhere.example.", "A", Outcome.NXDOMAIN),
        unfound("mx.elsewhere.example.", "AAAA", Outcome.TIMEOUT),
    )
    finding = only(judge("10 mx.elsewhere.example.", answers=answers), "mx-target-nxdomain")
    assert finding.facts["like_ours"] is False
    assert "slip" not in say(finding)


def test_a_target_without_an_address_is_not_called_missing() -> None:
    empty = both("mx.old.example.", Outcome.NODATA)
    finding = only(judge("10 mx.old.example.", answers=empty), "mx-target-no-address")
    assert "no address" in say(finding)


def test_another_server_is_not_ours_and_the_web_host_is_named() -> None:
    answers = host("mail.friend.example.", "203.0.113.80")
    finding = only(judge("10 mail.friend.example.", answers=answers), "mx-not-ours")
    assert finding.facts["addresses"] == ("203.0.113.80",)
    assert finding.facts["website"] is True
    assert finding.fixes == (replacement("mail.friend.example."),)
    assert "mail.friend.example at 203.0.113.80 (your web host), not to" in say(finding)


def test_the_first_of_several_foreign_records_is_replaced_and_the_rest_deleted() -> None:
    answers = (*OLD, *host("mx2.old.example.", "203.0.113.61"))
    verdict = judge("20 mx2.old.example.", "10 mx.old.example.", answers=answers)
    finding = only(verdict, "mx-not-ours")
    assert finding.fixes == (replacement("mx.old.example."), deletion("mx2.old.example.", 20))
    assert "mx.old.example and mx2.old.example, not to" in say(finding)


@pytest.mark.parametrize(("priority", "equal"), [(5, False), (10, True)])
def test_a_foreign_server_before_or_beside_ours_takes_mail_away(priority: int, equal: bool) -> None:
    verdict = judge(f"{priority} mx.old.example.", "10 mx1.cow.example.", answers=OLD)
    finding = only(verdict, "mx-foreign-preferred")
    assert finding.severity is Status.FAIL
    assert finding.facts["equal"] is equal
    assert finding.facts["dead"] is False
    assert finding.fixes == (deletion("mx.old.example.", priority),)
    assert "mx.old.example" in say(finding)


def test_a_foreign_server_behind_ours_is_a_risk() -> None:
    verdict = judge("10 mx1.cow.example.", "20 mx.old.example.", answers=OLD)
    finding = only(verdict, "mx-foreign-backup")
    assert finding.severity is Status.WARN
    assert finding.fixes == (deletion("mx.old.example.", 20),)
    assert say(finding)


@pytest.mark.parametrize(
    ("priority", "code"), [(5, "mx-foreign-preferred"), (20, "mx-foreign-backup")]
)
def test_a_dead_record_beside_ours_is_a_foreign_one(priority: int, code: str) -> None:
    gone = both("mx.gone.example.", Outcome.NXDOMAIN)
    verdict = judge(f"{priority} mx.gone.example.", "10 mx1.cow.example.", answers=gone)
    finding = only(verdict, code)
    assert finding.facts["dead"] is True
    assert "nobody" in say(finding)


def test_another_name_of_our_server_is_a_risk() -> None:
    answers = host("mail.cow.example.", "198.51.100.25")
    finding = only(judge("10 mail.cow.example.", answers=answers), "mx-other-name")
    assert finding.severity is Status.WARN
    assert finding.fixes == (replacement("mail.cow.example."),)
    assert "certificate" in say(finding)


def test_a_target_whose_address_is_unknown_is_not_called_foreign() -> None:
    silent = both("mx.old.example.", Outcome.TIMEOUT)
    verdict = judge("5 mx.old.example.", "10 mx1.cow.example.", answers=silent)
    finding = only(verdict, "dns-timeout")
    assert finding.facts["name"] == "mx.old.example"
    assert verdict.status is Status.UNKNOWN


def test_a_target_cannot_be_compared_with_a_host_whose_address_is_unknown() -> None:
    answers = observe("10 mx.old.example.", answers=OLD, ours=both(HOST, Outcome.SERVFAIL))
    finding = only(mx_judge.judge(EXPECTED, answers), "servfail")
    assert finding.facts["name"] == "mx1.cow.example"


def test_one_address_family_is_enough_to_tell_two_servers_apart() -> None:
    half = (OLD[0], unfound("mx.old.example.", "AAAA", Outcome.TIMEOUT))
    assert codes(judge("10 mx.old.example.", answers=half)) == ["mx-not-ours"]


def test_a_proven_fault_is_said_beside_what_is_not_known() -> None:
    silent = both("mx.old.example.", Outcome.TIMEOUT)
    verdict = judge("10 198.51.100.25.", "20 mx.old.example.", answers=silent)
    assert codes(verdict) == ["mx-is-ip", "dns-timeout"]


def test_no_server_is_called_foreign_while_another_may_be_ours() -> None:
    silent = both("mx.silent.example.", Outcome.TIMEOUT)
    verdict = judge("5 mx.old.example.", "10 mx.silent.example.", answers=(*OLD, *silent))
    assert codes(verdict) == ["dns-timeout"]


def test_ours_by_name_passes_while_its_address_is_unknown() -> None:
    observed = observe("10 mx1.cow.example.", ours=both(HOST, Outcome.TIMEOUT))
    assert mx_judge.judge(EXPECTED, observed).status is Status.PASS


def test_our_host_without_an_address_is_the_servers_fault() -> None:
    observed = observe("10 mx1.cow.example.", ours=both(HOST, Outcome.NXDOMAIN))
    finding = only(mx_judge.judge(EXPECTED, observed), "server-side")
    assert finding.severity is Status.INFO
    assert finding.facts == {"what": "host-without-address", "name": "mx1.cow.example"}
    assert finding.fixes == ()
    assert "nothing for you to do" in say(finding)


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ("0 .", "mx-null-mixed"),
        ("20 198.51.100.25.", "mx-is-ip"),
        (r"20 10\032mx1.cow.example.", "mx-priority-in-target"),
        ("20 *.", "mx-target-invalid"),
        ("20 mx1.cow.example.friend.example.", "mx-domain-appended"),
        ("5 mx.old.example.", "mx-foreign-preferred"),
        ("20 mx.old.example.", "mx-foreign-backup"),
    ],
)
def test_beside_our_own_record_a_wrong_one_is_only_to_be_deleted(record: str, code: str) -> None:
    finding = only(judge(record, "10 mx1.cow.example.", answers=OLD), code)
    assert finding.facts["ours_there"] is True
    assert [fix.action for fix in finding.fixes] == [FixAction.DELETE]
    assert "Delete that MX record" in say(finding)


def test_what_is_to_be_replaced_is_not_said_to_be_deleted() -> None:
    verdict = judge("0 198.51.100.25.", "10 mx1.cow.example.friend.example.")
    assert [finding.facts["ours_there"] for finding in verdict.findings] == [False, True]
    assert ["Delete" in say(finding) for finding in verdict.findings] == [False, True]


def test_the_plainest_fault_comes_first_and_only_its_record_is_replaced() -> None:
    verdict = judge(
        "5 mx.old.example.",
        "0 .",
        r"10 10\032mx1.cow.example.",
        "20 198.51.100.25.",
        "30 mx1.cow.example.friend.example.",
        answers=OLD,
    )
    assert codes(verdict) == [
        "mx-null-mixed",
        "mx-is-ip",
        "mx-priority-in-target",
        "mx-domain-appended",
        "mx-not-ours",
    ]
    actions = [fix.action for finding in verdict.findings for fix in finding.fixes]
    assert actions == [FixAction.REPLACE, *[FixAction.DELETE] * 4]


def test_sixty_records_make_few_findings_with_few_steps_and_all_are_counted() -> None:
    records = [f"{n} mx{n}.old.example." for n in range(1, 61)]
    names = targets_to_resolve(EXPECTED, answered("friend.example.", "MX", *records))
    assert [name.to_text() for name in names] == [f"mx{n}.old.example." for n in range(1, 9)]

    answers = tuple(a for name in names for a in host(name.to_text(), "203.0.113.60"))
    verdict = judge(*records, "100 mx1.cow.example.", answers=answers)
    assert codes(verdict) == ["mx-foreign-preferred", "mx-unchecked"]
    known, unchecked = verdict.findings
    assert known.facts["count"] == 8
    assert known.facts["names"] == tuple(f"mx{n}.old.example" for n in range(1, 6))
    assert unchecked.facts["count"] == 52
    assert unchecked.severity is Status.UNKNOWN
    assert len(known.fixes) <= MOST_STEPS
    assert verdict.found[-1] == "… and 51 more"
    assert len(verdict.found) == 11
    assert "and 3 more" in say(known)
    assert "52" in say(unchecked)


def test_steps_are_bounded_over_all_findings() -> None:
    records = [f"{n} 192.0.2.{n}." for n in range(1, 30)]
    finding = only(judge(*records), "mx-is-ip")
    assert len(finding.fixes) == MOST_STEPS
    assert finding.facts["count"] == 29
    assert "and 24 more" in say(finding)


def test_only_names_that_need_it_are_resolved_lowest_priority_first() -> None:
    answer = answered(
        "friend.example.",
        "MX",
        "30 c.example.",
        "5 b.example.",
        "7 B.Example.",
        "0 .",
        "1 mx1.cow.example.",
        "2 198.51.100.25.",
        r"3 10\032mx1.cow.example.",
        r"4 with\032blank.example.",
        "6 mx1.cow.example.friend.example.",
    )
    names = targets_to_resolve(EXPECTED, answer)
    assert names == (dns.name.from_text("b.example."), dns.name.from_text("c.example."))


def test_names_with_escape_sequences_stay_text_in_facts_and_words() -> None:
    finding = only(judge(r"10 a\027\091\050Jb`@everyone.example."), "mx-target-invalid")
    assert "\x1b" not in say(finding)
    names = finding.facts["names"]
    assert isinstance(names, tuple)
    assert names[0].isprintable()


LABELS = st.binary(min_size=1, max_size=20) | st.sampled_from(
    [b"10 mx1", b"10", b"mx1", b"198", b"51", b"100", b"25", b"::1", b"cow", b"example", b"friend"]
)
NAMES = st.one_of(
    st.lists(LABELS, max_size=6).map(lambda labels: dns.name.Name((*labels, b""))),
    st.sampled_from(
        [
            HOST,
            ".",
            "mx.old.example.",
            "mx1.cow.example.friend.example.",
            "198.51.100.25.",
            "friend.example.",
            "example.",
        ]
    ).map(dns.name.from_text),
)
ADDRESSES = {
    dns.rdatatype.A: st.sampled_from(["198.51.100.25", "203.0.113.80"]),
    dns.rdatatype.AAAA: st.sampled_from(["2001:db8:25::25", "2001:db8::80"]),
}


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    outcomes = st.sampled_from(Outcome)
    chains = st.lists(NAMES, max_size=2).map(tuple)
    targets = draw(st.lists(NAMES, max_size=12))
    records = tuple(
        dns.rdata.from_text("IN", "MX", f"{draw(st.integers(0, 3))} {target.to_text()}")
        for target in targets
    )
    question = Question(DOMAIN.name, dns.rdatatype.MX)
    answers = [Answer(question, draw(outcomes), records, chain=draw(chains))]
    for name in (*targets, SERVER.host):
        for rdtype, values in ADDRESSES.items():
            if draw(st.booleans()):
                outcome = draw(outcomes)
                rdatas: tuple[dns.rdata.Rdata, ...] = ()
                if outcome is Outcome.RECORDS and draw(st.integers(0, 9)):
                    rdatas = (dns.rdata.from_text("IN", rdtype, draw(values)),)
                asked = Question(name, rdtype)
                loop = outcome is Outcome.SERVFAIL and draw(st.booleans())
                answers.append(Answer(asked, outcome, rdatas, 1, draw(chains), alias_loop=loop))
    return Observation.of(DOMAIN, answers)


@given(observed=observations())
def test_no_records_and_answers_make_the_judge_raise_or_pass_without_proof(
    observed: Observation,
) -> None:
    verdict = mx_judge.judge(EXPECTED, observed)
    answer = observed.answer(DOMAIN.name, "MX")
    assert answer is not None
    assert len(targets_to_resolve(EXPECTED, answer)) <= 8
    names = {getattr(rdata, "exchange", None) for rdata in answer.rdatas}
    if verdict.status in {Status.PASS, Status.INFO}:
        assert SERVER.host in names
    if "mx-missing" in codes(verdict):
        assert answer.absent
    fixes = [fix for finding in verdict.findings for fix in finding.fixes]
    assert len(fixes) <= MOST_STEPS
    assert sum(fix.action is not FixAction.DELETE for fix in fixes) <= 1
    for finding in verdict.findings:
        assert say(finding)


def test_a_target_that_is_an_alias_for_itself_leads_in_a_circle() -> None:
    answers = both("mail.friend.example.", Outcome.SERVFAIL, loop=True)
    finding = only(judge("10 mail.friend.example.", answers=answers), "mx-to-cname")
    assert finding.facts["leads"] == "circle"


def test_a_name_with_our_address_and_another_one_is_not_ours() -> None:
    name = "mail.friend.example."
    answers = (answered(name, "A", "198.51.100.25"), answered(name, "AAAA", "2001:db8::80"))
    finding = only(judge(f"10 {name}", answers=answers), "mx-not-ours")
    assert finding.facts["addresses"] == ("2001:db8::80",)
