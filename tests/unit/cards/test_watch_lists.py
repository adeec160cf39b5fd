"""The list of a member's watch and the admin's overview: within Discord's limits, nothing lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import discord
import pytest

from bot.cards.markdown import MOST_CHARACTERS
from bot.cards.watch_cards import build_own_watch_card
from bot.cards.watch_overview_card import build_overview_card
from bot.interactions.item_factory import PersistentItems
from bot.names import Domain
from bot.watch.watch_overview import Listed, OwnWatch, WatchOverview
from bot.words import Medium, Words
from card_limits import MOST_COMPONENTS, measure
from watch_examples import BEGAN, full_list, full_overview
from zone_reports import SERVER

if TYPE_CHECKING:
    from bot.cards.layout import Card

WORDS = Words(Medium.DISCORD)
ITEMS = PersistentItems(WORDS)
LONGEST = Domain.from_ascii(".".join(["a" * 61] * 4))


def draw(of: OwnWatch | WatchOverview, *, tells: bool = True) -> Card:
    async def build() -> Card:
        if isinstance(of, WatchOverview):
            return build_overview_card(of, SERVER, WORDS, ITEMS)
        mentions = ("</watch add:1>",)
        return build_own_watch_card(of, WORDS, ITEMS, now=BEGAN, tells=tells, mentions=mentions)

    return asyncio.run(build())


def with_long_names(own: OwnWatch) -> OwnWatch:
    return OwnWatch(
        tuple((replace(w, domain=LONGEST), known) for w, known in own.watched),
        tuple(replace(a, domain=LONGEST) for a in own.awaited),
        tuple(replace(n, subject=LONGEST.ascii) for n in own.undelivered),
    )


def longest_overview(overview: WatchOverview) -> WatchOverview:
    name = LONGEST.ascii
    return replace(
        overview,
        open_ones=Listed(tuple(replace(each, subject=name) for each in overview.open_ones.first)),
        unknown=Listed(tuple(replace(each, subject=name) for each in overview.unknown.first)),
        paused=Listed(tuple(replace(each, subject=name) for each in overview.paused.first)),
    )


def text_of(card: Card) -> str:
    texts = (i for i in card.view.walk_children() if isinstance(i, discord.ui.TextDisplay))
    return "\n".join(text.content for text in texts)


def file_of(card: Card) -> str:
    (file,) = card.files
    return file.fp.read().decode("utf-8")


@pytest.mark.parametrize(
    "of",
    [
        full_list(),
        with_long_names(full_list()),
        full_overview(),
        longest_overview(full_overview()),
    ],
    ids=["list", "long list", "overview", "long overview"],
)
def test_however_much_there_is_a_card_holds_it(of: OwnWatch | WatchOverview) -> None:
    components, characters = measure(draw(of).view)
    assert components <= MOST_COMPONENTS
    assert characters <= MOST_CHARACTERS


def test_what_has_no_room_on_a_list_is_in_its_file() -> None:
    card = draw(full_list())
    assert "and 8 more" in text_of(card)
    listed = file_of(card)
    for number in range(10):
        assert f"domain-number-{number}.example" in listed
    assert "10. domain-number-0.example: MX, SPF, DKIM, DMARC" in listed
    assert "<t:" not in listed
    assert "`" not in listed


def test_what_has_no_room_on_the_overview_is_in_its_file() -> None:
    listed = file_of(draw(full_overview()))
    assert listed.count("MX") == 60
    assert listed.count("never known") == 15
    assert "Paused" in listed


def test_a_short_list_has_no_file_and_a_list_of_nothing_says_what_to_do() -> None:
    assert draw(replace(full_list(), watched=(), awaited=(), undelivered=())).files == ()
    assert "`/watch add`" in text_of(draw(OwnWatch()))


def test_how_a_domain_stands_is_left_out_where_it_may_not_be_told() -> None:
    own = replace(full_list(), awaited=(), undelivered=())
    assert "broken" in text_of(draw(own))
    assert "broken" not in text_of(draw(own, tells=False))
