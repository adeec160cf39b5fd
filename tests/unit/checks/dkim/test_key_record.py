"""What is wrong with one text that was meant as key record, by the bytes of its key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.checks.dkim.judge import judge
from bot.checks.finding import FixAction, Status
from bot.checks.observation import Observation
from bot.errors import InvalidKey
from bot.records.dkim_key import DkimRecord, KeyUnknown, KnownKey
from bot.records.expected import expect
from bot.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

from dkim_zones import (
    DOMAIN,
    HANDED_OUT,
    KEY,
    KNOWN,
    NAME,
    OTHER,
    SERVER,
    bare,
    look,
    make_key,
    only,
    say,
    txt,
)
from strategies import RSA_1024


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
    assert (finding.code, finding.facts["lost"], finding.fixes) == ("dkim-truncated", "end", ())
    assert (finding.facts["have"], finding.facts["want"]) == (length, len(KEY))


def test_an_empty_key_is_revoked() -> None:
    assert only(look(txt(NAME, "v=DKIM1; k=rsa; p="))).code == "dkim-revoked"


@pytest.mark.parametrize(
    ("bits", "severity"), [(512, Status.FAIL), (1024, Status.WARN), (1536, Status.WARN)]
)
def test_a_short_key_is_weak(bits: int, severity: Status) -> None:
    text = f"v=DKIM1; k=rsa; p={make_key(bits)}"
    for key in (KeyUnknown(), KnownKey("dkim", DkimRecord.read(text), "mailcow")):
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
    ("damage", "slip"),
    [
        (lambda key: key[:100] + key[101:], "lost"),
        (lambda key: key[:100] + "AAA" + key[100:], "added"),
        (lambda key: f"{key[:100]}{'A' if key[100] != 'A' else 'B'}{key[101:]}", "changed"),
        (lambda key: f"A{key}", "added-front"),
        (lambda key: f"{key}A", "added-end"),
        (lambda key: key + key, "twice"),
        (lambda key: key.lower(), "case"),
        (lambda key: key[:60] + key[200:300] + key[60:200] + key[300:], "swapped"),
        (lambda key: key[::-1], "damaged"),
        (lambda key: OTHER, ""),
    ],
)
def test_a_slip_in_the_right_key_is_told_from_another_key(
    damage: Callable[[str], str], slip: str
) -> None:
    finding = only(look(txt(NAME, f"v=DKIM1; p={damage(KEY)}")))
    assert (finding.code, finding.facts["slip"]) == ("dkim-key-mismatch", slip)


SIGNS = sorted(set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") - {KEY[100]})


def is_sound(key: str) -> bool:
    try:
        DkimRecord.parse(f"v=DKIM1; p={key}")
    except InvalidKey:
        return False
    return True


@pytest.mark.parametrize(
    ("source", "says"), [("--dkim", True), ("admin", True), ("mailcow", False)]
)
def test_of_two_sound_keys_that_differ_little_the_pasted_one_may_be_damaged(
    source: str, says: bool
) -> None:
    # As RSA moduli both are beyond doubt: neither has a small factor.
    near = next(key for key in (f"{KEY[:100]}{sign}{KEY[101:]}" for sign in SIGNS) if is_sound(key))
    known = KnownKey("dkim", DkimRecord.parse(f"v=DKIM1; p={KEY}"), source)
    verdict = look(txt(NAME, f"v=DKIM1; p={near}"), known)
    finding = only(verdict)
    assert (finding.facts["slip"], finding.facts["pasted_may_be_damaged"]) == ("changed", says)
    assert ("can be the damaged one" in say(verdict)) == says
    assert finding.fixes


def test_a_key_that_no_program_makes_is_the_damaged_one() -> None:
    bad = next(
        key for key in (f"{KEY[:100]}{sign}{KEY[101:]}" for sign in SIGNS) if not is_sound(key)
    )
    finding = only(look(txt(NAME, f"v=DKIM1; p={bad}")))
    assert (finding.facts["slip"], finding.facts["pasted_may_be_damaged"]) == ("changed", False)


def test_a_former_key_is_known_as_one() -> None:
    former = KnownKey("dkim", DkimRecord.parse(f"v=DKIM1; p={OTHER}"), "admin")
    expected = expect(SERVER, DOMAIN, KNOWN, former=(former,))
    observed = Observation.of(DOMAIN, [txt(NAME, f"v=DKIM1; p={OTHER}")])
    finding = only(judge(expected, observed))
    assert (finding.code, finding.facts["former"]) == ("dkim-key-mismatch", True)


def test_nonsense_instead_of_an_unknown_key_is_unreadable() -> None:
    finding = only(look(txt(NAME, "v=DKIM1; p=aGVsbG8gd29ybGQ="), KeyUnknown()))
    assert (finding.code, finding.facts["what"]) == ("dkim-syntax", "unreadable")


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


@settings(deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=9))
def test_only_the_right_key_passes(parts: list[str]) -> None:
    verdict = look(txt(NAME, "".join(parts)))
    if verdict.status is Status.PASS:
        published = re.search(r"p=([^;]*)", re.sub(r"\s", "", "".join(parts)))
        assert published is not None
        assert published.group(1) == KEY
    look(txt(NAME, "".join(parts)), KeyUnknown())


@settings(deadline=None)
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


def test_the_right_key_in_bare_form_is_known_and_to_be_wrapped() -> None:
    verdict = look(txt(NAME, f"v=DKIM1; k=rsa; p={bare(KEY)}"))
    finding = only(verdict)
    assert (finding.code, finding.severity) == ("dkim-syntax", Status.WARN)
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.REPLACE, HANDED_OUT)]
    assert "is the right one" in say(verdict)


def test_another_key_in_bare_form_is_another_key() -> None:
    assert only(look(txt(NAME, f"v=DKIM1; p={bare(OTHER)}"))).code == "dkim-key-mismatch"


def test_a_key_in_bare_form_that_nobody_knows_is_warned_of() -> None:
    verdict = look(txt(NAME, f"v=DKIM1; p={bare(KEY)}"), KeyUnknown())
    finding = only(verdict)
    assert (finding.code, finding.severity) == ("dkim-syntax", Status.WARN)
    assert [(f.action, f.value) for f in finding.fixes] == [
        (FixAction.REPLACE, f"v=DKIM1; p={KEY}")
    ]
    assert "PKCS #1" in say(verdict)


def test_a_key_that_the_server_shows_in_bare_form_is_the_same_key() -> None:
    known = KnownKey("dkim", DkimRecord.parse(f"v=DKIM1; p={bare(KEY)}"), "--dkim")
    assert look(txt(NAME, f"v=DKIM1; p={KEY}"), known).findings == ()
    finding = only(look(txt(NAME, f"v=DKIM1; p={bare(KEY)}"), known))
    assert finding.fixes[0].value == f"v=DKIM1; p={KEY}"


def test_a_short_key_is_proof_enough_where_it_is_the_servers() -> None:
    text = f"v=DKIM1; p={RSA_1024}"
    known = KnownKey("dkim", DkimRecord.parse(text), "--dkim")
    weak = look(txt(NAME, text), known)
    assert ([f.code for f in weak.findings], weak.is_proven) == (["dkim-weak-key"], True)
    assert not look(txt(NAME, text), KeyUnknown()).is_proven
    assert not look(txt(NAME, f"v=DKIM1; p={make_key(768)}"), KeyUnknown()).is_proven
