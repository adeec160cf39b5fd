"""The admin's card of all rotations: what is under way, which keys are due, and what was begun."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from bot.cards.layout import NEUTRAL, assemble
from bot.cards.markdown import clip, moment, say_remark
from bot.cards.rotation_words import show_key, state_word
from bot.rotations.rotation_service import MOST_A_DAY

if TYPE_CHECKING:
    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.errors import CowbellError, Fact
    from bot.rotations.due_keys import DueKey
    from bot.rotations.rotation import Rotation
    from bot.rotations.rotation_service import BegunDue
    from bot.words import Words

# So many lines of each kind keep the card below 700 pixels.
_MOST_OPEN: Final = 5
_MOST_DUE: Final = 4
_MOST_REFUSED: Final = 2
_LONGEST_REASON: Final = 200  # characters


def build_rotations_card(
    open_ones: Sequence[Rotation],
    due: Sequence[DueKey] | CowbellError,
    words: Words,
    items: ItemFactory,
    *,
    begun: BegunDue | None = None,
) -> Card:
    """Return the rotations under way and the keys that are due, with the button to begin those.

    Where nobody could find out which are due, it says why. `begun` is what has just come of
    beginning some.
    """
    keys = due if isinstance(due, Sequence) else ()
    facts: dict[str, Fact] = {
        "open_ones": len(open_ones),
        "due": len(keys),
        "known": isinstance(due, Sequence),
    }
    head = [
        f"## {words.label('rotation', 'list')}",
        words.sentence("discord/rotations_head", facts),
    ]
    if not isinstance(due, Sequence):
        head.append(f"> {_say_error(due, words)}")
    elif due:
        head.append(f"-# {words.sentence('discord/rotations_limit', {'most': MOST_A_DAY})}")
    lists = (
        _list("open", [_say_open(rotation, words) for rotation in open_ones], _MOST_OPEN, words),
        _list("due", [_say_due(key, words) for key in keys], _MOST_DUE, words),
    )
    return assemble(
        [["\n".join(head)], _say_begun(begun, words), *([text] for text in lists)],
        colour=NEUTRAL,
        buttons=[items.begin_due_button()] if keys else [],
    )


def _list(key: str, lines: Sequence[str], most: int, words: Words) -> str:
    """Return a list with its title, as many lines as have room; nothing where there are none."""
    if not lines:
        return ""
    shown = [f"### {words.label('rotation', key)}", *lines[:most]]
    if (rest := len(lines) - most) > 0:
        shown.append(f"-# {words.sentence('discord/more_records', {'count': rest})}")
    return "\n".join(shown)


def _say_open(rotation: Rotation, words: Words) -> str:
    number, domain = f"**#{rotation.id}**", words.code(rotation.domain.ascii)
    return f"{number} {domain} · {state_word(rotation, words)} · {moment(rotation.changed_at)}"


def _say_due(key: DueKey, words: Words) -> str:
    seen = f"{words.label('rotation', 'first_seen')} {words.day(int(key.first_seen.timestamp()))}"
    shown = show_key(key.selector, key.bits, key.key_type, words)
    return f"{words.code(key.domain.ascii)} · {shown} · {seen}"


def _say_begun(begun: BegunDue | None, words: Words) -> list[str]:
    """Return how many were begun, which not and why."""
    if begun is None:
        return []
    facts: dict[str, Fact] = {
        "begun": len(begun.begun),
        "left": begun.left,
        "most": MOST_A_DAY,
    }
    refused = [
        f"{words.code(domain.ascii)}: {_say_error(error, words)}" for domain, error in begun.refused
    ]
    return [
        words.sentence("discord/rotations_begun", facts),
        _list("refused", refused, _MOST_REFUSED, words),
    ]


def _say_error(error: CowbellError, words: Words) -> str:
    return clip(say_remark(words.plain.error(error), words).removeprefix("-# "), _LONGEST_REASON)
