"""Texts that strangers write, through the repositories that keep them, on both databases."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import String, Text

from bot.checks.finding import Check, ServerCheck, Status
from bot.records.dkim_key import KeySource
from bot.records.dkim_selector import LONGEST_SELECTOR
from bot.records.providers import load_providers
from bot.requests.mail_proof import (
    JudgedMail,
    MailPlace,
    MailTest,
    MailTestFault,
    MailTestState,
    SentState,
)
from bot.requests.model import ActorKind, Audience, MessageKind, RequestKind, State, Undelivered
from bot.rotations.rotation import RotationState, RotationStep
from bot.services.plan.step import Part
from bot.store.columns import AnyText
from bot.store.metadata import METADATA
from bot.store.repositories.for_requests import RequestStore
from bot.store.repositories.known_keys import KnownKeys
from bot.store.repositories.mail_tests import MailTests
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.stored_checks import StoredChecks
from bot.store.watch_tables import DomainChangeRow
from bot.watch.awaited_goal import AwaitedEnd
from bot.watch.watch_news import NewsKind
from bot.words import shipped_templates
from request_parts import ANN, COWHERD, FRIEND, NOON, PLACE, Setup

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session

    from bot.store.engine.database import Database
    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

# Any characters at all: surrogates, noncharacters, control characters; and what escapes look like.
TEXTS = st.text(st.characters(exclude_categories=())) | st.text("\0\ufdd0\ud800\udfff0a'%_\\\"")


class Kept:
    """A database that is open for a whole test, whose calls a test without a loop can make."""

    def __init__(self, folder: Path, server: PostgresServer | None) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._number = 0
        self.parts = Setup(folder)
        self._runner.run(self._open(server))

    async def _open(self, server: PostgresServer | None) -> None:
        if server is not None:
            name = await self._stack.enter_async_context(server.emptied_database())
            self.parts.url = server.url_of(name)
        await self.parts.open()

    def write_and_read(self, text: str) -> list[str]:
        """Return a text as it comes back from every place that it was written to."""
        return self._runner.run(self._write_and_read(text))

    async def _write_and_read(self, text: str) -> list[str]:
        self._number += 1
        database, number = self.parts.database, self._number
        key = await KnownKeys(database).learn(FRIEND, f"s{number}", text, KeySource.ADMIN, NOON)
        checks = StoredChecks(database)
        check = await checks.get(await checks.keep(FRIEND, ANN, text, 1, NOON))
        changes = await database.write(lambda session: _keep_changes(session, text))
        assert check is not None
        kept = [key.value, check.report, changes]
        return [*kept, *await self._of_test(text), *await self._of_request(text)]

    async def _of_test(self, text: str) -> list[str]:
        tests, digest = MailTests(self.parts.database), str(self._number)
        made = await tests.make(self._number, FRIEND, digest, (NOON, NOON + timedelta(hours=1)), 1)
        assert isinstance(made, MailTest)
        taken = await tests.take([digest], MailPlace(text, 2**32 - 1, 2**32 - 1), NOON)
        await tests.settle(made.id, JudgedMail(NOON, head=text, verdict=text), NOON)
        kept = await tests.get(made.id)
        assert kept is not None
        assert taken is not None
        assert taken.place is not None
        return [taken.place.folder, kept.head, kept.verdict]

    async def _of_request(self, text: str) -> list[str]:
        store, requests = self.parts.store, self.parts.requests
        opened = await requests.open(RequestKind.DKIM, FRIEND, PLACE, ANN, evidence=text)
        number = opened.request.id
        (post,) = await store.outbox.of(number)
        await store.outbox.put_off(post, NOON, text)
        (post,) = await store.outbox.of(number)
        denied = await requests.deny(number, COWHERD, f"no: {text[:400]}.")
        assert denied.request.reason == f"no: {text[:400]}."
        return [opened.request.evidence, post.detail]

    def close(self) -> None:
        """Close the database."""
        self._runner.run(self.parts.close())
        self._runner.run(self._stack.aclose())
        self._runner.close()


def _keep_changes(session: Session, text: str) -> str:
    row = DomainChangeRow(domain=FRIEND, at=NOON, changes=text)
    session.add(row)
    session.flush()
    session.expire(row)
    return row.changes


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    kept = Kept(tmp_path, server)
    yield kept
    kept.close()


def test_any_text_comes_back_as_it_was(kept: Kept) -> None:
    @given(TEXTS)
    @example("a\0b")
    @example("\ud800 alone, \udcff and \ufdd00000")
    @example("\0" * 3000)
    @example("’; DROP TABLE request; -- %s $1 :name")
    def come_back(text: str) -> None:
        assert set(kept.write_and_read(text)) == {text}

    come_back()


async def test_the_largest_numbers_that_a_column_holds_are_no_rows(database: Database) -> None:
    for number in (2**63 - 1, 0, -1):
        assert await StoredChecks(database).get(number) is None
        assert await RequestStore.of(database).requests.get(number) is None
        assert await RecentDomains(database).of(number) == ()


def test_every_text_may_hold_any_character() -> None:
    plain = [column for column in _columns() if isinstance(column.type, Text)]
    assert plain == []
    assert sum(isinstance(column.type, AnyText) for column in _columns()) > 15


def test_every_word_of_ours_fits_into_its_column() -> None:
    codes = [path.stem for path in (shipped_templates() / "en" / "findings").glob("*.j2")]
    longest: dict[str, list[Any]] = {
        "request.kind": [*RequestKind],
        "request.state": [*State],
        "request.stage": ["quarantine"],
        "request.seen": codes,
        "request.undelivered": [*Undelivered],
        "audit.actor_kind": [*ActorKind],
        "audit.before": [*State],
        "audit.after": [*State],
        "outbox.what": [*MessageKind],
        "outbox.target": [*Audience],
        "outbox.nonce": ["0" * 24],
        "approved_stage.stage": ["quarantine"],
        "control_proof.how": ["dns"],
        "command_fingerprint.fingerprint": ["0" * 64],
        "recent_domain.provider": [provider.key for provider in load_providers()],
        "known_key.selector": ["s" * LONGEST_SELECTOR],
        "request.selector": ["s" * LONGEST_SELECTOR],
        "known_key.source": [*KeySource],
        "mail_test.digest": ["0" * 64],
        "mail_test.state": [*MailTestState],
        "mail_test.fault": [*MailTestFault],
        "mail_test.nonce": ["0" * 24],
        "sent_mail.state": [*SentState],
        "watched.subject": ["d" * 253],
        "watched.status": [*Status],
        "watched.next": [*Part],
        "incident.subject": ["d" * 253],
        "incident.check": [*Check, *ServerCheck],
        "awaited.goal": [*Part],
        "awaited.seen": codes,
        "awaited.end": [*AwaitedEnd],
        "rotation.state": [*RotationState],
        "rotation.step": [*RotationStep],
        "rotation.old_selector": ["s" * LONGEST_SELECTOR],
        "rotation.old_source": [*KeySource],
        "rotation.selector": ["s" * LONGEST_SELECTOR],
        "rotation_entry.actor_kind": [*ActorKind],
        "rotation_entry.before": [*RotationState],
        "rotation_entry.after": [*RotationState],
        "watch_news.key": [f"{NewsKind.INCIDENTS}:{'d' * 253}:{-(2**63)}:o{2**63 - 1}"],
        "watch_news.what": [*NewsKind],
        "watch_news.nonce": ["0" * 24],
        "watch_news.subject": ["d" * 253],
    }
    columns = {
        str(column): column.type.length for column in _columns() if isinstance(column.type, String)
    }
    assert columns.keys() == longest.keys()
    for name, words in longest.items():
        too_long = [word for word in words if len(str(word)) > (columns[name] or 0)]
        assert too_long == [], name


def _columns() -> list[Any]:
    return [column for table in METADATA.sorted_tables for column in table.columns]
