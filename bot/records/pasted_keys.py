"""Reads public keys that were pasted without a record around them: PEM files and bare base64.

The key says of itself that it is one, of which type, and where it ends; so the record that it
belongs into is certain but for the tags that it may have (RFC 6376 section 3.6.1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.errors import InvalidKey
from bot.records.key_extent import decode, find_extent, unwrap_ed25519
from bot.records.paste_escapes import drop_inner_joints, unescape
from bot.records.pasted_forms import Found, is_taken
from bot.records.pasted_record import refuse_more, refuse_unfinished

if TYPE_CHECKING:
    from bot.records.key_extent import KeyExtent
    from bot.records.placed_text import PlacedText

_DASHES = r"[-\u2010-\u2015]{1,8}"  # typographic ones too, as some programs make of two hyphens
_NAME = r"(?:RSA[ ]{1,3})?PUBLIC[ ]{1,3}KEY"
_PEM = re.compile(rf"{_DASHES}[ ]?BEGIN[ ]{{1,3}}{_NAME}[ ]?{_DASHES}", re.IGNORECASE)
_PEM_END = re.compile(rf"{_DASHES}[ ]?END[ ]{{1,3}}{_NAME}[ ]?{_DASHES}", re.IGNORECASE)
# RFC 1421 section 4.6: headers, which may go on in lines that begin with a blank.
_PEM_HEADER = re.compile(r"^[A-Za-z][A-Za-z0-9-]{0,40}:[^\n]*(?:\n[ \t]+[^\n]*)*", re.MULTILINE)
# The base64 of 30 81 and 30 82, and of what stands before an Ed25519 key (RFC 8410 section 4).
_START = re.compile(r"(?<![A-Za-z0-9+/_=-])(?:MI[GHI]|MCow)")
_LEAST = 56  # characters: fewer than any key has, more than a word


def read_pem_files(text: PlacedText, typed: str, taken: list[Found]) -> list[Found]:
    """Return the keys between `-----BEGIN PUBLIC KEY-----` and its end (RFC 7468 section 13).

    What is taken already may hold no such file.

    Raises:
        InvalidKey: one of them has no end, or holds something else than a key.

    """
    found = []
    for begin in _PEM.finditer(text.text):
        if is_taken(text.places[begin.start()], taken):
            continue
        end = _PEM_END.search(text.text, begin.end())
        if end is None:
            raise InvalidKey("key-pem-without-end", **text.find_place(begin.start(), typed))
        body = unescape(text.cut(begin.end(), end.start()))
        body = body.sub(_PEM_HEADER, lambda _: "")
        extent = find_extent(body, _skip_blanks(body))
        if not extent.is_whole:
            refuse_unfinished(body, extent, typed)
            raise InvalidKey("key-not-rsa")
        if _skip_blanks(body, extent.end) < len(body):
            raise refuse_more(body, extent.end, typed)
        found.append(_found(text, extent, begin.start(), end.end() - 1))
    return found


def read_bare_keys(text: PlacedText, typed: str, taken: list[Found]) -> list[Found]:
    """Return the keys in base64 that stand outside all that was taken already.

    Raises:
        InvalidKey: what begins as a key is none, or not whole.

    """
    found: list[Found] = []
    mended = unescape(drop_inner_joints(text))
    for start in _START.finditer(mended.text):
        place = mended.places[start.start()]
        if is_taken(place, [*taken, *found]):
            continue
        extent = find_extent(mended, start.start())
        if len(extent.characters) < _LEAST:
            continue
        if not extent.is_whole:
            refuse_unfinished(mended, extent, typed)
            raise InvalidKey("key-not-rsa")
        if mended.text[extent.end : extent.end + 1].isalnum():
            raise refuse_more(mended, extent.end, typed)
        found.append(Found(_to_record(extent), place, mended.places[extent.end - 1]))
    return found


def _found(text: PlacedText, extent: KeyExtent, first: int, last: int) -> Found:
    return Found(_to_record(extent), text.places[first], text.places[last])


def _to_record(extent: KeyExtent) -> str:
    octets = decode(extent.characters) or b""
    key_type = "rsa" if unwrap_ed25519(octets) is None else "ed25519"
    return f"v=DKIM1;k={key_type};p={extent.published}"


def _skip_blanks(text: PlacedText, start: int = 0) -> int:
    rest = text.text[start:]
    return start + len(rest) - len(rest.lstrip())
