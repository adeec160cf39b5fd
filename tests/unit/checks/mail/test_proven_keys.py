"""What a mail proves of the keys that it was signed with."""

from __future__ import annotations

import pytest

from bot.checks.mail.proven_keys import ProvenKey, find_proven_keys
from bot.checks.mail.verdict_store import dump_verdict, load_verdict
from bot.dns.answer import Outcome
from bot.names import Domain
from bot.records.dkim_key import DkimRecord
from signed_mails import (
    FRIEND,
    KeyPair,
    compose,
    deliver,
    good_mail,
    hand_in,
    judge,
    key_line,
    key_pair,
    sign,
    txt,
    without_signature,
    zone,
)

OTHER = Domain.from_ascii("other.example")
NEW = "cb202611a"
BOTH = key_line("friend.example") + key_line("friend.example", NEW, key_pair("new"))


def proven(selector: str, pair: KeyPair) -> ProvenKey:
    """Return a key as it is proven for the friend's domain."""
    return ProvenKey(FRIEND, selector, DkimRecord.read(pair.record).key)


def test_a_signature_that_verifies_proves_its_key() -> None:
    assert find_proven_keys(judge(good_mail())) == (proven("dkim", key_pair()),)


def test_both_keys_are_proven_by_a_mail_that_both_signed_and_each_once() -> None:
    once = sign(sign(compose()), selector=NEW, key=key_pair("new"))
    mail = deliver(hand_in(sign(once, selector=NEW.upper(), key=key_pair("new"))))
    assert find_proven_keys(judge(mail, zone(key=BOTH))) == (
        proven(NEW, key_pair("new")),
        proven("dkim", key_pair()),
    )


def test_whom_the_mail_is_from_and_which_domain_was_to_be_tested_play_no_part() -> None:
    mail = deliver(sign(compose(sender="ben@other.example")), address="203.0.113.77")
    wanted = (proven("dkim", key_pair()),)
    assert find_proven_keys(judge(mail)) == wanted
    assert find_proven_keys(judge(mail, domain=OTHER)) == wanted
    assert find_proven_keys(judge(mail, domain=None)) == wanted


def test_a_key_that_is_not_the_mail_server_s_is_proven_as_the_key_that_it_is() -> None:
    mail = deliver(hand_in(sign(compose(), key=key_pair("stranger"))))
    world = zone(key=key_line("friend.example", key=key_pair("stranger")))
    assert find_proven_keys(judge(mail, world)) == (proven("dkim", key_pair("stranger")),)


@pytest.mark.parametrize(
    ("raw", "lines"),
    [
        pytest.param(without_signature(good_mail()), zone(), id="not signed"),
        pytest.param(good_mail().replace(b"A test.", b"A text."), zone(), id="changed"),
        pytest.param(good_mail(), zone(key=""), id="no record"),
        pytest.param(
            good_mail(),
            zone(key=key_line("friend.example", key=key_pair("new"))),
            id="another key in the DNS",
        ),
        pytest.param(
            good_mail(),
            zone(
                key=txt(
                    "dkim._domainkey.friend.example",
                    key_pair().record.replace("k=rsa;", "k=rsa; t=y;"),
                )
            ),
            id="a key that is only tested",
        ),
    ],
)
def test_what_does_not_verify_proves_nothing(raw: bytes, lines: str) -> None:
    assert find_proven_keys(judge(raw, lines)) == ()


def test_a_name_server_that_fails_proves_nothing() -> None:
    failing = {"dkim._domainkey.friend.example": Outcome.SERVFAIL}
    assert find_proven_keys(judge(good_mail(), failing=failing)) == ()


def test_a_verdict_that_was_kept_proves_nothing_again() -> None:
    kept = load_verdict(dump_verdict(judge(good_mail())))
    assert kept is not None
    assert find_proven_keys(kept) == ()
