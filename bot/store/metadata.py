"""What SQLAlchemy knows of all tables: importing this module declares every one of them."""

from __future__ import annotations

from typing import Final

from bot.store import rotation_tables, watch_tables
from bot.store.tables import Base

_DECLARED: Final = (rotation_tables, watch_tables)  # theirs are added to those of `tables`
METADATA: Final = Base.metadata
