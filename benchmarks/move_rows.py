"""How many rows a second `move-database` moves to PostgreSQL, and with how much memory.

It needs the server of the tests: `PYTHONPATH=.:tests .venv/bin/python -m benchmarks.move_rows`.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks.sweep import peak_memory
from bot.store.engine.database import Database
from bot.store.move.database_move import move_database, read_target
from postgres_server import PostgresServer, running_postgres

_FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)
INSERT INTO stored_check (domain, report, "schema", checked_at)
SELECT 'd' || i || '.example', i || substr(hex(zeroblob(:size)), 1, :size), 1,
'2026-11-22 12:00:00.000001' FROM n
"""
_SHAPES = ((100_000, 300), (10_000, 32_000))  # rows, and characters of each


async def _measure(server: PostgresServer, folder: Path, rows: int, size: int) -> str:
    path = folder / f"{rows}.db"
    url = f"sqlite+aiosqlite:///{path}"
    await (await Database.open(url)).aclose()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(_FILL, {"rows": rows, "size": size})
    async with server.database(empty=True) as name:
        began = time.perf_counter()
        await move_database(url, read_target(server.url_of(name)))
        took = time.perf_counter() - began
    size_of_file = path.stat().st_size / 1e6
    return (
        f"{rows} checks of {size} characters, a file of {size_of_file:.0f} MB: {took:.1f} s, "
        f"{rows / took:.0f} rows and {size_of_file / took:.1f} MB a second"
    )


def main() -> None:
    """Move each shape, and print what it took."""
    with tempfile.TemporaryDirectory() as name, running_postgres(Path(name) / "server") as server:
        for rows, size in _SHAPES:
            print(asyncio.run(_measure(server, Path(name), rows, size)))
    print(f"at most {peak_memory():.0f} MB of memory")


if __name__ == "__main__":
    main()
