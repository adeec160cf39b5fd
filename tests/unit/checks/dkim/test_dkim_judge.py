from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import dns.name
import dns.rdata
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dns.rdataclass import IN
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.TXT import TXT
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.dkim.judge import is_absent, judge, key_names, works
from bot.checks.finding import Finding, FixAction, Status, Verdict
from bot.checks.observation import Observation
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.dkim_key import DkimKnowledge, DkimRecord, KeyUnknown, KnownKey, NoKeyYet
from bot.records.expected import expect
from bot.records.mail_server import MailServer
from bot.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.records.expected import Expected

KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAs10yxa7pMgU6O1IaTmrfpZVHZUM8If2+XSwxN0jMjqgz"
    "oK7+zJaXzEACf89ljg2if04/JzGcMhdKD/dkh75oKdXieopIqlxJbJJIBaTLgUw9UVo1JIL+ICBqlKOv9Qw3FoAw"
    "Bp4U2oY3sEXG0Pq0PODI8yshwxggOmpIRYFxnfGLhfrgZDLbbLHxmq/Gfl91cjhlPzPKRm3fAqjI5rj8EBgPy7aJ"
    "HLXo4zvbvhk+FcE1GA6xwWCyUSYS2VeIbK6uB/HmM5uYefIe6FaDpSf+JIOtVEhzvT+9ckjzdJYW5uceRaxwW/cJ"
    "6bg58i6gdxZPoGQUVTwbobbdCknSLkcFQQIDAQAB"
)
OTHER = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArIJh1nk49cYkJKJwANRKFiCByuIqfFh+/6Hmn3hfbZKz"
    "o49YDclEa2T8ZKOsrcYFinEpkGLIm84dHJ1TMhoWiabUzGmTPy9yULAg3vTbcYz37T0tb7Y8Yt33TVnn29Ej2q9T"
    "qgV+COpSn0bGjTdrD2h0wjfNI8RxdmtqrjOWanRRVG3nZwIalSCdLn9f4LbcX7EgOaWLd1M5/aH1ov+bQo1xUWQ4"
    "6qdopzKfwgQXUf2hhh5t5qglqzR2PI/M2tAwCMtZem7JXRmLpC8+ivW+mkCU9m6uUD5Li/AUGmQNADFXE+YC/LTc"
    "cxr/c+bisUpfglWh8DH3HLSn2GNPiPWopwIDAQAB"
)
HANDED_OUT = f"v=DKIM1;k=rsa;t=s;s=email;p={KEY}"
DOMAIN = Domain.of("friend.example")
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example"),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example",
    dmarc_rua="mailto:dmarc@cow.example",
)
KNOWN = KnownKey("dkim", DkimRecord.parse(HANDED_OUT), "--dkim")
NAME = "dkim._domainkey.friend.example"


def make_key(bits: int) -> str:
    modulus = (1 << (bits - 1)) + (1 << (bits // 2)) + 1
    public = RSAPublicNumbers(65537, modulus).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def txt(name: str, *texts: str | bytes, chain: tuple[str, ...] = ()) -> Answer:
    rdatas = tuple(
        TXT(IN, RdataType.TXT, [raw[i : i + 255] for i in range(0, len(raw) or 1, 255)])
        for raw in (text if isinstance(text, bytes) else text.encode() for text in texts)
    )
    outcome = Outcome.RECORDS if rdatas else Outcome.NODATA
    names = tuple(dns.name.from_text(alias) for alias in chain)
    return Answer(Question.of(name, "TXT"), outcome, rdatas, chain=names)


def missing(name: str, outcome: Outcome = Outcome.NXDOMAIN, **rest: object) -> Answer:
    return Answer(Question.of(name, "TXT"), outcome, **rest)  # type: ignore[arg-type]  # by name


def expected_with(key: DkimKnowledge) -> Expected:
    return expect(SERVER, DOMAIN, key)


def look(answer: Answer, key: DkimKnowledge = KNOWN, dmarc: str = "v=DMARC1; p=none") -> Verdict:
    observed = Observation.of(DOMAIN, [answer, txt("_dmarc.friend.example", dmarc)])
    verdict = judge(expected_with(key), observed)
    context = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}
    for finding in verdict.findings:
        assert Words().finding(finding, context)
    if verdict.note is not None:
        assert Words().note(verdict.note, context)
    return verdict


def only(verdict: Verdict) -> Finding:
    assert len(verdict.findings) == 1, verdict.findings
    return verdict.findings[0]


def say(verdict: Verdict) -> str:
    context = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}
    return Words().finding(only(verdict), context)


