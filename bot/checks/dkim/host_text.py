"""A host name typed as the text of a key record, where an alias (CNAME) to that host was meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import dns.exception
import dns.name
from dns.rdatatype import TXT

from bot.checks.answers import decode_texts
from bot.checks.dkim.selectors import selector_name
from bot.checks.dkim.text import read_key_text
from bot.records.dkim_key import KnownKey

if TYPE_CHECKING:
    from bot.checks.observation import Observation
    from bot.records.expected import Expected

# What a provider's instructions say: "CNAME friend.dkim.cow.example."
_HOST = re.compile(
    r"[\s\"'\\]*(?:(?:IN\s+)?CNAME[\s:=]+)?"
    r"((?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9])\.?[\s\"'\\]*",
    re.IGNORECASE,
)
_LONGEST = 300  # characters of a text that can be a host name


def host_in(text: str) -> dns.name.Name | None:
    """Return the host that a text is the name of, and nothing else; None where it is not."""
    match = _HOST.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    try:
        return dns.name.from_text(match[1].lower())
    except dns.exception.DNSException:
        return None


def named_hosts(expected: Expected, observed: Observation) -> tuple[dns.name.Name, ...]:
    """Return the first host that is named in a text where the key record belongs, if any."""
    owner = selector_name(expected.domain, expected.selector)
    if owner is None or not isinstance(expected.dkim, KnownKey):
        return ()
    texts = decode_texts(observed.answer(owner, TXT))
    hosts = (host for text in texts if (host := host_in(text)) is not None)
    return tuple(hosts)[:1]


def holds_key(expected: Expected, observed: Observation, host: dns.name.Name) -> bool:
    """Whether a host is known to hold the mail server's key, so that an alias to it would do."""
    if not isinstance(expected.dkim, KnownKey):
        return False
    want = read_key_text(expected.dkim.record.text)
    return any(read_key_text(t) == want for t in decode_texts(observed.answer(host, TXT)))
