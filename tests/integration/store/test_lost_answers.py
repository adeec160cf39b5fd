"""Connections to PostgreSQL that are lost: what was written then, and what its caller hears."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from bot.demo.loopback_server import LoopbackServer
from bot.errors import StoreError
from bot.requests.mail_proof import MailTest, SentMail
from bot.requests.model import RequestKind
from bot.store.engine import database as database_module
from bot.store.engine import postgresql
from bot.store.engine.database import Database
from bot.store.repositories.mail_tests import MailTests
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.sent_mails import SentMails
from request_parts import ANN, COWHERD, FRIEND, MOVER, NOON, PLACE, Setup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlalchemy.orm import Session

    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

COMMIT = b"COMMIT;\0"


class CommitLoser(LoopbackServer):
    """A way to the server that loses the next COMMIT (`loses`), or the answer to it.

    What is lost takes its connection with it, unless it is lost in silence.
    """

    def __init__(self, server: PostgresServer) -> None:
        super().__init__()
        self._behind = server
        self.loses: str | None = None
        self.is_silent = False
        self.lost = 0

    def url_of(self, name: str) -> str:
        """Return the DATABASE_URL of a database by this way, without TLS, to read what is said."""
        url = URL.create("postgresql+asyncpg", "postgres", None, "127.0.0.1", self.number, name)
        return url.set(query={"sslmode": "disable"}).render_as_string(hide_password=False)

    def refuse_others(self) -> None:
        """Take no more connections."""
        assert self._server is not None
        self._server.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what a client says, up to what is lost."""
        ahead, back = await asyncio.open_unix_connection(self._behind.socket)
        answering = asyncio.create_task(self._answer(ahead, writer))
        try:
            back.write(await _read_message(reader, is_first=True))
            while True:
                message = await _read_message(reader)
                if message[:1] == b"Q" and message.endswith(COMMIT) and self.loses:
                    await self._lose(message, back, ahead, answering)
                    return
                back.write(message)
                await back.drain()
        finally:
            answering.cancel()
            for end in (writer, back):
                end.transport.abort()

    async def _lose(
        self,
        message: bytes,
        back: asyncio.StreamWriter,
        ahead: asyncio.StreamReader,
        answering: asyncio.Task[None],
    ) -> None:
        what, self.loses = self.loses, None
        self.lost += 1
        if what == "answer":
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
            back.write(message)
            await _read_message(ahead)
        if self.is_silent:
            await asyncio.Event().wait()

    async def _answer(self, ahead: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while octets := await ahead.read(65536):
                writer.write(octets)
                await writer.drain()
        writer.transport.abort()


async def _read_message(reader: asyncio.StreamReader, *, is_first: bool = False) -> bytes:
    """Read one message of the protocol (version 3: one octet, then the length, but at first)."""
    kind = b"" if is_first else await reader.readexactly(1)
    size = await reader.readexactly(4)
    return kind + size + await reader.readexactly(struct.unpack("!i", size)[0] - 4)


@pytest.fixture
async def way(postgres: PostgresServer) -> AsyncIterator[CommitLoser]:
    async with CommitLoser(postgres) as way:
        yield way


@pytest.fixture
async def url(postgres: PostgresServer, way: CommitLoser) -> AsyncIterator[str]:
    async with postgres.emptied_database() as name:
        yield way.url_of(name)


@pytest.mark.parametrize("loses", ["commit", "answer"])
async def test_what_members_do_is_done_once_whatever_is_lost_of_its_commit(
    url: str, way: CommitLoser, tmp_path: Path, loses: str
) -> None:
    parts = await Setup(tmp_path, url=url).open()
    requests, sent, tests = parts.requests, SentMails(parts.database), MailTests(parts.database)
    way.loses = loses
    opened = await requests.open(RequestKind.DKIM, FRIEND, PLACE, ANN)
    assert opened.is_new
    way.loses = loses
    assert (await requests.approve(opened.request.id, COWHERD)).won
    way.loses = loses
    assert isinstance(await sent.begin(ANN, FRIEND, NOON, 1), SentMail)
    way.loses = loses
    assert isinstance(await tests.make(ANN, None, "digest", (NOON, NOON), 1), MailTest)
    way.loses = loses
    (taken,) = await parts.store.requests.take_due(NOON, NOON - datetime.min.replace(tzinfo=UTC), 9)
    assert taken.id == opened.request.id
    assert way.lost == 5
    audit = [entry.after.value for entry in await requests.audit(opened.request.id)]
    assert audit == ["pending", "approved"]
    assert (await sent.count_of(ANN), await tests.count_of(ANN)) == (1, 1)
    await parts.close()


async def test_an_answer_that_never_comes_is_asked_for_on_another_connection(
    url: str, way: CommitLoser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "COMMAND_TIMEOUT", 0.5)
    async with await Database.open(url) as database:
        way.loses, way.is_silent = "answer", True
        await RecentDomains(database).remember(ANN, FRIEND, NOON)
        assert way.lost == 1
        assert await RecentDomains(database).of(ANN) == (FRIEND,)


async def test_what_the_last_try_wrote_is_known_too(
    url: str, way: CommitLoser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_LONGEST_TRYING", 0.0)
    async with await Database.open(url) as database:
        way.loses = "answer"
        await RecentDomains(database).remember(ANN, FRIEND, NOON)
        assert way.lost == 1
        way.loses = "commit"
        with pytest.raises(StoreError, match="is not answering"):
            await RecentDomains(database).remember(ANN, MOVER, NOON)
        assert await RecentDomains(database).of(ANN) == (FRIEND,)


async def test_where_nobody_can_say_what_was_kept_that_is_said(
    url: str, way: CommitLoser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_LONGEST_DOUBT", 0.3)
    async with await Database.open(url) as database:
        recent = RecentDomains(database)
        await recent.of(ANN)
        way.loses = "commit"
        way.refuse_others()
        with pytest.raises(StoreError, match="is not answering"):
            await recent.remember(ANN, FRIEND, NOON)


async def test_a_server_that_was_started_anew_costs_nobody_anything(
    postgres: PostgresServer,
) -> None:
    async with (
        postgres.database() as name,
        await Database.open(postgres.url_of(name)) as database,
    ):
        recent = RecentDomains(database)
        await asyncio.gather(*(recent.remember(number, FRIEND, NOON) for number in range(8)))
        await asyncio.gather(*(recent.of(number) for number in range(8)))
        connection = await postgres.connect()
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", name
        )
        await connection.close()
        found = await asyncio.gather(*(recent.of(number) for number in range(8)))
        assert found == [(FRIEND,)] * 8


async def test_a_connection_that_is_lost_within_a_transaction_has_it_done_again(
    postgres: PostgresServer,
) -> None:
    lost: list[int] = []

    def write(session: Session) -> int:
        session.execute(text("INSERT INTO control_secret (id, value) VALUES (1, 'x')"))
        if not lost:
            lost.append(len(lost))
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return int(session.scalar(text("SELECT count(*) FROM control_secret")) or 0)

    async with (
        postgres.emptied_database() as name,
        await Database.open(postgres.url_of(name)) as database,
    ):
        assert await database.write(write) == 1
        assert len(lost) == 1


async def test_a_transaction_that_loses_its_connection_each_time_says_so(url: str) -> None:
    def end_own_session(session: Session) -> None:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    async with await Database.open(url) as database:
        with pytest.raises(StoreError, match="is not answering"):
            await database.write(end_own_session)
        assert await RecentDomains(database).of(ANN) == ()
