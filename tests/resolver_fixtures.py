"""Fixtures of the tests of the resolver, which name this module in `pytest_plugins`."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from bot.dns import round_trip
from bot.dns.server_address import Server
from scripted_server import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a server whose round trip is not known waited for without end."""
    monkeypatch.setattr(round_trip, "FIRST_WAIT", NEVER)


@pytest.fixture
def closed_port() -> Server:
    """An address where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return Server("127.0.0.1", taken.getsockname()[1])


@pytest.fixture
def black_hole() -> Iterator[Server]:
    """A server that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hole:
        hole.bind(("127.0.0.1", 0))
        yield Server("127.0.0.1", hole.getsockname()[1])
