"""The grammar of SPF records (RFC 7208 sections 4.5, 5, 6, 7.1 and 12)."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final, NamedTuple

from bot.dns.spf_macros import letters_of, shorten
from bot.dns.spf_target import SpfTarget, target_of

MECHANISMS: Final = ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists")
MODIFIERS: Final = ("redirect", "exp")
NEEDS_VALUE: Final = ("include", "ip4", "ip6", "exists")
ASKS_DNS: Final = ("include", "a", "mx", "ptr", "exists", "redirect")  # section 4.6.4

_QUALIFIERS: Final = frozenset("+-~?")
_KEPT: Final = 64  # records that are remembered; one of 4,096 octets takes some 100 kB
_LONGEST_SPEC: Final = 255  # characters; no name is longer, with all that macros add
_LONGEST_LABEL: Final = 63

_RECORD = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_ANY_CASE = re.IGNORECASE | re.ASCII  # without ASCII, [a-z] would match a long s as well
_HEAD = re.compile(r"([a-z][a-z0-9_.-]*)(?:([:=/])(.*))?", _ANY_CASE | re.DOTALL)
# The literals of macro strings, without the dot where they are parts of a label (section 7.1).
_TOP_LABEL = r"(?![0-9]+\.?\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_NAME = re.compile(rf"(?:[!-$&-\-/-~]{{1,63}}\.)+(?=[^.]{{1,63}}\.?\Z){_TOP_LABEL}\.?", _ANY_CASE)
_LAST_LABEL = re.compile(_TOP_LABEL, _ANY_CASE)
# The number of parts is 1 or more; nobody reads one of a thousand digits (section 7.3: up to 127).
_MACRO = r"%(?:[%_-]|\{[slodiphv](?:(?!0+[^0-9])[0-9]{1,999})?r?[-.+,/_=]*\})"
_MACRO_STRING = re.compile(rf"(?:[!-$&-~]++|{_MACRO})*+", _ANY_CASE)
_ENDS_IN_MACRO = re.compile(r"%(?:[%_-]|\{[a-z][0-9]*r?[-.+,/_=]*\})\Z", _ANY_CASE)
_IP4 = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})")
_LENGTH4 = re.compile(r"(?<!/)/([0-9]+)\Z")
_LENGTH6 = re.compile(r"//([0-9]+)\Z")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,2}")


class SpfTerm(NamedTuple):
    """A term that follows the grammar."""

    raw: str
    name: str  # lower case, of a mechanism or a modifier
    qualifier: str = ""  # "+" where a mechanism has none; empty for a modifier
    spec: str | None = None  # the domain-spec or a modifier's value; None where none is written
    network: int = 0  # of ip4 and ip6: the address as a number
    length4: int = 32  # of the prefix: of an ip4 network, or of the addresses of a and mx
    length6: int = 128
    target: SpfTarget | None = None  # what the domain-spec comes to; None where macros decide

    @property
    def is_mechanism(self) -> bool:
        """Whether it is a mechanism; any other term is a modifier."""
        return bool(self.qualifier)

    @property
    def hangs_on_names(self) -> bool:
        """Whether it has `%{p}` in it, a name of the client's, which takes questions to find."""
        return self.spec is not None and self.target is None and "p" in letters_of(self.spec)


class SpfRecord(NamedTuple):
    """The terms of a record. Where one breaks the grammar, the whole record does (section 4.6).

    `faulty` is the first that does, or the second of two that may stand once; None where none does.
    """

    terms: tuple[SpfTerm, ...]
    mechanisms: tuple[SpfTerm, ...]
    redirect: SpfTerm | None
    faulty: str | None


def is_record(text: str) -> bool:
    """Whether a TXT record's text is an SPF record (section 4.5)."""
    return _RECORD.match(text) is not None


def is_valid_term(term: str) -> bool:
    """Whether a single term follows the grammar of section 12; an empty one breaks nothing."""
    return not term or read_term(term) is not None


@lru_cache(maxsize=_KEPT)
def read_record(text: str) -> SpfRecord:
    """Return the terms of a text that is a record, up to the first that breaks the grammar."""
    terms = list[SpfTerm]()
    once = dict[str, SpfTerm]()
    faulty = None
    for word in filter(None, text.split(" ")[1:]):
        term = read_term(word)
        if term is None or (not term.qualifier and term.name in once):
            faulty = word
            break
        terms.append(term)
        if not term.qualifier and term.name in MODIFIERS:
            once[term.name] = term
    mechanisms = tuple(term for term in terms if term.qualifier)
    return SpfRecord(tuple(terms), mechanisms, once.get("redirect"), faulty)


