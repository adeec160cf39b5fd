"""The terms of SPF records: their parts, what they match, and records compared by these."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from bot.dns.spf_grammar import MECHANISMS
from bot.records.text_cache import TextCache

_TERM = re.compile(r"([-+~?]?)([^:=/]*)([:=/]?)(.*)", re.DOTALL)

# What copying out of chats, documents and web pages leaves behind, and what was meant by it.
_MEANT = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-")
    | dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009", " ")
    | dict.fromkeys("\u200a\u202f\u205f\u3000\t\r\n", " ")
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", None)
    | dict.fromkeys("\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb", None)
    | {"\uff1a": ":", "\uff1d": "=", "\uff0b": "+", "\u223c": "~", "\u02dc": "~"}
)


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


def plain(text: str) -> str:
    """Return a text with typographic dashes, quotes and blanks as what they were meant to be."""
    return text.translate(_MEANT)


def words_of(text: str) -> list[str]:
    """Return the words after the version."""
    return [word for word in text.split(" ")[1:] if word]


@TextCache  # one check reads the same few records again and again, and so do checks in a row
def terms_of(text: str) -> tuple[Term, ...]:
    """Return a record's terms just as they stand."""
    return tuple(Term.of(word) for word in words_of(text))


def address_term(address: str) -> str:
    """Return the mechanism that allows an IP address."""
    return f"{family_of(address)}:{address}"


def same_record(one: str, other: str) -> bool:
    """Whether two records say the same in the same order."""
    return one == other or _normalise(one) == _normalise(other)


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


def family_of(value: str) -> str:
    """Return `ip4` or `ip6` for an address or a network, empty for anything else."""
    try:
        return f"ip{ipaddress.ip_network(value, strict=False).version}"
    except ValueError:
        return ""
