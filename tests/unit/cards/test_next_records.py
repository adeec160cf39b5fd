"""The card of the records that are needed next: what a plan says now, all the rest a click away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import discord
import dns.name
import pytest

from bot.cards.markdown import MOST_CHARACTERS
from bot.cards.next_records import build_next_records_card
from bot.checks.finding import Check, Finding, Fix, FixAction, Status
from bot.checks.report import CheckResult, Report
from bot.interactions.item_factory import PersistentItems
from bot.names import Domain
from bot.records.mail_server import MailServer
from bot.requests.model import RequestKind
from bot.services.member_service import KeptCheck
from bot.services.plan.step import Light, Part, Plan, Step, StepState
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
    dmarc="v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example",
    name="Cow Mail",
    admin_contact="admin@cow.example",
    dmarc_rua="mailto:dmarc@cow.example",
)
MX = Fix(FixAction.ADD, DOMAIN.name, "MX", "mx1.cow.example.", priority=10, ttl=3600)
SPF = Fix(FixAction.ADD, DOMAIN.name, "TXT", SERVER.spf, ttl=3600)
FINDINGS = (
    Finding(Check.MX, "mx-missing", Status.FAIL, {"address": ""}, (MX,)),
    Finding(Check.SPF, "spf-missing", Status.FAIL, {}, (SPF,)),
)
AWAIT = "Tell me when it is right"
LIGHTS = (Light(Part.MX, Status.FAIL), Light(Part.SPF, Status.FAIL))
LATER = Step((Part.DMARC,), StepState.LATER, needs=(Part.MX,))


def a_plan(*steps: Step) -> Plan:
    return Plan(steps, LIGHTS)


def to_type(*fixes: Fix) -> Plan:
    step = Step((Part.MX, Part.SPF), StepState.NEXT, findings=FINDINGS, fixes=fixes)
    return a_plan(step, LATER)


def draw(
    plan: Plan,
    *findings: Finding,
    servers: tuple[str, ...] = (),
    can_ask: bool = False,
    remark: str | None = None,
    provider: str | None = None,
) -> Card:
    report = Report(
        domain=DOMAIN,
        zone=DOMAIN.name,
        checked_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
        results=tuple(CheckResult(check, Status.PASS) for check in Check),
        findings=(*FINDINGS, *findings),
        queries=27,
        elapsed_ms=143,
        name_servers=servers,
    )
    card = build_next_records_card(
        KeptCheck(7, report),
        plan,
        SERVER,
        WORDS,
        ITEMS,
        can_ask=can_ask,
        remark=remark,
        provider=provider,
    )
    components, characters = measure(card.view)
    assert components <= MOST_COMPONENTS
    assert characters <= MOST_CHARACTERS
    return card


def text_of(card: Card) -> str:
    items = card.view.walk_children()
    return "\n".join(item.content for item in items if isinstance(item, discord.ui.TextDisplay))


def buttons_of(card: Card) -> list[str]:
    items = card.view.walk_children()
    dynamic = [item.item for item in items if isinstance(item, discord.ui.DynamicItem)]
    plain = [item for item in card.view.walk_children() if isinstance(item, discord.ui.Button)]
    return [str(item.label) for item in (*dynamic, *plain) if isinstance(item, discord.ui.Button)]


def test_the_records_of_the_next_step_are_there_to_be_typed_and_no_others() -> None:
    card = draw(to_type(MX, SPF))
    said = text_of(card)
    assert "Step 1 of 2" in said
    assert "```\nmx1.cow.example.\n```" in said
    assert f"```\n{SERVER.spf}\n```" in said
    assert said.count("Add this record") == 2
    assert "DMARC1" not in said
    assert buttons_of(card) == ["Check again", "All records", "Zone file", AWAIT]
    assert card.files == ()


def test_the_headline_and_what_comes_after_are_the_plans_own() -> None:
    said = text_of(draw(to_type(MX, SPF)))
    assert "there is no MX record" in said
    assert said.index("there is no MX record") < said.index("Step 1 of 2")
    assert "After that: Publish the DMARC record" in said


def test_who_is_served_and_what_a_ttl_means_stands_below() -> None:
    said = text_of(draw(to_type(MX)))
    assert "Only domains that the admin added" in said
    assert "3600" in said
    assert "dmarc@cow.example" in said


def test_where_the_admin_is_to_be_asked_first_the_button_does_it() -> None:
    step = Step((Part.DKIM_KEY,), StepState.NEXT, asks=RequestKind.DKIM)
    card = draw(a_plan(step, LATER), can_ask=True)
    assert "Ask for a key by the button below." in text_of(card)
    assert buttons_of(card) == ["Ask for DKIM", "All records", "Zone file", AWAIT]
    alone = draw(a_plan(step, LATER))
    assert "Ask admin\\@cow.example for the DKIM key" in text_of(alone)
    assert buttons_of(alone)[0] == "Check again"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (StepState.WAITING_DNS, "old answers are still kept"),
        (StepState.UNKNOWN, "Not everything about `friend.example` could be checked."),
        (StepState.DONE, "has all that it needs"),
    ],
)
def test_where_nothing_is_to_be_typed_the_card_says_why(state: StepState, words: str) -> None:
    card = draw(a_plan(Step((Part.MX,), state)))
    assert words in text_of(card)
    assert "Add this record" not in text_of(card)
    assert buttons_of(card) == ["Check again", "All records", "Zone file", AWAIT]
    assert not [i for i in card.view.walk_children() if isinstance(i, discord.ui.ActionRow)][1:]


def test_the_words_are_the_providers_and_its_page_is_a_button() -> None:
    card = draw(to_type(MX), servers=("ada.ns.cloudflare.com",))
    said = text_of(card)
    assert "Mail server:\n```\nmx1.cow.example\n```" in said
    assert "final dot" not in said
    assert "Open Cloudflare" in buttons_of(card)
    links = [i.url for i in card.view.walk_children() if isinstance(i, discord.ui.Button) and i.url]
    assert links == ["https://dash.cloudflare.com/?to=/:account/:zone/dns/records"]
    chosen = draw(to_type(MX), servers=("ada.ns.cloudflare.com",), provider="ovh")
    assert "Sub-domain (leave empty)" in text_of(chosen)
    assert "Open OVHcloud" in buttons_of(chosen)


def test_a_record_that_a_card_cannot_show_is_among_all_details() -> None:
    odd = Fix(FixAction.REPLACE, DOMAIN.name, "TXT", "v=spf1 `-all", old="x", ttl=3600)
    card = draw(to_type(MX, odd))
    assert "v=spf1" not in text_of(card)
    assert "All details" in text_of(card)
    assert "All details" in buttons_of(card)


def test_many_records_are_shown_shorter_before_any_is_left_out() -> None:
    many = tuple(
        Fix(FixAction.ADD, dns.name.from_text(f"n{at}.friend.example."), "TXT", "x" * 90, ttl=60)
        for at in range(40)
    )
    card = draw(to_type(*many))
    assert "`n0`" in text_of(card)
    assert "All details" in text_of(card)


def test_where_the_domain_was_taken_from_and_what_was_meant_are_said() -> None:
    remark = "I took friend.example out of https://friend.example/x."
    facts = {"meant": "fiend.example", "why": "slip"}
    meant = Finding(Check.DELEGATION, "did-you-mean", Status.INFO, facts)
    card = draw(to_type(MX), meant, remark=remark)
    assert "friend\\.example/x" in text_of(card) or "friend.example/x" in text_of(card)
    assert "fiend.example" in text_of(card)
    assert any("fiend.example" in label for label in buttons_of(card))


def test_text_from_a_zone_stays_in_code() -> None:
    old = "@everyone **x** <@1> `y`"
    fix = Fix(FixAction.REPLACE, DOMAIN.name, "TXT", SERVER.spf, old=old, ttl=3600)
    said = text_of(draw(to_type(fix), servers=("@everyone.ns.example", "`.ns.example")))
    outside = "".join(said.split("`")[::2])
    assert "Old value" in outside
    assert "@" not in outside.replace("admin\\@cow.example", "")
    assert "**x**" not in outside
