"""Records as a commented zone file (RFC 1035 section 5)."""

from __future__ import annotations

import textwrap
import unicodedata
from typing import TYPE_CHECKING

from bot.records.presentation import rdata_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.records.expected import ExpectedRecord

_WIDTH = 78  # characters of a comment's line


def render_zone(
    records: Iterable[ExpectedRecord],
    comment: Callable[[ExpectedRecord], str],
    title: str = "",
) -> str:
    """Return the records one a line, names absolute, each below its comment.

    Whatever a comment says stays a comment: it is one paragraph, and characters that do not print
    are left out.
    """
    blocks = [_comment(title)] if title else []
    blocks += [_comment(comment(record)) + record_line(record) + "\n" for record in records]
    return "\n".join(blocks)


def record_line(record: ExpectedRecord) -> str:
    """Return `mail.friend.example. 3600 IN CNAME mx1.cow.example.`, long TXT in several strings."""
    data = rdata_text(record.type, record.value, record.priority)
    return f"{record.owner.to_text()} {record.ttl} IN {record.type} {data}"


def _comment(text: str) -> str:
    # Blanks of every kind fold first, since line ends are among them (U+0085, U+2028 too).
    words = " ".join(text.split())
    shown = "".join(c for c in words if unicodedata.category(c)[0] != "C")
    lines = textwrap.wrap(shown, _WIDTH, break_on_hyphens=False)
    return "".join(f"; {line}\n" for line in lines)
