from __future__ import annotations

import dns.name
import dns.rdata
import pytest
from dns.rdataclass import IN
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.TXT import TXT
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.dmarc.judge import judge, own_names, report_names
from bot.checks.dmarc.record import parse_record, walk_names
from bot.checks.finding import Finding, FixAction, Status, Verdict
from bot.checks.observation import Observation
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.dkim_key import DkimKnowledge, DkimRecord, KeyUnknown, KnownKey
from bot.records.expected import Expected, expect
from bot.records.mail_server import MailServer
from bot.words import Words

KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAs10yxa7pMgU6O1IaTmrfpZVHZUM8If2+XSwxN0jMjqgz"
    "oK7+zJaXzEACf89ljg2if04/JzGcMhdKD/dkh75oKdXieopIqlxJbJJIBaTLgUw9UVo1JIL+ICBqlKOv9Qw3FoAw"
    "Bp4U2oY3sEXG0Pq0PODI8yshwxggOmpIRYFxnfGLhfrgZDLbbLHxmq/Gfl91cjhlPzPKRm3fAqjI5rj8EBgPy7aJ"
    "HLXo4zvbvhk+FcE1GA6xwWCyUSYS2VeIbK6uB/HmM5uYefIe6FaDpSf+JIOtVEhzvT+9ckjzdJYW5uceRaxwW/cJ"
    "6bg58i6gdxZPoGQUVTwbobbdCknSLkcFQQIDAQAB"
)
HANDED_OUT_KEY = f"v=DKIM1;k=rsa;t=s;s=email;p={KEY}"
STRICT = "v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example"
RELAXED = "v=DMARC1; p=none; rua=mailto:dmarc@cow.example"
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example"),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc=STRICT,
    dmarc_rua="mailto:dmarc@cow.example",
)
KNOWN = KnownKey("dkim", DkimRecord.parse(HANDED_OUT_KEY), "--dkim")
OWN = "_dmarc.friend.example"
PROBE = dns.name.from_text("random.friend.example")
SELECTOR = "dkim._domainkey.friend.example"
AGREED = "friend.example._report._dmarc.cow.example"
OLD = "friend.example._report._dmarc.old.example"
CONTEXT = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}


def txt(name: str, *texts: str | bytes, chain: tuple[str, ...] = ()) -> Answer:
    rdatas = tuple(
        TXT(IN, RdataType.TXT, [raw[i : i + 255] for i in range(0, len(raw) or 1, 255)])
        for raw in (text if isinstance(text, bytes) else text.encode() for text in texts)
    )
    outcome = Outcome.RECORDS if rdatas else Outcome.NXDOMAIN
    names = tuple(dns.name.from_text(alias) for alias in chain)
    return Answer(Question.of(name, "TXT"), outcome, rdatas, chain=names)


def cname(name: str, target: str) -> Answer:
    rdata = dns.rdata.from_text(IN, RdataType.CNAME, f"{target}.")
    return Answer(Question.of(name, "CNAME"), Outcome.RECORDS, (rdata,))


def failed(name: str, outcome: Outcome = Outcome.SERVFAIL) -> Answer:
    return Answer(Question.of(name, "TXT"), outcome)


def observe(domain: str, *answers: Answer) -> Observation:
    """DKIM and the report authorisation of the server are right, nothing else exists."""
    name = Domain.of(domain)
    world = [
        *(txt(each.to_text()) for each in walk_names(name)),
        txt(f"dkim._domainkey.{domain}", HANDED_OUT_KEY),
        txt(f"{domain}._report._dmarc.cow.example", "v=DMARC1;"),
    ]
    return Observation.of(name, [*world, *answers], probe=PROBE)


def look(
    *answers: Answer,
    domain: str = "friend.example",
    dkim: DkimKnowledge = KNOWN,
    stage: str | None = None,
    server: MailServer = SERVER,
) -> Verdict:
    verdict = judge(expect(server, Domain.of(domain), dkim, stage), observe(domain, *answers))
    for finding in verdict.findings:
        assert Words().finding(finding, CONTEXT)
    if verdict.note is not None:
        assert Words().note(verdict.note, CONTEXT)
    return verdict


