"""The turns of checks: how many run, of whom, and who is next."""

from __future__ import annotations

import asyncio

import pytest

from bot.services import turns
from bot.services.turns import AT_ONCE, BURST, CALM, OF_ONE, OURSELVES, REQUESTS, Turns
from max_wait import MAX_WAIT

ANN, BEN, CARL = 1, 2, 3


class Yard:
    """Checks that run until the test ends them, in the order in which they began."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.begun: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, asker: int, *names: str) -> None:
        for name in names:
            self.tasks[name] = asyncio.create_task(self._run(asker, name))
        await settle()

    async def end(self, name: str) -> None:
        self.ends[name].set()
        await settle()

    async def _run(self, asker: int, name: str) -> None:
        self.ends[name] = asyncio.Event()
        async with self.turns.of(asker):
            self.begun.append(name)
            await self.ends[name].wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_two_checks_of_one_member_run_and_the_third_waits() -> None:
    yard = Yard(Turns())
    assert not yard.turns.must_wait(ANN)
    await yard.ask(ANN, "a1", "a2", "a3")
    assert yard.begun == ["a1", "a2"]
    assert yard.turns.must_wait(ANN)
    assert yard.turns.has_many(ANN)
    assert not yard.turns.must_wait(BEN)
    await yard.end("a2")
    assert yard.begun == ["a1", "a2", "a3"]


async def test_members_come_one_after_the_other_and_not_check_after_check() -> None:
    yard = Yard(Turns(at_once=2, of_one=2))
    await yard.ask(ANN, "a1", "a2", "a3", "a4", "a5")
    await yard.ask(BEN, "b1", "b2")
    await yard.ask(CARL, "c1")
    for name in ("a1", "a2", "a3", "b1", "c1", "a4", "b2"):
        await yard.end(name)
    assert yard.begun == ["a1", "a2", "a3", "b1", "c1", "a4", "b2", "a5"]


async def test_who_may_not_run_more_does_not_keep_the_next_from_it() -> None:
    yard = Yard(Turns(at_once=3, of_one=2))
    await yard.ask(ANN, "a1", "a2", "a3")
    await yard.ask(BEN, "b1", "b2")
    assert yard.begun == ["a1", "a2", "b1"]
    assert yard.turns.must_wait(CARL)
    await yard.end("b1")
    assert yard.begun == ["a1", "a2", "b1", "b2"]


@pytest.mark.parametrize("how", ["ends", "fails", "is cancelled", "is cancelled while it waits"])
async def test_a_turn_is_free_again_however_a_check_ends(how: str) -> None:
    yard = Yard(Turns(at_once=1, of_one=1))
    await yard.ask(ANN, "a1", "a2")
    await yard.ask(BEN, "b1")
    if how == "is cancelled while it waits":
        yard.tasks["a2"].cancel()
        await yard.end("a1")
    else:
        if how == "is cancelled":
            yard.tasks["a1"].cancel()
        await yard.end("a1")
        await yard.end("a2")
    assert yard.begun[-1] == "b1"
    await yard.end("b1")
    assert not yard.turns.must_wait(ANN)
    assert not yard.turns.must_wait(BEN)


async def test_a_turn_that_comes_in_the_instant_of_giving_up_goes_to_the_next() -> None:
    yard = Yard(Turns(at_once=1, of_one=1))
    await yard.ask(ANN, "a1")
    await yard.ask(BEN, "b1")
    await yard.ask(CARL, "c1")
    yard.ends["a1"].set()
    await asyncio.sleep(0)  # the first ends, and the turn is the second's, who does not know yet
    yard.tasks["b1"].cancel()
    await settle()
    assert yard.begun == ["a1", "c1"]


async def test_no_more_run_than_may_in_all() -> None:
    yard = Yard(Turns())
    for member in range(1, 31):
        await yard.ask(member, f"{member}.1", f"{member}.2")
    assert len(yard.begun) == AT_ONCE
    for name in list(yard.begun):
        await yard.end(name)
    assert len(yard.begun) == 2 * AT_ONCE
    assert OF_ONE == 2


async def test_the_bot_itself_comes_after_all_members_who_wait() -> None:
    yard = Yard(Turns(at_once=1))
    await yard.ask(ANN, "a1")
    await yard.ask(OURSELVES, "watch")
    await yard.ask(BEN, "b1")
    await yard.ask(CARL, "c1")
    for name in ("a1", "b1", "c1"):
        await yard.end(name)
    assert yard.begun == ["a1", "b1", "c1", "watch"]


async def test_the_bot_itself_leaves_most_turns_to_members() -> None:
    yard = Yard(Turns(at_once=5, by_itself=2))
    await yard.ask(OURSELVES, "w1", "w2", "w3")
    await yard.ask(REQUESTS, "r1")
    assert yard.begun == ["w1", "w2"]
    assert (yard.turns.running_by_itself, yard.turns.waiting_by_itself) == (2, 2)
    await yard.ask(ANN, "a1", "a2")
    assert yard.begun == ["w1", "w2", "a1", "a2"]


async def test_a_look_that_nobody_answers_lends_its_turn_and_gives_it_back() -> None:
    turns = Turns(by_itself=1)
    yard = Yard(turns)
    async with turns.of(OURSELVES) as turn:
        await yard.ask(OURSELVES, "w1", "w2")
        assert yard.begun == []
        assert turn is not None
        turn.note_silence()
        turn.note_silence()  # once is enough
        await settle()
        assert yard.begun == ["w1"]
    assert (turns.running_by_itself, turns.waiting_by_itself) == (1, 1)
    await yard.end("w1")
    assert yard.begun == ["w1", "w2"]
    assert turns.has_many(OURSELVES)


async def test_no_more_turns_are_lent_than_looks_may_run() -> None:
    turns = Turns(by_itself=1)
    async with turns.of(OURSELVES) as first:
        assert first is not None
        first.note_silence()
        async with turns.of(OURSELVES) as second:
            assert second is not None
            second.note_silence()
            assert turns.running_by_itself == turns.most_by_itself == 2
            assert turns.has_many(OURSELVES)


async def test_a_turn_that_is_over_is_lent_to_nobody() -> None:
    turns = Turns(by_itself=1)
    async with turns.of(OURSELVES) as turn:
        assert turn is not None
    turn.note_silence()  # of a look that others have joined and still wait for
    async with turns.of(OURSELVES):
        assert turns.has_many(OURSELVES)


async def test_whoever_is_waited_for_gives_way_to_nobody() -> None:
    async with Turns().of(ANN) as turn:
        assert turn is None


async def test_the_watch_and_requests_take_turns() -> None:
    yard = Yard(Turns(by_itself=1))
    await yard.ask(OURSELVES, "w1", "w2", "w3", "w4")
    await yard.ask(REQUESTS, "r1", "r2")
    for name in ("w1", "w2", "r1", "w3", "r2"):
        await yard.end(name)
    assert yard.begun == ["w1", "w2", "r1", "w3", "r2", "w4"]


async def until_begun(yard: Yard, count: int) -> float:
    """Return the seconds until so many checks have begun."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(MAX_WAIT):
        while len(yard.begun) < count:  # noqa: ASYNC110 - a list tells nobody
            await asyncio.sleep(0.001)
    return loop.time() - began


