"""How domains agree with From's, and the DMARC result, by the tree walk of RFC 9989."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.checks.mail.alignment import FromDomain, names_to_ask
from bot.checks.mail.mail_verdict import Alignment, AuthResult, Signature
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from observed_domain import answered

if TYPE_CHECKING:
    from collections.abc import Mapping

    import dns.name

FRIEND = Domain.from_ascii("friend.example")
BELOW = Domain.from_ascii("mail.friend.example")


def policies(
    domains: tuple[Domain, ...], records: Mapping[str, str], failing: tuple[str, ...] = ()
) -> dict[dns.name.Name, Answer]:
    found = {}
    for name in names_to_ask(domains, FRIEND):
        owner = name.to_text(omit_final_dot=True).removeprefix("_dmarc.")
        if owner in failing:
            found[name] = Answer(Question.of(name, "TXT"), Outcome.TIMEOUT)
        else:
            texts = (f'"{records[owner]}"',) if owner in records else ()
            found[name] = answered(name.to_text(), "TXT", *texts)
    return found


def align(other: str, records: Mapping[str, str], failing: tuple[str, ...] = ()) -> Alignment:
    domain = Domain.from_ascii(other)
    return FromDomain(FRIEND, policies((domain,), records, failing)).align(domain)


NONE = {"friend.example": "v=DMARC1; p=none"}


@pytest.mark.parametrize(
    ("other", "records", "found"),
    [
        ("friend.example", {}, Alignment.STRICT),
        ("mail.friend.example", NONE, Alignment.RELAXED),
        ("a.b.friend.example", NONE, Alignment.RELAXED),
        ("mail.friend.example", {}, Alignment.NONE),  # nobody says that they are one
        ("other.example", NONE, Alignment.NONE),
        ("friend.test", NONE, Alignment.NONE),
        # Each is an organisation of its own (section 4.10.2).
        (
            "mail.friend.example",
            {**NONE, "mail.friend.example": "v=DMARC1; p=none; psd=n"},
            Alignment.NONE,
        ),
        # Names below a public suffix are of different owners.
        ("other.example", {"example": "v=DMARC1; p=none; psd=y"}, Alignment.NONE),
        ("mail.friend.example", {"example": "v=DMARC1; p=none; psd=y"}, Alignment.RELAXED),
        ("other.example", {"example": "v=DMARC1; p=none"}, Alignment.RELAXED),
    ],
)
def test_domains_agree_as_the_tree_walk_says(
    other: str, records: dict[str, str], found: Alignment
) -> None:
    assert align(other, records) is found


def test_what_was_not_answered_is_unknown_and_no_other_domain() -> None:
    assert align("mail.friend.example", NONE, ("friend.example",)) is Alignment.UNKNOWN
    assert align("mail.friend.example", NONE, ("mail.friend.example",)) is Alignment.UNKNOWN
    assert align("friend.example", {}, ("friend.example",)) is Alignment.STRICT
    assert FromDomain(FRIEND, {}).align(None) is Alignment.NONE
    assert FromDomain(FRIEND, {}).policy_unknown


def dmarc(
    record: str,
    *,
    dkim: tuple[AuthResult, Alignment] | None = None,
    spf: tuple[AuthResult, Alignment],
) -> AuthResult:
    sender = FromDomain(FRIEND, policies((BELOW,), {"friend.example": record}))
    signatures = () if dkim is None else (Signature("d", "s", *dkim),)
    return sender.judge(signatures, *spf)


PASS, FAIL, LATER = AuthResult.PASS, AuthResult.FAIL, AuthResult.TEMPERROR
STRICT, RELAXED, OTHER = Alignment.STRICT, Alignment.RELAXED, Alignment.NONE


@pytest.mark.parametrize(
    ("record", "dkim", "spf", "found"),
    [
        ("v=DMARC1; p=none", None, (PASS, STRICT), PASS),
        ("v=DMARC1; p=none", None, (PASS, RELAXED), PASS),
        ("v=DMARC1; p=none; aspf=s", None, (PASS, RELAXED), FAIL),
        ("v=DMARC1; p=none; aspf=s", (PASS, RELAXED), (PASS, RELAXED), PASS),
        ("v=DMARC1; p=none; adkim=S", (PASS, RELAXED), (FAIL, STRICT), FAIL),
        ("v=DMARC1; p=none; adkim=s", (PASS, STRICT), (FAIL, STRICT), PASS),
        ("v=DMARC1; p=none", (PASS, OTHER), (PASS, OTHER), FAIL),
        ("v=DMARC1; p=none", (AuthResult.POLICY, STRICT), (FAIL, STRICT), FAIL),
        ("v=DMARC1; p=none", (LATER, STRICT), (FAIL, STRICT), LATER),
        ("v=DMARC1; p=none", (LATER, OTHER), (FAIL, STRICT), FAIL),
        ("v=DMARC1; p=none", (LATER, STRICT), (PASS, STRICT), PASS),
        ("v=DMARC1; p=none", (PASS, Alignment.UNKNOWN), (FAIL, STRICT), LATER),
        ("v=DMARC1; p=none", None, (LATER, Alignment.UNKNOWN), LATER),
        ("v=DMARC1; p=nonsense", (PASS, STRICT), (PASS, STRICT), AuthResult.NONE),
        ("v=spf1 -all", (PASS, STRICT), (PASS, STRICT), AuthResult.NONE),
    ],
)
def test_one_aligned_pass_is_enough(
    record: str,
    dkim: tuple[AuthResult, Alignment] | None,
    spf: tuple[AuthResult, Alignment],
    found: AuthResult,
) -> None:
    assert dmarc(record, dkim=dkim, spf=spf) is found


def test_only_domains_that_could_agree_are_asked_about() -> None:
    stranger = Domain.from_ascii("a.b.c.d.sender.test")
    names = names_to_ask((stranger, BELOW), FRIEND)
    assert [name.to_text() for name in names] == [
        "_dmarc.friend.example.",
        "_dmarc.example.",
        "_dmarc.mail.friend.example.",
    ]