def only(verdict: Verdict) -> Finding:
    assert len(verdict.findings) == 1, verdict.findings
    return verdict.findings[0]


def say(finding: Finding) -> str:
    return Words().finding(finding, CONTEXT)


def codes(verdict: Verdict) -> list[str]:
    return [finding.code for finding in verdict.findings]


def expected_of(domain: str = "friend.example") -> Expected:
    return expect(SERVER, Domain.of(domain), KNOWN)


@pytest.mark.parametrize(
    "text",
    [
        STRICT,
        f"{STRICT}; rf=afrf; pct=100; ri=86400",
        "v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:dmarc@cow.example",
        "v=DMARC1;p=reject;rua=mailto:dmarc@cow.example;aspf=s;adkim=s",
    ],
)
def test_a_strict_record_in_any_spelling_passes(text: str) -> None:
    verdict = look(txt(OWN, text))
    assert (verdict.status, verdict.note) == (Status.PASS, None)
    assert (verdict.expected, verdict.found) == ((STRICT,), (text,))


def test_other_texts_at_the_name_are_nothing() -> None:
    assert look(txt(OWN, "v=spf1 -all", STRICT)).status is Status.PASS


def test_no_record_anywhere_is_missing() -> None:
    finding = only(look())
    assert (finding.code, finding.severity) == ("dmarc-missing", Status.WARN)
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.ADD, STRICT)]
    assert "this is the moment" in say(finding)


def test_dkim_comes_before_a_first_record() -> None:
    finding = only(look(txt(SELECTOR)))
    assert (finding.code, finding.fixes) == ("dmarc-missing", ())
    assert "DKIM comes first" in say(finding)


def test_the_text_of_a_wildcard_is_no_record() -> None:
    assert only(look(txt(OWN, "v=spf1 -all"))).code == "dmarc-missing"


def test_an_alias_that_leads_nowhere_is_deleted_first() -> None:
    finding = only(look(txt(OWN, chain=("_dmarc.old.example",))))
    assert (finding.code, finding.facts["target"]) == ("dmarc-missing", "_dmarc.old.example")
    assert [(f.action, f.type) for f in finding.fixes] == [
        (FixAction.DELETE, "CNAME"),
        (FixAction.ADD, "TXT"),
    ]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.SERVFAIL, "servfail"),
        (Outcome.TIMEOUT, "dns-timeout"),
        (Outcome.REFUSED, "dns-refused"),
    ],
)
def test_a_failed_answer_is_never_called_missing(outcome: Outcome, code: str) -> None:
    finding = only(look(failed(OWN, outcome)))
    assert (finding.code, finding.severity) == (code, Status.UNKNOWN)
    assert (finding.facts["name"], finding.facts["type"]) == (OWN, "TXT")


def test_a_question_never_asked_is_unknown() -> None:
    verdict = judge(expected_of(), Observation.of(Domain.of("friend.example"), []))
    assert only(verdict).code == "dns-timeout"


def test_a_domain_too_long_for_a_record_is_unknown() -> None:
    long = Domain(dns.name.from_text(".".join(["a" * 60] * 4 + ["bcde"])))
    assert own_names(long) == ()
    assert judge(expect(SERVER, long), Observation.of(long, [])).status is Status.UNKNOWN


def test_a_parent_that_does_not_answer_leaves_it_open() -> None:
    verdict = look(failed(OWN), domain="a.friend.example")
    assert (only(verdict).code, verdict.status) == ("servfail", Status.UNKNOWN)


def test_a_record_from_above_is_enough() -> None:
    verdict = look(txt(OWN, STRICT), domain="a.friend.example")
    assert verdict.status is Status.PASS
    assert verdict.note is not None
    assert (verdict.note.code, dict(verdict.note.facts)) == (
        "dmarc-inherited",
        {"parent": "friend.example", "policy": "reject"},
    )


