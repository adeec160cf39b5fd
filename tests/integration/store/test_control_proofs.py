"""Proofs of control and the secret behind them, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from alembic import command
from sqlalchemy import create_engine, select
from sqlalchemy.pool import NullPool

from bot.names import Domain
from bot.requests.control_proof import BY_DNS, ControlProof
from bot.store.backup.backup import back_up
from bot.store.engine.database import Database
from bot.store.engine.migrate import migration_config
from bot.store.repositories.control_proofs import ControlProofs
from bot.store.tables import ControlProofRow

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FRIEND, MOVER = Domain.from_ascii("friend.example"), Domain.from_ascii("mover.example")
ANN, BEN = 300000000000000007, 300000000000000008

pytest_plugins = ["store_fixtures"]


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


async def test_the_secret_is_made_once_and_is_the_same_after_a_restart(
    database: Database, database_url: str
) -> None:
    asked = (ControlProofs(database).secret() for _ in range(8))
    (secret,) = set(await asyncio.gather(*asked))
    assert len(secret) == 32
    await database.aclose()
    async with await Database.open(database_url) as again:
        assert await ControlProofs(again).secret() == secret


async def test_two_databases_have_different_secrets(database: Database, tmp_path: Path) -> None:
    async with await Database.open(url_of(tmp_path / "other.db")) as other:
        assert await ControlProofs(other).secret() != await ControlProofs(database).secret()


async def test_an_old_database_gets_its_secret_at_the_first_use(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as opened:
        command.upgrade(migration_config(opened), "0006")
    async with await Database.open(url_of(path)) as database:
        secret = await ControlProofs(database).secret()
        assert secret == await ControlProofs(database).secret()


async def test_a_backup_has_the_secret_and_the_proofs(tmp_path: Path) -> None:
    path, copy = tmp_path / "bot.db", tmp_path / "copy.db"
    async with await Database.open(url_of(path)) as database:
        proofs = ControlProofs(database)
        secret, proof = await proofs.secret(), await proofs.keep(FRIEND, ANN, BY_DNS, NOON)
        back_up(url_of(path), copy)
    async with await Database.open(url_of(copy)) as restored:
        assert await ControlProofs(restored).secret() == secret
        assert await ControlProofs(restored).of(FRIEND, ANN) == proof


async def test_a_proof_is_of_one_member_and_one_domain(database: Database) -> None:
    proofs = ControlProofs(database)
    proof = await proofs.keep(FRIEND, ANN, BY_DNS, NOON)
    assert proof == ControlProof(FRIEND, ANN, BY_DNS, NOON)
    assert await proofs.of(FRIEND, ANN) == proof
    assert await proofs.of(FRIEND, BEN) is None
    assert await proofs.of(MOVER, ANN) is None


async def test_it_counts_since_it_was_first_shown(database: Database) -> None:
    proofs = ControlProofs(database)
    first = await proofs.keep(FRIEND, ANN, BY_DNS, NOON)
    assert await proofs.keep(FRIEND, ANN, BY_DNS, NOON + timedelta(days=3)) == first


async def test_two_members_can_both_have_shown_it(database: Database) -> None:
    proofs = ControlProofs(database)
    ben = await proofs.keep(FRIEND, BEN, BY_DNS, NOON)
    ann = await proofs.keep(FRIEND, ANN, BY_DNS, NOON + timedelta(hours=1))
    assert await proofs.of_domain(FRIEND) == (ben, ann)


async def test_a_member_who_is_forgotten_has_no_proof_left(database: Database) -> None:
    proofs = ControlProofs(database)
    await proofs.keep(FRIEND, ANN, BY_DNS, NOON)
    newer = await proofs.keep(MOVER, ANN, BY_DNS, NOON + timedelta(hours=1))
    theirs = await proofs.keep(FRIEND, BEN, BY_DNS, NOON)
    assert (await proofs.of_member(ANN))[0] == newer
    await proofs.forget(ANN)
    assert await proofs.of_member(ANN) == ()
    assert await proofs.of_domain(FRIEND) == (theirs,)
    left = await database.read(lambda session: session.scalars(select(ControlProofRow)).all())
    assert [row.member_id for row in left] == [BEN]


async def test_old_proofs_go_a_few_at_a_time(database: Database) -> None:
    proofs = ControlProofs(database)
    for member in range(1, 4):
        await proofs.keep(FRIEND, member, BY_DNS, NOON)
    fresh = await proofs.keep(MOVER, ANN, BY_DNS, NOON + timedelta(days=1))
    assert await proofs.purge(NOON + timedelta(hours=1), 2) == 2
    assert await proofs.purge(NOON + timedelta(hours=1), 2) == 1
    assert await proofs.purge(NOON + timedelta(hours=1), 2) == 0
    assert await proofs.of_domain(MOVER) == (fresh,)
