"""The host in what people paste: URLs, mail addresses, and the marks that chats put around them."""

from __future__ import annotations

import re
from ipaddress import ip_address

_MARKS = (("`", "`"), ('"', '"'), ("'", "'"), ("**", "**"), ("||", "||"), ("“", "”"), ("„", "“"))
_ANGLE = re.compile(r"[^<>]*<([^<>]*)>")  # <https://…>, Me <me@…>
_LINK = re.compile(r"\[[^\[\]]*\]\(([^()]*)\)")  # [text](https://…)
_SCHEME = re.compile(
    r"[a-z][a-z0-9+.-]*:[/\\]{2,}|(?:https?|mailto|imaps?|smtps?|ftp|acct):[/\\]*|https?//+|//+",
    re.IGNORECASE,
)
_PORT = re.compile(r"([^:]*):[0-9]{0,5}")
_LITERAL = re.compile(r"\[(?:ipv6:)?([^\[\]]*)\](?::[0-9]{0,5})?", re.IGNORECASE)


def unwrap(text: str) -> str:
    """Return the text without the marks that mail programs and chats put around an address."""
    while True:
        before = text
        if found := _ANGLE.fullmatch(text) or _LINK.fullmatch(text):
            text = found[1].strip()
        for left, right in _MARKS:
            if len(text) >= len(left + right) and text.startswith(left) and text.endswith(right):
                text = text[len(left) : -len(right)].strip()
        if text == before:
            return text


def take_out_host(typed: str) -> tuple[str, str]:
    """Return the host in a URL, an address or a plain name, and how to repeat what was typed.

    The host is not checked, and empty where there is none. What is repeated holds neither a
    password nor the query of a URL, where tokens are found.
    """
    inner = unwrap(typed)
    scheme = _SCHEME.match(inner)
    rest = inner[scheme.end() :] if scheme else inner
    head = re.split(r"[/\\?#]", rest, maxsplit=1)[0]
    if not scheme and "." not in head and "@" not in head and "@" in rest:
        # The local part of an address may hold a slash: sales/north@friend.example.
        head = rest
    user, _, host = head.rpartition("@")
    if ":" not in user and re.search(r"[,;]", user):
        host = head  # several addresses; which of them is meant is not ours to guess
    shown = re.sub(r"[?#].*", "…", typed, count=1, flags=re.DOTALL)
    if ":" in user:
        shown = shown.replace(user, "…", 1)
    if not is_ip_address(host) and (found := _PORT.fullmatch(host)):
        host = found[1]
    return host.strip(), shown


def is_ip_address(host: str) -> bool:
    """Whether this is an IP address, also in brackets, with a port or with a final dot."""
    bare = host.removesuffix(".")
    forms = (_LITERAL.fullmatch(bare), _PORT.fullmatch(bare))
    for candidate in (bare, *(form[1] for form in forms if form)):
        try:
            ip_address(candidate)
        except ValueError:
            continue
        return True
    return False
