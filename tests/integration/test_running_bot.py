"""What `/mailadmin setup` shows while a part is silent: the others at once, and an end."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import discord

from bot.app.shared_parts import utc_now
from bot.checks.finding import Status
from bot.config.loading import load_settings
from bot.demo.world import DEMO_ENVIRONMENT
from bot.doctor.database_server import check_store
from bot.doctor.line import Line
from bot.doctor.probe_access import check_probe
from bot.doctor.running_bot import examine_from_inside

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.demo.zone_server import ZoneServer
    from conftest import CaseFile

    Start = Callable[..., Awaitable[ZoneServer]]

RIGHT = (Line("mailcow", Status.PASS, "mailcow-right", {"version": "1"}),)


async def answer_after(seconds: float) -> tuple[Line, ...]:
    await asyncio.sleep(seconds)
    return RIGHT


async def examine(
    zone_server: Start, case_file: CaseFile, backend_after: float, seconds: float
) -> list[tuple[float, dict[str, str]]]:
    """Return when which lines came: the code of each part."""
    server = await zone_server(case_file.with_zone("@ MX 10 mx1.cow.example."))
    address = "{}:{}".format(*server.address)
    settings = load_settings({**DEMO_ENVIRONMENT, "DNS_SERVERS": address})
    client = discord.Client(intents=discord.Intents.none())
    started = time.monotonic()
    examining = examine_from_inside(
        settings,
        client,
        answer_after(backend_after),
        check_store(asyncio.sleep(0), settings.database_url, utc_now),
        check_probe(None, None),
        seconds=seconds,
    )
    return [
        (time.monotonic() - started, {line.part: line.code for line in lines})
        async for lines in examining
    ]


async def test_all_that_answers_at_once_is_shown_once(
    zone_server: Start, case_file: CaseFile
) -> None:
    ((_, codes),) = await examine(zone_server, case_file, 0.0, 20.0)
    assert codes["mailcow"] == "mailcow-right"


async def test_a_silent_part_does_not_hold_up_the_others(
    zone_server: Start, case_file: CaseFile
) -> None:
    (first_at, first), (_, last) = await examine(zone_server, case_file, 2.5, 20.0)
    assert first_at < 2.0
    assert first["mailcow"] == "under-way"
    assert "under-way" not in {code for part, code in first.items() if part != "mailcow"}
    assert last["mailcow"] == "mailcow-right"


async def test_there_is_an_end(zone_server: Start, case_file: CaseFile) -> None:
    came = await examine(zone_server, case_file, 60.0, 1.5)
    at, codes = came[-1]
    assert at < 5.0
    assert codes["mailcow"] == "no-end"
    assert codes["database"] != "no-end"
