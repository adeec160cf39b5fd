"""A process that leaves Discord finds one that waits, over the real PostgreSQL."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from bot.store.engine import handover as handover_module
from bot.store.engine.handover import Candidate, Departure, Message, Word, read_note
from bot.store.engine.notices import Notices, open_notices
from connected_notices import wait_until_connected
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]


@pytest.fixture
async def url(postgres: PostgresServer) -> AsyncIterator[str]:
    async with postgres.database(empty=True) as name:
        yield postgres.url_of(name)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Notices]:
    """What one process is told and tells, connected."""
    async with open_notices(url) as notices:
        assert notices is not None
        await wait_until_connected(notices)
        yield notices


async def answer(candidate: Candidate, *words: Word) -> list[Message]:
    """Answer what is meant for this one with each of the words in turn; return what was heard."""
    heard, left = [], list(words)
    while left:
        message = await candidate.hear()
        heard.append(message)
        if message.word is Word.CONNECT and message.standby == candidate.name:
            await candidate.say(left.pop(0), message.handover)
    return heard


async def test_one_that_waits_connects_and_reads_the_note_of_the_one_that_leaves(url: str) -> None:
    async with connected(url) as leaders, connected(url) as standbys:
        departure, candidate = Departure(leaders), Candidate(standbys)
        answering = asyncio.create_task(answer(candidate, Word.CONNECTED))
        assert await departure.arrange()
        (asked,) = await answering
        assert read_note(departure.write_note([3, 4]), asked.handover) == frozenset({3, 4})
        assert read_note(Departure(leaders).write_note([3, 4]), asked.handover) is None


async def test_nobody_that_waits_costs_no_more_than_the_time_for_an_answer(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover_module, "ANSWERED_WITHIN", 0.05)
    async with connected(url) as leaders:
        assert not await Departure(leaders).arrange()


async def test_where_the_notices_are_away_nobody_is_asked(url: str) -> None:
    async with open_notices(url) as notices:
        assert notices is not None
        assert not await Departure(notices).arrange()  # it has not connected yet


async def test_one_that_cannot_connect_is_called_off_and_asked_once_more(url: str) -> None:
    async with connected(url) as leaders, connected(url) as standbys:
        departure, candidate = Departure(leaders), Candidate(standbys)
        answering = asyncio.create_task(answer(candidate, Word.FAILED, Word.CONNECTED))
        assert await departure.arrange()
        words = [message.word for message in await answering]
        assert words == [Word.CONNECT, Word.CALLED_OFF, Word.CONNECT]


async def test_one_that_does_not_connect_in_time_is_called_off(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover_module, "CONNECTED_WITHIN", 0.05)
    monkeypatch.setattr(handover_module, "ARRANGED_WITHIN", 0.1)
    async with connected(url) as leaders, connected(url) as standbys:
        candidate = Candidate(standbys)
        arranging = asyncio.create_task(Departure(leaders).arrange())
        heard = [await candidate.hear(), await candidate.hear()]
        assert not await arranging
        assert [message.word for message in heard] == [Word.CONNECT, Word.CALLED_OFF]


async def test_of_two_that_wait_one_is_chosen_and_the_other_hears_when_it_is_connected(
    url: str,
) -> None:
    async with connected(url) as leaders, connected(url) as one, connected(url) as another:
        pair = [Candidate(one), Candidate(another)]

        async def hear(candidate: Candidate) -> Message:
            """Answer, and return what was said last to the one that is not chosen."""
            while True:
                message = await candidate.hear()
                if message.word is Word.CONNECT and message.standby == candidate.name:
                    await candidate.say(Word.CONNECTED, message.handover)
                if message.word is Word.CONNECTED:
                    return message

        hearing = [asyncio.create_task(hear(each)) for each in pair]
        assert await Departure(leaders).arrange()
        (told,), (chosen,) = await asyncio.wait(
            hearing, timeout=MAX_WAIT, return_when=asyncio.FIRST_COMPLETED
        )
        chosen.cancel()
        assert (await told).standby == pair[hearing.index(chosen)].name


@pytest.mark.parametrize("text", ["", "who", "sing a b", "who a b c", "here  a  b"])
def test_what_another_version_may_say_is_passed_over(text: str) -> None:
    assert Message.parse(text) is None


@pytest.mark.parametrize(
    "note", ["", "[]", "{", '{"handover": "a"}', '{"handover": "a", "taken": 1}']
)
def test_a_note_that_is_none_counts_for_nothing(note: str) -> None:
    assert read_note(note, "a") is None


def test_what_is_no_number_in_a_note_is_left_out() -> None:
    assert read_note('{"handover": "a", "taken": [1, "2", 3]}', "a") == frozenset({1, 3})
