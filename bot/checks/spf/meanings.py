"""What a faulty term of an SPF record was meant to be, as far as that is clear."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.checks.spf.address_forms import read_addresses
from bot.checks.spf.sound_terms import can_be_host, is_sound
from bot.checks.spf.term_faults import TermFault, TermFaultKind
from bot.checks.spf.terms import Term
from bot.dns.spf_grammar import MECHANISMS, MODIFIERS, NEEDS_VALUE

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST_WORD: Final = 20  # characters of a word that may be a misspelt one
_AROUND = " ,;.\"'`"
_BRACKETS = re.compile(r"[<>()\[\]{}\"'`]")
_ANGLES = re.compile(r"[<>\"'`]")  # the brackets that no macro has
_BETWEEN = re.compile(r"[,;|&]+")
# "include;x", "ip4::x", "redirect:=x": signs of which one colon or equals sign was meant.
_SEPARATORS = re.compile(
    r"([-+~?]?)(include|exists|redirect|ip(?:v?[46])?)([:;,=]{1,3})(?=[^:;,=])", re.IGNORECASE
)
_DOUBLED_COLON = re.compile(r"([-+~?]?(?:a|mx|ptr)):[:=]+(?=\w)", re.IGNORECASE)
_ADDRESS_NAMES = frozenset({"ip", "ips", "ipv4", "ipv6", "ip-4", "ip-6", "ip_4", "ip_6"})
_PORT = re.compile(r":\d{1,5}$")
_WITHOUT_LENGTH = ("include", "exists", "redirect", "exp")  # no prefix length may follow the name
_LENGTH = re.compile(r"/\d{1,3}(?://\d{1,3})?")

# What is said of a word of which nothing is made.
_UNCLEAR = frozenset({TermFaultKind.BARE_NAME, TermFaultKind.RANGE})
# Of several things that are wrong with one word, the one that says most.
_TELLING: tuple[TermFaultKind, ...] = (
    TermFaultKind.LIST,
    TermFaultKind.RANGE,
    TermFaultKind.WILDCARD,
    TermFaultKind.NETMASK,
    TermFaultKind.BAD_ADDRESS,
    TermFaultKind.MISSPELT,
    TermFaultKind.EQUALS_FOR_COLON,
    TermFaultKind.COLON_FOR_EQUALS,
    TermFaultKind.WRONG_FAMILY,
    TermFaultKind.ADDRESS_FOR_NAME,
    TermFaultKind.NAME_FOR_ADDRESS,
    TermFaultKind.BAD_NAME,
    TermFaultKind.BRACKETS,
    TermFaultKind.PUNCTUATION,
)


def find_meaning(term: Term, following: str = "") -> TermFault | None:
    """Return what is wrong with a term that nobody can use and what was meant; None if unclear.

    `following` is the word after it: where a blank stands at a wrong place, it belongs to it.
    """
    for what, whole in _with_next(term, following):
        if is_sound(whole):
            return TermFault(term.raw, what, whole)
        meant = find_meaning(Term.of(whole))
        if meant is not None and meant.suggestion:
            return TermFault(term.raw, what, meant.suggestion, meant.lost)
    return _reshape(term)


def find_modifier_fault(term: Term) -> TermFault | None:
    """Return what is wrong with a term that parses as a modifier but cannot be meant as one."""
    if term.name in MODIFIERS:
        return None
    if term.name == "v":
        return TermFault(term.raw, TermFaultKind.VERSION_TWICE)
    if term.name == "all":
        return TermFault(term.raw, TermFaultKind.EQUALS_FOR_COLON, "-all")
    what = TermFaultKind.EQUALS_FOR_COLON
    mechanism: str | None = term.name if term.name in (*MECHANISMS, *_ADDRESS_NAMES) else None
    if mechanism is None:
        what = TermFaultKind.MISSPELT
        meant = closest(term.name, MODIFIERS)
        if meant is not None and is_sound(f"{meant}={term.value}"):
            return TermFault(term.raw, what, f"{meant}={term.value}")
        mechanism = closest(term.name, MECHANISMS)
    if mechanism is None:
        return None  # unknown modifiers are ignored (RFC 7208 section 6)
    whole = f"{mechanism}:{term.value}"
    if is_sound(whole):
        return TermFault(term.raw, what, whole)
    fault = find_meaning(Term.of(whole))
    if fault is not None and fault.suggestion:
        return TermFault(term.raw, what, fault.suggestion, fault.lost)
    return TermFault(term.raw, what) if term.name in MECHANISMS else None


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known word that another one is most like; None where it is like none."""
    if not 2 < len(name) <= _LONGEST_WORD:
        return None
    return next(iter(difflib.get_close_matches(name, tuple(known), n=1, cutoff=0.7)), None)


