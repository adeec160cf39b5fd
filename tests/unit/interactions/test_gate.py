"""Who answers an interaction: each is taken by one process, in the order in which they came."""

from __future__ import annotations

import asyncio

import pytest

from bot.interactions.gate import (
    LONGEST_HELD,
    MOST_HELD,
    MOST_REMEMBERED,
    REMEMBERED,
    Arrival,
    GateVerdict,
    InteractionGate,
)


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> InteractionGate:
    return InteractionGate(clock)


def verdicts(arrivals: list[Arrival]) -> list[GateVerdict | None]:
    """What is known of each; None where nothing is."""
    return [one.verdict.result() if one.verdict.done() else None for one in arrivals]


async def test_what_comes_is_taken_at_once(gate: InteractionGate) -> None:
    assert verdicts([gate.receive(1), gate.receive(2)]) == [GateVerdict.OURS, GateVerdict.OURS]
    assert gate.taken == (1, 2)


async def test_what_is_held_is_let_go_in_its_order_without_what_another_has_taken(
    gate: InteractionGate,
) -> None:
    gate.hold()
    arrivals = [gate.receive(number) for number in range(1, 6)]
    assert verdicts(arrivals) == [None] * 5
    order: list[int] = []

    async def handle(arrival: Arrival) -> None:
        if await arrival.verdict is GateVerdict.OURS:
            order.append(arrival.interaction_id)

    tasks = [asyncio.create_task(handle(arrival)) for arrival in reversed(arrivals)]
    await asyncio.sleep(0)
    gate.open({2, 4, 6})
    await asyncio.gather(*tasks)
    assert order == [1, 3, 5]
    assert gate.taken == (1, 3, 5)
    # Discord tells one of the two of it later than the other.
    assert verdicts([gate.receive(6), gate.receive(7)]) == [GateVerdict.ANOTHERS, GateVerdict.OURS]


async def test_what_is_too_old_to_be_answered_is_nobodys(
    gate: InteractionGate, clock: Clock
) -> None:
    gate.hold()
    early = gate.receive(1)
    clock.time += LONGEST_HELD
    late = gate.receive(2)
    clock.time += 0.1
    gate.open()
    assert verdicts([early, late]) == [GateVerdict.NOBODYS, GateVerdict.OURS]
    assert gate.taken == (2,)


async def test_no_more_than_some_hundreds_are_held(gate: InteractionGate) -> None:
    gate.hold()
    arrivals = [gate.receive(number) for number in range(MOST_HELD + 2)]
    assert verdicts(arrivals) == [None] * MOST_HELD + [GateVerdict.NOBODYS] * 2


async def test_what_is_dropped_is_anothers_and_what_comes_is_held_on(gate: InteractionGate) -> None:
    gate.hold()
    before = gate.receive(1)
    gate.drop()
    after = gate.receive(2)
    assert verdicts([before, after]) == [GateVerdict.ANOTHERS, None]


async def test_a_shut_gate_leaves_all_to_another_and_says_nothing_of_a_stop(
    gate: InteractionGate,
) -> None:
    gate.receive(1)
    gate.hold()
    held = gate.receive(2)
    gate.shut()
    gate.turn_away()
    assert verdicts([held, gate.receive(3)]) == [GateVerdict.ANOTHERS, GateVerdict.ANOTHERS]
    assert gate.taken == (1,)


async def test_a_stop_turns_away_what_is_held_and_what_comes(gate: InteractionGate) -> None:
    gate.hold()
    held = gate.receive(1)
    gate.turn_away()
    assert verdicts([held, gate.receive(2)]) == [GateVerdict.TURNED_AWAY, GateVerdict.TURNED_AWAY]


async def test_what_was_taken_is_remembered_for_a_while_and_never_too_much_of_it(
    gate: InteractionGate, clock: Clock
) -> None:
    gate.receive(1)
    clock.time += REMEMBERED + 1
    assert gate.taken == ()
    for number in range(MOST_REMEMBERED + 5):
        gate.receive(number)
    assert gate.taken == tuple(range(5, MOST_REMEMBERED + 5))


async def test_a_handler_that_was_cancelled_while_it_was_held_is_passed_over(
    gate: InteractionGate,
) -> None:
    gate.hold()
    cancelled, other = gate.receive(1), gate.receive(2)
    cancelled.verdict.cancel()
    gate.open()
    assert verdicts([other]) == [GateVerdict.OURS]
    assert gate.taken == (2,)
