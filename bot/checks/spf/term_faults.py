"""What is wrong with a term of an SPF record, and what was meant by it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TermFaultKind(StrEnum):
    """What is wrong with a term; a template has a sentence for each."""

    BLANK_AFTER_COLON = "blank-after-colon"  # "include: x", "redirect= x"
    BLANK_FOR_COLON = "blank-for-colon"  # "include x", "include :x"
    BLANK_AFTER_SIGN = "blank-after-sign"  # "- all"
    BLANK_BEFORE_PREFIX = "blank-before-prefix"  # "ip4:192.0.2.0 /24"
    EQUALS_FOR_COLON = "equals-for-colon"  # "include=x": parses, as a modifier nobody knows
    COLON_FOR_EQUALS = "colon-for-equals"  # "redirect:x"
    PUNCTUATION = "punctuation"  # "-all."
    BRACKETS = "brackets"  # "include:<x>"
    LIST = "list"  # "ip4:192.0.2.1,192.0.2.2"
    BAD_ADDRESS = "bad-address"  # "ip4:1.2.3"
    BAD_PREFIX = "bad-prefix"  # "ip4:192.0.2.0/33"
    NETMASK = "netmask"  # "ip4:192.0.2.0/255.255.255.0"
    WILDCARD = "wildcard"  # "ip4:192.0.2.*"
    RANGE = "range"  # "ip4:192.0.2.7-9"
    WRONG_FAMILY = "wrong-family"  # "ip4:2001:db8::1"
    NAME_FOR_ADDRESS = "name-for-address"  # "ip4:mail.example"
    ADDRESS_FOR_NAME = "address-for-name"  # "a:192.0.2.1", and an address by itself
    BARE_NAME = "bare-name"  # "spf.example": nobody can tell which mechanism was meant
    BAD_NAME = "bad-name"  # "include:spf"
    MISSING_VALUE = "missing-value"  # "include"
    MISSPELT = "misspelt"  # "inlcude:x"
    TWICE = "twice"  # a second redirect= or exp=
    VERSION_TWICE = "version-twice"  # two records in one
    VERSION = "version"  # "v=spf1;", which makes it no SPF record at all
    TWO_VALUES = "two-values"  # another record's value, joined to this one
    CONTROL_CHARACTER = "control-character"  # a tab or a line break
    UNKNOWN_WORD = "unknown-word"


@dataclass(frozen=True, slots=True)
class TermFault:
    """A term as it stands, what is wrong with it, and what was meant where that is clear.

    What was meant may be several terms, with blanks between them. `lost` are the parts of the term
    that nothing can be made of, where something can be made of the others.
    """

    term: str
    what: TermFaultKind
    suggestion: str | None = None
    lost: tuple[str, ...] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """What of the term is in no suggestion."""
        return self.lost if self.suggestion else (self.term,)
