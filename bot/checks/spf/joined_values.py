"""Finds other values that a provider's page joined to an SPF record, in one TXT record.

The strings of a TXT record are joined without a blank (RFC 7208 section 3.3), so two values that
were typed into one record are one text to everybody.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bot.checks.spf.sound_terms import is_sound
from bot.checks.spf.terms import Term, plain
from bot.dns.spf_grammar import MECHANISMS, MODIFIERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_VERSION = re.compile(r"v=spf1(?=\s|$)", re.IGNORECASE)
# What only SPF has.
CERTAIN_TERM = re.compile(r"(?:include|ip4|ip6|redirect)[:=]|[-~?+]all\b", re.IGNORECASE)
_ALL = re.compile(r"(?:^|\s)[-~?+]?all\s*\Z", re.IGNORECASE)
_GLUED_TO_ALL = re.compile(r"(?<=\s[-~?+]all)(?=[a-z0-9_][\w.-]*=\S)", re.IGNORECASE)
# Texts with a version of their own; each has a name below the domain as its place.
_OTHER_KIND = re.compile(r"v=(?:DMARC1|DKIM1|BIMI1|STSv1|TLSRPTv1)(?![a-z0-9])", re.IGNORECASE)
# Proofs that a domain is one's own, as the pages of companies give them out.
_PROOF = re.compile(
    r"[a-z0-9_.-]*(?:verification|verify|validation)[a-z0-9_.-]*[=:]\S+"
    r"|MS=ms\d+|(?:docusign|apple-domain|globalsign-smime-dv)=\S+"
    r"|(?:amazonses|brevo-code|sendinblue-code):\S+",
    re.IGNORECASE,
)
# Those whose beginning is known, so that it is found inside a word.
_PROOF_INSIDE = re.compile(
    r"MS=ms\d|docusign=|"
    r"(?:google-site|facebook-domain|apple-domain|atlassian-domain|adobe-idp-site|dropbox-domain"
    r"|globalsign-domain|openai-domain|pinterest-site|stripe|yandex|zoho)-verification[=:]",
    re.IGNORECASE,
)
_LONGEST_PROOF = 1_000  # characters; most take less than 100
_PAIR = re.compile(r"([\w.-]+)=\S{2,}")
_FIRST_WORD = re.compile(r"\s*(\S+)")
_BEFORE_BORDER = 20  # characters in which `all` stands, with blanks behind it
_MARK = re.compile(r"\\?\"")


class JoinedText(NamedTuple):
    """A text taken apart: the SPF record in it, and what else there is.

    `others` are values that are records of their own. `foreign` are records of another kind, which
    would not work at the domain itself. Of `unsure` it cannot be told what they are.
    """

    spf: str
    others: tuple[str, ...]
    foreign: tuple[str, ...]
    unsure: tuple[str, ...]


def split_joined(strings: Sequence[str]) -> JoinedText | None:
    """Return the values in a TXT record of these strings; None where there is SPF or nothing.

    Where a string ends is where something was joined; a quote mark in the text says the same.
    """
    pieces = [plain(piece) for string in strings for piece in _MARK.split(string)]
    text = "".join(pieces)
    version = _VERSION.search(text)
    if version is None:
        return None
    start = version.start()
    borders = set[int]()
    at = 0
    for piece in pieces:
        borders.add(at - start)
        at += len(piece)
    others, foreign, unsure = list[str](), list[str](), list[str]()
    front = text[:start].strip()
    if any(c.isalnum() for c in front):
        if not CERTAIN_TERM.search(text, start):
            return None
        kept = _read_front(front, others, foreign, unsure, at_border=0 in borders)
        if kept is None:
            return None
    record, tail = _cut(text[start:], borders)
    if _OTHER_KIND.match(tail):
        foreign.append(tail.strip())
    elif tail:
        words = tail.split()
        sure = len(words) == 1 or all(map(_stands_alone, words))
        others += words if sure else ()
        unsure += () if sure else words
    words = list(_without_proofs(record, others))
    if not (others or foreign or unsure):
        return None
    return JoinedText(" ".join(words), tuple(others), tuple(foreign), tuple(unsure))


def _read_front(
    front: str, others: list[str], foreign: list[str], unsure: list[str], *, at_border: bool
) -> bool | None:
    """Put what stands before the version where it belongs; None where it is a part of the SPF."""
    words = front.split()
    if _OTHER_KIND.match(front):
        foreign.append(front)
    elif any(_is_term(word) for word in words):
        return None
    elif all(map(_stands_alone, words)):
        others += words
    elif at_border:
        others.append(front)
    else:
        unsure.append(front)
    return True


def _cut(text: str, borders: set[int]) -> tuple[str, str]:
    """Return an SPF record and what was joined to its end, which is empty in a sound one."""
    if other := _OTHER_KIND.search(text, 1):
        return text[: other.start()], text[other.start() :]
    if glued := _GLUED_TO_ALL.search(text):
        return text[: glued.start()], text[glued.start() :]
    for border in sorted(borders):
        if border > 0 and _ALL.search(text, max(0, border - _BEFORE_BORDER), border):
            first = _FIRST_WORD.match(text, border)
            if first is not None and not _is_term(first[1]):
                return text[:border], text[border:]
    return text, ""


def _without_proofs(record: str, others: list[str]) -> Iterator[str]:
    """Give a record's words without the proofs among them and inside them, which are put aside."""
    for word in record.split():
        inside = _PROOF_INSIDE.search(word, 1)
        if _is_proof(word) and not _is_term(word):
            others.append(word)
        elif inside is not None and ":" in word[: inside.start()]:
            others.append(word[inside.start() :])
            yield word[: inside.start()]
        else:
            yield word


def _is_term(word: str) -> bool:
    """Whether a word is a part of SPF, or was meant as one."""
    term = Term.of(word)
    known = term.name in MECHANISMS or term.name in MODIFIERS
    return _VERSION.fullmatch(word) is not None or (known and (is_sound(word) or bool(term.value)))


def _stands_alone(word: str) -> bool:
    """Whether a word is a value by itself, as far as its form tells."""
    pair = _PAIR.fullmatch(word)
    return _is_proof(word) or (pair is not None and not _is_term(word))


def _is_proof(word: str) -> bool:
    return len(word) <= _LONGEST_PROOF and _PROOF.fullmatch(word) is not None
