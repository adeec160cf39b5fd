"""How much of Discord's limits a card takes."""

from __future__ import annotations

from discord import ui

from bot.cards.markdown import width

MOST_COMPONENTS = 40  # of one message, nested ones counted


def measure(view: ui.LayoutView) -> tuple[int, int]:
    """Return how many components and characters a view has, nested ones counted."""
    items = tuple(view.walk_children())
    return len(items), sum(
        width(item.content) for item in items if isinstance(item, ui.TextDisplay)
    )
