"""Text that remembers where each of its characters stood in what somebody typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Sequence


class Place(TypedDict):
    """Where a character stands in what was typed, as people count: from 1."""

    at: int
    length: int  # characters of all that was typed
    line: int  # 0 where all of it is one line
    column: int


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A text made out of what was typed, and the index there of each of its characters."""

    text: str
    places: Sequence[int]

    @classmethod
    def of(cls, typed: str) -> PlacedText:
        """Return what was typed, as it stands."""
        return cls(typed, range(len(typed)))

    def __len__(self) -> int:
        return len(self.text)

    def cut(self, start: int, end: int | None = None) -> PlacedText:
        """Return the characters from one index to another, or to the end."""
        return PlacedText(self.text[start:end], self.places[start:end])

    def sub(self, pattern: re.Pattern[str], new: Callable[[re.Match[str]], str]) -> PlacedText:
        """Return the text with every match replaced; what is new stands where the match began."""
        texts: list[str] = []
        places: list[int] = []
        at = 0
        for match in pattern.finditer(self.text):
            replacement = new(match)
            texts += self.text[at : match.start()], replacement
            places += self.places[at : match.start()]
            places += [self.places[match.start()]] * len(replacement) if replacement else []
            at = match.end()
        if not at:
            return self
        texts.append(self.text[at:])
        places += self.places[at:]
        return PlacedText("".join(texts), places)

    @staticmethod
    def join(parts: Iterable[PlacedText]) -> PlacedText:
        """Return several texts as one, with nothing between them."""
        texts: list[str] = []
        places: list[int] = []
        for part in parts:
            texts.append(part.text)
            places += part.places
        return PlacedText("".join(texts), places)

    def find_place(self, index: int, typed: str) -> Place:
        """Return where the character with this index stood; behind the last one: the end."""
        at = self.places[index] if index < len(self.places) else len(typed) - 1
        before = typed[: max(at, 0)]
        return Place(
            at=max(at, 0) + 1,
            length=len(typed),
            line=before.count("\n") + 1 if "\n" in typed.rstrip() else 0,
            column=len(before) - before.rfind("\n"),
        )