def test_the_name_asked_is_the_selector_below_domainkey() -> None:
    assert key_names(expected_with(KNOWN)) == (dns.name.from_text(NAME),)


def test_a_domain_too_long_for_a_selector_leaves_the_member_nothing_to_do() -> None:
    long = Domain(dns.name.from_text(".".join(["a" * 60] * 4)))
    expected = expect(SERVER, long)
    assert key_names(expected) == ()
    finding = only(judge(expected, Observation.of(long, [])))
    assert (finding.code, finding.severity) == ("server-side", Status.INFO)
    assert not works(expected, Observation.of(long, []))


def test_the_handed_out_record_passes() -> None:
    verdict = look(txt(NAME, HANDED_OUT))
    assert (verdict.status, verdict.note) == (Status.PASS, None)
    assert verdict.expected == verdict.found == (HANDED_OUT,)


@pytest.mark.parametrize(
    "text",
    [
        f"v=DKIM1; s=email; t=s; k=rsa; p={KEY[:50]} {KEY[50:]};",
        f"v=DKIM1;t=s;s=email;p={KEY}",
    ],
)
def test_order_blanks_and_defaults_do_not_matter(text: str) -> None:
    verdict = look(txt(NAME, text))
    assert (verdict.status, verdict.note) == (Status.PASS, None)


def test_other_tags_beside_the_right_key_are_only_remarked() -> None:
    verdict = look(txt(NAME, f"v=DKIM1; p={KEY}"))
    assert verdict.status is Status.PASS
    assert verdict.note is not None
    assert verdict.note.code == "dkim-written-differently"


def test_other_text_beside_the_record_is_nothing() -> None:
    assert look(txt(NAME, "site-verification=abc", HANDED_OUT)).status is Status.PASS


@pytest.mark.parametrize("outcome", [Outcome.NODATA, Outcome.NXDOMAIN])
def test_a_known_key_that_is_not_there_is_missing(outcome: Outcome) -> None:
    finding = only(look(missing(NAME, outcome)))
    assert (finding.code, finding.severity) == ("dkim-missing", Status.FAIL)
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.ADD, HANDED_OUT)]


@pytest.mark.parametrize("text", ["v=spf1 -all", "v=DMARC1; p=reject", "hello", ""])
def test_text_of_another_kind_counts_as_not_there(text: str) -> None:
    assert only(look(txt(NAME, text))).code == "dkim-missing"


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.SERVFAIL, "servfail"),
        (Outcome.TIMEOUT, "dns-timeout"),
        (Outcome.REFUSED, "dns-refused"),
    ],
)
def test_a_failed_answer_is_never_called_missing(outcome: Outcome, code: str) -> None:
    finding = only(look(missing(NAME, outcome)))
    assert (finding.code, finding.severity) == (code, Status.UNKNOWN)
    assert (finding.facts["name"], finding.facts["type"]) == (NAME, "TXT")


def test_a_question_never_asked_is_unknown() -> None:
    verdict = judge(expected_with(KNOWN), Observation.of(DOMAIN, []))
    assert only(verdict).code == "dns-timeout"


def test_an_alias_that_leads_nowhere_is_replaced() -> None:
    target = dns.name.from_text("dkim.old.example")
    finding = only(look(missing(NAME, chain=(target,))))
    assert (finding.code, finding.facts["target"]) == ("dkim-cname-broken", "dkim.old.example")
    assert [(f.action, f.type) for f in finding.fixes] == [
        (FixAction.DELETE, "CNAME"),
        (FixAction.ADD, "TXT"),
    ]


