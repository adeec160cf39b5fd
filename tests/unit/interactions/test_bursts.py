"""The work of a burst of commands waits for their acknowledgements, and never for long."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from bot.interactions.bursts import FEW, LONGEST_TURN, LONGEST_WAIT, MOST_AT_ONCE, Burst


class Handlers:
    """Handlers of one burst: each is acknowledged, and then works; `steps` is their order."""

    def __init__(self) -> None:
        self.burst = Burst()
        self.steps: list[str] = []
        self.sending = self.most = 0  # acknowledgements: now, and at once
        self.working = asyncio.Event()  # the first has begun to work
        self.sent = asyncio.Event()  # Discord's answers to the acknowledgements are there

    async def send(self, number: int) -> None:
        self.sending += 1
        self.most = max(self.most, self.sending)
        await self.sent.wait()
        for _ in range(number % 7):  # they do not all come at once
            await asyncio.sleep(0)
        self.steps.append("acknowledged")
        self.sending -= 1

    async def handle(self, number: int) -> None:
        await self.burst.acknowledge(partial(self.send, number))
        self.steps.append("works")
        self.working.set()

    def start(self, count: int) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(self.handle(number)) for number in range(count)]


async def test_a_command_alone_works_as_soon_as_it_is_acknowledged() -> None:
    handlers = Handlers()
    handlers.sent.set()
    started = asyncio.get_running_loop().time()
    await asyncio.gather(*handlers.start(1))
    assert asyncio.get_running_loop().time() - started < LONGEST_WAIT / 2
    assert handlers.steps == ["acknowledged", "works"]


async def test_the_work_of_a_burst_begins_when_nearly_all_are_acknowledged() -> None:
    handlers = Handlers()
    tasks = handlers.start(200)
    await asyncio.sleep(0)
    handlers.sent.set()
    await asyncio.gather(*tasks)
    assert handlers.steps.index("works") >= 200 - FEW
    assert handlers.steps.count("works") == 200


async def test_the_acknowledgements_of_a_burst_share_some_connections() -> None:
    handlers = Handlers()
    handlers.sent.set()
    await asyncio.gather(*handlers.start(200))
    assert handlers.most == MOST_AT_ONCE


async def test_acknowledgements_that_discord_is_slow_to_answer_hold_no_other_up_for_long() -> None:
    handlers = Handlers()
    tasks = handlers.start(3 * MOST_AT_ONCE)
    await asyncio.sleep(LONGEST_TURN / 2)
    assert handlers.sending == MOST_AT_ONCE
    await asyncio.sleep(LONGEST_TURN)
    assert handlers.sending == 3 * MOST_AT_ONCE
    handlers.sent.set()
    await asyncio.gather(*tasks)


async def test_what_comes_while_the_work_of_a_burst_begins_is_acknowledged_before_the_rest() -> (
    None
):
    handlers = Handlers()
    tasks = handlers.start(100)
    await asyncio.sleep(0)
    handlers.sent.set()
    await handlers.working.wait()
    tasks += handlers.start(100)
    await asyncio.gather(*tasks)
    later = len(handlers.steps) - handlers.steps[::-1].index("acknowledged")
    assert handlers.steps[:later].count("works") < 50


async def test_work_waits_a_second_at_most_for_acknowledgements_that_do_not_come() -> None:
    burst, loop = Burst(), asyncio.get_running_loop()
    never = asyncio.Event()
    others = [asyncio.create_task(burst.acknowledge(never.wait)) for _ in range(FEW + 1)]
    await asyncio.sleep(0)
    started = loop.time()
    await burst.acknowledge(partial(asyncio.sleep, 0))
    assert LONGEST_WAIT <= loop.time() - started + 0.01 < LONGEST_WAIT + 1
    never.set()
    await asyncio.gather(*others)


async def test_an_acknowledgement_that_fails_is_raised_and_holds_nobody_up() -> None:
    burst, loop = Burst(), asyncio.get_running_loop()

    async def fail() -> None:
        await asyncio.sleep(0)
        raise OSError("no answer")

    async def raises() -> None:
        with pytest.raises(OSError, match="no answer"):
            await burst.acknowledge(fail)

    started = loop.time()
    await asyncio.gather(*(raises() for _ in range(50)))
    await burst.acknowledge(partial(asyncio.sleep, 0))
    assert loop.time() - started < LONGEST_WAIT / 2


async def test_a_handler_that_is_cancelled_while_it_waits_leaves_the_others_their_turns() -> None:
    handlers = Handlers()
    tasks = handlers.start(50)
    await asyncio.sleep(0)
    handlers.sent.set()
    await handlers.working.wait()
    waiting = [task for task in tasks if not task.done()]
    waiting[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert handlers.steps.count("works") >= 49
