"""The answer to "Why?": reasons and links, each once, within Discord's limits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import discord
import dns.name
import pytest

from bot.cards.markdown import MOST_CHARACTERS
from bot.cards.why_card import build_why_card
from bot.checks.finding import Check, Finding, Status
from bot.checks.references import load_references
from bot.checks.report import CheckResult, Report
from bot.interactions.item_factory import PersistentItems
from bot.names import Domain
from bot.records.mail_server import MailServer
from bot.words import Medium, Words
from card_limits import MOST_COMPONENTS, measure

if TYPE_CHECKING:
    from bot.cards.layout import Card
    from bot.errors import Fact

WORDS = Words(Medium.DISCORD)
ITEMS = PersistentItems(WORDS)
DOMAIN = Domain.from_ascii("friend.example")
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."), spf="v=spf1 mx -all", dmarc="v=DMARC1; p=reject"
)
MX = Finding(Check.MX, "mx-missing", Status.FAIL, {"address": None})
SPF = Finding(Check.SPF, "spf-softfail", Status.INFO)


def timeout(check: Check, name: str = "friend.example") -> Finding:
    facts: dict[str, Fact] = {"name": name, "type": "MX", "dnssec": False, "detail": ""}
    return Finding(check, "dns-timeout", Status.UNKNOWN, facts)


def report_of(*findings: Finding) -> Report:
    return Report(
        domain=DOMAIN,
        zone=DOMAIN.name,
        checked_at=datetime(2026, 11, 22, tzinfo=UTC),
        results=tuple(CheckResult(check, Status.PASS) for check in Check),
        findings=findings,
        queries=1,
        elapsed_ms=1,
    )


def card_of(*findings: Finding) -> Card:
    return build_why_card(report_of(*findings), SERVER, WORDS)


def texts_of(card: Card) -> list[str]:
    items = card.view.walk_children()
    return [item.content for item in items if isinstance(item, discord.ui.TextDisplay)]


def test_each_step_is_found_by_its_number_and_its_status_in_words() -> None:
    card = card_of(MX, timeout(Check.DKIM))
    head, first, second = texts_of(card)
    assert head == "## Why? `friend.example`"
    assert first.startswith("**1. MX · ❌ broken**\nThe MX records say which server")
    assert first.endswith(
        "\n-# [RFC 5321, section 5.1](https://www.rfc-editor.org/rfc/rfc5321#section-5.1)"
    )
    assert second.startswith("**2. DKIM · ❓ could not check**\n")
    assert card.files == ()


def test_steps_come_first_and_a_remark_is_known_by_its_own_words() -> None:
    *_, step, remark = texts_of(card_of(SPF, MX))
    assert step.startswith("**1. MX")
    assert remark.startswith("**SPF · ℹ️ note: The SPF record of `friend.example` ends with")


def test_one_reason_for_several_findings_is_said_once() -> None:
    _, said = texts_of(card_of(timeout(Check.MX), timeout(Check.SPF), timeout(Check.DKIM)))
    assert said.startswith("**1. MX · ❓ could not check**\n**2. SPF ·")
    assert said.count("mail waits at the sender") == 1
    assert said.count("](https://") == 1


def test_many_findings_with_one_reason_are_counted() -> None:
    _, said = texts_of(card_of(*(timeout(Check.MX) for _ in range(9))))
    assert said.count("could not check") == 6
    assert "3 more" in said


def test_nothing_found_needs_no_reason() -> None:
    assert "Nothing was found" in "\n".join(texts_of(card_of()))


def test_what_has_no_room_is_in_a_file_and_nothing_is_cut_in_the_middle() -> None:
    codes = sorted(load_references().by_code)
    findings = [Finding(Check.MX, code, Status.FAIL) for code in codes]
    card = card_of(*findings)
    components, characters = measure(card.view)
    assert components <= MOST_COMPONENTS
    assert characters <= MOST_CHARACTERS
    shown = texts_of(card)
    assert "attached file" in shown[-1]
    assert len(shown) > 6
    assert all(text.endswith(")") for text in shown[1:-1])
    (file,) = card.files
    assert file.filename == "why.txt"
    written = file.fp.read().decode()
    for number, code in enumerate(codes, start=1):
        assert f"\n{number}. MX ·" in written
        finding = Finding(Check.MX, code, Status.FAIL)
        assert load_references().of(finding).url in written.split()


@pytest.mark.parametrize("hostile", ["@everyone", "`", "[x](https://evil.example/)", "\u202e"])
def test_a_name_from_a_zone_formats_and_pings_nobody(hostile: str) -> None:
    name = f"{hostile}.friend.example" + "x" * 300
    facts = {"name": name, "policy": ""}
    card = card_of(Finding(Check.DKIM, "dkim-unknown", Status.INFO, facts))
    _, said = texts_of(card)
    title = said.split("\n")[0]
    assert title.startswith("**DKIM · ℹ️ note: ")
    assert title.endswith("**")
    assert title.count("`") % 2 == 0
    outside = "".join(title.split("`")[::2])
    assert "@" not in outside
    assert "](" not in outside
    assert "\u202e" not in said
