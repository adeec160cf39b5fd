"""Nothing goes out while another process may speak for the bot, on real HTTP sessions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from bot.health.acknowledgements import Acknowledgements
from bot.interactions.sending_fence import NotTheOne, SendingFence

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CALLBACK = "/interactions/77/token/callback"


class Discord:
    """Takes what is sent."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def take(self, request: web.Request) -> web.Response:
        self.taken.append(request.path)
        return web.Response()


@pytest.fixture
async def discord() -> AsyncIterator[tuple[Discord, str]]:
    taking = Discord()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", taking.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield taking, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_call_is_kept_in_while_it_may_not_go_and_goes_afterwards(
    discord: tuple[Discord, str],
) -> None:
    taking, url = discord
    fence = SendingFence()
    async with aiohttp.ClientSession(trace_configs=[fence.trace]) as session:
        await session.post(f"{url}/first")
        fence.may_send = lambda: False
        for call in (session.post(f"{url}/second"), session.ws_connect(f"{url}/gateway")):
            with pytest.raises(NotTheOne):
                await call
        fence.may_send = lambda: True
        await session.post(f"{url}/third")
    assert taking.taken == ["/first", "/third"]


async def test_a_call_whose_connection_took_too_long_is_kept_in(
    discord: tuple[Discord, str],
) -> None:
    taking, url = discord
    fence = SendingFence()
    answers = iter([True, False])
    fence.may_send = lambda: next(answers)
    async with aiohttp.ClientSession(trace_configs=[fence.trace]) as session:
        with pytest.raises(NotTheOne):
            await session.post(f"{url}/first")
    assert taking.taken == []


async def test_beside_it_the_time_to_the_first_answer_is_measured_as_before(
    discord: tuple[Discord, str],
) -> None:
    _, url = discord
    seconds: list[float] = []
    acknowledgements = Acknowledgements(seconds.append)
    fence = SendingFence(acknowledgements.trace())
    async with aiohttp.ClientSession(trace_configs=[fence.trace]) as session:
        acknowledgements.begin(77, time.monotonic())
        fence.may_send = lambda: False
        with pytest.raises(NotTheOne):
            await session.post(f"{url}{CALLBACK}")
        assert seconds == []
        fence.may_send = lambda: True
        await session.post(f"{url}{CALLBACK}")
    assert len(seconds) == 1
