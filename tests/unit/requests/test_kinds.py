"""The kinds of requests: each has its row, and its rules go together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.checks.finding import Check
from bot.names import Domain
from bot.records.expected import Purpose
from bot.requests.backend import Capabilities
from bot.requests.kinds import KINDS, Asks
from bot.requests.model import MessageKind, Request, RequestKind, State, Undelivered
from bot.words import Words

if TYPE_CHECKING:
    from bot.errors import Fact

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NOTHING, READS = Capabilities(), Capabilities(can_tell_domains=True)
MAKES_KEYS, ADDS_DOMAINS = Capabilities(can_make_keys=True), Capabilities(can_add_domains=True)


def make_request(kind: RequestKind) -> Request:
    domain = Domain.from_ascii("friend.example")
    return Request(1, kind, domain, 100, 200, 1, State.PENDING, 1, NOON, NOON, selector="cow")


def test_every_kind_has_a_row() -> None:
    assert set(KINDS) == set(RequestKind)


@pytest.mark.parametrize("kind", RequestKind)
def test_a_kind_hands_out_a_record_or_an_admin_finishes_it(kind: RequestKind) -> None:
    rules = KINDS[kind]
    publishes = rules.record is not None
    assert rules.is_finished_by_admin is not publishes
    assert (rules.handed_out is MessageKind.MEMBER_RECORD) is publishes
    assert (rules.handed_out is MessageKind.MEMBER_ACCEPTED) is not publishes


@pytest.mark.parametrize("reached", ["yes", "soon", *Undelivered])
@pytest.mark.parametrize("seen", ["", "unseen", "optional-missing", "webmail-wrong-target"])
@pytest.mark.parametrize("kind", RequestKind)
def test_a_kind_has_words_for_all_that_is_said_of_its_requests(
    kind: RequestKind, seen: str, reached: str
) -> None:
    words = Words()
    named = ("domain", "alias", "host", "service", "backend", "done", "again")
    facts: dict[str, Fact] = {**dict.fromkeys(named, "x.example"), "offer": False}
    facts |= {"seen": seen, "reached": reached}
    by_admin = ("by-hand", "accepted") if KINDS[kind].is_finished_by_admin else ()
    said = [
        words.sentence(f"requests/{kind.value}", {**facts, "part": part})
        for part in ("wish", "waiting", "live", *by_admin)
    ]
    assert all(text.endswith(".") for text in said)
    assert len(set(said)) == len(said)
    assert words.label("request_kinds", kind.value)
    assert words.label("asking", kind.value)


@pytest.mark.parametrize(
    ("kind", "check", "purpose", "label"),
    [
        (RequestKind.DKIM, Check.DKIM, Purpose.DKIM, "cow._domainkey"),
        (RequestKind.DMARC, Check.DMARC, Purpose.DMARC, "_dmarc"),
    ],
)
def test_a_record_has_its_check_and_its_owner_name(
    kind: RequestKind, check: Check, purpose: Purpose, label: str
) -> None:
    record = KINDS[kind].record
    assert record is not None
    assert (KINDS[kind].check, record.purpose) == (check, purpose)
    assert record.label(make_request(kind)) == label


@pytest.mark.parametrize(
    ("kind", "asks", "able"),
    [
        (RequestKind.DKIM, Asks.KEY, [MAKES_KEYS]),
        (RequestKind.DMARC, Asks.STAGE, [NOTHING, READS, MAKES_KEYS, ADDS_DOMAINS]),
        (RequestKind.MAILDOMAIN, Asks.LIMITS, [ADDS_DOMAINS]),
        (RequestKind.WEBMAIL, Asks.NOTHING, []),
    ],
)
def test_what_an_admin_is_asked_depends_on_what_the_mail_server_can_do(
    kind: RequestKind, asks: Asks, able: list[Capabilities]
) -> None:
    rules = KINDS[kind]
    assert rules.asks is asks
    every = (NOTHING, READS, MAKES_KEYS, ADDS_DOMAINS)
    assert [capabilities for capabilities in every if rules.can_do(capabilities)] == able
