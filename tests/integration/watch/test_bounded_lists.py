"""What the watch lists has an end, however many domains are broken."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import discord

from bot.cards.digest_card import build_digest_card
from bot.cards.watch_summary_card import build_summary_card
from bot.store.repositories import (
    domain_listing,
    watch_digests,
    watch_news_rows,
    watch_records,
)
from bot.store.repositories.watch_news_rows import GATHERED
from bot.store.repositories.watch_records import WatchRecords
from bot.watch.watch_news import DigestTold, IncidentsTold, NewsKind
from bot.words import Words
from watch_parts import HERD, MX_GONE, SECOND, WatchedWorld, open_watch
from watch_story import DAY, HOUR
from zone_reports import SERVER

if TYPE_CHECKING:
    import pytest

    from bot.cards.layout import Card

pytest_plugins = ["watch_fixtures"]

BROKEN = dict.fromkeys(HERD, MX_GONE)


def text_of(card: Card) -> str:
    texts = (i for i in card.view.walk_children() if isinstance(i, discord.ui.TextDisplay))
    return "\n".join(text.content for text in texts)


async def test_a_digest_lists_so_many_and_counts_the_rest(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_digests, "MOST_LISTED", 3)
    async with open_watch(database_url, WatchedWorld(hosted=HERD, statuses={**BROKEN})) as parts:
        await parts.jump(timedelta(0), DAY, SECOND, 6 * DAY)
        (told,) = [told for news, told in await parts.told() if news.what is NewsKind.DIGEST]
    assert isinstance(told, DigestTold)
    assert (len(told.lines), told.unlisted, told.total) == (3, len(HERD) - 3, len(HERD))
    card = build_digest_card(told, SERVER, Words(), for_member=False)
    assert f"{len(HERD)} are not all right" in text_of(card)
    assert f"Another {len(HERD) - 3} are not listed" in text_of(card)


async def test_a_summary_lists_so_many_and_counts_the_rest(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_news_rows, "MOST_LISTED", 4)
    async with open_watch(database_url, WatchedWorld(hosted=HERD, statuses={**BROKEN})) as parts:
        await parts.jump(timedelta(0), DAY, SECOND, GATHERED)
        *_, (news, told) = await parts.told()
    assert news.what is NewsKind.SUMMARY
    assert isinstance(told, IncidentsTold)
    assert (len(told.opened), told.unlisted) == (4, len(HERD) - 5 - 4)
    card = build_summary_card(told, SERVER, Words())
    assert f"Another {told.unlisted} are not listed" in text_of(card)


async def test_the_overview_lists_so_many_and_counts_the_rest(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_records, "MOST_LISTED", 2)
    async with open_watch(database_url, WatchedWorld(hosted=HERD, statuses={**BROKEN})) as parts:
        await parts.jump(timedelta(0), DAY, SECOND)
        records, now = WatchRecords(parts.database), parts.world.at
        overview = await records.overview(now - HOUR, now)
    assert (len(overview.open_ones.first), overview.open_ones.total) == (2, len(HERD))
    assert (overview.unknown.total, overview.paused.total) == (0, 0)


async def test_a_list_of_many_domains_is_compared_in_pages_and_written_some_at_a_time(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain_listing, "_COMPARED_AT_ONCE", 5)
    monkeypatch.setattr(domain_listing, "_WRITTEN_AT_ONCE", 2)
    async with open_watch(database_url, WatchedWorld(hosted=HERD)) as parts:
        await parts.jump(timedelta(0))
        assert {one.subject for one in await parts.store.domains.all()} == {*HERD, "@server"}
        parts.world.hosted = (*HERD[4:], "new.example")
        await parts.jump(HOUR, HOUR)
        hosted = {one.subject for one in await parts.store.domains.all() if one.hosted}
    assert hosted == {*HERD[4:], "new.example"}
