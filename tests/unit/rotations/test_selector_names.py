"""Which selector a new key gets."""

from __future__ import annotations

from datetime import UTC, datetime
from string import ascii_lowercase

import pytest

from bot.errors import RequestError
from bot.records.dkim_selector import is_selector
from bot.rotations.selector_names import next_selector

NOVEMBER = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_a_selector_says_the_month_and_is_one_that_dns_takes() -> None:
    assert next_selector(NOVEMBER, ()) == "cb202611a"
    assert is_selector(next_selector(NOVEMBER, ()))


def test_no_selector_is_used_twice() -> None:
    used = set[str]()
    for letter in ascii_lowercase:
        selector = next_selector(NOVEMBER, used)
        assert selector == f"cb202611{letter}"
        used.add(selector)
    with pytest.raises(RequestError) as caught:
        next_selector(NOVEMBER, used)
    assert caught.value.code == "rotation-no-selector"
    assert next_selector(datetime(2026, 12, 1, tzinfo=UTC), used) == "cb202612a"
