"""What a database does for the statements of the repositories, as they are sent: plans and rows."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event
from sqlalchemy.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, ExecutionContext

_EXPLAINED: Final = re.compile(r"\s*(SELECT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_ON_POSTGRESQL: Final = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
_ON_SQLITE: Final = "EXPLAIN QUERY PLAN "
_SCANNED: Final = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")
_SEARCHED: Final = re.compile(r"SEARCH (\w+) USING (.+)")


@dataclass(frozen=True, slots=True)
class Scan:
    """How one table was read: by which index, by a part of it or the whole, and how many rows.

    Without an index it is the table itself from its beginning on.
    """

    table: str
    index: str | None
    is_whole: bool  # without a condition that says where to begin
    rows: int = 0  # looked at, those that did not fit among them; none told on SQLite


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """What a statement came to: its scans, the rows that it gave, pages touched, and ms taken."""

    statement: str
    scans: tuple[Scan, ...]
    given: int = 0
    pages: int = 0
    milliseconds: float = 0.0

    @property
    def tables_read_whole(self) -> frozenset[str]:
        """Tables that were read from their beginning without an index."""
        return frozenset(scan.table for scan in self.scans if scan.index is None and scan.is_whole)


@dataclass
class Recording:
    """The statements that were sent in a block; with their plans where that was wanted."""

    statements: list[str] = field(default_factory=list)
    plans: list[QueryPlan] = field(default_factory=list)


@contextmanager
def record_statements(*, explain: bool = False) -> Iterator[Recording]:
    """Take down the statements of all databases of this process in the block.

    With `explain` each is carried out once more before, in a savepoint that is given up, and its
    plan is kept.
    """
    recording, busy = Recording(), [False]

    def note(  # noqa: PLR0917 - as SQLAlchemy calls it
        connection: Connection,
        cursor: object,
        statement: str,
        parameters: Any,
        context: ExecutionContext | None,
        executemany: bool,
    ) -> None:
        del cursor, context
        if busy[0]:
            return
        recording.statements.append(statement)
        if explain and not executemany and _EXPLAINED.match(statement):
            busy[0] = True
            try:
                recording.plans.append(_explain(connection, statement, parameters))
            finally:
                busy[0] = False

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield recording
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _explain(connection: Connection, statement: str, parameters: Any) -> QueryPlan:
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(_ON_SQLITE + statement, parameters)
        return QueryPlan(statement, tuple(_read_sqlite([row[3] for row in rows])))
    savepoint = connection.begin_nested()
    told = connection.exec_driver_sql(_ON_POSTGRESQL + statement, parameters).scalar_one()
    savepoint.rollback()
    (whole,) = json.loads(told) if isinstance(told, str) else told
    top: dict[str, Any] = whole["Plan"]
    return QueryPlan(
        statement,
        tuple(_read_nodes(top)),
        given=_rows_of(top),
        pages=top.get("Shared Hit Blocks", 0) + top.get("Shared Read Blocks", 0),
        milliseconds=whole["Planning Time"] + whole["Execution Time"],
    )


def _read_nodes(node: dict[str, Any]) -> Iterator[Scan]:
    kind = node["Node Type"]
    is_run = node.get("Actual Loops", 0) > 0
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    rows = _rows_of(node) + removed * node.get("Actual Loops", 0)
    if kind == "Seq Scan":
        yield Scan(node["Relation Name"], None, is_whole=True, rows=round(rows))
    elif kind in {"Index Scan", "Index Only Scan"} and is_run:
        is_whole = "Index Cond" not in node
        yield Scan(node["Relation Name"], node["Index Name"], is_whole, round(rows))
    elif kind == "Bitmap Heap Scan" and is_run:
        inner = node["Plans"][0]
        yield Scan(node["Relation Name"], inner.get("Index Name", "several"), False, round(rows))
    for child in node.get("Plans", ()):
        yield from _read_nodes(child)


def _rows_of(node: dict[str, Any]) -> int:
    return round(float(node.get("Actual Rows", 0)) * int(node.get("Actual Loops", 0)))


def _read_sqlite(lines: list[str]) -> Iterator[Scan]:
    for line in lines:
        if found := _SCANNED.match(line):
            yield Scan(found[1], found[2], is_whole=True)
        elif found := _SEARCHED.match(line):
            yield Scan(found[1], found[2], is_whole=False)
