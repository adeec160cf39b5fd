"""Tells what was moved to another database, for people or for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from bot.characters import reveal

if TYPE_CHECKING:
    from bot.errors import Fact
    from bot.store.move.database_move import Moved
    from bot.words import Words


def show_moved(moved: Moved, seconds: float, words: Words) -> None:
    """Print what was moved, and on a line of its own what DATABASE_URL has to be."""
    facts: dict[str, Fact] = {
        "rows": sum(moved.rows.values()),
        "tables": len(moved.rows),
        "seconds": round(seconds),
    }
    typer.echo(words.sentence("console/moved", facts))
    typer.echo(words.sentence("console/moved_next", {"hidden": moved.is_password_hidden}))
    typer.echo(f"DATABASE_URL={reveal(moved.url)}")


def moved_as_json(moved: Moved, seconds: float) -> str:
    """Return one JSON object in ASCII: rows by table, and DATABASE_URL without its secret."""
    return json.dumps(
        {
            "schema": 1,
            "status": "ok",
            "rows": sum(moved.rows.values()),
            "tables": dict(moved.rows),
            "elapsed_ms": round(seconds * 1000),
            "database_url": moved.url,
        }
    )
