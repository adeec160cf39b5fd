"""Processes on one PostgreSQL tell each other what to look for, as long as they are connected."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from bot.store.engine import notices as notices_module
from bot.store.engine.notices import LONGEST_TEXT, open_notices
from connected_notices import wait_until_connected
from max_wait import MAX_WAIT
from postgres_way import PostgresWay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.store.engine.notices import Notices
    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]


class Ear:
    """What one process was told of a topic."""

    def __init__(self, notices: Notices, topic: str) -> None:
        self.texts: asyncio.Queue[str] = asyncio.Queue()
        self.gaps: asyncio.Queue[None] = asyncio.Queue()
        notices.listen(topic, self.texts.put_nowait, lambda: self.gaps.put_nowait(None))

    async def hear(self) -> str:
        return await asyncio.wait_for(self.texts.get(), MAX_WAIT)

    async def note_gap(self) -> None:
        await asyncio.wait_for(self.gaps.get(), MAX_WAIT)


@asynccontextmanager
async def open_pair(*urls: str) -> AsyncIterator[list[Notices]]:
    """Yield what two processes tell each other with, both connected."""
    async with AsyncExitStack() as stack:
        pair = []
        for url in urls:
            notices = await stack.enter_async_context(open_notices(url))
            assert notices is not None
            await wait_until_connected(notices)
            pair.append(notices)
        yield pair


async def test_an_sqlite_file_has_nobody_to_tell(tmp_path: Path) -> None:
    async with open_notices(f"sqlite+aiosqlite:///{tmp_path}/bot.db") as notices:
        assert notices is None


async def test_what_one_process_tells_the_other_hears_and_itself_does_not(
    postgres: PostgresServer,
) -> None:
    async with postgres.database() as name:
        url = postgres.url_of(name)
        async with open_pair(url, url) as (ann, ben):
            own, other, elsewhere = Ear(ann, "requests"), Ear(ben, "requests"), Ear(ben, "watch")
            ann.tell("requests")
            assert await other.hear() == ""
            assert await ben.send("requests", "1 2 3")
            assert await own.hear() == "1 2 3"
            assert own.texts.empty()
            assert other.texts.empty()
            assert elsewhere.texts.empty()


async def test_what_is_told_again_and_again_is_sent_a_few_times(postgres: PostgresServer) -> None:
    async with postgres.database() as name:
        url = postgres.url_of(name)
        async with open_pair(url, url) as (ann, ben):
            ear = Ear(ben, "requests")
            for _ in range(100):
                for _ in range(100):
                    ann.tell("requests")
                await asyncio.sleep(0.001)
            ann.tell("end")
            Ear(ben, "end")
            assert await ann.send("requests", "the last")
            heard = [await ear.hear()]
            while heard[-1] != "the last":
                heard.append(await ear.hear())
            assert len(heard) < 50


async def test_after_a_cut_all_are_woken_and_what_was_told_meanwhile_arrives(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        postgres.database() as name,
        PostgresWay(postgres) as way,
        open_pair(way.url_of(name), postgres.url_of(name)) as (ann, ben),
    ):
        ear, other = Ear(ann, "requests"), Ear(ben, "requests")
        await ear.note_gap()
        way.cut_hard()
        ann.tell("requests")
        while await ann.send("requests", "now or never"):
            pass  # it has not noticed yet
        assert other.texts.empty()
        way.restore()
        await ear.note_gap()
        assert await other.hear() == ""
        ben.tell("requests")
        assert await ear.hear() == ""
        assert other.texts.empty()
    said = [record.levelname for record in caplog.records if record.name.startswith("bot.")]
    assert said == ["WARNING"]


async def test_a_connection_that_fell_silent_is_given_up_and_opened_anew(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices_module, "PROBED_EVERY", 0.1)
    monkeypatch.setattr(notices_module, "_ANSWERED_WITHIN", 0.2)
    async with (
        postgres.database() as name,
        PostgresWay(postgres) as way,
        open_pair(way.url_of(name), postgres.url_of(name)) as (ann, ben),
    ):
        ear = Ear(ann, "requests")
        await ear.note_gap()
        way.cut_silently()
        while await ann.send("requests", "a word"):
            pass
        way.restore()
        await ear.note_gap()
        ben.tell("requests")
        assert await ear.hear() == ""


async def test_a_restart_of_the_server_is_a_gap_like_any_other(
    own_postgres: PostgresServer,
) -> None:
    async with own_postgres.database() as name:
        url = own_postgres.url_of(name)
        async with open_pair(url, url) as (ann, ben):
            ears = Ear(ann, "requests"), Ear(ben, "requests")
            for ear in ears:
                await ear.note_gap()
            await asyncio.to_thread(own_postgres.restart)
            for ear in ears:
                await ear.note_gap()
            ann.tell("requests")
            assert await ears[1].hear() == ""


async def test_a_text_that_the_server_would_refuse_is_refused_before(
    postgres: PostgresServer,
) -> None:
    async with postgres.database() as name, open_pair(postgres.url_of(name)) as (ann,):
        assert await ann.send("requests", "ü" * ((LONGEST_TEXT - 9) // 2))
        with pytest.raises(ValueError, match="too long"):
            await ann.send("requests", "ü" * (LONGEST_TEXT // 2))