def _with_next(term: Term, following: str) -> list[tuple[TermFaultKind, str]]:
    """Return what a term and the word after it may have been before a blank came between them."""
    if not following:
        return []
    if term.raw in {"-", "+", "~", "?"}:
        whole = term.raw + following
        return [] if _sign_of(following) else [(TermFaultKind.BLANK_AFTER_SIGN, whole)]
    next_is_value = "." in following or ":" in following.lstrip(":")
    if term.name not in MECHANISMS + MODIFIERS or term.value or not next_is_value:
        return []
    if term.separator in {":", "="}:
        return [(TermFaultKind.BLANK_AFTER_COLON, term.raw + following)]
    if not term.separator and term.name in NEEDS_VALUE:
        whole = f"{term.raw}:{following.removeprefix(':')}"
        return [(TermFaultKind.BLANK_FOR_COLON, whole)]
    return []


class _Part(NamedTuple):
    """What one part of a word comes to: terms, or `lost` where nothing can be made of it.

    `head` is what the next part of a list may have in common with it: sign and mechanism.
    """

    terms: tuple[str, ...]
    kinds: tuple[TermFaultKind, ...]
    head: tuple[str, str]
    lost: str = ""


def _reshape(term: Term) -> TermFault | None:
    """Return what a word was meant to be, sign by sign and part by part."""
    word, kinds = _without_marks(term.raw)
    if kinds and is_sound(word):
        return TermFault(term.raw, kinds[0], word)
    word, more = _with_one_separator(word)
    kinds += more
    parts, head = list[_Part](), ("", "")
    words = [part for part in _BETWEEN.split(word) if part.strip(_AROUND)]
    for number, text in enumerate(words):
        part = _read_part(text.strip(_AROUND), head, guessing=number == 0)
        parts.append(part)
        head = part.head
        kinds += part.kinds
    terms = tuple(dict.fromkeys(meant for part in parts for meant in part.terms))
    if not terms:
        unclear = next((kind for kind in kinds if kind in _UNCLEAR), None)
        return TermFault(term.raw, unclear) if unclear else None
    if len(parts) > 1:
        kinds.append(TermFaultKind.LIST)
    what = next((kind for kind in _TELLING if kind in kinds), TermFaultKind.PUNCTUATION)
    lost = tuple(part.lost for part in parts if part.lost)
    return TermFault(term.raw, what, " ".join(terms), lost)


def _without_marks(word: str) -> tuple[str, list[TermFaultKind]]:
    """Return a word without brackets, quote marks and the signs that text has around words."""
    kinds = list[TermFaultKind]()
    marks = _ANGLES if "%" in word else _BRACKETS
    bare = marks.sub("", word)
    if bare != word:
        kinds.append(
            TermFaultKind.BRACKETS if set(word) & set("<>()[]{}") else TermFaultKind.PUNCTUATION
        )
    stripped = bare.strip(_AROUND)
    if stripped != bare:
        kinds.append(TermFaultKind.PUNCTUATION)
    return stripped, kinds


def _with_one_separator(word: str) -> tuple[str, list[TermFaultKind]]:
    """Return a word whose mechanism or modifier has the one sign behind it that belongs there."""
    match = _SEPARATORS.match(word)
    if match is None:
        fixed = _DOUBLED_COLON.sub(r"\1:", word, count=1)
        return fixed, [TermFaultKind.PUNCTUATION] if fixed != word else []
    sign, name, written = match.groups()
    right = "=" if name.lower() == "redirect" else ":"
    if written == right:
        return word, []
    kinds = {":": TermFaultKind.COLON_FOR_EQUALS, "=": TermFaultKind.EQUALS_FOR_COLON}
    kind = kinds.get(written, TermFaultKind.PUNCTUATION)
    if right == "=":
        sign = ""  # a modifier has none
    return f"{sign}{name}{right}{word[match.end() :]}", [kind]


