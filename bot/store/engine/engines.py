"""Engines of SQLAlchemy for a database, and what is said where it refuses."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.ext.asyncio import create_async_engine

from bot.store.engine import postgresql, sqlite
from bot.store.engine.database_refusals import DATABASE_FAULTS, explain, repeats_a_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncEngine

    from bot.store.engine.url import Address

APPLICATION: Final = "cowbell"  # what a server calls a process that does not say what it is


def create_engine(
    address: Address,
    url: URL,
    *,
    reading: bool,
    application: str = APPLICATION,
    patient: bool = False,
) -> AsyncEngine:
    """The engine for a database; a `patient` one lets statements on a server take long.

    Raises StoreError where the URL asks for a TLS that cannot be.
    """
    options: dict[str, Any]
    if address.on_sqlite:
        options = sqlite.engine_options(in_memory=address.in_memory)
    else:
        options = postgresql.engine_options(address, application, patient=patient)
        url = url.set(query={})  # said in the arguments
    # What members typed stays out of error texts and so out of logs.
    engine = create_async_engine(url, hide_parameters=True, **options)
    if address.on_sqlite:
        sqlite.prepare(engine.sync_engine, reading=reading)
    return engine


def split_by_purpose(
    address: Address, engine: AsyncEngine
) -> tuple[AsyncEngine, AsyncEngine, AsyncEngine]:
    """The engine as it is for reading, for writing, and for taking rows."""
    if address.on_sqlite:
        writer = engine.execution_options(writes=True)
        return engine, writer, writer
    return (
        engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True),
        engine.execution_options(isolation_level="SERIALIZABLE"),
        engine.execution_options(isolation_level="READ COMMITTED"),
    )


@contextmanager
def explaining(
    address: Address, faults: tuple[type[Exception], ...] = DATABASE_FAULTS
) -> Iterator[None]:
    """Turns database errors in the block into StoreError, with a sentence for the operator."""
    try:
        yield
    except faults as error:
        # A log shows the whole chain, and members' texts are nobody's business there.
        raise explain(error, address) from (None if repeats_a_row(error) else error)
