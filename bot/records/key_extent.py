"""Where the base64 of a public key ends: its DER says how long it is (ITU-T X.690, 8.1.3).

So a key that was pasted is whole or it is not, and what follows it is never taken for a part of it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.records.placed_text import PlacedText

_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
_FIRST = frozenset("+/")
_URL_SAFE = frozenset("-_")
_BLANKS = frozenset(" \t\r\n")
_START = 8  # characters of base64 that hold tag and length of any key, 6 octets
_SEQUENCE = 0x30
_INTEGER = 0x02
_ED25519_WRAPPED = bytes.fromhex("302a300506032b6570032100")  # RFC 8410 section 4, before the key
ED25519_OCTETS = 32


@dataclass(frozen=True, slots=True)
class KeyExtent:
    """The base64 found at a place of a text."""

    end: int  # the index behind the key, with its padding
    characters: str  # without blanks and padding
    wanted: int | None  # characters without padding that it announces; None: it announces nothing

    @property
    def is_whole(self) -> bool:
        """Whether the key is as long as it says."""
        return len(self.characters) == self.wanted

    @property
    def is_url_safe(self) -> bool:
        """Whether it has characters of the second alphabet (RFC 4648 section 5)."""
        return bool(_URL_SAFE & set(self.characters))

    @property
    def is_mixed(self) -> bool:
        """Whether it has characters of both alphabets, so that it is in neither."""
        return self.is_url_safe and bool(_FIRST & set(self.characters))

    @property
    def published(self) -> str:
        """The base64 of the key as a record has it: in the first alphabet, with its padding.

        An Ed25519 key is published as its 32 octets alone (RFC 8463 section 4).
        """
        octets = decode(self.characters)
        bare = None if octets is None else unwrap_ed25519(octets)
        if bare is not None:
            return base64.b64encode(bare).decode()
        return _to_first(self.characters) + "=" * (-len(self.characters) % 4)


def find_extent(text: PlacedText, start: int, *, ed25519: bool = False) -> KeyExtent:
    """Return the key whose base64 begins at an index; blanks and line breaks in it do not count.

    It ends where it says, or at the first character that base64 does not have. A bare Ed25519 key
    says nothing: it has 32 octets.
    """
    source = text.text
    characters: list[str] = []
    wanted: int | None = None
    at = end = start
    while at < len(source):
        character = source[at]
        if character in _ALPHABET:
            if len(characters) == wanted:
                break
            characters.append(character)
            end = at + 1
            if len(characters) == _START:
                wanted = _count_announced("".join(characters), ed25519=ed25519)
        elif character not in _BLANKS:
            break
        at += 1
    if wanted is None or len(characters) == wanted:
        end = _skip_padding(source, end)
    return KeyExtent(end, "".join(characters), wanted)


def _skip_padding(source: str, end: int) -> int:
    at = end
    while at < len(source) and (source[at] == "=" or source[at] in _BLANKS):
        at += 1
        if source[at - 1] == "=":
            end = at
    return end


def _count_announced(start: str, *, ed25519: bool) -> int | None:
    octets = decode(start)
    if octets is None:
        return None
    if ed25519 and not _ED25519_WRAPPED.startswith(octets):
        return _count_characters(ED25519_OCTETS)
    size = read_size(octets)
    return None if size is None else _count_characters(size)


def _count_characters(octets: int) -> int:
    """Return how many characters of base64 hold so many octets, padding not counted."""
    return -(-octets * 8 // 6)


def read_size(octets: bytes) -> int | None:
    """Return how many octets a DER sequence has by its beginning, that included; else None."""
    header = _read_header(octets)
    return None if header is None else sum(header)


def _read_header(octets: bytes) -> tuple[int, int] | None:
    """Return how many octets a DER sequence has before its parts, and how many these have."""
    if len(octets) < 4 or octets[0] != _SEQUENCE:
        return None
    if octets[1] < 0x80:
        return 2, octets[1]
    size = octets[1] & 0x7F
    if size not in (1, 2):
        return None  # over 64 KiB, or of no length: no key of a mail domain
    return 2 + size, int.from_bytes(octets[2 : 2 + size], "big")


def decode(characters: str) -> bytes | None:
    """Return the octets of base64, its padding left out or not; None where it is none.

    Of the URL-safe alphabet (RFC 4648 section 5) it may be as well.
    """
    bare = _to_first(characters.rstrip("="))
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError:
        return None


def unwrap_ed25519(octets: bytes) -> bytes | None:
    """Return the 32 octets of an Ed25519 key in SubjectPublicKeyInfo (RFC 8410), else None."""
    if len(octets) == len(_ED25519_WRAPPED) + ED25519_OCTETS and octets.startswith(
        _ED25519_WRAPPED
    ):
        return octets[len(_ED25519_WRAPPED) :]
    return None


def is_private(start: str) -> bool:
    """Whether base64 begins as a private key does: a sequence whose first part is a version.

    That is so in PKCS#1 and PKCS#8 alike (RFC 8017 appendix A.1.2, RFC 5958 section 2), never in a
    public key.
    """
    octets = decode(start[: len(start) // 4 * 4]) or b""
    header = _read_header(octets)
    return header is not None and octets[header[0] :].startswith(bytes([_INTEGER, 1]))


def _to_first(characters: str) -> str:
    return characters.replace("-", "+").replace("_", "/")
