"""The cards of digests, summaries, certificates and awaited steps, and what hostile text does."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from discord import ui
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.digest_card import build_digest_card
from bot.cards.incident_card import build_incident_card
from bot.cards.layout import STATUS_COLOURS
from bot.cards.markdown import MOST_CHARACTERS
from bot.cards.watch_news_cards import build_awaited_card, build_certificate_card
from bot.cards.watch_summary_card import build_summary_card
from bot.checks.finding import Check, Fix, FixAction, Status
from bot.checks.zone_place import ZonePlace
from bot.interactions.item_factory import PersistentItems
from bot.watch.awaited_goal import AwaitedEnd
from bot.watch.snapshot import CheckChange, CheckState, SnapshotChanges
from bot.watch.watch_news import DigestLine, DigestTold, IncidentsTold
from bot.watch.watched_domain import MAIL_SERVER
from bot.words import Medium, Words
from card_limits import MOST_COMPONENTS, measure
from examples import examples
from strategies import domains
from watch_examples import (
    BEGAN,
    FRIEND,
    OPENED,
    awaited,
    calm,
    certificate,
    digest,
    ended,
    incident,
    missing,
    server_incident,
)
from zone_reports import SERVER

if TYPE_CHECKING:
    from bot.cards.layout import Card
    from bot.names import Domain

WORDS = Words(Medium.DISCORD)
ITEMS = PersistentItems(WORDS)


def text_of(card: Card) -> str:
    items = card.view.walk_children()
    return "\n".join(item.content for item in items if isinstance(item, ui.TextDisplay))


def colour_of(card: Card) -> object:
    container = card.view.children[0]
    assert isinstance(container, ui.Container)
    return getattr(container.accent_colour, "value", container.accent_colour)


def digest_text(told: DigestTold, *, for_member: bool = False) -> str:
    return text_of(build_digest_card(told, SERVER, WORDS, for_member=for_member))


def test_a_digest_has_one_line_for_each_domain_that_is_not_green() -> None:
    said = digest_text(digest(3))
    assert "❌ Of 500 domains, 3 are not all right." in said
    first, second, third = (line for line in said.splitlines() if "friend-" in line)
    since = f"since <t:{int(BEGAN.timestamp())}:D>"
    assert first.startswith(f"❌ `friend-0.example` · MX broken {since}")
    assert second.endswith(":D>")  # the step would say the same
    assert third.startswith("❓ `friend-2.example` · could not be checked since <t:")


def test_a_digest_says_in_one_line_that_all_is_well() -> None:
    card = build_digest_card(DigestTold(OPENED, 12), SERVER, WORDS, for_member=False)
    assert "✅ All 12 domains are right, so there is nothing to do." in text_of(card)
    assert colour_of(card) == STATUS_COLOURS[Status.PASS]
    assert card.files == ()


def test_a_member_reads_of_the_domains_that_they_watch() -> None:
    said = digest_text(digest(2, total=3), for_member=True)
    assert "Of the domains that you watch, 2 are not all right." in said
    assert "You got this because you watch these domains." in said


def test_a_long_digest_is_whole_in_a_file() -> None:
    card = build_digest_card(digest(120), SERVER, WORDS, for_member=False)
    (file,) = card.files
    assert file.filename == "digest.txt"
    lines = file.fp.read().decode().splitlines()
    assert len(lines) == 120
    assert not any("`" in line or "<t:" in line for line in lines)
    shown = sum("friend-" in line for line in text_of(card).splitlines())
    assert f"The file has {120 - shown} more domains." in text_of(card)
    assert 5 <= shown < 20


def test_a_summary_has_one_line_for_each_incident() -> None:
    told = IncidentsTold(
        (
            incident(),
            calm(incident(number=2, subject="calm.example")),
            server_incident("ports-tls"),
        ),
        (ended(incident(number=3, subject="back.example")),),
    )
    said = text_of(build_summary_card(told, SERVER, WORDS))
    assert "❌ `friend.example` · MX · broken since" in said
    assert "🕓 `calm.example` · MX · looks right since" in said
    assert "⚠️ Mail server `mx1.cow.example` · Mail server · at risk since" in said
    assert "✅ `back.example` · MX · right since" in said
    assert "`/mailadmin server` and `/dnscheck` say what to do." in said


def test_a_long_summary_is_whole_in_a_file() -> None:
    told = IncidentsTold(tuple(incident(number=n, subject=f"d{n}.example") for n in range(1, 61)))
    card = build_summary_card(told, SERVER, WORDS)
    assert len(card.files[0].fp.read().decode().splitlines()) == 60


@pytest.mark.parametrize(("days", "mark"), [(21, "⚠️"), (7, "❌"), (1, "❌")])
def test_a_certificate_that_ends_says_where_and_when(days: int, mark: str) -> None:
    said = text_of(build_certificate_card(certificate(days), SERVER, WORDS, ITEMS))
    assert said.startswith(f"## {mark} Mail server `mx1.cow.example`")
    assert "The certificate on ports `993` and `465` ends on <t:" in said


def test_who_waited_for_a_step_is_told_that_it_is_done() -> None:
    for goal, named in (("spf", "SPF"), ("mx+spf", "MX, SPF"), ("zone", "the name servers")):
        said = text_of(build_awaited_card(awaited(goal, AwaitedEnd.RIGHT), SERVER, WORDS, ITEMS))
        assert said.startswith("## ✅ `friend.example`\nYou asked me to tell you when this is ")
        assert said.endswith(f"and now it is: {named}.")


def test_who_waited_for_all_is_told_that_all_is_right() -> None:
    said = text_of(build_awaited_card(awaited("all", AwaitedEnd.RIGHT), SERVER, WORDS, ITEMS))
    assert "Everything that mail needs is in order now." in said


@pytest.mark.parametrize("goal", ["mx", "all"])
def test_what_is_given_up_names_what_is_in_the_way(goal: str) -> None:
    card = build_awaited_card(awaited(goal, AwaitedEnd.GIVEN_UP), SERVER, WORDS, ITEMS)
    said = text_of(card)
    assert said.startswith("## ⌛ `friend.example`\nI looked for 14 days")
    assert WORDS.finding(missing(Check.MX), CONTEXT) in said
    assert "press the button once more" in said


CONTEXT = {"domain": "friend.example", "host": "mx1.cow.example", "service": SERVER.name}
NASTY = ("@everyone", "<@1>", "`", "```", "\n# big", "[a](https://evil.example/)", "\\", "**")
texts = st.lists(
    st.one_of(
        st.sampled_from((*NASTY, "\u202eevil", "\x1b[31m", "\ud800", "x" * 3000)),
        st.text(max_size=9),
    ),
    max_size=5,
).map("".join)


@given(st.lists(texts, max_size=12), st.lists(texts, max_size=12), domains())
@examples(0.3)
def test_no_record_can_ping_format_or_burst_a_card(
    before: list[str], after: list[str], domain: Domain
) -> None:
    fixes = tuple(
        Fix(FixAction.REPLACE, domain.name, "TXT", value, old=old)
        for value, old in zip(after, before, strict=False)
    )
    facts = {**missing(Check.MX).facts, "address": "".join(before)}
    findings = [
        replace(missing(Check.MX), facts=facts, fixes=fixes),
        replace(missing(Check.SPF), fixes=fixes),
    ]
    change = CheckChange(
        Check.SPF,
        CheckState(Status.PASS, (), tuple(before)),
        CheckState(Status.FAIL, (), tuple(after)),
    )
    changed = SnapshotChanges((change,), (tuple(before), tuple(after)))
    told = IncidentsTold(
        tuple(incident(f, n, domain.ascii) for n, f in enumerate(findings * 6, start=1)),
        changes=((BEGAN, changed),) * 3,
        place=ZonePlace(domain.name, tuple(after)),
    )
    lines = (DigestLine(domain.ascii, Status.FAIL, "mx", BEGAN, findings[0]),) * 60
    for card in (
        build_incident_card(told, SERVER, WORDS, ITEMS),
        build_summary_card(told, SERVER, WORDS),
        build_digest_card(DigestTold(OPENED, 60, lines), SERVER, WORDS, for_member=True),
        build_awaited_card(
            replace(awaited("mx", AwaitedEnd.GIVEN_UP), finding=findings[1]), SERVER, WORDS, ITEMS
        ),
    ):
        components, characters = measure(card.view)
        assert components <= MOST_COMPONENTS
        assert characters <= MOST_CHARACTERS
        bare = re.sub(r"```\n.*?\n```|`[^`]*`", "", text_of(card), flags=re.DOTALL)
        assert not re.search(r"(?<!\\)@|<[@#&]|(?<!\\)\]\(|\x1b|\u202e", bare)


def test_a_digest_names_the_next_step_where_that_is_another_than_the_fault() -> None:
    line = DigestLine(FRIEND, Status.FAIL, "dkim", BEGAN, missing(Check.MX), OPENED)
    assert " → Publish the DKIM record" in digest_text(DigestTold(OPENED, 3, (line,)))


def test_what_works_with_a_step_left_is_not_called_broken() -> None:
    line = DigestLine("friend.example", Status.INFO, "dmarc-reject", BEGAN, None, OPENED)
    said = digest_text(DigestTold(OPENED, 3, (line,)))
    assert "ℹ️ `friend.example` · mail works, and a step is left → Have forged" in said


def test_what_nobody_could_look_at_for_days_is_not_said_as_it_was() -> None:
    line = DigestLine("friend.example", Status.PASS, None, BEGAN, None, OPENED - timedelta(days=3))
    said = digest_text(DigestTold(OPENED, 3, (line,)))
    assert "❓ `friend.example` · could not be checked since" in said


def test_the_mail_servers_own_line_counts_as_no_domain() -> None:
    line = DigestLine(MAIL_SERVER, Status.FAIL, None, BEGAN, None, OPENED)
    said = digest_text(DigestTold(OPENED, 3, (line,)))
    assert "All 3 domains are right, but the mail server itself is not." in said
    assert "nothing to do" not in said
    assert "❌ Mail server `mx1.cow.example` · broken since" in said
