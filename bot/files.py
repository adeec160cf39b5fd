"""Files that somebody names on the console: read whole, as text, within a bound."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bot.characters import shorten
from bot.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def read_text(path: Path, option: str, most: int, expected: str) -> str:
    """Return the text of a file of at most `most` bytes; `-` is stdin.

    Raises:
        UsageError: it cannot be read, is too large, or is no text. It names the `option` that the
            file was given by, and says what was `expected`.

    """
    shown = shown_name(path)
    try:
        octets = _read_octets(path, most)
    except OSError as error:
        raise UsageError(f"{option}: {shown} cannot be read ({error.strerror}).") from error
    if len(octets) > most:
        raise UsageError(f"{option}: {shown} is larger than {most // 1_000_000} MB.")
    try:
        return octets.decode("utf-8-sig")  # some editors put a mark before the first line
    except UnicodeDecodeError as error:
        raise UsageError(f"{option}: {shown} is no text file; {expected}.") from error


def shown_name(path: Path) -> str:
    """Return what a file is called in messages."""
    return "stdin" if str(path) == "-" else shorten(str(path))


def _read_octets(path: Path, most: int) -> bytes:
    if str(path) != "-":
        with path.open("rb") as file:
            return file.read(most + 1)
    if sys.stdin is None:  # closed by whoever called us
        return b""
    return sys.stdin.buffer.read(most + 1)
