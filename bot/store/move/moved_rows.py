"""The rows of one table: copied from SQLite to PostgreSQL, read back there and compared."""

from __future__ import annotations

import sqlite3
import sys
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, Integer, String, TypeDecorator, collate, select
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Column, Select, Table
    from sqlalchemy.engine import Connection, Dialect
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.types import TypeEngine

    from bot.store.engine.url import Address

    Row = Sequence[Any]

# Rows that are in memory at once; of the largest, checks, one is some 32 KiB.
_BATCH: Final = 500
_LARGEST: Final = {32: 2**31 - 1, 64: 2**63 - 1}


async def copy_table(
    origin: Connection,
    connection: AsyncConnection,
    table: Table,
    source: Address,
    note: Callable[[int], None],
) -> None:
    """Write the rows that `origin` has of a table into the transaction of `connection`.

    `note` is told of each batch. Raises StoreError, with the table and the column, for a value
    that PostgreSQL cannot hold.
    """
    raw: Any = (await connection.get_raw_connection()).driver_connection
    columns = list(table.columns)
    bind = _binder(columns, connection.dialect)
    for rows in _read(origin, table, source):
        records = [bind(row) for row in rows]
        for place, column in enumerate(columns):
            _refuse_unfit(records, column, place, source)
        await raw.copy_records_to_table(
            table.name, records=records, columns=[column.name for column in columns]
        )
        note(len(rows))


async def compare_table(
    origin: Connection, connection: AsyncConnection, table: Table, note: Callable[[int], None]
) -> None:
    """Read a table back from both, value by value; raises StoreError where one is another."""
    ordered = _in_order(table)
    there = await connection.stream(ordered.execution_options(yield_per=_BATCH))
    here = origin.execute(_in_order(table, of_sqlite=True).execution_options(yield_per=_BATCH))
    for mine in here.partitions():
        theirs = await there.fetchmany(len(mine))
        for one, other in zip_longest(mine, theirs):
            if other is None or tuple(one) != tuple(other):
                raise _explain_difference(table, one, other)
        note(len(mine))
    await there.close()


def _in_order(table: Table, *, of_sqlite: bool = False) -> Select[Any]:
    """All of a table in the order of its key, which is the same in both databases."""
    keys = [
        # SQLite compares octets, and PostgreSQL as its locale has it.
        key if of_sqlite or _text_of(key.type) is None else collate(key, "C")
        for key in table.primary_key.columns
    ]
    return select(table).order_by(*keys)


def _read(origin: Connection, table: Table, source: Address) -> Iterator[Sequence[Row]]:
    try:
        rows = origin.execute(select(table).execution_options(yield_per=_BATCH))
        yield from rows.partitions()
    except (DBAPIError, sqlite3.Error, ValueError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise StoreError(
            f"The {source} holds something in the table {table.name} that cannot be read "
            f"({str(cause).splitlines()[0]}); nothing was moved."
        ) from error


def _binder(columns: Sequence[Column[Any]], dialect: Dialect) -> Callable[[Row], Row]:
    """What turns values of ours into those that the driver takes."""
    processors = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]

    def bind(row: Row) -> Row:
        return tuple(
            value if process is None or value is None else process(value)
            for process, value in zip(processors, row, strict=True)
        )

    return bind


def _refuse_unfit(records: Sequence[Row], column: Column[Any], place: int, source: Address) -> None:
    """Raises StoreError for a value that SQLite lets pass in a column and PostgreSQL does not."""
    find_fault = _fault_finder(column.type)
    if find_fault is None:
        return
    for record in records:
        value = record[place]
        if value is not None and (fault := find_fault(value)):
            columns = enumerate(column.table.columns)
            key = ", ".join(str(record[at]) for at, one in columns if one.primary_key)
            raise StoreError(
                f"The {source} holds {fault} in {column.table.name}.{column.name} of the row "
                f"{key}, which PostgreSQL does not take; mend that row and try again."
            )


def _fault_finder(kind: TypeEngine[Any]) -> Callable[[Any], str] | None:
    if isinstance(kind, Integer):
        largest = _LARGEST[64 if isinstance(kind, BigInteger) else 32]
        return lambda value: "" if -largest - 1 <= value <= largest else f"a number over {largest}"
    text = _text_of(kind)
    if text is None:
        return None
    longest = text.length or sys.maxsize

    def find_fault(value: str) -> str:
        if "\0" in value:
            return "a character U+0000"
        return "" if len(value) <= longest else f"more than {longest} characters"

    return find_fault


def _text_of(kind: TypeEngine[Any]) -> String | None:
    """The type of text that a type of ours is kept as; None where it is none."""
    kept = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    return kept if isinstance(kept, String) else None


def _explain_difference(table: Table, one: Row, other: Row | None) -> StoreError:
    """The sentence for a row that came back as another one, without what is in it."""
    which = (
        "is missing"
        if other is None
        else "differs in "
        + ", ".join(
            column.name
            for column, mine, theirs in zip(table.columns, one, other, strict=True)
            if mine != theirs
        )
    )
    key = ", ".join(
        str(value) for column, value in zip(table.columns, one, strict=True) if column.primary_key
    )
    return StoreError(
        f"The row {key} of {table.name} {which} when it is read back; nothing was kept. "
        "Please report this."
    )
