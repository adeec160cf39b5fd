r"""Reads a record out of quoted strings that follow each other, as zone files and programs have it.

The quote mark that stands right before the record is the one that counts, with its backslashes:
whatever lies around it was only laid around strings like these.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bot.errors import InvalidKey
from bot.records.paste_escapes import drop_inner_joints, unescape
from bot.records.pasted_record import find_key, read_record

if TYPE_CHECKING:
    from bot.records.pasted_record import ReadRecord
    from bot.records.placed_text import PlacedText

_OPENING = re.compile(r"((?:\\*[\"'])+)[ \t]*\Z")
_MARK = re.compile(r"\\*[\"']")
_NEAR = 24  # characters before a record in which its quote mark is looked for
# Between two strings: blanks, brackets, commas, what joins strings in programs, comments.
_GAP = re.compile(
    r"(?:[\s,+.&()\[\]-]|\\\r?\n|[;#][^\n]*+(?:\n|\Z)|//[^\n]*+(?:\n|\Z)|[bu](?=[\"']))*+"
)
_OUTER_GAP = re.compile(r"(?:[\s,+.&()\[\]\"'-]|\\\r?\n)*+")
_COLUMN = re.compile(r"[,\n]")
_JUNK = re.compile(r" ?[A-Za-z0-9]")  # a wider gap is one between columns


class _Piece(NamedTuple):
    """One string, and where its closing quote mark ends."""

    text: PlacedText
    end: int
    may_be_other: bool  # a comma or a line break stands before it: it may be another column


def find_mark(text: PlacedText, start: int) -> str | None:
    r"""Return the quote mark right before an index: `"`, `'`, `\"`, or `""` as CSV doubles it."""
    opening = _OPENING.search(text.text[max(0, start - _NEAR) : start])
    if opening is None:
        return None
    marks = _MARK.findall(opening[1])
    mark: str = marks[-1]
    # In a field of CSV a quote mark is doubled (RFC 4180 section 2).
    return mark * 2 if len(mark) == 1 and marks[-2:] == [mark, mark] else mark


def read_strings(text: PlacedText, start: int, limit: int, mark: str, typed: str) -> ReadRecord:
    """Return the record whose first string begins at an index, behind its quote mark.

    Strings are joined until the key is whole; what stands in further columns is left out.

    Raises:
        InvalidKey: a quote mark is missing, or the record is broken.

    """
    pieces = _cut(text, start, limit, mark, typed)
    whole = text.join(piece.text for piece in pieces)
    key = find_key(whole)
    if key is None or not key.extent.is_whole:
        count = next((i for i, piece in enumerate(pieces) if piece.may_be_other), len(pieces))
    else:
        count = _count_needed(pieces, key.extent.end)
    joined = text.join(piece.text for piece in pieces[:count])
    end = pieces[count - 1].end
    if _JUNK.match(text.text, end):
        raise InvalidKey("key-with-odd-quotes", **text.find_place(end, typed))
    return read_record(joined, typed, alone=True)


def _count_needed(pieces: list[_Piece], end: int) -> int:
    """Return how many strings hold a key that ends at an index, and the tags behind it."""
    size = 0
    for count, piece in enumerate(pieces):
        if size >= end and piece.may_be_other and not piece.text.text.lstrip().startswith(";"):
            return count
        size += len(piece.text)
    return len(pieces)


def _cut(text: PlacedText, start: int, limit: int, mark: str, typed: str) -> list[_Piece]:
    slashes = mark.count("\\")
    bare = mark.lstrip("\\")
    closing = re.compile(rf"(?<!\\)\\{{{slashes}}}{re.escape(bare)}" if slashes else _plain(mark))
    gap = _OUTER_GAP if slashes else _GAP
    pieces: list[_Piece] = []
    separate = False
    at = start
    while True:
        found = closing.search(text.text, at, limit)
        if found is None:
            raise InvalidKey("key-with-odd-quotes", **text.find_place(at - len(mark), typed))
        string = unescape(drop_inner_joints(text.cut(at, found.start())))
        pieces.append(_Piece(string, found.end(), separate))
        between = gap.match(text.text, found.end(), limit)
        at = between.end() if between else found.end()
        if not text.text.startswith(mark, at):
            return pieces
        separate = bool(_COLUMN.search(text.text, found.end(), at))
        at += len(mark)
        if at + _NEAR > limit and not text.text[at:limit].strip():
            return pieces  # the next record begins here, or the paste ends


def _plain(mark: str) -> str:
    return re.escape(mark) if len(mark) == 2 else rf"(?<!\\){re.escape(mark)}"
