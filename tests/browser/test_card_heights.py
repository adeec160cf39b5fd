"""How tall cards are in a browser: plans, mails, settings, news of the watch."""

from __future__ import annotations

import asyncio

import pytest
from card_heights import (
    MOST,
    judged_mails,
    measure,
    planned_zones,
    settings_of_ann,
    shown_rotations,
    told_histories,
    told_news,
)
from demo_page import WIDE

pytestmark = pytest.mark.browser


def test_the_card_of_a_plan_is_seen_whole_on_a_usual_screen() -> None:
    heights = asyncio.run(measure(planned_zones()))[WIDE]
    assert len(heights) > 200
    assert {name: height for name, height in heights.items() if height > MOST} == {}


def test_the_card_of_a_mail_is_seen_whole_on_a_usual_screen() -> None:
    heights = asyncio.run(measure(judged_mails()))[WIDE]
    assert len(heights) > 40
    assert {name: height for name, height in heights.items() if height > MOST} == {}


def test_the_cards_of_the_settings_are_seen_whole_with_their_menu_and_buttons() -> None:
    heights = asyncio.run(measure(settings_of_ann()))[WIDE]
    assert len(heights) == 16
    assert {name: height for name, height in heights.items() if height > MOST} == {}


def test_the_cards_of_the_watch_are_seen_whole_on_a_usual_screen() -> None:
    heights = asyncio.run(measure(told_news(planned_zones())))[WIDE]
    assert len(heights) > 150
    assert {name: height for name, height in heights.items() if height > MOST} == {}


def test_the_card_of_a_history_is_seen_whole_on_a_usual_screen() -> None:
    heights = asyncio.run(measure(told_histories()))[WIDE]
    assert len(heights) == 2
    assert {name: height for name, height in heights.items() if height > MOST} == {}


def test_the_cards_of_rotations_are_seen_whole_on_a_usual_screen() -> None:
    heights = asyncio.run(measure(shown_rotations()))[WIDE]
    assert len(heights) > 100
    assert {name: height for name, height in heights.items() if height > MOST} == {}
