"""How a published key differs from the right one: cut, with more or fewer characters, or another.

All places are those of characters of the published key, blanks in it not counted, from 1 on.
"""

from __future__ import annotations

from dataclasses import dataclass

_MOST_CHANGED = 20  # characters changed by a slip; more are another key
_LEAST_PIECE = 8  # characters of a key that two keys do not share by chance
_LEAST_SWAPPED = 16
_MOST_SHARED = 4  # first or last characters that two pieces of a key have in common by chance


@dataclass(frozen=True, slots=True)
class KeyDamage:
    """What became of a key.

    `what` is, of characters that are lost, "front", "end", "ends" (both) or "middle"; of some that
    are too many "added-front", "added", "added-end" or "twice" (the whole key); else "changed",
    "case" (upper and lower), "swapped" (two pieces of it) or "other". `at` is where, for lost
    characters those before which they are missing; `count` is how many.
    """

    what: str
    at: int
    count: int


def compare_keys(key: str, want: str) -> KeyDamage:
    """Return how a key, not empty and without blanks, differs from the right one."""
    more = len(key) - len(want)
    same = _count_same(key, want)
    rest = _count_same(key[::-1], want[::-1])
    if more < 0:
        found = _find_loss(key, want, same, rest)
    elif more > 0:
        found = _find_addition(key, want, same, rest)
    else:
        found = _find_change(key, want, same, rest)
    return found or KeyDamage("other", same + 1, 0)


def _find_loss(key: str, want: str, same: int, rest: int) -> KeyDamage | None:
    count = len(want) - len(key)
    if same == len(key):
        return KeyDamage("end", len(key) + 1, count)
    if rest == len(key) and len(key) >= _LEAST_PIECE:
        return KeyDamage("front", 1, count)
    if same + rest >= len(key) and min(same, rest) > 0:
        return KeyDamage("middle", same + 1, count)
    if len(key) >= _LEAST_PIECE and key in want:
        return KeyDamage("ends", 1, count)
    return None


def _find_addition(key: str, want: str, same: int, rest: int) -> KeyDamage | None:
    count = len(key) - len(want)
    if key == want + want:
        return KeyDamage("twice", len(want) + 1, count)
    if same == len(want):
        return KeyDamage("added-end", same + 1, count)
    if rest == len(want):
        return KeyDamage("added-front", 1, count)
    return KeyDamage("added", same + 1, count) if same + rest >= len(want) else None


def _find_change(key: str, want: str, same: int, rest: int) -> KeyDamage | None:
    if key.lower() == want.lower():
        return KeyDamage("case", same + 1, sum(a != b for a, b in zip(key, want, strict=True)))
    for start in range(same, max(same - _MOST_SHARED, -1), -1):
        for end in range(len(key) - rest, min(len(key) - rest + _MOST_SHARED, len(key) + 1)):
            piece, right = key[start:end], want[start:end]
            if len(piece) >= _LEAST_SWAPPED and piece in right + right:
                return KeyDamage("swapped", start + 1, len(piece))
    count = len(key) - same - rest
    return KeyDamage("changed", same + 1, count) if count <= _MOST_CHANGED else None


def _count_same(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
