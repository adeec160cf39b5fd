"""Writes a key record as it has to be, where the key in a faulty one is whole."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from bot.checks.dkim.text import read_key_text, read_meant, read_pairs, rewrite, unswap
from bot.records.key_forms import identify_key
from bot.records.key_soundness import is_damaged
from bot.records.tag_list import FaultKind, parse_tags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.dns.answer import Answer
    from bot.records.key_forms import KeyForm

_MOST_STRINGS = 4  # of a record, whose order is tried: a key of 4096 bits has so many
_URL_SAFE = str.maketrans("-_", "+/")  # RFC 4648 section 5


def find_form(key: str) -> KeyForm | None:
    """Return the sound key that characters of `p=` are; None where they are none or damaged."""
    form = identify_key(key)
    if form is None or is_damaged(form.octets, form.key_type):
        return None
    return form


def mend_text(text: str) -> str | None:
    """Return the record with its own key, in the form that verifiers read.

    None where the key in it is not whole, or where something else is wrong that nobody can mend.
    """
    meant = read_meant(unswap(text) or text)
    tags = parse_tags(meant)
    if any(fault.kind is not FaultKind.EMPTY_PART for fault in tags.faults):
        return None
    keys = (read_key_text(meant), *other_spellings(read_pairs(tags).get("p", "")))
    form = next(filter(None, map(find_form, keys)), None)
    return None if form is None else rewrite(tags, form.key_type, form.published)


def other_spellings(p: str) -> tuple[str, ...]:
    """Return a key in the first alphabet, and with plus signs for blanks, if that is any change.

    A value that went through the address of a web page has its plus signs as blanks.
    """
    squeezed = "".join(p.split())
    first = squeezed.translate(_URL_SAFE)
    with_plus = p.strip(" ").replace(" ", "+")
    return tuple(key for key in (first, with_plus) if key != squeezed)


def other_orders(answer: Answer, text: str) -> Iterator[str]:
    """Give the values that the strings of a record make in another order."""
    if (swapped := unswap(text)) is not None:
        yield swapped
    for rdata in answer.rdatas:
        strings: tuple[bytes, ...] = getattr(rdata, "strings", ())
        if 1 < len(strings) <= _MOST_STRINGS and _join(strings) == text:
            yield from itertools.islice(map(_join, itertools.permutations(strings)), 1, None)


def _join(strings: tuple[bytes, ...]) -> str:
    return b"".join(strings).decode("utf-8", "replace")
