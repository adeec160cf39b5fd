"""Tells a damaged key from a whole one by its numbers: what no generator of keys makes.

A character that was changed in the middle of a key leaves it well-formed. An RSA modulus is then
as good as random, and nine of ten random odd numbers have a small factor, which a modulus never
has; an Ed25519 key is then a point outside the group in fifteen of sixteen cases (RFC 8032 section
5.1). What passes is not proven right: that only the mail server or a signed mail does.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from itertools import compress

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from bot.errors import InvalidKey

# What programs that make keys use: 65537 nearly all, OpenSSH of old 35 and 37.
_EXPONENTS = frozenset((3, 5, 17, 35, 37, 257, 65537))
_HIGHEST_PRIME = 1 << 18  # 5 ms; four times as much would find one more in a hundred
_PRIMES_AT_ONCE = 256

_P = 2**255 - 19  # the field of Ed25519, its curve and the order of its group (RFC 8032)
_D = -121665 * pow(121666, -1, _P) % _P
_ORDER = 2**252 + 27742317777372353535851937790883648493
_ROOT = pow(2, (_P - 1) // 4, _P)  # of -1

_Point = tuple[int, int, int, int]  # extended coordinates (RFC 8032 section 5.1.4)


def refuse_damaged(key: bytes, key_type: str) -> None:
    """Return where a key, as `read_key` gives it, may be one that a program made.

    Raises:
        InvalidKey: it cannot: characters were changed.

    """
    if key_type != "ed25519":
        rsa = load_der_public_key(key)
        if not isinstance(rsa, RSAPublicKey):
            raise InvalidKey("key-not-rsa")
        if rsa.public_numbers().e not in _EXPONENTS:
            raise InvalidKey("key-damaged", what="exponent", number=rsa.key_size)
        if rsa.key_size % 8:
            raise InvalidKey("key-damaged", what="size", number=rsa.key_size)
    if is_damaged(key, key_type):
        what = "point" if key_type == "ed25519" else "modulus"
        raise InvalidKey("key-damaged", what=what, number=0)


@lru_cache(maxsize=64)  # one check asks several times, and it takes 2 ms
def is_damaged(key: bytes, key_type: str) -> bool:
    """Whether a key, as `read_key` gives it, is none for certain: no pair of keys can have it."""
    if key_type == "ed25519":
        return not _is_in_group(key)
    rsa = load_der_public_key(key)
    if not isinstance(rsa, RSAPublicKey):
        return True
    modulus = rsa.public_numbers().n
    return any(math.gcd(modulus, product) > 1 for product in _products())


@cache
def _products() -> tuple[int, ...]:
    """Return all small primes, multiplied with each other in groups."""
    sieve = bytearray([1]) * _HIGHEST_PRIME
    sieve[:2] = bytes(2)
    for number in range(2, math.isqrt(_HIGHEST_PRIME) + 1):
        if sieve[number]:
            multiples = slice(number * number, None, number)
            sieve[multiples] = bytes(len(range(*multiples.indices(_HIGHEST_PRIME))))
    primes = (2, *compress(range(3, _HIGHEST_PRIME, 2), sieve[3::2]))
    return tuple(
        math.prod(primes[at : at + _PRIMES_AT_ONCE])
        for at in range(0, len(primes), _PRIMES_AT_ONCE)
    )


def _is_in_group(key: bytes) -> bool:
    """Whether 32 octets are a point of the group that Ed25519 keys are from, the neutral one not.

    Every key is a multiple of the base point, so the order of the group takes it to the neutral
    point (RFC 8032 section 5.1.5).
    """
    point = _decode_point(key)
    if point is None or _is_neutral(point):
        return False
    result: _Point = (0, 1, 1, 0)
    for bit in f"{_ORDER:b}":
        result = _add(result, result)
        if bit == "1":
            result = _add(result, point)
    return _is_neutral(result)


def _decode_point(key: bytes) -> _Point | None:
    """Return the point that 32 octets stand for, or its negative (RFC 8032 section 5.1.3).

    The sign of x, which is the highest bit, does not matter here: of the two points both or none
    are in the group. Nor does it that y may be written unreduced: only 0 to 18 can, and none of
    these is that of a point in the group.
    """
    y = int.from_bytes(key, "little") & ((1 << 255) - 1)
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if (v * x * x + u) % _P == 0:
        x = x * _ROOT % _P
    if (v * x * x - u) % _P:
        return None
    return x, y, 1, x * y % _P


def _is_neutral(point: _Point) -> bool:
    x, y, z, _ = point
    return x % _P == 0 and (y - z) % _P == 0


def _add(one: _Point, other: _Point) -> _Point:
    """Return the sum of two points (RFC 8032 section 5.1.4)."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P
