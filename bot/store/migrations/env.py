"""What Alembic runs: the migrations, on the connection and in the transaction of the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from alembic import context

from bot.store.columns import AnyText, DomainName, UtcDateTime
from bot.store.metadata import METADATA

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext


def render_plainly(kind: str, item: object, context: AutogenContext) -> str | Literal[False]:
    """Our column types as SQLAlchemy's own: a migration must not change when our code does."""
    del context
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AnyText):
        return "sa.Text()"
    if kind == "type" and isinstance(item, DomainName):
        return f"sa.String({DomainName.impl.length})"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_item=render_plainly,
    render_as_batch=True,  # SQLite changes a column by building its table anew
)
with context.begin_transaction():
    context.run_migrations()
