"""The cards as a member gets them: what is on them, in which order, and what goes into a file."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import discord
import dns.name
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.cards.check_card import MOST_STEPS, build_check_card
from bot.cards.help_card import build_help_card
from bot.cards.layout import build_notice
from bot.cards.markdown import MOST_CHARACTERS
from bot.cards.records_card import build_records_card, zone_file
from bot.checks.finding import Check, Finding, Fix, FixAction, Note, Status
from bot.checks.report import CheckResult, Report
from bot.interactions.item_factory import PersistentItems
from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KnownKey
from bot.records.expected import expect
from bot.records.mail_server import MailServer
from bot.services.member_service import KeptCheck
from bot.services.plan.step import Plan
from bot.words import Medium, Words
from card_limits import MOST_COMPONENTS, measure

if TYPE_CHECKING:
    from bot.cards.layout import Card

WORDS = Words(Medium.DISCORD)
ITEMS = PersistentItems(WORDS)
DOMAIN = Domain.from_ascii("friend.example")
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject",
    name="Cow Mail",
    about="A private mail server.",
    webmail_url="https://mx1.cow.example/SOGo/",
    password_url="https://mx1.cow.example/",
    admin_contact="admin@cow.example",
)
MX_FIX = Fix(FixAction.ADD, DOMAIN.name, "MX", "mx1.cow.example.", priority=10, ttl=3600)
MX_MISSING = Finding(Check.MX, "mx-missing", Status.FAIL, {"address": ""}, (MX_FIX,))


def dkim_value(bits: int) -> str:
    key = rsa.RSAPublicNumbers(65537, (1 << bits) - 1).public_key()
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"v=DKIM1;k=rsa;t=s;s=email;p={base64.b64encode(der).decode()}"


def known_key(bits: int) -> KnownKey:
    return KnownKey("dkim", DkimRecord.read(dkim_value(bits)), "admin")


def a_report(*findings: Finding, results: tuple[CheckResult, ...] = ()) -> Report:
    worst = {
        check: max(
            (f.severity for f in findings if f.check is check),
            key=lambda s: s.rank,
            default=Status.PASS,
        )
        for check in Check
    }
    return Report(
        domain=DOMAIN,
        zone=DOMAIN.name,
        checked_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
        results=results or tuple(CheckResult(check, status) for check, status in worst.items()),
        findings=findings,
        queries=27,
        elapsed_ms=143,
    )


def check_card(report: Report) -> Card:
    return build_check_card(KeptCheck(7, report), Plan((), ()), SERVER, WORDS, ITEMS)


def texts(card: Card) -> list[str]:
    items = card.view.walk_children()
    return [item.content for item in items if isinstance(item, discord.ui.TextDisplay)]


def whole_text(card: Card) -> str:
    return "\n".join(texts(card))


def file_text(file: discord.File) -> str:
    file.fp.seek(0)
    return file.fp.read().decode()


def assert_fits(card: Card) -> None:
    components, characters = measure(card.view)
    assert components <= MOST_COMPONENTS
    assert characters <= MOST_CHARACTERS
    attached = {f"attachment://{file.filename}" for file in card.files}
    shown = {
        item.media.url for item in card.view.walk_children() if isinstance(item, discord.ui.File)
    }
    assert shown == attached


async def test_the_head_says_status_in_icon_and_word_the_domain_and_when() -> None:
    head = texts(check_card(a_report(MX_MISSING)))[0]
    assert head.startswith("## ❌ `friend.example`\n**broken**: ")
    assert "<t:1795348800:R> · 27 questions" in head


async def test_a_domain_in_other_letters_is_shown_in_both_forms() -> None:
    report = replace(a_report(), domain=Domain.parse("bücher.example").domain)
    assert "`xn--bcher-kva.example` (`bücher.example`)" in texts(check_card(report))[0]


async def test_a_healthy_domain_needs_no_steps_and_no_file() -> None:
    card = check_card(a_report())
    assert len(texts(card)) == 2
    assert "✅ right: Domain, MX, SPF, DKIM" in texts(card)[1]
    assert card.files == ()


async def test_steps_are_numbered_and_say_what_to_type() -> None:
    spf = Finding(
        Check.SPF,
        "spf-missing",
        Status.FAIL,
        {},
        (Fix(FixAction.ADD, DOMAIN.name, "TXT", SERVER.spf, ttl=3600),),
    )
    shown = whole_text(check_card(a_report(MX_MISSING, spf)))
    assert shown.index("**1. MX** · ❌ broken") < shown.index("**2. SPF** · ❌ broken")
    assert (
        "Name `@` · Type `MX` · Priority `10` · TTL `3600` · Value:\n```\nmx1.cow.example.\n```"
    ) in shown


async def test_a_key_stands_whole_in_its_own_code_block() -> None:
    owner = dns.name.from_text("dkim._domainkey", DOMAIN.name)
    value = dkim_value(2048)
    facts = {"name": "dkim._domainkey.friend.example", "policy": None}
    fix = Fix(FixAction.ADD, owner, "TXT", value, ttl=3600)
    finding = Finding(Check.DKIM, "dkim-missing", Status.FAIL, facts, (fix,))
    assert f"```\n{value}\n```" in whole_text(check_card(a_report(finding)))


async def test_a_move_names_the_old_place_and_a_deletion_the_value() -> None:
    old = dns.name.from_text("friend.example", DOMAIN.name)
    move = Fix(FixAction.RENAME, DOMAIN.name, "MX", "mx1.cow.example.", 10, 3600, old_owner=old)
    delete = Fix(FixAction.DELETE, DOMAIN.name, "MX", "mx.oldpost.example.", 10, 3600)
    shown = whole_text(check_card(a_report(replace(MX_MISSING, fixes=(move, delete)))))
    assert "Old name `friend.example` · Name `@` · Type `MX`" in shown
    assert "Value `mx.oldpost.example.`" in shown


async def test_what_was_expected_stands_beside_what_was_found() -> None:
    result = CheckResult(
        Check.MX, Status.FAIL, ("10 mx1.cow.example.",), tuple(f"{n} a.example." for n in range(5))
    )
    shown = whole_text(check_card(a_report(results=(result,))))
    assert "Expected: `10 mx1.cow.example.`" in shown
    assert "Found: `0 a.example.`, `1 a.example.`, `2 a.example.`, and 2 more" in shown


async def test_nothing_found_is_said() -> None:
    result = CheckResult(Check.MX, Status.FAIL, ("10 mx1.cow.example.",))
    assert "Found: nothing" in whole_text(check_card(a_report(results=(result,))))


async def test_what_is_only_worth_knowing_takes_one_small_line() -> None:
    facts = {"name": "dkim._domainkey.friend.example", "policy": None}
    note = Finding(Check.DKIM, "dkim-unknown", Status.INFO, facts)
    shown = texts(check_card(a_report(note)))
    assert not any("What to do" in text for text in shown)
    assert shown[-1].startswith("-# ℹ️ ")
    assert "\n" not in shown[-1]


async def test_a_note_of_several_checks_is_said_once() -> None:
    blocked = Note("blocked")
    results = tuple(CheckResult(check, Status.UNKNOWN, note=blocked) for check in Check)
    shown = texts(check_card(a_report(results=results)))
    assert len([text for text in shown if text.startswith("-# ℹ️ Domain, MX, SPF")]) == 1


async def test_more_steps_than_a_card_shows_go_into_the_file() -> None:
    card = check_card(a_report(*[MX_MISSING] * (MOST_STEPS + 2)))
    shown = whole_text(card)
    assert f"**{MOST_STEPS}. MX**" in shown
    assert f"**{MOST_STEPS + 1}. MX**" not in shown
    assert "attached file" in shown
    assert [file.filename for file in card.files] == ["report.txt"]
    assert f"{MOST_STEPS + 2}. " in file_text(card.files[0])
    assert_fits(card)


async def test_values_too_long_for_a_card_are_whole_in_the_file() -> None:
    value = "v=spf1 " + "ip4:192.0.2.1 " * 400 + "-all"
    fix = replace(MX_FIX, type="TXT", value=value)
    card = check_card(a_report(replace(MX_MISSING, fixes=(fix,))))
    assert "The attached file has the rest of this step." in whole_text(card)
    assert value in file_text(card.files[0])
    assert_fits(card)


async def test_a_value_that_a_card_cannot_show_as_it_is_goes_into_the_file() -> None:
    fix = replace(MX_FIX, type="TXT", value="a`b")
    card = check_card(a_report(replace(MX_MISSING, fixes=(fix,))))
    assert "ˋ" not in whole_text(card)
    assert "a`b" in file_text(card.files[0])


async def test_a_card_with_all_details_offers_five_buttons() -> None:
    row = check_card(a_report()).view.children[-1]
    assert isinstance(row, discord.ui.ActionRow)
    assert len(row.children) == 5


async def test_a_card_survives_a_restart() -> None:
    view = check_card(a_report()).view
    assert view.timeout is None
    assert view.is_persistent()


async def test_where_the_domain_was_taken_from_is_said() -> None:
    remark = "I took friend.example out of https://friend.example/x."
    assert remark.split()[3] in whole_text(
        build_records_card(expect(SERVER, DOMAIN), WORDS, ITEMS, remark=remark)
    )


async def test_records_come_in_both_spellings() -> None:
    card = build_records_card(expect(SERVER, DOMAIN, known_key(2048)), WORDS, ITEMS)
    shown = whole_text(card)
    for text in (
        "### MX · required",
        "### DKIM · recommended",
        "### Webmail · optional",
        "```\ndkim._domainkey\n```\n-# or in full `dkim._domainkey.friend.example`",
        "Type `MX` · Priority `10` · TTL `3600` · Value:\n```\nmx1.cow.example.\n```",
        "or both in one field `10 mx1.cow.example.`",
        f"```\n{dkim_value(2048)}\n```",
        '```\n"v=DKIM1;',
        "priority `0`, weight `1`, port `443`, target `mx1.cow.example.`",
    ):
        assert text in shown
    assert_fits(card)


@pytest.mark.parametrize("bits", [1024, 2048, 4096, 8192, 16384])
@pytest.mark.parametrize("name", ["friend.example", ".".join(["a" * 60] * 3) + ".example"])
async def test_records_fit_with_every_key_and_name(bits: int, name: str) -> None:
    card = build_records_card(
        expect(SERVER, Domain.from_ascii(name), known_key(bits)), WORDS, ITEMS
    )
    assert_fits(card)
    shown = whole_text(card)
    value = dkim_value(bits)
    assert f"```\n{value}\n```" in shown or "copy it from the attached file" in shown
    assert "### MX · required" in shown
    assert "### Webmail · optional" in shown


async def test_a_key_of_4096_bits_is_still_on_the_card() -> None:
    card = build_records_card(expect(SERVER, DOMAIN, known_key(4096)), WORDS, ITEMS)
    assert f"```\n{dkim_value(4096)}\n```" in whole_text(card)


async def test_without_a_key_the_card_says_whom_to_ask() -> None:
    shown = whole_text(build_records_card(expect(SERVER, DOMAIN), WORDS, ITEMS))
    assert "The DKIM record is not here" in shown
    assert "admin\\@cow.example" in shown


async def test_the_zone_file_has_every_record_and_a_name_that_phones_open() -> None:
    expected = expect(SERVER, DOMAIN, known_key(4096))
    file = zone_file(expected, WORDS)
    assert file.filename == "friend.example.zone.txt"
    text = file_text(file)
    assert "friend.example. 3600 IN MX 10 mx1.cow.example." in text
    assert "`" not in text
    assert text.count(" IN ") == len(expected.records)


async def test_cards_fit_whatever_the_operator_wrote() -> None:
    long = replace(SERVER, name="M" * 5000, about="a `b` " * 5000, admin_contact="@" * 5000)
    assert_fits(build_records_card(expect(long, DOMAIN, known_key(4096)), WORDS, ITEMS))
    assert_fits(build_help_card([], long, WORDS))
    assert_fits(
        build_check_card(KeptCheck(1, a_report(MX_MISSING)), Plan((), ()), long, WORDS, ITEMS)
    )


async def test_a_notice_is_one_text() -> None:
    card = build_notice("checking", {"domain": "friend.example"}, WORDS)
    assert len(texts(card)) == 1
    assert_fits(card)
