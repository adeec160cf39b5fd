"""Fixtures of the tests of Mailcow's client, which name this module in `pytest_plugins`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.demo.mailcow_double.mailcow_state import DkimPair
from key_walk import OLD_SELECTOR, KeyWalk, spare_pair
from made_pairs import made_pair
from mailcow_helpers import READ, WRITE, connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.mailcow.api import Mailcow


@pytest.fixture
async def cow(caplog: pytest.LogCaptureFixture) -> AsyncIterator[MailcowDouble]:
    """A Mailcow with one domain, its alias, and a key of another domain; no secret is logged."""
    caplog.set_level(logging.DEBUG)
    double = MailcowDouble(keys={READ: ApiKey(may_write=False), WRITE: ApiKey(may_write=True)})
    double.shows_private_keys = True
    double.add_domain("a.test")
    double.alias_domains["ad.test"] = "a.test"
    double.dkim["kept.test"] = made_pair(4, "old")
    async with double:
        yield double
    assert not [secret for secret in (*double.secrets(), READ, WRITE) if secret in caplog.text]


@pytest.fixture
async def client(cow: MailcowDouble) -> AsyncIterator[Mailcow]:
    """A client with both keys."""
    async with connect(cow) as client:
        yield client


@pytest.fixture
def walk(cow: MailcowDouble, client: Mailcow) -> KeyWalk:
    """A rotation of a.test that has not begun; keys are made at once."""
    first = spare_pair(0)
    cow.dkim["a.test"] = DkimPair(OLD_SELECTOR, first.public, first.private)
    cow.ready_keys.extend(spare_pair(1 + number % 3) for number in range(30))
    return KeyWalk(cow, client)