def test_an_alias_in_a_circle_is_broken() -> None:
    target = dns.name.from_text("a.friend.example")
    looping = missing(NAME, Outcome.SERVFAIL, chain=(target,), alias_loop=True)
    assert only(look(looping)).code == "dkim-cname-broken"


def test_an_alias_to_itself_is_broken() -> None:
    finding = only(look(missing(NAME, Outcome.SERVFAIL, alias_loop=True)))
    assert (finding.code, finding.facts["target"]) == ("dkim-cname-broken", NAME)


@pytest.mark.parametrize("text", [HANDED_OUT[:255], "v=DKIM1; p=", f"{HANDED_OUT};t=y"])
def test_what_is_wrong_behind_an_alias_is_mended_by_a_record_in_its_place(text: str) -> None:
    finding = only(look(txt(NAME, text, chain=("k.old.example",))))
    assert [(f.action, f.type, f.value, f.old) for f in finding.fixes] == [
        (FixAction.DELETE, "CNAME", "k.old.example.", None),
        (FixAction.ADD, "TXT", HANDED_OUT, None),
    ]


def test_of_two_keys_behind_an_alias_none_is_the_members_to_keep() -> None:
    finding = only(look(txt(NAME, HANDED_OUT, "v=DKIM1; p=", chain=("k.old.example",))))
    assert [(f.action, f.type) for f in finding.fixes] == [
        (FixAction.DELETE, "CNAME"),
        (FixAction.ADD, "TXT"),
    ]


def test_an_alias_lent_by_a_wildcard_leaves_the_key_missing() -> None:
    target = dns.name.from_text("edge.site.example")
    lent = Answer(Question.of(f"*.{DOMAIN.ascii}", "A"), Outcome.RECORDS, chain=(target,))
    answers = [missing(NAME, chain=(target,)), lent]
    observed = Observation.of(DOMAIN, answers, probe=lent.question.name)
    finding = only(judge(expected_with(KNOWN), observed))
    assert finding.code == "wildcard-cname"
    assert [fix.action for fix in finding.fixes] == [FixAction.ADD]


def test_an_alias_to_the_right_key_passes() -> None:
    answer = txt(NAME, HANDED_OUT, chain=("friend.dkim.cow.example",))
    assert look(answer).status is Status.PASS


def test_without_a_key_on_the_server_nothing_is_missing() -> None:
    assert only(look(missing(NAME), NoKeyYet())).code == "dkim-no-key"
    assert only(look(txt(NAME, HANDED_OUT), NoKeyYet())).facts["published"] is True


def test_no_key_known_and_none_published_is_unknown_to_the_bot() -> None:
    finding = only(look(missing(NAME), KeyUnknown()))
    assert (finding.code, finding.severity) == ("dkim-unknown", Status.INFO)


def test_a_sound_key_with_nothing_to_compare_is_unverified() -> None:
    finding = only(look(txt(NAME, HANDED_OUT), KeyUnknown()))
    assert (finding.code, finding.severity, finding.facts["bits"]) == (
        "dkim-unverified",
        Status.INFO,
        2048,
    )


def test_another_key_is_named_with_the_first_difference() -> None:
    verdict = look(txt(NAME, f"v=DKIM1;k=rsa;p={OTHER}"))
    finding = only(verdict)
    assert (finding.code, finding.facts["position"]) == ("dkim-key-mismatch", 45)
    assert finding.fixes[0].old == f"v=DKIM1;k=rsa;p={OTHER}"
    assert "the first difference is at character 45" in say(verdict)


def test_a_key_cut_at_255_characters_is_truncated() -> None:
    text = HANDED_OUT[:255]
    verdict = look(txt(NAME, text))
    finding = only(verdict)
    assert (finding.code, finding.facts["cut_at"]) == ("dkim-truncated", 255)
    assert finding.facts["want"] == len(KEY)
    assert finding.facts["have"] == len(text.partition("p=")[2])
    assert "Only the first 255 characters" in say(verdict)


