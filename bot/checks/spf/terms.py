"""Reads the terms of an SPF record tolerantly: what is wrong with each, and what was meant."""

from __future__ import annotations

import difflib
import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from bot.dns.spf_grammar import MECHANISMS, MODIFIERS, NEEDS_VALUE, is_valid_term
from bot.records.text_cache import TextCache

if TYPE_CHECKING:
    from collections.abc import Iterator

_TERM = re.compile(r"([-+~?]?)([^:=/]*)([:=/]?)(.*)", re.DOTALL)
_PUNCTUATION = " ,;.\"'`()<>"
_LONGEST_WORD = 20  # characters of a word that may be a misspelt one
_MOST_GUESSED = 20  # faulty words of a record that are guessed at; more are no slips
_SHORT = 100  # characters of a record that is read again faster than it is kept

# What copying out of chats, documents and web pages leaves behind, and what was meant by it.
_MEANT = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-")
    | dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009", " ")
    | dict.fromkeys("\u200a\u202f\u205f\u3000\t\r\n", " ")
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", None)
    | dict.fromkeys("\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb", None)
    | {"\uff1a": ":", "\uff1d": "=", "\uff0b": "+", "\u223c": "~", "\u02dc": "~"}
)


class TermFaultKind(StrEnum):
    """What is wrong with a term; a template has a sentence for each."""

    BLANK_AFTER_COLON = "blank-after-colon"  # "include: x", "redirect= x"
    BLANK_FOR_COLON = "blank-for-colon"  # "include x", "include :x"
    BLANK_AFTER_SIGN = "blank-after-sign"  # "- all"
    EQUALS_FOR_COLON = "equals-for-colon"  # "include=x": parses, as a modifier nobody knows
    COLON_FOR_EQUALS = "colon-for-equals"  # "redirect:x"
    PUNCTUATION = "punctuation"  # "-all."
    BAD_ADDRESS = "bad-address"  # "ip4:1.2.3"
    BAD_PREFIX = "bad-prefix"  # "ip4:192.0.2.0/33"
    WRONG_FAMILY = "wrong-family"  # "ip4:2001:db8::1"
    NAME_FOR_ADDRESS = "name-for-address"  # "ip4:mail.example"
    ADDRESS_FOR_NAME = "address-for-name"  # "a:192.0.2.1", and an address by itself
    BAD_NAME = "bad-name"  # "include:spf"
    MISSING_VALUE = "missing-value"  # "include"
    MISSPELT = "misspelt"  # "inlcude:x"
    TWICE = "twice"  # a second redirect= or exp=
    VERSION_TWICE = "version-twice"  # two records in one
    VERSION = "version"  # "v=spf1;", which makes it no SPF record at all
    CONTROL_CHARACTER = "control-character"  # a tab or a line break
    UNKNOWN_WORD = "unknown-word"


@dataclass(frozen=True, slots=True)
class TermFault:
    """A term as it stands, what is wrong with it, and what was meant where that is clear."""

    term: str
    what: TermFaultKind
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One term in its parts; `separator` stands before `value` and is ":", "=", "/" or empty.

    `key` is equal for two terms that match the same, whatever their qualifiers.
    """

    raw: str
    qualifier: str  # "+" where none is written (RFC 7208 section 4.6.2)
    name: str  # lower case
    separator: str
    value: str
    key: str

    @classmethod
    def of(cls, raw: str) -> Term:
        """Return a term's parts, whether it is a valid one or not."""
        match = _TERM.fullmatch(raw)
        qualifier, name, separator, value = match.groups() if match else ("", raw, "", "")
        key = _key_of(name.lower(), separator, value)
        return cls(raw, qualifier or "+", name.lower(), separator, value, key)

    @property
    def is_mechanism(self) -> bool:
        """Whether it is one of the mechanisms, as far as its name goes."""
        return self.name in MECHANISMS and self.separator != "="


@dataclass(frozen=True, slots=True)
class TermReading:
    """A record's terms as they were meant, in order, and the faults in them."""

    terms: tuple[Term, ...]
    faults: tuple[TermFault, ...]


def plain(text: str) -> str:
    """Return a text with typographic dashes, quotes and blanks as what they were meant to be."""
    return text.translate(_MEANT)


