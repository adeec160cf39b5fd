"""What pasting does to a TXT value: marks of a zone file stored as text, blanks lost.

Repairing a value and comparing it with the expected one is what makes a message certain.
"""

from __future__ import annotations

import re

_JOINT = re.compile(r"\\?[\"']\s*\\?[\"']")  # "…" "…": strings that belong together
_MARKS = re.compile(r"\\[0-9]{3}|\\|\"")
_AROUND = "".join(c for c in map(chr, range(0x3001)) if c.isspace()) + "\"'"
_QUOTE = re.compile(r"^\s*\\?['\"]|['\"]\s*$|\"")
# A word of SPF that begins inside another: "cow.example-all", "192.0.2.1include:x".
_GLUE = re.compile(
    r"(?<=[^\s+~?:=/-])(?=[-~?+]?(?:include:|ip4:|ip6:|exists:|redirect=|exp=)|[-~?+]all(?:\s|$))",
    re.IGNORECASE,
)
_GLUED_VERSION = re.compile(r"(v=spf1)(?=[a-z+~?-])", re.IGNORECASE)


def find_literal(text: str) -> str:
    r"""Return the code of what a zone file would have taken away: quote marks or backslashes.

    That is `txt-literal-quotes`, `txt-literal-backslash`, or empty where the text has none (RFC
    1035 section 5.1: there `"` begins and ends a string and `\` escapes).
    """
    if _QUOTE.search(text):
        return "txt-literal-quotes"
    return "txt-literal-backslash" if "\\" in text else ""


def unquote(text: str) -> str:
    """Return a text without the marks that `find_literal` finds, its strings joined."""
    return _MARKS.sub("", _JOINT.sub("", text).strip(_AROUND)).strip()


def unglue(text: str) -> str:
    """Return an SPF text with a blank before every word that begins inside another."""
    return _GLUE.sub(" ", _GLUED_VERSION.sub(r"\1 ", text))