def test_a_value_cut_before_its_key_is_truncated() -> None:
    assert only(look(txt(NAME, "v=DKIM1;k=rsa;t=s"))).code == "dkim-truncated"


def test_the_second_half_in_a_record_of_its_own_is_deleted() -> None:
    finding = only(look(txt(NAME, HANDED_OUT[:255], HANDED_OUT[255:])))
    assert (finding.code, finding.facts["pieces"]) == ("dkim-truncated", True)
    assert [f.action for f in finding.fixes] == [FixAction.REPLACE, FixAction.DELETE]


def test_only_the_second_half_is_truncated_too() -> None:
    assert only(look(txt(NAME, HANDED_OUT[255:]))).code == "dkim-truncated"


@pytest.mark.parametrize("length", range(60, len(KEY), 13))
def test_an_unknown_key_that_is_cut_is_truncated(length: int) -> None:
    finding = only(look(txt(NAME, f"v=DKIM1; p={KEY[:length]}"), KeyUnknown()))
    assert (finding.code, finding.facts["want"], finding.fixes) == ("dkim-truncated", None, ())


def test_an_empty_key_is_revoked() -> None:
    assert only(look(txt(NAME, "v=DKIM1; k=rsa; p="))).code == "dkim-revoked"


@pytest.mark.parametrize("gap", ['" "', '"', "” “"])
def test_quotes_inside_the_key_are_found(gap: str) -> None:
    text = f"v=DKIM1; k=rsa; p={KEY[:100]}{gap}{KEY[100:]}"
    assert only(look(txt(NAME, text))).code == "dkim-quotes-in-key"
    assert only(look(txt(NAME, f'"{text}"'))).code == "dkim-quotes-in-key"


def test_two_keys_are_told_apart_by_their_ends() -> None:
    verdict = look(txt(NAME, f"v=DKIM1;k=rsa;p={OTHER}", HANDED_OUT))
    finding = only(verdict)
    assert (finding.code, finding.facts["tail"]) == ("dkim-multiple", OTHER[-12:])
    assert [(f.action, f.value) for f in finding.fixes] == [
        (FixAction.DELETE, f"v=DKIM1;k=rsa;p={OTHER}")
    ]
    assert f"Delete the one that ends in {OTHER[-12:]}" in say(verdict)


def test_two_keys_none_of_them_right_are_replaced() -> None:
    finding = only(look(txt(NAME, f"v=DKIM1;p={OTHER}", "v=DKIM1; p=")))
    assert [f.action for f in finding.fixes] == [FixAction.REPLACE, FixAction.DELETE]


def test_two_unknown_keys_are_left_to_the_admin() -> None:
    finding = only(look(txt(NAME, f"v=DKIM1;p={OTHER}", HANDED_OUT), KeyUnknown()))
    assert (finding.code, finding.fixes) == ("dkim-multiple", ())


def test_one_text_split_in_two_ways_is_one_record() -> None:
    raw = HANDED_OUT.encode()
    rdatas = tuple(TXT(IN, RdataType.TXT, [raw[:cut], raw[cut:]]) for cut in (200, 250))
    answer = Answer(Question.of(NAME, "TXT"), Outcome.RECORDS, rdatas)
    assert look(answer).status is Status.PASS


@pytest.mark.parametrize(
    ("bits", "severity"), [(512, Status.FAIL), (1024, Status.WARN), (1536, Status.WARN)]
)
def test_a_short_key_is_weak(bits: int, severity: Status) -> None:
    text = f"v=DKIM1; k=rsa; p={make_key(bits)}"
    for key in (KeyUnknown(), KnownKey("dkim", DkimRecord.parse(text), "mailcow")):
        finding = only(look(txt(NAME, text), key))
        assert (finding.code, finding.severity, finding.facts["bits"], finding.fixes) == (
            "dkim-weak-key",
            severity,
            bits,
            (),
        )


