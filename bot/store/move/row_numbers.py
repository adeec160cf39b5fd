"""The numbers that rows get by themselves: they go on behind the highest that there ever was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from bot.store.metadata import METADATA

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def continue_numbers(connection: Connection, origin: Connection) -> None:
    """Have PostgreSQL number the next rows behind those that SQLite numbered, gone ones too.

    Buttons carry numbers: one of a row that was deleted must never come back as another's.
    """
    given = {
        name: int(number)
        for name, number in origin.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")
    }
    for table in METADATA.sorted_tables:
        column = table.autoincrement_column
        if column is None:
            continue
        highest = origin.execute(select(func.max(column))).scalar_one() or 0
        highest = max(highest, given.get(table.name, 0))
        sequence = connection.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": table.name, "column": column.name},
        ).scalar_one()
        if highest:
            connection.execute(
                text("SELECT setval(CAST(:sequence AS regclass), :highest)"),
                {"sequence": sequence, "highest": highest},
            )
