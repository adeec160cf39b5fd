"""Reads a text at a DKIM selector without knowing the right key (RFC 6376 section 3.6.1)."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, NamedTuple

from bot.records.dkim_key import KEY_TYPES
from bot.records.dmarc_policy import POLICIES
from bot.records.tag_list import FaultKind, parse_tags

if TYPE_CHECKING:
    from bot.records.tag_list import TagList

_MEANT = re.compile(
    r"v\s*=[\s\"'\\]*dkim|(?:^|;)[\s\"'\\]*p\s*=|^[\s\"]*MI[A-J][A-Za-z0-9+/]{20}",
    re.IGNORECASE,
)
_OTHER_RECORD = re.compile(
    r"[\s\"'\\]*v\s*=[\s\"'\\]*(?:spf|dmarc|sts|tlsrpt|bimi)"
    rf"|[\s\"'\\]*p\s*=\s*(?:{'|'.join(POLICIES)})\b",
    re.IGNORECASE,
)
_QUOTES = "\"'“”„‟«»‘’"  # straight ones and what word processors put in their place
_QUOTE = re.compile(f"[{_QUOTES}]")
_DEFAULTS = {"v": "DKIM1", "k": "rsa", "s": "*", "h": "", "t": ""}


class DkimTextFault(NamedTuple):
    """What makes a record useless: the finding's code, for `dkim-syntax` what and which value.

    `more` are the values with the same fault, beside the one that is named.
    """

    code: str
    what: str = ""
    value: str = ""
    more: tuple[str, ...] = ()


def is_meant_as_key(text: str) -> bool:
    """Whether a text is, or was meant as, a key record; an SPF or DMARC text is not."""
    return bool(_MEANT.search(text)) and not _OTHER_RECORD.match(text)


def squeeze(text: str) -> str:
    """Return a text without blanks, which are allowed anywhere in `p=`."""
    return "".join(text.split())


def read_pairs(tags: TagList) -> dict[str, str]:
    """Return the tags by name, the first of each; names and values are told apart by case."""
    return dict(reversed(tags.pairs))


def read_key_text(text: str) -> str:
    """Return the characters of `p=` without blanks, empty where there is none."""
    return squeeze(read_pairs(parse_tags(text)).get("p", ""))


def split_list(value: str) -> frozenset[str]:
    """Return the parts of a colon-separated tag value without blanks."""
    return frozenset(part.strip() for part in value.split(":"))


def find_fault(text: str, tags: TagList) -> DkimTextFault | None:
    """Return what makes the record useless whatever its key is; None where nothing does."""
    pairs = read_pairs(tags)
    stripped = text.strip()
    wrapped = len(stripped) > 1 and stripped[0] in _QUOTES and stripped[-1] in _QUOTES
    if _QUOTE.search(stripped[1:-1] if wrapped else pairs.get("p", "")):
        return DkimTextFault("dkim-quotes-in-key")
    if _QUOTE.search(text):
        return DkimTextFault("txt-literal-quotes")
    if "\\" in text:
        return DkimTextFault("txt-literal-backslash")
    if "p" not in pairs:
        return DkimTextFault("dkim-syntax", "no-key")
    if not pairs["p"]:
        return DkimTextFault("dkim-revoked")
    if pairs.get("v", "DKIM1") != "DKIM1":
        return DkimTextFault("dkim-syntax", "version", pairs["v"])
    if pairs.get("k", "rsa") not in KEY_TYPES:
        return DkimTextFault("dkim-syntax", "key-type", pairs["k"])
    repeated = next((f for f in tags.faults if f.kind is FaultKind.DUPLICATE), None)
    if repeated is not None:  # RFC 6376 section 3.2: the whole list is void then
        return DkimTextFault("dkim-syntax", "repeated", repeated.text)
    return None


def find_use_faults(tags: TagList) -> tuple[DkimTextFault, ...]:
    """Return what keeps a record with a sound key from being used for mail, each kind once."""
    pairs = read_pairs(tags)
    parts: dict[str, list[str]] = {}
    for fault in tags.faults:
        kind = "blank-part" if fault.kind is FaultKind.EMPTY_PART else "part"
        parts.setdefault(kind, []).append(fault.text)
    faults = [
        DkimTextFault("dkim-syntax", kind, first, tuple(more))
        for kind, (first, *more) in parts.items()
    ]
    if not split_list(pairs.get("s", "*")) & {"*", "email"}:
        faults.append(DkimTextFault("dkim-syntax", "service", pairs["s"]))
    if "h" in pairs and "sha256" not in split_list(pairs["h"]):
        faults.append(DkimTextFault("dkim-syntax", "hash", pairs["h"]))
    if "v" in pairs and tags.pairs[0][0] != "v":
        faults.append(DkimTextFault("dkim-syntax", "order"))
    return tuple(faults)


def drop_test_flag(tags: TagList) -> str:
    """Return the record's text without `y` in its `t=`, and without `t=` if nothing is left."""
    parts = []
    for name, value in tags.pairs:
        kept = value
        if name == "t":
            flags = (flag.strip() for flag in value.split(":"))
            kept = ":".join(flag for flag in flags if flag != "y")
            if not kept:
                continue
        parts.append(f"{name}={kept}")
    return "; ".join(parts)


def tell_uses(tags: TagList) -> dict[str, frozenset[str]]:
    """Return the tags other than the key that limit its use, with their defaults where missing."""
    pairs = read_pairs(tags)
    return {name: split_list(pairs.get(name, value)) for name, value in _DEFAULTS.items()}


def begins_like_key(key: str) -> bool:
    """Whether base64 begins with a DER sequence that announces more than there is: a cut key."""
    try:
        start = base64.b64decode(key[: len(key) // 4 * 4], validate=True)
    except ValueError:
        return False
    if len(start) < 4 or start[0] != 0x30:
        return False
    size = start[1] & 0x7F if start[1] & 0x80 else 0
    if size > 2:
        return False
    announced = int.from_bytes(start[2 : 2 + size], "big") if size else start[1]
    return announced + 2 + size > len(start)