def words_of(text: str) -> list[str]:
    """Return the words after the version."""
    return [word for word in text.split(" ")[1:] if word]


def terms_of(text: str) -> tuple[Term, ...]:
    """Return a record's terms just as they stand."""
    return _terms_of(text) if len(text) > _SHORT else _split_terms(text)


def _split_terms(text: str) -> tuple[Term, ...]:
    return tuple(Term.of(word) for word in words_of(text))


_terms_of = TextCache(_split_terms)  # one check reads the same few records again and again


@TextCache
def read(text: str) -> TermReading:
    """Read a record, its version included, taking what is clearly meant for what is written."""
    terms, faults, seen = list[Term](), list[TermFault](), set[str]()
    words = words_of(text)
    skip = False
    sound = set[str]()
    for word, following in pairwise([*words, ""]):
        if skip:
            skip = False
            continue
        fault = None
        if word not in sound:
            fault = _fault_of(word, following, guessing=len(faults) < _MOST_GUESSED)
        if fault is None:
            sound.add(word)
        term = Term.of(word)
        if fault is None and term.name in MODIFIERS and term.name in seen:
            fault = TermFault(word, TermFaultKind.TWICE)
        if fault:
            faults.append(fault)
            skip = fault.what in _TAKES_NEXT and fault.suggestion is not None
            if fault.suggestion:
                term = Term.of(fault.suggestion)
        if fault is None or fault.suggestion:
            terms.append(term)
            seen.add(term.name)
    return TermReading(tuple(terms), tuple(faults))


def address_term(address: str) -> str:
    """Return the mechanism that allows an IP address."""
    return f"{_family_of(address)}:{address}"


def same_record(one: str, other: str) -> bool:
    """Whether two records say the same in the same order."""
    return _normalise(one) == _normalise(other)


def names_own_mx(text: str) -> bool:
    """Whether a record allows whatever servers the domain's own MX records name."""
    for term in terms_of(text):
        if term.name == "all":
            return False
        if term.name == "mx" and term.qualifier == "+" and term.separator in {"", "/"}:
            return True
    return False


def _normalise(text: str) -> list[tuple[str, str, str]]:
    return [(term.qualifier, term.name, term.key) for term in terms_of(text)]


def _key_of(name: str, separator: str, value: str) -> str:
    if "%" not in value:
        value = value.lower()
    if name == "ip4":
        value = value.removesuffix("/32")
    elif name == "ip6":
        value = _plain_network(value)
    elif name == "redirect":
        name, separator = "include", ":"
    return f"{name}{separator}{value.removesuffix('.')}"


def _plain_network(value: str) -> str:
    try:
        return str(ipaddress.IPv6Network(value, strict=False))
    except ValueError:
        return value


_TAKES_NEXT = {
    TermFaultKind.BLANK_AFTER_COLON,
    TermFaultKind.BLANK_FOR_COLON,
    TermFaultKind.BLANK_AFTER_SIGN,
}


def _fault_of(word: str, following: str, *, guessing: bool = True) -> TermFault | None:
    """Return what is wrong with a word, None where nothing is; what was meant if `guessing`."""
    term = Term.of(word)
    if is_valid_term(word):
        modifier = _fault_of_modifier(term) if term.separator == "=" else None
        return modifier or _fault_of_target(term)
    if any(ord(c) < 0x20 or ord(c) == 0x7F for c in word):
        return TermFault(word, TermFaultKind.CONTROL_CHARACTER)
    for what, suggestion in _guesses(term, following) if guessing else ():
        if is_valid_term(suggestion) and _fault_of(suggestion, "") is None:
            return TermFault(word, what, suggestion)
    return TermFault(word, _name_fault(term))


def _fault_of_modifier(term: Term) -> TermFault | None:
    """Return what is wrong with a term that parses as a modifier but cannot be meant as one."""
    if term.name in MODIFIERS:
        return None
    if term.name in MECHANISMS:
        suggestion = f"{term.name}:{term.value}" if term.name != "all" else "-all"
        meant = suggestion if is_valid_term(suggestion) else None
        return TermFault(term.raw, TermFaultKind.EQUALS_FOR_COLON, meant)
    if term.name == "v":
        return TermFault(term.raw, TermFaultKind.VERSION_TWICE)
    meant = _closest(term.name, MODIFIERS)
    if meant and is_valid_term(f"{meant}={term.value}"):
        return TermFault(term.raw, TermFaultKind.MISSPELT, f"{meant}={term.value}")
    return None  # unknown modifiers are ignored (RFC 7208 section 6)


