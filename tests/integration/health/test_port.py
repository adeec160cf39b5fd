"""The health port over a real socket: by which names it may be asked."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from bot.app.shared_parts import utc_now
from bot.errors import StoreError
from bot.health.metrics import Metrics
from bot.health.port import serving_health
from bot.health.running_process import RunningProcess
from bot.process_name import Duty, ProcessName
from bot.rotations.rotation import RotationState
from bot.watch.watch_overview import WatchTally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    from bot.requests.model import State


class EmptyTallies:
    is_well = True

    async def ping(self) -> None:
        if not self.is_well:
            raise StoreError("The database is not answering.")

    async def requests_by_state(self) -> Mapping[State, int]:
        return {}

    async def rotations_by_state(self) -> Mapping[RotationState, int]:
        return {RotationState.SWITCHED: 2}

    async def stuck_rotations(self) -> int:
        return 1

    async def messages_left(self) -> int:
        return 0

    async def watch(self, _: datetime) -> WatchTally:
        return WatchTally(0, 0, 0.0)


@pytest.fixture
def process() -> RunningProcess:
    return RunningProcess(ProcessName(Duty.RUN, 4711, "mail1"), utc_now)


@pytest.fixture
def tallies() -> EmptyTallies:
    return EmptyTallies()


@pytest.fixture
async def port(process: RunningProcess, tallies: EmptyTallies) -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number: int = taken.getsockname()[1]
    async with serving_health(number, process, tallies, Metrics()):
        yield number


async def ask(port: int, path: str, *lines: str, version: str = "1.1") -> int:
    """Return the status of the answer to a request with these lines in its head."""
    return (await read(port, path, *lines, version=version))[0]


async def read(port: int, path: str, *lines: str, version: str = "1.0") -> tuple[int, str]:
    """Return the status and the body of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = "\r\n".join((f"GET {path} HTTP/{version}", *lines, "Connection: close", "", ""))
    writer.write(head.encode())
    said = await reader.read()
    writer.close()
    return int(said.split(b" ", 2)[1]), said.partition(b"\r\n\r\n")[2].decode()


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


async def test_a_standby_is_ready_and_says_what_it_is(
    port: int, process: RunningProcess, tallies: EmptyTallies
) -> None:
    assert await read(port, "/readyz") == (200, "ok\n")
    process.begin(Duty.STANDBY)
    assert await read(port, "/readyz") == (200, "standby\n")
    tallies.is_well = False
    assert await read(port, "/readyz") == (503, "database\n")


async def test_what_keeps_a_process_from_its_duty_is_said(
    port: int, process: RunningProcess
) -> None:
    process.begin(Duty.RUN, lambda: ("discord",))
    assert await read(port, "/readyz") == (503, "discord\n")
    process.begin(Duty.STANDBY)
    assert await read(port, "/readyz") == (200, "standby\n")


async def test_a_process_tells_its_role_and_the_leader_alone_what_all_share(
    port: int, process: RunningProcess
) -> None:
    shared = (
        *("cowbell_requests", "cowbell_rotations", "cowbell_outbox_messages"),
        "cowbell_rotations_stuck",
        *("cowbell_watched", "cowbell_incidents"),
    )
    for duty, role in ((Duty.STANDBY, "standby"), (Duty.WORK, "work"), (Duty.RUN, "leader")):
        process.begin(duty)
        _, text = await read(port, "/metrics")
        roles = {
            one: f'cowbell_process{{process="4711@mail1",role="{one}"}} {float(one == role)}\n'
            for one in ("leader", "standby", "work")
        }
        assert all(line in text for line in roles.values())
        assert "cowbell_ready 1.0\n" in text
        assert "cowbell_checks_total" in text
        assert all((f"\n{name}" in text) is (role == "leader") for name in shared)
        counted = 'cowbell_rotations{state="switched"} 2.0' in text
        assert counted is (role == "leader")
