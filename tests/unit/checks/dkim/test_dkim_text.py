"""What the text of a key record was meant as, and what is written wrongly in it."""

from __future__ import annotations

import pytest

from bot.checks.dkim.text import read_meant
from bot.checks.finding import Status
from dkim_zones import HANDED_OUT, KEY, NAME, look, only, txt


@pytest.mark.parametrize("text", ["v=spf1 -all", "v=DMARC1; p=reject", "hello", ""])
def test_text_of_another_kind_counts_as_not_there(text: str) -> None:
    assert only(look(txt(NAME, text))).code == "dkim-missing"


@pytest.mark.parametrize("gap", ['" "', '"', "” “"])
def test_quotes_inside_the_key_are_found(gap: str) -> None:
    text = f"v=DKIM1; k=rsa; p={KEY[:100]}{gap}{KEY[100:]}"
    assert only(look(txt(NAME, text))).code == "dkim-quotes-in-key"
    assert only(look(txt(NAME, f'"{text}"'))).code == "dkim-quotes-in-key"


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
    ("text", "what"),
    [
        ("v=DKIM1; k=dsa", "no-key"),
        ("v=DKIM1; k=rsa; t=s; p", "no-key"),
        (KEY, "tag-lost"),
        (f"v=DKIM1; k=rsa; {KEY}", "tag-lost"),
        (f"v=DKIM1; k=rsa; p{KEY}", "tag-lost"),
        (f"v=DKIM1; k=rsa; ={KEY}", "tag-lost"),
        (f"v=DKIM1; k=rsa; P={KEY}", "case"),
        (f"v=DKIM1; k=rsa; p:{KEY}", "colon"),
        (f"v=DKIM1 k=rsa p={KEY}", "semicolon"),
        (f"v=DKIM1,k=rsa,p={KEY}", "semicolon"),
        (f"v=DKIM1; k=rsap={KEY}", "semicolon"),
        (f"v=DKIM1; p={KEY} t=s", "glued"),
        (f"v=DKIM1; p={KEY[:80]};{KEY[80:]}", "split"),
        (f"v=DKIM1; k=rsa{KEY[:9]}; p={KEY[9:]}", "moved"),
        (f"v=DKIM1; k=rsa {KEY[:90]}; p={KEY[90:]}", "moved"),
        (f"v=DKIM1; k=rsaX; p={KEY}", "key-type"),
        (f"v=DKIM1; k=; p={KEY}", "key-type"),
        (f"v=DKIM1; k=RSA; p={KEY}", "key-type"),
        (f"v=DKIM1; p={KEY.replace('+', '-').replace('/', '_')}", "url-safe"),
        (f"v=DKIM1; p={KEY.replace('+', ' ')}", "plus"),
        (HANDED_OUT[255:] + HANDED_OUT[:255], "swapped"),
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


def test_what_was_moved_from_the_key_into_its_type_is_put_back() -> None:
    moved = f"v=DKIM1; k=rsa{KEY[:40]}; p={KEY[40:]}"
    assert read_meant(moved) == f"v=DKIM1; k=rsa; p={KEY}"