def _fault_of_target(term: Term) -> TermFault | None:
    """Return what is wrong with a term that parses but whose name is a link or a mail address."""
    value = term.value
    known = term.is_mechanism or term.name in MODIFIERS
    if not known or "%" in value or not ("://" in value or "@" in value):
        return None
    bare = value.rpartition("://")[2].rpartition("@")[2].partition("/")[0]
    meant = term.raw.removesuffix(value) + bare
    return TermFault(term.raw, TermFaultKind.BAD_NAME, meant if is_valid_term(meant) else None)


def _guesses(term: Term, following: str) -> Iterator[tuple[TermFaultKind, str]]:
    """Give what an invalid term may have been meant to be, likeliest first."""
    sign = term.raw[: len(term.raw) - len(term.raw.lstrip("-+~?"))][:1]
    if term.raw in {"-", "+", "~", "?"} and following:
        yield TermFaultKind.BLANK_AFTER_SIGN, term.raw + following
    next_is_value = "." in following or ":" in following.lstrip(":")
    if term.name in MECHANISMS + MODIFIERS and not term.value and next_is_value:
        if term.separator in {":", "="}:
            yield TermFaultKind.BLANK_AFTER_COLON, term.raw + following
        elif not term.separator and term.name in NEEDS_VALUE:
            yield TermFaultKind.BLANK_FOR_COLON, f"{term.raw}:{following.removeprefix(':')}"
    if term.name in MODIFIERS and term.separator == ":":
        yield TermFaultKind.COLON_FOR_EQUALS, f"{term.name}={term.value}"
    stripped = term.raw.strip(_PUNCTUATION)
    if stripped and stripped != term.raw:
        yield TermFaultKind.PUNCTUATION, stripped
    yield from _address_guesses(term, sign)
    meant = _closest(term.name, MECHANISMS if term.separator != "=" else MODIFIERS)
    if meant and meant != term.name:
        yield TermFaultKind.MISSPELT, f"{sign}{meant}{term.separator}{term.value}"


def _address_guesses(term: Term, sign: str) -> Iterator[tuple[TermFaultKind, str]]:
    if term.name in {"ip4", "ip6"} and term.separator in {":", "="}:
        family = _family_of(term.value)
        if family and family != term.name:
            yield TermFaultKind.WRONG_FAMILY, f"{sign}{family}:{term.value}"
        if not family and not term.value.replace(".", "").isdigit():
            yield TermFaultKind.NAME_FOR_ADDRESS, f"{sign}a:{term.value}"
    elif term.name in {"a", "mx", "include"} and term.separator == ":":
        if family := _family_of(term.value):
            yield TermFaultKind.ADDRESS_FOR_NAME, f"{sign}{family}:{term.value}"
    elif term.name not in MECHANISMS + MODIFIERS and (
        family := _family_of(term.raw.removeprefix(sign))
    ):
        yield TermFaultKind.ADDRESS_FOR_NAME, f"{sign}{family}:{term.raw.removeprefix(sign)}"


def _name_fault(term: Term) -> TermFaultKind:
    """Return what is wrong with a term that nothing clear can be made of."""
    if term.name in {"ip4", "ip6"} and term.value:
        address, slash, _ = term.value.partition("/")
        return (
            TermFaultKind.BAD_PREFIX if slash and _family_of(address) else TermFaultKind.BAD_ADDRESS
        )
    if term.name in MECHANISMS + MODIFIERS:
        if term.name == "all":
            return TermFaultKind.PUNCTUATION
        return TermFaultKind.BAD_NAME if term.value else TermFaultKind.MISSING_VALUE
    return TermFaultKind.UNKNOWN_WORD


def _family_of(value: str) -> str:
    try:
        return f"ip{ipaddress.ip_network(value, strict=False).version}"
    except ValueError:
        return ""


def _closest(name: str, known: tuple[str, ...]) -> str | None:
    if not 2 < len(name) <= _LONGEST_WORD:
        return None
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.7)), None)
