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
_UNSOUND = re.compile(r"\d{1000}|\bip6:[^ ]*%", re.IGNORECASE)


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
    return _UNSOUND.search(text) is not None