def test_a_void_record_above_protects_nobody() -> None:
    verdict = look(txt(OWN, "v=DMARC1; p=nope"), domain="a.friend.example")
    assert codes(verdict) == ["dmarc-missing"]


def test_a_strict_policy_without_dkim_goes_back_to_none() -> None:
    answer = txt(OWN, "v=DMARC1; p=reject; adkim=s; rua=mailto:dmarc@cow.example")
    finding = only(look(answer, txt(SELECTOR)))
    assert (finding.code, finding.severity) == ("dmarc-before-dkim", Status.FAIL)
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.REPLACE, RELAXED)]


def test_what_the_way_back_to_none_mends_as_well_is_left_out() -> None:
    text = "v=DMARC1; p=reject; sp=none; adkim=x; rua=dmarc@cow.example,mailto:me@old.example"
    verdict = look(txt(OWN, text), txt(SELECTOR), txt(OLD))
    assert codes(verdict) == ["dmarc-before-dkim"]
    both = look(txt(OWN, f"{text}; pct=50; p=none"), txt(SELECTOR), txt(OLD))
    assert codes(both) == ["dmarc-before-dkim", "dmarc-syntax", "dmarc-removed-tags"]
    assert [bool(finding.fixes) for finding in both.findings] == [True, False, False]


def test_of_several_faults_the_first_alone_has_the_new_record() -> None:
    text = "v=DMARC1; p=reject; t=y; sp=none; adkim=x; rua=dmarc@cow.example,mailto:me@old.example"
    first, *others = look(txt(OWN, text), txt(OLD)).findings
    assert "below" in say(first)
    assert [finding.code for finding in others] == [
        "dmarc-testing",
        "dmarc-subdomain-weaker",
        "dmarc-rua-syntax",
        "dmarc-rua-not-authorised",
    ]
    for finding in others:
        assert finding.fixes == ()
        assert "below" not in say(finding).replace("names below it", "")
        assert "above" in say(finding)


def test_a_strict_policy_from_above_without_dkim_gets_an_own_record() -> None:
    finding = only(
        look(
            txt(OWN, "v=DMARC1; p=none; sp=quarantine"),
            txt("dkim._domainkey.a.friend.example"),
            domain="a.friend.example",
        )
    )
    assert (finding.code, finding.facts["parent"]) == ("dmarc-before-dkim", "friend.example")
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.ADD, RELAXED)]
    assert finding.fixes[0].owner == dns.name.from_text("_dmarc.a.friend.example")


@pytest.mark.parametrize("text", ["v=DMARC1; p=reject; t=y", "v=DMARC1; p=none"])
def test_a_policy_that_is_not_in_force_is_not_too_early(text: str) -> None:
    assert "dmarc-before-dkim" not in codes(look(txt(OWN, text), txt(SELECTOR)))


def test_dkim_that_could_not_be_asked_is_not_called_absent() -> None:
    assert look(txt(OWN, STRICT), failed(SELECTOR)).status is Status.PASS


def test_a_dkim_record_that_is_only_wrong_is_not_absent() -> None:
    assert codes(look(txt(OWN, STRICT), txt(SELECTOR, "v=DKIM1; p="))) == []


def test_of_two_records_the_right_one_stays() -> None:
    finding = only(look(txt(OWN, "v=DMARC1; p=none", STRICT)))
    assert (finding.code, finding.severity) == ("dmarc-multiple", Status.FAIL)
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.DELETE, "v=DMARC1; p=none")]


@pytest.mark.parametrize(
    ("text", "code", "certain"),
    [
        (f'"{STRICT}"', "txt-literal-quotes", True),
        ('"v=DMARC1; p=reject"', "txt-literal-quotes", False),
        ("v=DMARC1\\; p=reject", "txt-literal-backslash", False),
        (STRICT.replace("reject;", "reject\\;"), "txt-literal-backslash", True),
    ],
)
def test_marks_of_a_zone_file_are_named(text: str, code: str, *, certain: bool) -> None:
    finding = look(txt(OWN, text)).findings[0]
    assert (finding.code, finding.facts["certain"]) == (code, certain)
    assert finding.fixes[0].value == STRICT


