"""What is wrong with a DMARC record, and the one value that mends all of it."""

from __future__ import annotations

import pytest

from bot.checks.dmarc.faults import find_weaker_tag
from bot.checks.dmarc.record import parse_record
from bot.checks.finding import Status
from dmarc_zones import (
    OLD,
    OWN,
    SELECTOR,
    STRICT,
    codes,
    look,
    only,
    say,
    txt,
)


def test_what_the_way_back_to_none_mends_as_well_is_left_out() -> None:
    text = "v=DMARC1; p=reject; sp=none; adkim=x; rua=dmarc@cow.example,mailto:me@friend.example"
    verdict = look(txt(OWN, text), txt(SELECTOR))
    assert codes(verdict) == ["dmarc-before-dkim"]
    both = look(txt(OWN, f"{text}; pct=100; p=none"), txt(SELECTOR))
    assert codes(both) == ["dmarc-before-dkim", "dmarc-syntax", "dmarc-removed-tags"]
    assert [bool(finding.fixes) for finding in both.findings] == [True, False, False]


def test_addresses_that_the_way_back_to_none_leaves_out_are_named() -> None:
    text = (
        "v=DMARC1; p=reject; adkim=x; rua=mailto:me@old.example; ruf=mailto:k\u00fche@cow.example"
    )
    verdict = look(txt(OWN, text), txt(SELECTOR), txt(OLD))
    assert codes(verdict) == ["dmarc-before-dkim", "dmarc-rua-syntax", "dmarc-rua-not-authorised"]
    said = " ".join(map(say, verdict.findings))
    assert "leaves out mailto:k\u00fche@cow.example" in said
    assert "me@old.example" in said
    assert [bool(finding.fixes) for finding in verdict.findings] == [True, False, False]


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


@pytest.mark.parametrize(
    ("rua", "what", "mended"),
    [
        ("dmarc@cow.example", "mailto", STRICT),
        ("mailto:dmarc@cow.example mailto:a@friend.example", "glued", None),
        ("mailto:dmarc@cow.example; mailto:a@friend.example", "spilled", None),
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


def test_faults_together_get_one_value_that_mends_them_all() -> None:
    text = "v=DMARC1; p=none; t=y; sp=nope; rua=dmarc@cow.example"
    verdict = look(txt(OWN, text))
    values = {fix.value for finding in verdict.findings for fix in finding.fixes}
    assert len(values) == 1
    mended = look(txt(OWN, values.pop()))
    assert mended.status in {Status.PASS, Status.WARN}
    assert not {"dmarc-syntax", "dmarc-odd-tag", "dmarc-rua-syntax"} & set(codes(mended))


@pytest.mark.parametrize(
    ("text", "weaker"),
    [
        ("p=reject; sp=none; np=quarantine", ("sp", "none", "reject")),
        ("p=reject; sp=reject; np=quarantine", ("np", "quarantine", "reject")),
        ("p=reject; np=none", ("np", "none", "reject")),
        ("p=quarantine; sp=reject; np=quarantine", None),  # weaker than sp, not than p
        ("p=none; sp=none; np=none", None),
        ("p=reject; sp=reject; np=reject", None),
    ],
)
def test_sp_and_np_are_weighed_against_p(text: str, weaker: tuple[str, str, str] | None) -> None:
    record = parse_record(f"v=DMARC1; {text}")
    assert record is not None
    assert find_weaker_tag(record) == weaker