def _read_part(text: str, head: tuple[str, str], *, guessing: bool) -> _Part:
    """Return what one part of a list, or the only one, comes to.

    It may begin with a mechanism of its own; else it has the one of the part before it, `head`.
    """
    if is_sound(text) and Term.of(text).name != "v":
        own = Term.of(text)
        return _Part((text,), (), (_sign_of(text), own.name if own.separator else ""))
    sign, name, value, kinds = _head_of(text, guessing=guessing)
    if not name:
        sign, name = sign or head[0], head[1]
    host, odd = _host_of(value)
    kinds += odd
    found = read_addresses(host) if name != "all" else None
    if found is not None:
        kinds.append(_kind_of_addresses(name, found.terms, found.what))
        terms = tuple(f"{sign}{meant}" for meant in found.terms)
        return _Part(terms, tuple(kinds), (sign, name), "" if terms else text)
    if not name:
        if can_be_host(host) and guessing:
            kinds.append(TermFaultKind.BARE_NAME)
        return _Part((), tuple(kinds), (sign, name), text)
    if name in {"ip", "ip4", "ip6"}:
        if not can_be_host(host):
            return _Part((), tuple(kinds), (sign, name), text)
        kinds.append(TermFaultKind.NAME_FOR_ADDRESS)
        name = "a"
    meant = _written(sign, name, host)
    # "a:" is no "a": whatever stood behind the colon is not known.
    terms = (meant,) if is_sound(meant) and (host or not value) and text[-1:] not in ":=" else ()
    return _Part(terms, tuple(kinds), (sign, name), "" if terms else text)


def _head_of(text: str, *, guessing: bool) -> tuple[str, str, str, list[TermFaultKind]]:
    """Return sign, name and value of a part, the name as it was meant; empty where it has none."""
    term, sign = Term.of(text), _sign_of(text)
    bare = text.removeprefix(sign)
    known, kinds = MECHANISMS + MODIFIERS, list[TermFaultKind]()
    value = term.value if term.separator != "/" else f"/{term.value}"
    if term.name in known:
        if term.name in MODIFIERS and term.separator == ":":
            kinds.append(TermFaultKind.COLON_FOR_EQUALS)
        elif term.name in MECHANISMS and term.separator == "=":
            kinds.append(TermFaultKind.EQUALS_FOR_COLON)
        return sign, term.name, value, kinds
    if term.separator in {":", "="} and term.name in _ADDRESS_NAMES:
        return sign, "ip", value, [TermFaultKind.MISSPELT]
    if guessing and not term.name.isdigit():
        words = MECHANISMS if term.separator != "=" else MODIFIERS
        meant = closest(term.name, words)
        if meant is not None and (term.separator or meant not in NEEDS_VALUE):
            return sign, meant, value, [TermFaultKind.MISSPELT]
    return sign, "", bare, kinds


def _host_of(value: str) -> tuple[str, list[TermFaultKind]]:
    """Return a name without what a link or a mail address has around it."""
    if "%" in value:
        return value, []
    bare = value
    if "://" in bare:
        bare = bare.rpartition("://")[2].partition("/")[0]
    bare = bare.rpartition("@")[2]
    if bare.lower().startswith("mailto:"):
        bare = bare[len("mailto:") :]
    if can_be_host(_PORT.sub("", bare)):
        bare = _PORT.sub("", bare)
    bare = bare.strip(_AROUND)
    return bare, [TermFaultKind.BAD_NAME] if bare != value else []


def _written(sign: str, name: str, value: str) -> str:
    """Return a term in its right form; a path behind a name that can have none is left out."""
    if name in _WITHOUT_LENGTH and "%" not in value:
        value = value.partition("/")[0]
    if name in MODIFIERS:
        return f"{name}={value}"
    if not value or value.startswith("/"):
        return f"{sign}{name}{value}"
    return f"{sign}{name}:{value}"


def _kind_of_addresses(
    name: str, terms: tuple[str, ...], what: TermFaultKind | None
) -> TermFaultKind:
    """Return what is wrong with addresses behind a mechanism, or with none."""
    if what is not None:
        return what
    if name == "ip":
        return TermFaultKind.MISSPELT
    if name in {"ip4", "ip6"}:
        return (
            TermFaultKind.WRONG_FAMILY
            if not terms[0].startswith(name)
            else TermFaultKind.PUNCTUATION
        )
    return TermFaultKind.ADDRESS_FOR_NAME


def _sign_of(text: str) -> str:
    return text[:1] if text[:1] in {"-", "+", "~", "?"} else ""


def joined_by_length(word: str, following: str) -> TermFault | None:
    """Return the fault of a network whose length was cut off it by a blank; None for another."""
    if _LENGTH.fullmatch(following) and "/" not in word and is_sound(word + following):
        return TermFault(word, TermFaultKind.BLANK_BEFORE_PREFIX, word + following)
    return None
