"""Several short lists on one card, each with a title, and all of them in a file if one is cut."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import discord

from bot.cards.line_list import LineList

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.words import Words

_FILE: Final = "watch.txt"
_MOST_CHARACTERS: Final = 1000  # of one list, so that three fit on a card


@dataclass(frozen=True, slots=True)
class LineGroup:
    """A list by what it is called in `watch` of `labels.j2`.

    `say` gives its lines in these words, `most` is how many lines of a screen it has; `left_out`
    is how many more there are, of which nothing is said.
    """

    key: str
    say: Callable[[Words], Sequence[str]]
    most: int
    left_out: int = 0

    def listed(self, words: Words) -> LineList:
        """Return its lines for a card, and for a file."""
        lines, plain = self.say(words), self.say(words.plain)
        return LineList(lines, plain, _FILE, self.most, _MOST_CHARACTERS)


def show_groups(
    groups: Sequence[LineGroup], words: Words
) -> tuple[list[str], tuple[discord.File, ...]]:
    """Return a text for each list that has lines, and a file of all where one is cut."""
    texts, file, is_cut = [], [], False
    for group in groups:
        listed = group.listed(words)
        if not listed.lines:
            continue
        more = ""
        if rest := listed.hidden + group.left_out:
            is_cut, more = True, f"-# {words.sentence('discord/more_records', {'count': rest})}"
        title = f"### {words.label('watch', group.key)}"
        texts.append("\n".join(filter(None, (title, listed.shown, more))))
        file += [words.label("watch", group.key), *listed.plain]
        if group.left_out:
            file.append(words.plain.sentence("discord/more_records", {"count": group.left_out}))
        file.append("")
    data = "\n".join(file).encode("utf-8", "replace")
    return texts, (discord.File(io.BytesIO(data), _FILE),) if is_cut else ()
