"""Whether the mail server still has the domain, and still signs with the key handed out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.demo.dkim_keys import KEYS
from bot.errors import BackendKeyFaulty
from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KeySource, KnownKey
from bot.requests.backend import MailHosting, ServerDomain
from bot.requests.model import Request, RequestKind, State
from bot.requests.server_view import (
    ABSENT,
    FAULTY_KEY,
    NO_KEY,
    OFF,
    judge_hosting,
    judge_key,
    replaced_key,
)
from strategies import RSA_1024

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
VALUE = f"v=DKIM1;k=rsa;p={RSA_1024}"
REQUEST = Request(
    *(1, RequestKind.DKIM, Domain.from_ascii("friend.example"), 100, 200, 1),
    *(State.WAITING, 1, NOON, NOON),
    value=VALUE,
    selector="dkim",
)


def known(value: str = VALUE, selector: str = "dkim") -> KnownKey:
    return KnownKey(selector, DkimRecord.parse(value), KeySource.MAIL_SERVER)


@pytest.mark.parametrize(
    ("hosting", "seen"), [(MailHosting.ABSENT, ABSENT), (MailHosting.OFF, OFF)]
)
def test_nothing_is_live_on_a_server_that_takes_no_mail_for_the_domain(
    hosting: MailHosting, seen: str
) -> None:
    found = judge_hosting(ServerDomain(hosting, known()))
    assert found is not None
    assert (found.live, found.seen, found.hosting) == (False, seen, hosting)


@pytest.mark.parametrize("hosting", [MailHosting.ON, MailHosting.UNKNOWN])
def test_a_server_that_has_the_domain_or_does_not_tell_is_in_nobodys_way(
    hosting: MailHosting,
) -> None:
    assert judge_hosting(ServerDomain(hosting)) is None


def test_the_key_that_was_handed_out_is_in_nobodys_way() -> None:
    spelt = VALUE.replace("k=rsa;", "k=rsa; t=s; ")
    for key in (known(), known(selector="DKIM"), known(spelt)):
        assert judge_key(ServerDomain(MailHosting.ON, key), REQUEST, "Cow Mail") is None


def test_of_a_server_that_does_not_tell_no_key_is_missed() -> None:
    assert judge_key(ServerDomain(MailHosting.UNKNOWN), REQUEST, "Cow Mail") is None


@pytest.mark.parametrize("key", [known(f"v=DKIM1;k=rsa;p={KEYS['friend']}"), known(selector="cow")])
def test_another_key_or_selector_is_one_to_hand_out_instead(key: KnownKey) -> None:
    found = judge_key(ServerDomain(MailHosting.ON, key), REQUEST, "Cow Mail")
    assert found is not None
    assert (found.live, found.key, found.seen, found.fault) == (False, key, "", None)


def test_what_was_handed_out_and_is_no_key_is_replaced() -> None:
    broken = replace(REQUEST, value="v=DKIM1; p=")
    found = judge_key(ServerDomain(MailHosting.ON, known()), broken, "Cow Mail")
    assert found is not None
    assert (found.live, found.key) == (False, known())


def test_a_server_without_the_key_is_for_an_admin_to_mend() -> None:
    found = judge_key(ServerDomain(MailHosting.ON), REQUEST, "Cow Mail")
    assert found is not None
    assert (found.live, found.seen, found.hosting) == (False, NO_KEY, MailHosting.ON)
    assert found.fault is not None
    assert found.fault.facts == {"domain": "friend.example", "backend": "Cow Mail"}


def test_a_key_that_the_server_cannot_use_is_for_an_admin_to_mend() -> None:
    fault = BackendKeyFaulty("mailcow-key-too-short", bits=512)
    found = judge_key(ServerDomain(MailHosting.ON, None, fault), REQUEST, "Cow Mail")
    assert found is not None
    assert (found.live, found.seen, found.fault) == (False, FAULTY_KEY, fault)


def test_a_key_that_was_replaced_is_told_by_selector_and_value() -> None:
    assert replaced_key(replace(REQUEST, replaced=f"cow {VALUE}")) == ("cow", VALUE)
    assert replaced_key(REQUEST) is None