def test_of_two_wrong_records_one_is_replaced() -> None:
    finding = only(look(txt(OWN, "v=DMARC1; p=none", "v=DMARC1; p=quarantine")))
    assert [f.action for f in finding.fixes] == [FixAction.REPLACE, FixAction.DELETE]
    assert finding.fixes[0].value == STRICT


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("v=DMARC1; p=rejected; rua=mailto:dmarc@cow.example", "policy"),
        ("v=DMARC1; p=reject; sp=nothing; rua=mailto:dmarc@cow.example", "policy"),
        ("v=DMARC1; rua=mailto:dmarc@cow.example", "no-policy"),
        ("v=DMARC1; p=reject rua=mailto:dmarc@cow.example", "semicolon"),
        ("v=DMARC1; p=reject; p=reject; rua=mailto:dmarc@cow.example", "repeated"),
        ("v=DMARC1 p=reject", "glued"),
        ("v=dmarc1; p=reject", "version"),
        ("p=reject; v=DMARC1", "order"),
    ],
)
def test_a_record_that_is_void_is_a_failure(text: str, what: str) -> None:
    finding = look(txt(OWN, text)).findings[0]
    assert (finding.code, finding.severity, finding.facts["what"]) == (
        "dmarc-syntax",
        Status.FAIL,
        what,
    )
    assert parse_record(finding.fixes[0].value) is not None


def test_a_misspelt_policy_is_corrected() -> None:
    finding = only(look(txt(OWN, "v=DMARC1; p=rejected; rua=mailto:dmarc@cow.example")))
    assert finding.facts["suggestion"] == "reject"
    assert finding.fixes[0].value == STRICT
    assert say(finding).startswith("p=rejected at _dmarc.friend.example is no policy")


def test_a_misspelt_policy_is_not_made_strict_before_dkim() -> None:
    finding = only(look(txt(OWN, "v=DMARC1; p=rejected"), txt(SELECTOR)))
    assert finding.facts["suggestion"] == "none"
    assert finding.fixes[0].value == "v=DMARC1; p=none"


@pytest.mark.parametrize(
    ("text", "what"), [("adkim=x", "tag"), ("fo=2", "tag"), ("hello", "part"), ("=x", "part")]
)
def test_a_fault_that_leaves_the_policy_alone_is_a_warning(text: str, what: str) -> None:
    finding = only(look(txt(OWN, f"{STRICT}; {text}")))
    assert (finding.code, finding.severity, finding.facts["what"]) == (
        "dmarc-odd-tag",
        Status.WARN,
        what,
    )
    assert finding.fixes[0].value == STRICT


def test_the_same_part_twice_is_odd_unless_it_is_a_policy() -> None:
    text = f"{STRICT}; rua=mailto:me@friend.example"
    assert only(look(txt(OWN, text))).code == "dmarc-odd-tag"
    assert only(look(txt(OWN, f"{STRICT}; p=none"))).code == "dmarc-syntax"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("p=reject rua=mailto:me@friend.example", "p=reject; rua=mailto:me@friend.example"),
        ("p=reject, rua=mailto:me@friend.example", "p=reject; rua=mailto:me@friend.example"),
        (
            "p=quarantine sp=reject pct=100 rua=mailto:me@friend.example,mailto:b@friend.example",
            "p=quarantine; sp=reject; rua=mailto:me@friend.example,mailto:b@friend.example",
        ),
        ("p=reject; sp=reject adkim=s aspf=s", "p=reject; sp=reject; adkim=s; aspf=s"),
        ("rua=mailto:me@friend.example p=reject", "p=reject; rua=mailto:me@friend.example"),
    ],
)
def test_what_is_glued_to_a_policy_is_rescued(text: str, value: str) -> None:
    finding = only(look(txt(OWN, f"v=DMARC1; {text}")))
    assert (finding.code, finding.facts["what"]) == ("dmarc-syntax", "semicolon")
    assert finding.fixes[0].value == f"v=DMARC1; {value}"
    assert "below" in say(finding)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("pct=100 rua=mailto:me@friend.example", "rua=mailto:me@friend.example"),
        ("adkim=s aspf=s", "adkim=s; aspf=s"),
        (
            "rua=mailto:me@friend.example ruf=mailto:b@friend.example",
            "rua=mailto:me@friend.example; ruf=mailto:b@friend.example",
        ),
    ],
)
def test_what_is_glued_to_another_tag_is_odd_and_rescued(text: str, value: str) -> None:
    finding = look(txt(OWN, f"v=DMARC1; p=reject; {text}")).findings[0]
    assert (finding.code, finding.facts["what"]) == ("dmarc-odd-tag", "semicolon")
    assert finding.fixes[0].value == f"v=DMARC1; p=reject; {value}"


