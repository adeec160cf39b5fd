"""Pieces of work of looks: one in each pass of the event loop, fewer beside members."""

from __future__ import annotations

import asyncio

from bot.services.look_steps import BESIDE_MEMBERS, LookSteps


async def test_pieces_of_work_are_done_in_their_order_and_each_in_a_pass_of_its_own() -> None:
    steps, passes = LookSteps(lambda: False), 0
    passed: list[int] = []

    async def work(number: int) -> None:
        await steps.take()
        passed.append(passes)
        assert len(passed) == number + 1

    tasks = [asyncio.create_task(work(number)) for number in range(20)]
    while not all(task.done() for task in tasks):
        passes += 1
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert len(set(passed)) == 20


async def test_beside_a_member_there_is_time_between_two_pieces_of_work() -> None:
    steps = LookSteps(lambda: True)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*(steps.take() for _ in range(4)))
    assert loop.time() - began >= 3 * BESIDE_MEMBERS


async def test_a_piece_of_work_that_is_given_up_is_not_waited_for() -> None:
    steps = LookSteps(lambda: False)
    given_up, other = asyncio.create_task(steps.take()), asyncio.create_task(steps.take())
    await asyncio.sleep(0)
    given_up.cancel()
    await other
    assert given_up.cancelled()
    await steps.take()
