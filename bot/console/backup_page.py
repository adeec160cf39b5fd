"""Tells what a backup holds, and what restoring one did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from bot.characters import reveal

if TYPE_CHECKING:
    from pathlib import Path

    from bot.store.backup.backup import Restored
    from bot.store.backup.database_copy import CopyContents
    from bot.words import Words

_UNITS = ("B", "kB", "MB", "GB")


def show_backup(path: Path, contents: CopyContents, words: Words) -> None:
    """Print one line: where the backup is, how large, and what is in it."""
    typer.echo(f"{reveal(str(path))}: {_describe(contents, words)}")


def show_restored(path: Path, restored: Restored, words: Words) -> None:
    """Print one line: what was restored, and where the former database is."""
    facts = {"current": restored.contents.is_current}
    after = words.sentence("console/restored", facts)
    said = f"{reveal(str(path))}: {_describe(restored.contents, words)} {after}"
    if restored.kept is not None:
        # A value in a template is cut where it is long, and a path is wanted whole.
        said += f" {words.sentence('console/restored_kept', {})} {reveal(str(restored.kept))}"
    typer.echo(said)


def _describe(contents: CopyContents, words: Words) -> str:
    size = _size(contents.size)
    return words.sentence("console/backup_holds", {**contents.counts, "size": size})


def _size(octets: int) -> str:
    number, unit = float(octets), 0
    while number >= 1000 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.0f} {_UNITS[unit]}" if unit < 2 else f"{number:.1f} {_UNITS[unit]}"