@pytest.mark.parametrize(
    "text",
    ["p=reject rua=mailto:me@friend.example", "p=reject; sp=no; rua=mailto:me@friend.example"],
)
def test_a_void_policy_is_mended_to_none_before_dkim(text: str) -> None:
    fix = only(look(txt(OWN, f"v=DMARC1; {text}"), txt(SELECTOR))).fixes[0]
    assert fix.value == "v=DMARC1; p=none; rua=mailto:me@friend.example"


def test_unknown_tags_are_left_alone() -> None:
    assert look(txt(OWN, f"{STRICT}; x=1; fo=1:d")).status is Status.PASS


def test_a_policy_of_none_is_a_warning_with_a_way_on() -> None:
    finding = only(look(txt(OWN, RELAXED)))
    assert (finding.code, finding.severity) == ("dmarc-policy-none", Status.WARN)
    assert finding.fixes[0].value == STRICT


def test_a_policy_of_none_stays_while_dkim_is_missing() -> None:
    assert only(look(txt(OWN, RELAXED), txt(SELECTOR))).fixes == ()


def test_a_policy_of_none_that_the_admin_approved_is_only_said() -> None:
    finding = only(look(txt(OWN, RELAXED), stage="none"))
    assert (finding.code, finding.severity, finding.fixes) == (
        "dmarc-policy-none",
        Status.INFO,
        (),
    )


def test_a_tested_policy_is_a_warning() -> None:
    finding = only(look(txt(OWN, f"{STRICT}; t=y")))
    assert (finding.code, finding.severity) == ("dmarc-testing", Status.WARN)
    assert finding.fixes[0].value == STRICT


@pytest.mark.parametrize("tag", ["sp", "np"])
def test_a_weaker_policy_for_names_below_is_a_warning(tag: str) -> None:
    text = f"v=DMARC1; p=reject; {tag}=none; rua=mailto:dmarc@cow.example"
    finding = only(look(txt(OWN, text)))
    assert (finding.code, finding.facts["tag"]) == ("dmarc-subdomain-weaker", tag)
    assert finding.fixes[0].value == STRICT


def test_a_weaker_policy_than_handed_out_is_only_remarked() -> None:
    verdict = look(txt(OWN, "v=DMARC1; p=quarantine; rua=mailto:dmarc@cow.example"))
    assert verdict.status is Status.PASS
    assert verdict.note is not None
    assert verdict.note.code == "dmarc-weaker-than-handed-out"


@pytest.mark.parametrize(
    ("rua", "what", "mended"),
    [
        ("dmarc@cow.example", "mailto", STRICT),
        ("mailto:dmarc@cow.example mailto:a@friend.example", "glued", None),
        ("mailto:dmarc@cow.example; mailto:a@friend.example", "glued", None),
        ("mailto:dmarc@cow.example,a@friend.example", "mailto", None),
        ("", "empty", STRICT),
        ("https://cow.example/", "scheme", STRICT),
        ("mailto:dmarc", "address", STRICT),
    ],
)
def test_report_addresses_that_cannot_be_read_are_mended(
    rua: str, what: str, mended: str | None
) -> None:
    finding = look(txt(OWN, f"v=DMARC1; p=reject; rua={rua}")).findings[0]
    assert (finding.code, finding.severity, finding.facts["what"]) == (
        "dmarc-rua-syntax",
        Status.WARN,
        what,
    )
    both = "v=DMARC1; p=reject; rua=mailto:dmarc@cow.example,mailto:a@friend.example"
    assert finding.fixes[0].value == (mended or both)


