"""The grammar of SPF records (RFC 7208 sections 4.5, 5, 6 and 12)."""

from __future__ import annotations

import re
from typing import Final

from spftrace import SpfPermError, parse

MECHANISMS: Final = ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists")
MODIFIERS: Final = ("redirect", "exp")
NEEDS_VALUE: Final = ("include", "ip4", "ip6", "exists")
ASKS_DNS: Final = ("include", "a", "mx", "ptr", "exists", "redirect")  # section 4.6.4

_RECORD = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
# Numbers that int() refuses, and addresses with a zone id: the evaluator trips over either.
_LONG_NUMBER = re.compile(r"(?<!\d)\d{1000}")
_ADDRESS = re.compile(r"\bip6:", re.IGNORECASE)


def is_record(text: str) -> bool:
    """Whether a TXT record's text is an SPF record (section 4.5)."""
    return _RECORD.match(text) is not None


def is_valid_term(term: str) -> bool:
    """Whether a single term follows the grammar of section 12."""
    if " " in term or is_unsound(term):
        return False
    try:
        parse(f"v=spf1 {term}")
    except SpfPermError:
        return False
    return True


def is_unsound(text: str) -> bool:
    """Whether the evaluator cannot be given this text: it would raise instead of judging."""
    if _LONG_NUMBER.search(text):
        return True
    if "%" not in text:
        return False
    parts = (_ADDRESS.split(word, maxsplit=1) for word in text.split(" ") if "%" in word)
    return any(len(part) > 1 and "%" in part[1] for part in parts)
