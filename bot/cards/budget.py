"""The room on a card: Discord's limits, and which version of each text still fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import ui

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_COMPONENTS = 40  # of one message, nested ones counted
MOST_CHARACTERS = 4000  # over all text of one message


def width(text: str) -> int:
    """Return how many characters a text takes: UTF-16 units, never fewer than Discord counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def measure(view: ui.LayoutView) -> tuple[int, int]:
    """Return how many components and characters a view has, nested ones counted."""
    items = tuple(view.walk_children())
    return len(items), sum(
        width(item.content) for item in items if isinstance(item, ui.TextDisplay)
    )


def choose(pieces: Iterable[Sequence[str]], room: int = MOST_CHARACTERS) -> list[str]:
    """Return one version of each piece, as full as the room in characters lets them be.

    A piece is its versions from the fullest to the shortest, which may be "" for leaving it out.
    Pieces that come first get their room first; the shortest versions of all are kept for sure,
    so that together they must fit.
    """
    pieces = [tuple(piece) for piece in pieces]
    chosen = [piece[-1] for piece in pieces]
    left = room - sum(width(text) for text in chosen)
    for place, piece in enumerate(pieces):
        for text in piece:
            more = width(text) - width(chosen[place])
            if more <= left:
                chosen[place] = text
                left -= more
                break
    return chosen