def test_the_test_flag_is_taken_out() -> None:
    finding = only(look(txt(NAME, f"v=DKIM1; t=y:s; p={KEY}")))
    assert (finding.code, finding.severity) == ("dkim-test-flag", Status.WARN)
    assert finding.fixes[0].value == HANDED_OUT
    unknown = only(look(txt(NAME, f"v=DKIM1; t=y:s; p={KEY}"), KeyUnknown()))
    assert unknown.fixes[0].value == f"v=DKIM1; t=s; p={KEY}"
    alone = only(look(txt(NAME, f"v=DKIM1; t=y; p={KEY}"), KeyUnknown()))
    assert alone.fixes[0].value == f"v=DKIM1; p={KEY}"


@pytest.mark.parametrize(
    ("text", "code", "certain"),
    [
        (f'"{HANDED_OUT}"', "txt-literal-quotes", True),
        (HANDED_OUT.replace(";", "\\;"), "txt-literal-backslash", True),
        ('"v=DKIM1; p=MIIB"', "txt-literal-quotes", False),
    ],
)
def test_marks_of_a_zone_file_are_named_and_the_rest_is_compared(
    text: str, code: str, *, certain: bool
) -> None:
    finding = only(look(txt(NAME, text)))
    assert (finding.code, finding.facts["certain"]) == (code, certain)
    assert finding.fixes[0].value == HANDED_OUT


@pytest.mark.parametrize(
    ("damage", "slip"),
    [
        (lambda key: key[:100] + key[101:], "lost"),
        (lambda key: key[:100] + "AAA" + key[100:], "added"),
        (lambda key: f"{key[:100]}{'A' if key[100] != 'A' else 'B'}{key[101:]}", "changed"),
        (lambda key: key[::-1], ""),
    ],
)
def test_a_slip_in_the_right_key_is_told_from_another_key(
    damage: Callable[[str], str], slip: str
) -> None:
    finding = only(look(txt(NAME, f"v=DKIM1; p={damage(KEY)}")))
    assert (finding.code, finding.facts["slip"]) == ("dkim-key-mismatch", slip)


def test_a_former_key_is_known_as_one() -> None:
    former = KnownKey("dkim", DkimRecord.parse(f"v=DKIM1; p={OTHER}"), "admin")
    expected = expect(SERVER, DOMAIN, KNOWN, former=(former,))
    observed = Observation.of(DOMAIN, [txt(NAME, f"v=DKIM1; p={OTHER}")])
    finding = only(judge(expected, observed))
    assert (finding.code, finding.facts["former"]) == ("dkim-key-mismatch", True)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("v=DKIM1; k=dsa", "no-key"),
        (KEY, "no-key"),
        (f"v=dkim1; p={KEY}", "version"),
        (f"v=DKIM2; p={KEY}", "version"),
        (f"v=DKIM1; k=dsa; p={KEY}", "key-type"),
        (f"v=DKIM1; p={KEY}; p={KEY}", "repeated"),
        (f"v=DKIM1; p={KEY[:99]}…{KEY[99:]}", "character"),
        (f"v=DKIM1; s=tlsrpt; p={KEY}", "service"),
        (f"v=DKIM1; h=sha1; p={KEY}", "hash"),
        (f"v=DKIM1; p={KEY}; and more", "part"),
    ],
)
def test_other_damage_is_named(text: str, what: str) -> None:
    finding = only(look(txt(NAME, text)))
    assert (finding.code, finding.severity, finding.facts["what"]) == (
        "dkim-syntax",
        Status.FAIL,
        what,
    )
    assert finding.fixes[0].value == HANDED_OUT


@pytest.mark.parametrize(
    ("text", "what"), [(f"p={KEY}; v=DKIM1", "order"), (f"v=DKIM1;; p={KEY}", "blank-part")]
)
def test_what_most_receivers_forgive_is_a_warning(text: str, what: str) -> None:
    finding = only(look(txt(NAME, text)))
    assert (finding.code, finding.severity, finding.facts["what"]) == (
        "dkim-syntax",
        Status.WARN,
        what,
    )


