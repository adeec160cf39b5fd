"""Recognises private keys in what was pasted, so that nothing of them is kept, shown or logged."""

from __future__ import annotations

import re

from bot.records.key_extent import decode, is_private

# The label of PEM files (RFC 7468 sections 10 and 11) and of PuTTY's, however its blank is written.
_LABEL = re.compile(r"PRIVATE(?:[^A-Za-z0-9_]|%[0-9A-F]{2}){1,6}(?:KEY|LINES)", re.IGNORECASE)
# A member of JSON that holds one, as Mailcow's `privkey`, which is mostly empty.
_MEMBER = re.compile(
    r"\"priv[a-z]{0,10}[_-]?key[a-z_]{0,10}\\*\"\s*:\s*\\*\"[^\"\\]", re.IGNORECASE
)
_BREAK = re.compile(r"(?<!\\)\\++[nrt]")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{32,}")
_BEGINNING = 64  # characters of base64 that hold all of what tells a private key


def has_private_key(text: str) -> bool:
    """Whether a private key, or the label of one, is in a text."""
    if _LABEL.search(text) or _MEMBER.search(text):
        return True
    return any(_is_private(found[0]) for found in _BASE64.finditer(_BREAK.sub(" ", text)))


def _is_private(base64: str) -> bool:
    start = base64[:_BEGINNING]
    # A PEM file may be in base64 once more, as Mailcow tells its keys.
    return is_private(start) or b"PRIVATE" in (decode(start[: len(start) // 4 * 4]) or b"")
