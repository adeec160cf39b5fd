"""Cards of hostile zones: within Discord's limits, and nothing in them pings or formats."""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import discord
import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.app_card import build_app_card
from bot.cards.check_card import build_check_card
from bot.cards.markdown import MOST_CHARACTERS
from bot.cards.phone_cards import build_profile_card
from bot.cards.plan_card import build_plan_card
from bot.cards.records_card import build_records_card
from bot.cards.settings_card import build_settings_card
from bot.checks.finding import Check, Finding, Fix, FixAction, Note, Status
from bot.checks.report import CheckResult, Report
from bot.interactions.item_factory import PersistentItems
from bot.names import Domain, MailAddress
from bot.records.client_settings import client_settings
from bot.records.dkim_key import DkimRecord, KnownKey
from bot.records.expected import expect
from bot.records.live_settings import LiveSettings
from bot.records.mail_apps import load_apps
from bot.records.mail_server import MailServer
from bot.services.member_service import KeptCheck
from bot.services.plan.domain_plan import make_plan
from bot.services.plan.step import PlanFacts
from bot.words import Medium, Words
from card_limits import MOST_COMPONENTS, measure
from examples import examples
from strategies import domains, mail_servers

if TYPE_CHECKING:
    from bot.cards.layout import Card

SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."), spf="v=spf1 mx -all", dmarc="v=DMARC1; p=reject"
)
NASTY = (
    "@everyone",
    "@here",
    "<@123456789012345678>",
    "<@&1>",
    "<#1>",
    "</dnscheck:1>",
    "<t:0:R>",
    "`",
    "``",
    "```",
    "\n```\n",
    "~~~",
    "**",
    "__",
    "||",
    "\n# big",
    "\n-# small",
    "\n> quote",
    "[text](https://evil.example/)",
    "https://evil.example/",
    "discord.gg/evil",
    "\\",
    "\u202eevil",
    "\u200b",
    "\x1b[31m",
    "\ud800",
    "🐄" * 50,
    "x" * 4000,
    "{{ domain }}",
    "{% raw %}",
)
texts = st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=20)), max_size=8).map("".join)
lists = st.lists(texts, max_size=12).map(tuple)
labels = st.binary(min_size=1, max_size=63)
owners = st.lists(labels, max_size=3).map(
    lambda ls: dns.name.Name([*ls, b"friend", b"example", b""])
)


@st.composite
def fixes(draw: st.DrawFn) -> Fix:
    action = draw(st.sampled_from(FixAction))
    return Fix(
        action,
        draw(owners),
        draw(st.sampled_from(["MX", "TXT", "CNAME"])),
        draw(texts),
        priority=draw(st.none() | st.integers(0, 65535)),
        ttl=draw(st.none() | st.integers(0, 2**31 - 1)),
        old=draw(st.none() | texts),
        old_owner=draw(st.none() | owners),
    )


@st.composite
def reports(draw: st.DrawFn) -> Report:
    facts = st.fixed_dictionaries({"bare": texts, "coded": texts, "listed": lists})
    found = st.builds(
        Finding,
        st.sampled_from(Check),
        st.just("hostile"),
        st.sampled_from([s for s in Status if s is not Status.PASS]),
        facts,
        st.lists(fixes(), max_size=7).map(tuple),
    )
    results = tuple(
        CheckResult(
            check,
            draw(st.sampled_from(Status)),
            draw(lists),
            draw(lists),
            draw(st.none() | st.builds(Note, st.just("hostile"), facts)),
        )
        # All of them together are more than one example may be made of.
        for check in draw(st.lists(st.sampled_from(Check), unique=True, min_size=1, max_size=9))
    )
    return Report(
        domain=draw(domains()),
        zone=dns.name.from_text("friend.example."),
        checked_at=datetime(2026, 11, 22, tzinfo=UTC),
        results=results,
        findings=tuple(draw(st.lists(found, max_size=9))),
        queries=draw(st.integers(0, 10**6)),
        elapsed_ms=0,
    )


@pytest.fixture(scope="module")
def words() -> Words:
    """Words with a finding and a note that say everything they are given in every way."""
    own = Path(tempfile.mkdtemp())
    for subject in ("findings", "notes"):
        (own / "en" / subject).mkdir(parents=True)
        (own / "en" / subject / "hostile.j2").write_text(
            "{{ bare }} then {{ coded | code }} then {{ listed | join_words }}", encoding="utf-8"
        )
    return Words(Medium.DISCORD, own)


def check_is_harmless(card: Card) -> None:
    components, characters = measure(card.view)
    assert components <= MOST_COMPONENTS
    assert characters <= MOST_CHARACTERS
    for item in card.view.walk_children():
        if isinstance(item, discord.ui.TextDisplay):
            assert item.content.strip()
            check_text(item.content)


def check_text(content: str) -> None:
    assert "\u202e" not in content
    assert "\x1b" not in content
    content.encode()
    outside = re.sub(r"^```\n[^`]+\n```$", "", content, flags=re.MULTILINE)
    assert "```" not in outside
    outside = re.sub(r"\\.|`[^`\n]+`", "", outside)
    outside = re.sub(r"<t:[0-9]+:R>", "", outside, count=1)  # our own time of the check
    for sign in ("`", "@", "<", "](", "://", "||", "__"):
        assert sign not in outside
    assert len(re.findall(r"^#+ ", outside, re.MULTILINE)) <= 1


@examples(0.25)
@given(report=reports(), remark=st.none() | texts, shared=st.booleans())
def test_no_report_breaks_the_card_of_a_plan(
    words: Words, report: Report, remark: str | None, shared: bool
) -> None:
    plan = make_plan(expect(SERVER, report.domain), report, PlanFacts())
    kept, items = KeptCheck(10**18 - 1, report), PersistentItems(words)
    card = build_plan_card(kept, plan, SERVER, words, items, shared=shared, remark=remark)
    check_is_harmless(card)


@examples(0.25)
@given(report=reports())
def test_no_report_breaks_a_check_card(words: Words, report: Report) -> None:
    plan = make_plan(expect(SERVER, report.domain), report, PlanFacts())
    kept, items = KeptCheck(10**18 - 1, report), PersistentItems(words)
    card = build_check_card(kept, plan, SERVER, words, items)
    check_is_harmless(card)
    for file in card.files:
        assert b"\x1b" not in file.fp.read()


@examples(0.25)
@given(server=mail_servers(), domain=domains(), tail=texts, remark=st.none() | texts)
def test_no_server_or_domain_breaks_a_records_card(
    words: Words, server: MailServer, domain: Domain, tail: str, remark: str | None
) -> None:
    odd = DkimRecord(f"v=DKIM1; p=AAAA{tail}", b"", "rsa", 2048, (), (), ())
    for key in (None, KnownKey("dkim", odd, "admin")):
        expected = expect(server, domain, key) if key else expect(server, domain)
        check_is_harmless(
            build_records_card(expected, words, PersistentItems(words), remark=remark)
        )


@examples(0.25)
@given(server=mail_servers(), domain=domains(), local=texts.map(lambda text: text[:64]))
def test_no_address_breaks_a_settings_card(
    words: Words, server: MailServer, domain: Domain, local: str
) -> None:
    address, items = MailAddress(local, domain), PersistentItems(words)
    live = LiveSettings.unknown(client_settings(server, address))
    check_is_harmless(build_settings_card(live, words, items, who=str(address)))
    check_is_harmless(build_profile_card(live.settings, b"", words, signed=False))
    for app in load_apps():
        check_is_harmless(build_app_card(app, live, words, items, who=str(address)))
