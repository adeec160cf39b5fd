"""The health port over a real socket: by which names it may be asked."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from bot.app.shared_parts import utc_now
from bot.health.metrics import Metrics
from bot.health.port import serving_health
from bot.watch.watch_overview import WatchTally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from datetime import datetime

    from bot.requests.model import State


class WellConnection:
    now = staticmethod(utc_now)

    def find_faults(self) -> Iterator[str]:
        yield from ()


class EmptyTallies:
    async def requests_by_state(self) -> Mapping[State, int]:
        return {}

    async def messages_left(self) -> int:
        return 0

    async def watch(self, _: datetime) -> WatchTally:
        return WatchTally(0, 0, 0.0)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number: int = taken.getsockname()[1]
    async with serving_health(number, WellConnection(), EmptyTallies(), Metrics()):
        yield number


async def ask(port: int, path: str, *lines: str, version: str = "1.1") -> int:
    """Return the status of the answer to a request with these lines in its head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = "\r\n".join((f"GET {path} HTTP/{version}", *lines, "Connection: close", "", ""))
    writer.write(head.encode())
    said = await reader.read()
    writer.close()
    return int(said.split(b" ", 2)[1])


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.9.9.9", "[::1]"),
        *("localhost:9464", "127.0.0.1:9464", "[::1]:9464"),
    ],
)
async def test_it_answers_by_the_names_of_this_machine(port: int, path: str, host: str) -> None:
    assert await ask(port, path, f"Host: {host}") == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/elsewhere"])
@pytest.mark.parametrize(
    "host",
    [
        *("rebind.example", "rebind.example:9464", "localhost.rebind.example", "127.0.0.1.nip.io"),
        *("192.0.2.1", "[2001:db8::1]", "0.0.0.0", "[::]", "localhost:9464:1", "127.0.0.1@a"),
    ],
)
async def test_a_page_that_comes_by_a_name_of_its_own_is_refused(
    port: int, path: str, host: str
) -> None:
    assert await ask(port, path, f"Host: {host}") == 421


async def test_a_probe_that_names_no_host_is_no_browser(port: int) -> None:
    assert await ask(port, "/healthz", version="1.0") == 200
