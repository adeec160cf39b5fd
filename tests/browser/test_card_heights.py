"""How tall the card of a plan is in a browser, for every zone of the case files."""

from __future__ import annotations

import asyncio

import pytest
from card_heights import MOST, measure, planned_zones
from demo_page import WIDE

pytestmark = pytest.mark.browser


def test_the_card_of_a_plan_is_seen_whole_on_a_usual_screen() -> None:
    heights = asyncio.run(measure(planned_zones()))[WIDE]
    assert len(heights) > 200
    assert {name: height for name, height in heights.items() if height > MOST} == {}
