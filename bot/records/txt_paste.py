"""Reads the value of a TXT record that somebody pasted: bare, quoted, or a zone file's line."""

from __future__ import annotations

import re

from bot.errors import InvalidKey

LONGEST_PASTE = 4096  # characters; a 4096-bit RSA key has about 750 with all around it

# What may stand before a value: owner, TTL and class, then the type (RFC 1035 section 5.1).
_LINE_START = re.compile(r"(?:[^\s=;\"]{1,255}[ \t]+){0,3}TXT\s+(?:\(\s*)?", re.IGNORECASE)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_GAP = re.compile(r"(?:\s|;[^\n\"]*(?:\n|$))*")  # white space and comments between strings
_ESCAPE = re.compile(r"\\([0-9]{3}|.)", re.DOTALL)


def read_txt_value(text: str) -> str:
    """Return the text of one TXT record, its strings joined without a blank.

    Raises:
        InvalidKey: it is no TXT record, is too long, or is a private key, which is not repeated.

    """
    if "PRIVATE KEY" in text.upper():
        raise InvalidKey("key-is-private")
    if len(text) > LONGEST_PASTE:
        raise InvalidKey("key-text-too-long", most=LONGEST_PASTE)
    text = text.strip()
    start = _LINE_START.match(text)
    rest = text[start.end() :] if start else text.removeprefix("(").lstrip()
    value = _join_strings(rest) if rest.startswith('"') else _strip_end(rest, line=bool(start))
    if not all(c.isascii() and (c.isprintable() or c in "\t\r\n") for c in value):
        raise InvalidKey("key-not-ascii")
    return value


def _join_strings(text: str) -> str:
    strings: list[str] = []
    at = 0
    while found := _STRING.match(text, at):
        strings.append(_ESCAPE.sub(_unescape, found[1]))
        # Never None: the gap may be empty.
        gap = _GAP.match(text, found.end())
        at = gap.end() if gap else found.end()
    # Behind the last string a bracket may close, and a comment may end the line.
    rest = text[at:].strip().removeprefix(")").lstrip()
    if rest and (not rest.startswith(";") or "\n" in rest):
        raise InvalidKey("key-with-odd-quotes")
    return "".join(strings)


def _strip_end(text: str, *, line: bool) -> str:
    """Return an unquoted value; on a zone file's line a bracket may close behind it."""
    if line:
        text = text.removesuffix(")")
    if '"' in text:
        raise InvalidKey("key-with-inner-quote")
    return _ESCAPE.sub(_unescape, text.strip())


def _unescape(escape: re.Match[str]) -> str:
    r"""Return what `\;` or `\034` stands for (RFC 1035 section 5.1)."""
    code = escape[1]
    return chr(int(code)) if len(code) == 3 else code
