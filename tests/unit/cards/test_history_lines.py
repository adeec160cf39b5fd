"""What a check says of the time before it, and the card of a history, whatever is in a zone."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.name
import pytest
from discord import ui

from bot.cards.history_card import build_history_card, build_no_history
from bot.cards.history_lines import list_past, say_since
from bot.checks.finding import Check, Status
from bot.checks.report import CheckResult, Report
from bot.interactions.item_factory import PersistentItems
from bot.words import Medium, Words
from domain_pasts import FRIEND, NO_MX, NOW, OUR_SPF, Past, ago, first_look, state

if TYPE_CHECKING:
    from bot.cards.layout import Card

PLAIN, DISCORD = Words(), Words(Medium.DISCORD)
ITEMS = PersistentItems(DISCORD)


def report(past: Past) -> Report:
    """Return a report that says what the latest look saw."""
    checks = past.snapshot.checks.items()
    results = tuple(CheckResult(check, seen.status, (), seen.found) for check, seen in checks)
    zone = dns.name.from_text("friend.example.")
    return Report(FRIEND, zone, NOW, results, (), queries=1, elapsed_ms=1)


def texts_of(card: Card) -> list[str]:
    return [item.content for item in card.view.walk_children() if isinstance(item, ui.TextDisplay)]


def since(past: Past, *, own: bool = False) -> str:
    return say_since(replace(past.fold(), is_own=own), report(past), PLAIN)


def test_what_broke_says_since_when_and_that_it_was_right_before() -> None:
    past = first_look(ago(90)).look(ago(10), NO_MX)
    assert since(past) == "MX has been broken since 12 Nov 2026; it was right before."


def test_of_several_faults_the_gravest_that_was_right_before_is_told() -> None:
    past = first_look(ago(90)).look(ago(80), {Check.DMARC: state("warn")})
    past.look(ago(10), NO_MX).look(ago(5), {Check.SPF: state("fail")})
    assert since(past).startswith("MX has been broken since 12 Nov 2026")
    never_right = Past().look(ago(90), NO_MX).look(ago(90), {Check.SPF: state("pass")})
    never_right.look(ago(10), {Check.SPF: state("warn")})
    assert since(never_right).startswith("SPF has been at risk since 12 Nov 2026")


def test_what_was_never_seen_right_may_be_so_for_longer() -> None:
    assert since(Past().look(ago(10), NO_MX)) == "MX has been broken since 12 Nov 2026 at least."


def test_where_nothing_is_wrong_the_latest_change_is_told() -> None:
    past = first_look(ago(90)).look(ago(10), {Check.SPF: state("pass", f"{OUR_SPF[:-4]} mx -all")})
    assert since(past) == "The latest change was on 12 Nov 2026. SPF: mx is new."


def test_what_changed_long_ago_is_no_news() -> None:
    past = first_look(ago(90)).look(ago(40), {Check.SPF: state("pass", f"{OUR_SPF[:-4]} mx -all")})
    assert since(past) == "Nothing has changed since 13 Oct 2026."


def test_own_checks_say_that_they_are() -> None:
    past = first_look(ago(90)).look(ago(10), NO_MX)
    said = "MX has been broken since your check of 12 Nov 2026; it was right before."
    assert since(past, own=True) == said
    just_now = first_look(ago(90)).look(NOW, NO_MX)
    assert since(just_now, own=True) == "MX is broken now. It was right at your check before."
    always = Past().look(ago(10), NO_MX)
    assert since(always, own=True) == "MX was broken at your check of 12 Nov 2026 too."
    calm = first_look(ago(10))
    assert since(calm, own=True) == "Nothing has changed since your check of 12 Nov 2026."


def test_the_details_have_every_fault_and_the_latest_changes() -> None:
    past = first_look(ago(90)).look(ago(30), {Check.SPF: state("fail", code="spf-missing")})
    past.look(ago(10), NO_MX)
    said = list_past(past.fold(), report(past), PLAIN, foot="More: /history")
    assert said.splitlines() == [
        "### Since when",
        "MX has been broken since 12 Nov 2026; it was right before.",
        "SPF has been broken since 23 Oct 2026; it was right before.",
        "**What changed**",
        "- 12 Nov 2026: MX went from right to broken. 10 mx1.cow.example is gone.",
        f"- 23 Oct 2026: SPF went from right to broken. {OUR_SPF} is gone.",
        "-# More: /history",
    ]


HOSTILE = [
    "@everyone <@&1>",
    "**x** `y` ||z||",
    "a\x1b[31m\x00b\u202ec",
    "{{ 7 + 7 }} {% raw %}",
    "\n# heading\n-# x",
    "x" * 512,
    "<t:1:R> [a](https://x.example)",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_records_break_no_card_and_no_line(text: str) -> None:
    past = first_look(ago(90))
    for days in range(30, 0, -1):
        seen = state("fail", *(f"{text}{days}{number}" for number in range(12)), code="x")
        past.look(ago(days), dict.fromkeys((Check.MX, Check.SPF, Check.DMARC), seen))
    history = past.fold()
    said = list_past(history, report(past), DISCORD, foot="foot")
    card = build_history_card(history, b"png", DISCORD, ITEMS)
    assert sum(len(part) for part in texts_of(card)) < 4000
    assert len(said) < 1000
    for part in (said, say_since(history, report(past), DISCORD), *texts_of(card)):
        outside = re.sub(r"`[^`]*`", "", part)
        assert not re.search(r"[\x00\x1b\u202e]", part)
        assert not re.search(r"@|<@|\|\||\]\(|14", outside), outside
        assert "`" not in outside


def pictures_of(card: Card) -> list[tuple[str, str | None]]:
    return [(file.filename, file.description) for file in card.files]


def test_the_card_shows_the_changes_and_a_picture_with_words() -> None:
    past = first_look(ago(90)).look(ago(10), NO_MX)
    card = build_history_card(past.fold(), b"png", DISCORD, ITEMS)
    said = "\n".join(texts_of(card))
    assert "## History: `friend.example`" in said
    assert "MX went from right to broken." in said
    assert "Nothing changed about these, so they are not drawn: Webmail." in said
    ((name, description),) = pictures_of(card)
    assert name == "history.png"
    assert description is not None
    assert "MX: right until 12 Nov 2026, broken now." in description


def test_the_card_says_that_nobody_knows_since_when_looks_found_nothing_out() -> None:
    card = build_history_card(first_look(ago(90)).fold(known_at=ago(9)), b"png", DISCORD, ITEMS)
    assert "nobody knows how it is now" in "\n".join(texts_of(card))


def test_where_nothing_is_kept_the_card_says_how_to_have_it_kept() -> None:
    watched = build_no_history(FRIEND, DISCORD, is_watched=True, watch_command="</watch add:1>")
    not_watched = build_no_history(
        FRIEND, DISCORD, is_watched=False, watch_command="</watch add:1>"
    )
    assert "</watch add:1>" in "\n".join(texts_of(not_watched))
    assert "</watch add:1>" not in "\n".join(texts_of(watched))


def test_what_could_not_be_looked_at_now_is_called_neither_right_nor_wrong() -> None:
    past = first_look(ago(90)).look(ago(10), NO_MX)
    unknown = tuple(replace(r, status=Status.UNKNOWN) for r in report(past).results)
    said = say_since(past.fold(), replace(report(past), results=unknown), PLAIN)
    assert said.startswith("The latest change was on 12 Nov 2026. MX went from right to broken.")
    calm = first_look(ago(90)).fold()
    assert say_since(calm, replace(report(past), results=unknown), PLAIN) == ""
