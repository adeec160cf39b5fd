"""Reads one DKIM record out of a text that begins with it, and says what is wrong and where."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bot.characters import name_character
from bot.errors import InvalidKey
from bot.records.key_extent import KeyExtent, find_extent

if TYPE_CHECKING:
    from bot.records.placed_text import PlacedText

_KEY_TAG = re.compile(r"(?:\A|;)\s*p\s*=\s*")
_ED25519 = re.compile(r"(?:\A|;)\s*k\s*=\s*ed25519\s*(?:;|\Z)")
_TAG_BEHIND = re.compile(r"\s*;\s*[gknhpstv]\s*=[^;\"'`|<>{}\[\]()\r\n]*")
_END_ALONE = re.compile(r"[\s.]*+\)?\s*+\Z")
# Behind an unquoted record on a line: the end of it, a comment, a mark, or the next column.
_END_OF_LINE = re.compile(
    r"\.?+(?:;?\s*+\Z|[ \t]*+;?[ \t]*+\r?\n|\t|[ \t]*+[^A-Za-z0-9=+/. \t\r\n])"
)
_CONTINUED = re.compile(r"[A-Za-z0-9+/]+")
_SHORTENED = re.compile(r"\.{3}|\u2026")
_BARE_ED25519 = 43  # characters of 32 octets, padding not counted
_LEAST_LINE = 16  # characters of base64 before a strange one that make a line a part of a key


class KeyPart(NamedTuple):
    """Where the key of a record is."""

    start: int  # behind `p=`
    is_ed25519: bool
    extent: KeyExtent


class ReadRecord(NamedTuple):
    """The text of a record, and where its last character stood in what was typed."""

    text: str
    last: int


def find_key(text: PlacedText) -> KeyPart | None:
    """Return where the key (p=) of a record is; None where there is no such tag."""
    tag = _KEY_TAG.search(text.text)
    if tag is None:
        return None
    is_ed25519 = bool(_ED25519.search(text.text))
    return KeyPart(tag.end(), is_ed25519, find_extent(text, tag.end(), ed25519=is_ed25519))


def read_record(text: PlacedText, typed: str, *, alone: bool) -> ReadRecord:
    """Return the record that a text begins with.

    Alone means that all of the text is the record; else the line that it is on may hold more
    behind it, and further lines may follow. `typed` is what places are counted in.

    Raises:
        InvalidKey: a character or the end of the key is not as it has to be.

    """
    key = find_key(text)
    if key is None:
        _check_tags(text, 0, len(text), typed)
        return ReadRecord(text.text.strip(), _last(text, len(text)))
    _check_tags(text, 0, key.start, typed)
    extent = key.extent
    if extent.is_mixed or (extent.is_url_safe and not extent.is_whole):
        strange = next(i for i in range(key.start, len(text)) if text.text[i] in "-_")
        raise refuse_character(text, strange, typed, in_key=True)
    if not extent.is_whole:
        refuse_unfinished(text, extent, typed)
    elif _CONTINUED.match(text.text, extent.end):
        raise _refuse_longer(text, key, typed)
    end = _find_end(text, extent.end, typed, alone=alone)
    _check_tags(text, extent.end, end, typed)
    tags = text.text[: key.start], text.text[extent.end : end].rstrip()
    return ReadRecord(f"{tags[0]}{extent.published}{tags[1]}", _last(text, end))


def refuse_character(text: PlacedText, index: int, typed: str, *, in_key: bool) -> InvalidKey:
    """Return why a character cannot stand where it does: its name and its place."""
    place = text.find_place(index, typed)
    character = text.text[index]
    if character in "\"'":
        return InvalidKey("key-with-inner-quote", **place)
    if _SHORTENED.match(text.text, index):
        return InvalidKey("key-shortened", **place)
    named = name_character(character)
    if character == "\\":
        return InvalidKey("key-with-odd-escape", **place)
    return InvalidKey("key-with-bad-character", character=named, in_key=in_key, **place)


def _find_end(text: PlacedText, start: int, typed: str, *, alone: bool) -> int:
    """Return where the tags behind the key end."""
    source = text.text
    if alone:
        if ending := _END_ALONE.match(source, start):
            return ending.start()
        if source[start:].lstrip().startswith(";"):
            return len(source)
        raise refuse_more(text, start, typed)
    end = start
    while found := _TAG_BEHIND.match(source, end):
        end = found.end()
    if _END_OF_LINE.match(source, end):
        return end
    raise refuse_more(text, end, typed)


def refuse_more(text: PlacedText, start: int, typed: str) -> InvalidKey:
    """Return why nothing can stand behind a whole key where something does."""
    index = next(i for i in range(start, len(text)) if not text.text[i].isspace())
    if text.text[index].isascii() and text.text[index].isalnum():
        return InvalidKey("key-with-more", **text.find_place(index, typed))
    return refuse_character(text, index, typed, in_key=True)


def refuse_unfinished(text: PlacedText, extent: KeyExtent, typed: str) -> None:
    """Refuse a key that ends before its end; return where it does not look like a key at all.

    Raises:
        InvalidKey: it is cut, or a strange character is in it.

    """
    source = text.text
    index = next((i for i in range(extent.end, len(source)) if not source[i].isspace()), None)
    line = source[source.rfind("\n", 0, index) + 1 : index]
    # In a line of something else a strange character is none of the key's.
    in_key = "\n" not in source[extent.end : index] or len(line.strip()) >= _LEAST_LINE
    if index is not None and source[index] != ";" and in_key:
        raise refuse_character(text, index, typed, in_key=True)
    if extent.wanted is not None:
        raise InvalidKey("key-cut", characters=len(extent.characters), announced=extent.wanted)


def _refuse_longer(text: PlacedText, key: KeyPart, typed: str) -> InvalidKey:
    """Return why a key cannot go on where it should end."""
    if key.is_ed25519 and key.extent.wanted == _BARE_ED25519:
        run = _CONTINUED.match(text.text, key.start)
        return InvalidKey("key-wrong-size", expected=32, octets=len(run[0] if run else "") * 6 // 8)
    return refuse_more(text, key.extent.end, typed)


def _check_tags(text: PlacedText, start: int, end: int, typed: str) -> None:
    """Refuse what no tag has (RFC 6376 section 3.2), in tags other than the key."""
    for index in range(start, end):
        character = text.text[index]
        if character in "\"'\\" or not (
            (character.isascii() and character.isprintable()) or character in "\t\r\n"
        ):
            raise refuse_character(text, index, typed, in_key=False)


def _last(text: PlacedText, end: int) -> int:
    return text.places[end - 1] if end else -1