def test_reports_to_a_domain_that_did_not_agree_are_a_warning() -> None:
    finding = only(look(txt(OWN, "v=DMARC1; p=reject; rua=mailto:me@old.example"), txt(OLD)))
    assert (finding.code, finding.severity) == ("dmarc-rua-not-authorised", Status.WARN)
    assert (finding.facts["host"], finding.facts["authorisation"]) == ("old.example", OLD)
    assert finding.fixes[0].value == STRICT
    assert "Use rua=mailto:dmarc@cow.example" in say(finding)


def test_an_unwanted_address_beside_a_good_one_is_taken_out() -> None:
    text = "v=DMARC1; p=reject; rua=mailto:me@old.example,mailto:dmarc@cow.example"
    assert only(look(txt(OWN, text), txt(OLD))).fixes[0].value == STRICT


def test_a_domain_that_agreed_gets_reports() -> None:
    answer = txt(OWN, "v=DMARC1; p=reject; rua=mailto:me@old.example")
    assert look(answer, txt(OLD, "v=DMARC1")).status is Status.PASS
    assert codes(look(answer, txt(OLD, "no"))) == ["dmarc-rua-not-authorised"]


def test_the_operators_own_missing_agreement_is_no_members_matter() -> None:
    finding = only(look(txt(OWN, STRICT), txt(AGREED)))
    assert (finding.code, finding.severity) == ("server-side", Status.INFO)
    assert dict(finding.facts) == {"what": "report-authorisation", "name": AGREED}


def test_an_agreement_that_could_not_be_asked_is_unknown_where_nothing_is_worse() -> None:
    assert codes(look(txt(OWN, STRICT), failed(AGREED))) == ["servfail"]
    assert codes(look(txt(OWN, RELAXED), failed(AGREED))) == ["dmarc-policy-none"]


def test_an_address_in_the_same_organization_needs_no_agreement() -> None:
    for domain, address in (
        ("friend.example", "a@friend.example"),
        ("friend.example", "a@mail.friend.example"),
        ("a.friend.example", "a@friend.example"),
    ):
        own = txt(f"_dmarc.{domain}", f"v=DMARC1; p=reject; rua=mailto:{address}")
        observed = observe(domain, own)
        assert report_names(observed, expected_of(domain)) == ()
    sibling = observe(
        "a.friend.example",
        txt("_dmarc.a.friend.example", "v=DMARC1; p=reject; rua=mailto:a@b.friend.example"),
        txt(OWN, STRICT),
    )
    assert report_names(sibling, expected_of("a.friend.example")) == ()


def test_no_more_than_three_domains_are_asked_for_agreement() -> None:
    rua = ",".join(f"mailto:a@r{i}.example" for i in range(9))
    observed = observe("friend.example", txt(OWN, f"v=DMARC1; p=none; rua={rua}"))
    names = report_names(observed, expected_of())
    assert [n.to_text() for n in names] == [
        f"friend.example._report._dmarc.r{i}.example." for i in range(3)
    ]


def test_a_report_domain_too_long_to_agree_is_not_asked() -> None:
    host = ".".join(["b" * 60] * 3 + ["bbbbbbbbbbbb" * 4])
    answer = txt(OWN, f"v=DMARC1; p=reject; rua=mailto:a@{host}")
    assert report_names(observe("friend.example", answer), expected_of()) == ()
    assert only(look(answer)).code == "dmarc-rua-not-authorised"


def test_an_inherited_record_is_not_asked_about() -> None:
    observed = observe("a.friend.example", txt(OWN, "v=DMARC1; p=none; rua=mailto:a@old.example"))
    assert report_names(observed, expected_of("a.friend.example")) == ()