def test_nonsense_instead_of_an_unknown_key_is_unreadable() -> None:
    finding = only(look(txt(NAME, "v=DKIM1; p=aGVsbG8gd29ybGQ="), KeyUnknown()))
    assert (finding.code, finding.facts["what"]) == ("dkim-syntax", "unreadable")


def test_the_policy_in_force_is_named() -> None:
    verdict = look(missing(NAME), dmarc="v=DMARC1; p=reject")
    assert only(verdict).facts["policy"] == "reject"
    assert "Your DMARC policy is reject" in say(verdict)


def test_a_policy_that_is_only_tested_is_not_named() -> None:
    verdict = look(missing(NAME), dmarc="v=DMARC1; p=reject; t=y")
    assert only(verdict).facts["policy"] == ""


def test_absence_is_proven_by_an_answer_only() -> None:
    expected = expected_with(KNOWN)
    for answer, absent in (
        (missing(NAME), True),
        (txt(NAME, "v=spf1 -all"), True),
        (missing(NAME, Outcome.SERVFAIL), False),
        (txt(NAME, "v=DKIM1; p="), False),
        (missing(NAME, chain=(dns.name.from_text("dkim.old.example"),)), False),
    ):
        assert is_absent(expected, Observation.of(DOMAIN, [answer])) is absent


def test_dkim_works_with_the_right_or_an_unverified_key_only() -> None:
    for text, key, working in (
        (HANDED_OUT, KNOWN, True),
        (HANDED_OUT, KeyUnknown(), True),
        (HANDED_OUT, NoKeyYet(), False),
        (f"v=DKIM1; p={OTHER}", KNOWN, False),
        ("v=spf1 -all", KeyUnknown(), False),
    ):
        observed = Observation.of(DOMAIN, [txt(NAME, text)])
        assert works(expected_with(key), observed) is working


def test_no_more_texts_are_shown_than_fit() -> None:
    verdict = look(txt(NAME, *(f"text {i}" for i in range(60))))
    assert len(verdict.found) <= 11


@given(st.lists(st.binary(max_size=600), max_size=4))
def test_no_octets_raise_or_pass(texts: list[bytes]) -> None:
    for key in (KNOWN, KeyUnknown(), NoKeyYet()):
        verdict = look(txt(NAME, *texts), key)
        assert verdict.status is not Status.PASS


PARTS = [
    "v=DKIM1",
    "k=rsa",
    "p=",
    KEY,
    KEY[:200],
    OTHER,
    ";",
    '"',
    "\\",
    " ",
    "t=y",
    "v=dkim1",
    "é",
]


@given(st.lists(st.sampled_from(PARTS), max_size=9))
def test_only_the_right_key_passes(parts: list[str]) -> None:
    verdict = look(txt(NAME, "".join(parts)))
    if verdict.status is Status.PASS:
        published = re.search(r"p=([^;]*)", re.sub(r"\s", "", "".join(parts)))
        assert published is not None
        assert published.group(1) == KEY
    look(txt(NAME, "".join(parts)), KeyUnknown())


@given(st.integers(0, len(KEY) - 8), st.sampled_from("ABab01+/"))
def test_one_changed_character_never_passes(place: int, character: str) -> None:
    changed = KEY[:place] + character + KEY[place + 1 :]
    verdict = look(txt(NAME, f"v=DKIM1; p={changed}"))
    assert (verdict.status is Status.PASS) == (changed == KEY)


def test_of_several_faults_the_first_alone_has_the_new_value() -> None:
    first, second = look(txt(NAME, f"v=DKIM1; h=sha1; t=y; p={KEY}")).findings
    assert (first.code, second.code) == ("dkim-syntax", "dkim-test-flag")
    assert [len(finding.fixes) for finding in (first, second)] == [1, 0]
    context = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}
    assert "below" in Words().finding(first, context)
    assert "below" not in Words().finding(second, context)
