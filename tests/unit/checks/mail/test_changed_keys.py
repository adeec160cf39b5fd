"""While a domain's DKIM key is changed, a mail with either key is right, and it is said which."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from bot.checks.mail.mail_verdict import AuthResult
from bot.checks.mail.verdict_store import dump_verdict, load_verdict
from bot.records.key_change import KeyChange, KeyRole
from signed_mails import (
    AT,
    codes,
    compose,
    deliver,
    hand_in,
    judge,
    key_line,
    key_pair,
    known_key,
    sign,
    zone,
)

if TYPE_CHECKING:
    from datetime import datetime

    from bot.checks.mail.mail_verdict import MailVerdict
    from signed_mails import KeyPair

OLD: Final = known_key()
NEW: Final = known_key("cb202611a", key_pair("new"))
BOTH: Final = zone(key_line("friend.example", "cb202611a", key_pair("new")))
LATER: Final = AT + timedelta(days=3)
NEXT: Final = (OLD, KeyChange(KeyRole.NEXT, NEW))
FORMER: Final = (NEW, KeyChange(KeyRole.FORMER, OLD, LATER))
DONE: Final = (NEW, KeyChange(KeyRole.DONE, OLD))


def signed(selector: str, key: KeyPair) -> bytes:
    return deliver(hand_in(sign(compose(), selector=selector, key=key)))


BY_OLD: Final = signed("dkim", key_pair())
BY_NEW: Final = signed("cb202611a", key_pair("new"))


def remarks(verdict: MailVerdict) -> list[tuple[object, object]]:
    found = (remark for remark in verdict.remarks if remark.code == "mail-changed-key")
    return [(remark.facts["used"], remark.facts["key"]) for remark in found]


@pytest.mark.parametrize(
    ("keys", "raw", "said"),
    [
        (NEXT, BY_OLD, ("dkim", "now")),
        (NEXT, BY_NEW, ("cb202611a", "next")),  # switched a moment ago
        (FORMER, BY_NEW, ("cb202611a", "now")),
        (FORMER, BY_OLD, ("dkim", "former")),  # signed before the switch
    ],
)
def test_a_mail_with_either_key_passes_and_it_is_said_which(
    keys: tuple[object, KeyChange], raw: bytes, said: tuple[str, str]
) -> None:
    verdict = judge(raw, BOTH, dkim_known=keys[0], change=keys[1])  # type: ignore[arg-type]
    assert verdict.passed
    assert codes(verdict) == []
    assert remarks(verdict) == [said]
    kept = load_verdict(dump_verdict(verdict))
    assert kept is not None
    assert remarks(kept) == [said]


@pytest.mark.parametrize(
    ("until", "passes"), [(LATER, True), (AT, False), (AT - timedelta(hours=1), False)]
)
def test_the_old_key_counts_as_long_as_its_record_is_kept(until: datetime, *, passes: bool) -> None:
    change = KeyChange(KeyRole.FORMER, OLD, until)
    verdict = judge(BY_OLD, BOTH, dkim_known=NEW, change=change)
    assert verdict.passed is passes
    assert codes(verdict) == ([] if passes else ["mail-old-selector"])


def test_a_key_that_is_needed_no_more_is_an_old_one() -> None:
    verdict = judge(BY_OLD, BOTH, dkim_known=DONE[0], change=DONE[1])
    assert codes(verdict) == ["mail-old-selector"]
    assert remarks(verdict) == []
    right = judge(BY_NEW, BOTH, dkim_known=DONE[0], change=DONE[1])
    assert right.passed
    assert remarks(right) == []


def test_a_third_key_is_not_taken_for_one_of_the_two() -> None:
    world = zone(key_line("friend.example", "cb202611a", key_pair("third")))
    mail = signed("cb202611a", key_pair("third"))
    verdict = judge(mail, world, dkim_known=OLD, change=NEXT[1])
    assert not verdict.passed
    assert codes(verdict) == ["mail-key-differs"]
    assert remarks(verdict) == []


def test_the_one_key_at_the_name_of_the_other_is_no_proof() -> None:
    world = zone(key=key_line("friend.example", "dkim", key_pair("new")))
    mail = signed("dkim", key_pair("new"))
    verdict = judge(mail, world, dkim_known=OLD, change=NEXT[1])
    assert codes(verdict) == ["mail-key-differs"]


def test_nothing_is_said_of_keys_of_a_mail_whose_signature_does_not_fit() -> None:
    changed = BY_NEW.replace(b"A test", b"Another", 1)
    verdict = judge(changed, BOTH, dkim_known=OLD, change=NEXT[1])
    assert codes(verdict) == ["mail-body-changed"]
    assert verdict.signatures[0].outcome is AuthResult.FAIL
    assert remarks(verdict) == []