def test_an_alias_beside_the_record_is_deleted() -> None:
    finding = only(look(txt(OWN, STRICT), cname(OWN, "_dmarc.old.example")))
    assert (finding.code, finding.severity) == ("dmarc-cname-and-txt", Status.WARN)
    assert [(f.action, f.type, f.value) for f in finding.fixes] == [
        (FixAction.DELETE, "CNAME", "_dmarc.old.example.")
    ]


def test_an_alias_to_a_good_record_is_fine() -> None:
    answer = txt(OWN, STRICT, chain=("_dmarc.cow.example",))
    assert look(answer, cname(OWN, "_dmarc.cow.example")).status is Status.PASS


def test_removed_tags_are_said_of_other_records_only() -> None:
    text = "v=DMARC1; p=reject; pct=50; ri=3600; adkim=s; rua=mailto:dmarc@cow.example"
    finding = only(look(txt(OWN, text)))
    assert (finding.code, finding.severity) == ("dmarc-removed-tags", Status.INFO)
    assert finding.facts["tags"] == ("pct", "ri")


def test_faults_together_get_one_value_that_mends_them_all() -> None:
    text = "v=DMARC1; p=none; t=y; sp=nope; rua=dmarc@cow.example"
    verdict = look(txt(OWN, text))
    values = {fix.value for finding in verdict.findings for fix in finding.fixes}
    assert len(values) == 1
    mended = look(txt(OWN, values.pop()))
    assert mended.status in {Status.PASS, Status.WARN}
    assert not {"dmarc-syntax", "dmarc-odd-tag", "dmarc-rua-syntax"} & set(codes(mended))


def test_a_handed_out_record_of_none_is_only_said() -> None:
    server = MailServer(SERVER.host, SERVER.spf, "v=DMARC1; p=none; sp=none")
    verdict = look(txt(OWN, "v=DMARC1; p=none"), server=server)
    assert verdict.status is Status.INFO


@given(st.lists(st.binary(max_size=400), max_size=4))
def test_no_octets_raise_or_pass(texts: list[bytes]) -> None:
    assert look(txt(OWN, *texts)).status is not Status.PASS


PARTS = [
    "v=DMARC1", "p=", "reject", "none", "sp=", ";", " ", "rua=", "mailto:", "a@old.example", ",",
    "t=y", "\\", '"', "é", "psd=y", "p=reject", "; ", "dmarc@cow.example", "np=none",
]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=12), st.booleans())
def test_only_a_policy_in_force_passes(parts: list[str], known: bool) -> None:
    text = "".join(parts)
    verdict = look(txt(OWN, text), txt(OLD), dkim=KNOWN if known else KeyUnknown())
    if verdict.status is Status.PASS:
        record = parse_record(text)
        assert record is not None
        assert record.policy("p") in {"reject", "quarantine"}
    for finding in verdict.findings:
        for fix in finding.fixes:
            assert fix.action is FixAction.DELETE or parse_record(fix.value) is not None


@pytest.mark.parametrize("texts", [[RELAXED], ["v=DMARC1; p=rejected"], [STRICT, RELAXED]])
def test_what_is_wrong_behind_an_alias_is_mended_by_a_record_in_its_place(texts: list[str]) -> None:
    finding = only(look(txt(OWN, *texts, chain=("_dmarc.old.example",))))
    assert [(f.action, f.type, f.old) for f in finding.fixes] == [
        (FixAction.DELETE, "CNAME", None),
        (FixAction.ADD, "TXT", None),
    ]


def test_an_alias_lent_by_a_wildcard_is_not_there_to_delete() -> None:
    target = dns.name.from_text("edge.site.example")
    lent = Answer(Question(PROBE, RdataType.A), Outcome.RECORDS, chain=(target,))
    nothing = Answer(Question.of(OWN, "TXT"), Outcome.NODATA, chain=(target,))
    finding = only(look(nothing, cname(OWN, "edge.site.example"), lent))
    assert finding.code == "wildcard-cname"
    assert [fix.action for fix in finding.fixes] == [FixAction.ADD]
