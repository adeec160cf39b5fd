"""The server's faults that checks meet: logged once an hour, handed to the watch, remembered."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.checks.finding import Check, Finding, Status
from bot.checks.report import CheckResult, Report
from bot.names import Domain
from bot.services.server_faults import ServerFault, ServerFaults

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FRIEND = Domain.from_ascii("friend.example")


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


def report_of(*what: str) -> Report:
    findings = (Finding(Check.SERVER, "server-side", Status.INFO, {"what": what}),) if what else ()
    results = (CheckResult(Check.SERVER, Status.INFO),)
    return Report(FRIEND, FRIEND.name, NOON, results, findings, 9, 9)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def faults(clock: Clock) -> ServerFaults:
    return ServerFaults(clock)


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Return how to take the warnings so far."""
    caplog.set_level(logging.WARNING, "bot.services.server_faults")

    def take() -> list[str]:
        said = [record.getMessage() for record in caplog.records]
        caplog.clear()
        return said

    return take


async def handed_on(faults: ServerFaults) -> list[ServerFault]:
    """Return what the watch is to be given now."""
    found = []
    while True:
        try:
            async with asyncio.timeout(0.02):
                found.append(await faults.next())
        except TimeoutError:
            return found


async def test_a_fault_is_logged_once_an_hour(
    faults: ServerFaults, clock: Clock, warnings: Callable[[], list[str]]
) -> None:
    faults.note(report_of("spf-include"))
    (line,) = warnings()
    assert "friend.example" in line
    assert "spf-include" in line
    assert "/mailadmin server" in line
    clock.time += timedelta(minutes=59)
    faults.note(report_of("spf-include", "host-without-address"))
    assert [w for w in warnings() if "spf-include" in w] == []
    clock.time += timedelta(minutes=1)
    faults.note(report_of("spf-include"))
    assert len(warnings()) == 1


async def test_the_watch_is_given_each_fault_once_in_ten_minutes(
    faults: ServerFaults, clock: Clock
) -> None:
    faults.note(report_of("spf-include"))
    faults.note(report_of("spf-include", "report-authorisation"))
    assert [f.what for f in await handed_on(faults)] == ["spf-include", "report-authorisation"]
    clock.time += timedelta(minutes=9)
    faults.note(report_of("spf-include"))
    assert await handed_on(faults) == []
    clock.time += timedelta(minutes=1)
    faults.note(report_of("spf-include"))
    assert await handed_on(faults) == [ServerFault("spf-include", FRIEND, clock.time)]


async def test_what_could_not_be_noted_is_given_again_at_the_next_meeting(
    faults: ServerFaults,
) -> None:
    faults.note(report_of("spf-include"))
    (lost,) = await handed_on(faults)
    faults.take_back(lost)
    assert await handed_on(faults) == []
    faults.note(report_of("spf-include"))
    assert len(await handed_on(faults)) == 1


async def test_faults_are_remembered_for_a_day(faults: ServerFaults, clock: Clock) -> None:
    faults.note(report_of())
    assert (faults.reports, faults.recent()) == (1, ())
    faults.note(report_of("spf-include"))
    assert [f.what for f in faults.recent()] == ["spf-include"]
    clock.time += timedelta(days=1)
    assert faults.recent() == ()