async def test_after_a_burst_looks_of_the_bot_begin_with_a_rest_between_them() -> None:
    yard = Yard(Turns(by_itself=BURST + 4, rest=0.02))
    await yard.ask(OURSELVES, *(f"w{n}" for n in range(BURST + 3)))
    assert len(yard.begun) == BURST
    await yard.ask(REQUESTS, "r1")
    assert yard.begun[-1] == "r1"  # few are made for requests
    assert await until_begun(yard, BURST + 4) >= 0.05


async def test_looks_of_the_bot_rest_longer_while_members_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "MEMBERS_REST", 0.2)
    monkeypatch.setattr(turns, "CALM", 0.05)
    yard = Yard(Turns(rest=0.001))
    await yard.ask(OURSELVES, "w1")
    await yard.ask(ANN, "a1")
    await yard.ask(OURSELVES, "w2", "w3")
    assert yard.begun == ["w1", "a1"]  # members themselves need no rest
    assert await until_begun(yard, 3) >= 0.15
    await yard.end("a1")
    assert yard.begun == ["w1", "a1", "w2"]
    assert 0.04 <= await until_begun(yard, 4) < 0.15


async def test_a_rest_that_ends_just_as_it_is_looked_at_keeps_nobody_waiting() -> None:
    resting = Turns(rest=0.0007)
    async with asyncio.timeout(20 * MAX_WAIT):
        for _ in range(3_000):  # one in some hundreds met it
            async with resting.of(OURSELVES):
                pass


async def test_who_gives_up_while_the_bot_rests_leaves_no_timer_behind() -> None:
    yard = Yard(Turns(rest=60))
    await yard.ask(OURSELVES, *(f"w{n}" for n in range(BURST + 1)))
    for task in yard.tasks.values():
        task.cancel()
    await settle()
    assert yard.turns.running_by_itself == yard.turns.waiting_by_itself == 0
    await yard.ask(ANN, "a1")
    await yard.end("a1")
    assert yard.turns._timer is None


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop whose clock can be set, as that of the demo is."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


def test_a_clock_that_is_set_back_lets_looks_begin_as_before() -> None:
    async def look_after_a_check(loop: JumpingLoop) -> float:
        turns = Turns(rest=0.001)
        loop.ahead = 1e6
        async with turns.of(1):
            pass
        loop.ahead = 0.0
        began = loop.time()
        for _ in range(BURST + 1):
            async with turns.of(OURSELVES):
                pass
        return loop.time() - began

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, JumpingLoop)
        assert runner.run(look_after_a_check(loop)) < CALM
