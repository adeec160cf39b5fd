"""Takes away rows that are too old, some at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.orm import Session


def remove_found(session: Session, rows: Select[Any]) -> int:
    """Deletes the rows that a statement finds; gives how many they were."""
    found = session.scalars(rows).all()
    for row in found:
        session.delete(row)
    return len(found)