def read_term(raw: str) -> SpfTerm | None:
    """Return a term that is not empty, None where it breaks the grammar."""
    qualifier = raw[0] if raw[0] in _QUALIFIERS else ""
    match = _HEAD.fullmatch(raw, len(qualifier))
    if match is None:
        return None
    name, separator, value = match[1].lower(), match[2] or "", match[3] or ""
    if separator == "=":
        valid = is_domain_spec(value) if name in MODIFIERS else _MACRO_STRING.fullmatch(value)
        target = _plain_target(value) if name in MODIFIERS else None
        return SpfTerm(raw, name, "", value, target=target) if valid and not qualifier else None
    qualifier = qualifier or "+"
    match name:
        case "a" | "mx":
            return _read_hosts(raw, name, qualifier, separator, value)
        case "ip4" | "ip6" if separator == ":":
            return (_read_ip4 if name == "ip4" else _read_ip6)(raw, qualifier, value)
        case "include" | "exists" | "ptr" if separator == ":":
            if is_domain_spec(value):
                return SpfTerm(raw, name, qualifier, value, target=_plain_target(value))
        case "all" | "ptr" if not separator:
            return SpfTerm(raw, name, qualifier)
    return None


def is_domain_spec(text: str) -> bool:
    """Whether a text is a domain-spec, by its characters and macros and as a name (section 7.1)."""
    if len(text) > _LONGEST_SPEC:
        return False
    if "%" not in text:
        return _NAME.fullmatch(text) is not None
    if not _MACRO_STRING.fullmatch(text):
        return False
    if _ENDS_IN_MACRO.search(text):
        return True
    labels = text.removesuffix(".").split(".")
    if not all(0 < len(label) <= _LONGEST_LABEL for label in labels):
        return False
    return len(labels) > 1 and _LAST_LABEL.fullmatch(labels[-1]) is not None


def _plain_target(spec: str | None) -> SpfTarget | None:
    """Return what a domain-spec comes to that has no macros."""
    return None if spec is None or "%" in spec else target_of(shorten(spec))


def _read_hosts(raw: str, name: str, qualifier: str, separator: str, value: str) -> SpfTerm | None:
    """Return an a or mx mechanism: [":" domain-spec] ["/" length] ["//" length] (section 5.6)."""
    rest = f"/{value}" if separator == "/" else value
    length4, length6 = 32, 128
    if "/" in rest:
        # A slash before anything else than a length is a character of the name.
        if match := _LENGTH6.search(rest):
            length6, rest = _read_number(match[1], 128), rest[: match.start()]
        if match := _LENGTH4.search(rest):
            length4, rest = _read_number(match[1], 32), rest[: match.start()]
    spec = rest if separator == ":" else None
    valid = is_domain_spec(spec) if spec is not None else not rest
    if not valid or length4 < 0 or length6 < 0:
        return None
    target = _plain_target(spec)
    return SpfTerm(raw, name, qualifier, spec, length4=length4, length6=length6, target=target)


def _read_ip4(raw: str, qualifier: str, value: str) -> SpfTerm | None:
    address, slash, digits = value.partition("/")
    length = _read_number(digits, 32) if slash else 32
    match = _IP4.fullmatch(address)
    if match is None or length < 0:
        return None
    octets = [_read_number(part, 255) for part in match.groups()]
    if min(octets) < 0:
        return None
    return SpfTerm(raw, "ip4", qualifier, None, int.from_bytes(octets, "big"), length)


def _read_ip6(raw: str, qualifier: str, value: str) -> SpfTerm | None:
    address, slash, digits = value.rpartition("/") if "/" in value else (value, "", "")
    length = _read_number(digits, 128) if slash else 128
    if length < 0 or "%" in address:  # a zone id is no part of the grammar, but of Python's reading
        return None
    try:
        number = int(ipaddress.IPv6Address(address))
    except ValueError:
        return None
    return SpfTerm(raw, "ip6", qualifier, None, number, length6=length)


def _read_number(digits: str, most: int) -> int:
    """Return a number without leading zeros up to `most`; -1 where it is none."""
    number = int(digits) if _NUMBER.fullmatch(digits) else most + 1
    return number if number <= most else -1
