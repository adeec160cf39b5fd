"""The forms in which a public key comes: its own octets say its type and how it is wrapped."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from bot.errors import InvalidKey
from bot.records.key_extent import ED25519_OCTETS, decode, read_size, unwrap_ed25519
from bot.records.key_soundness import is_damaged
from bot.records.tag_list import FWS

_LEAST_RSA = 100  # characters; an Ed25519 key has 44, an RSA key of 512 bits 128
_LONGEST_KEY = 4096  # characters of base64; those of 4096 bits are 736
_RSA_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")  # RFC 8017 appendix A.1
_EXPONENT = bytes.fromhex("0203010001")  # 65537, with which nearly every RSA key ends
_HEAD = 48  # characters of base64 that hold all that comes before a modulus, 36 octets
_MOST_IN_FRONT = 20  # characters; more are parts of the key in another order
# Base64 in the head of every RSA key of a length, by its place: from 2048 bits on, 1024 bits.
_MARKERS = {6: "ANBgkqhkiG9w0BAQEFAAOC", 4: "MA0GCSqGSIb3DQEBAQUAA4G"}


@dataclass(frozen=True, slots=True)
class KeyForm:
    """What a key is by its octets.

    `octets` are as `read_key` gives them. `form` is "usual", "bare" (an RSA key alone, PKCS #1: RFC
    8017 appendix A.1.1) or "wrapped" (an Ed25519 key in SubjectPublicKeyInfo: RFC 8410 section 4).
    """

    key_type: str
    octets: bytes
    bits: int
    form: str = "usual"

    @property
    def published(self) -> str:
        """The base64 that a record is to hold (RFC 6376 section 3.6.1, RFC 8463 section 4)."""
        return base64.b64encode(self.octets).decode()


@dataclass(frozen=True, slots=True)
class KeyLength:
    """How long a key is that nobody can read, in characters of base64 with padding.

    `want` is what it announces, None where its beginning is lost. `lost` is "front", "middle",
    "end" or, where that cannot be told, "some"; `added` is "front" or "some" where there are too
    many. `count` are the characters that are missing or too many at the front, 0 elsewhere.
    """

    have: int
    want: int | None
    lost: str = ""
    added: str = ""
    count: int = 0


def read_key(p: bytes | str, key_type: str) -> tuple[bytes, int]:
    """Return the public key in a p= tag and its length in bits; white space in it is ignored.

    An RSA key comes as DER SubjectPublicKeyInfo also where the record holds the bare
    RSAPublicKey of RFC 6376 section 3.6.1, so that equal keys are equal octets; an Ed25519 key is
    its 32 octets (RFC 8463 section 4).

    Raises:
        InvalidKey: the tag is empty (a revoked key) or holds no key of that type.

    """
    text = p if isinstance(p, bytes) else p.encode(errors="replace")
    if len(text) > _LONGEST_KEY:
        raise InvalidKey("key-too-long", most=_LONGEST_KEY)
    text = text.translate(None, FWS.encode())
    if not text:
        raise InvalidKey("key-empty")
    bare = len(text.rstrip(b"="))
    if len(text) != bare + -bare % 4:  # the decoder passes over further equals signs
        raise InvalidKey("key-not-base64")
    try:
        octets = base64.b64decode(text, validate=True)
    except ValueError:
        raise InvalidKey("key-not-base64") from None
    if key_type == "ed25519":
        return _read_ed25519(octets)
    return _read_rsa(octets)


def _read_ed25519(octets: bytes) -> tuple[bytes, int]:
    if len(octets) != ED25519_OCTETS:
        raise InvalidKey("key-wrong-size", expected=ED25519_OCTETS, octets=len(octets))
    try:
        Ed25519PublicKey.from_public_bytes(octets)
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidKey("key-not-ed25519") from None
    return octets, 8 * ED25519_OCTETS


def _read_rsa(octets: bytes) -> tuple[bytes, int]:
    try:
        key = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey):
        raise InvalidKey("key-not-rsa")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), key.key_size


def identify_key(p: str) -> KeyForm | None:
    """Return what key a `p=` without blanks holds, whatever its record says; None for none."""
    try:
        octets, bits = read_key(p, "rsa")
    except InvalidKey:
        return _identify_ed25519(p)
    return KeyForm("rsa", octets, bits, "usual" if base64.b64decode(p) == octets else "bare")


def _identify_ed25519(p: str) -> KeyForm | None:
    octets = decode(p)
    if octets is None or len(p) % 4:
        return None
    inner = unwrap_ed25519(octets)
    key = octets if inner is None else inner
    if len(key) != ED25519_OCTETS or is_damaged(key, "ed25519"):
        return None
    return KeyForm("ed25519", key, 8 * ED25519_OCTETS, "usual" if inner is None else "wrapped")


def measure_key(p: str, key_type: str) -> KeyLength | None:
    """Return how long a key without blanks is that nobody can read; None where it does not tell."""
    if key_type == "ed25519" and len(p) < _LEAST_RSA:
        return _compare_lengths(p, ED25519_OCTETS, None)
    for place, marker in _MARKERS.items():
        found = p.find(marker)
        if 0 <= found < place:
            return KeyLength(len(p), None, "front", count=place - found)
        if place < found <= place + _MOST_IN_FRONT:
            return KeyLength(len(p), None, added="front", count=found - place)
    size = _read_announced(decode(p[: min(_HEAD, len(p) // 4 * 4)]) or b"")
    return None if size is None else _compare_lengths(p, size, _find_tail(size))


def _read_announced(head: bytes) -> int | None:
    """Return how many octets a key has by its beginning; None where its lengths do not fit."""
    size = read_size(head)
    if size is None:
        return None
    outer = _skip_length(head)
    inner = head[outer:]
    if len(inner) < len(_RSA_ALGORITHM) or unwrap_ed25519(head) is not None:
        return size if _RSA_ALGORITHM.startswith(inner) else None
    if inner.startswith(_RSA_ALGORITHM):
        rest = _read_length(inner[len(_RSA_ALGORITHM) :])
        outer += len(_RSA_ALGORITHM)
    else:
        rest = _read_length(inner)
        outer += len(_EXPONENT)
    return size if rest is None or outer + rest == size else None


def _skip_length(octets: bytes) -> int:
    """Return how many octets the tag and the length of an element have (X.690 section 8.1.3)."""
    return 2 + (octets[1] & 0x7F if octets[1] & 0x80 else 0)


def _read_length(octets: bytes) -> int | None:
    """Return how many octets an element has, with its tag and length; None where they are cut."""
    if len(octets) < 4:
        return None
    start = _skip_length(octets)
    content = octets[1] if start == 2 else int.from_bytes(octets[2:start], "big")
    return start + content


def _compare_lengths(p: str, octets: int, tail: str | None) -> KeyLength | None:
    """Compare what is there with what is announced; `tail` is how a whole key ends, if known."""
    wanted = -(-octets * 8 // 6)
    have, want = len(p), wanted + -wanted % 4
    bare = p.rstrip("=")
    if have > want:
        return KeyLength(have, want, added="some")
    if have == want:
        return None  # other characters than there were
    ends = tail is not None and len(bare) < wanted and bare.endswith(tail)
    return KeyLength(have, want, "some" if tail is None else "middle" if ends else "end")


def _find_tail(octets: int) -> str:
    """Return the characters in which the base64 of an RSA key of so many octets ends."""
    whole = base64.b64encode(bytes(octets - len(_EXPONENT)) + _EXPONENT).decode().rstrip("=")
    kept = (len(_EXPONENT) * 8 - 5) // 6  # characters that the octets before have no part in
    return whole[-kept:]
