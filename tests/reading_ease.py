"""How long a text's sentences are and how easily it reads, as a reader of Discord sees it.

A code span, what stands on a screen, an address, a value to type and an abbreviation such as DMARC
are one word of one syllable: they are looked at, not read aloud.
"""

from __future__ import annotations

import re
from functools import cache

import pyphen

_HYPHENS = pyphen.Pyphen(lang="en_US")
_SPAN = re.compile(r"`[^`]*`")
_SCREEN = re.compile(r"\*\*[^*:]+\*\*")  # a heading in bold ends with a colon
_MOMENT = re.compile(r"<t:\d+:\w>(?: \(<t:\d+:R>\))?")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_LIST = re.compile(r"^(?:-#|#+|-|>) ", re.MULTILINE)
_END = re.compile(r"(?<=[.!?])[*\"”)]*(?:\s+|$)|\n+")
_WORD = re.compile(r"\S*[^\W_]\S*")
_VALUE = re.compile(r"[\d=@/_:~+]|\w\.\w|[A-Z].*[A-Z]")
_SIGNS = "()[]{}.,;:!?\"'“”‘’*–-"


def sentences(text: str) -> list[str]:
    """Return a text's sentences; each line of a list is one, and what is no prose is `x`."""
    for pattern, put in ((_SPAN, "x"), (_SCREEN, "x"), (_MOMENT, "x"), (_LINK, r"\1"), (_LIST, "")):
        text = pattern.sub(put, text.replace("\\", ""))
    return [sentence for sentence in _END.split(text) if _WORD.search(sentence)]


def count(sentence: str) -> int:
    """Return how many words a sentence has."""
    return len(_WORD.findall(sentence))


def ease(text: str) -> float:
    """Return Flesch's reading ease: 0 is a law, 60 plain English, 100 a book for children."""
    said = sentences(text)
    words = [word for sentence in said for word in _WORD.findall(sentence)]
    syllables = sum(_syllables(word.strip(_SIGNS)) for word in words)
    return 206.835 - 1.015 * len(words) / len(said) - 84.6 * syllables / len(words)


@cache
def _syllables(word: str) -> int:
    if _VALUE.search(word):
        return 1
    parts = (part for part in re.split(r"[-’'/]", word.lower()) if part)
    return max(1, sum(len(_HYPHENS.positions(part)) + 1 for part in parts))
