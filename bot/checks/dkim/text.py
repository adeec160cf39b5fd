"""Reads a text at a DKIM selector without knowing the right key (RFC 6376 section 3.6.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bot.records.dkim_key import KEY_TYPES
from bot.records.dmarc_policy import POLICIES
from bot.records.tag_list import FaultKind, parse_tags
from bot.records.text_cache import TextCache

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
_DEFAULTS = {"v": "DKIM1", "k": "rsa", "s": "*", "h": "", "t": ""}
_LEAST_KEY = 40  # characters of base64 that are a key or a good part of one
_BASE64 = r"[A-Za-z0-9+/][A-Za-z0-9+/\s]*=*"
# A key whose `p=` was lost in part, or is written in another way.
_NO_TAG = re.compile(rf"(P\s*=|[pP]\s*:|p|=|)\s*({_BASE64})")
_INNER_TAG = re.compile(
    r"(?:(?<![;\s,.:|])[\s,.:|]+|rsa|ed25519|DKIM1|email)p\s*=\s*(?=[A-Za-z0-9+/]{16})"
)
# A tag behind the key, or behind another's value, without a semicolon between.
_GLUED_TAG = re.compile(r"(?<=[A-Za-z0-9+/=])\s+([ghknpstv])\s*=\s*(?=[^\s=])")
_GLUE = re.compile(
    r"(?<![;\s,|])[\s,|]+(?=[ghknpstv]\s*=\s*[^\s=])"
    r"|(?:(?<=rsa)|(?<=KIM1))(?=[ghknpstv]\s*=\s*[^\s=])"
)
_VERSION = re.compile(r"v\s*=\s*DKIM1\s*(?:;|$)")
_TYPE_AND_KEY = re.compile(r"(rsa|ed25519)\s*([A-Za-z0-9+/\s]+)")

read_tags = TextCache(parse_tags)  # one check reads a record and the right one several times


class DkimTextFault(NamedTuple):
    """What makes a record useless: the finding's code, for `dkim-syntax` what and which value.

    `more` are the values with the same fault, beside the one that is named; `at` is a place in the
    key, counted in characters from 1 on, blanks left out.
    """

    code: str
    what: str = ""
    value: str = ""
    more: tuple[str, ...] = ()
    at: int = 0


def is_meant_as_key(text: str) -> bool:
    """Whether a text is, or was meant as, a key record; an SPF or DMARC text is not."""
    return bool(_MEANT.search(text)) and not _OTHER_RECORD.match(text)


def is_only_base64(text: str) -> bool:
    """Whether a text is a key or a good part of one, and nothing else."""
    return len(squeeze(text)) >= _LEAST_KEY and bool(re.fullmatch(_BASE64, text.strip()))


def squeeze(text: str) -> str:
    """Return a text without blanks, which are allowed anywhere in `p=`."""
    return "".join(text.split())


def read_pairs(tags: TagList) -> dict[str, str]:
    """Return the tags by name, the first of each; names and values are told apart by case."""
    return dict(reversed(tags.pairs))


def read_key_text(text: str) -> str:
    """Return the characters of `p=` without blanks, empty where there is none."""
    return squeeze(read_pairs(read_tags(text)).get("p", ""))


def split_list(value: str) -> frozenset[str]:
    """Return the parts of a colon-separated tag value without blanks."""
    return frozenset(part.strip() for part in value.split(":"))


def find_fault(text: str, tags: TagList) -> DkimTextFault | None:
    """Return what makes the record useless whatever its key is; None where nothing does."""
    pairs = read_pairs(tags)
    stripped = text.strip()
    wrapped = len(stripped) > 1 and stripped[0] in _QUOTES and stripped[-1] in _QUOTES
    if _holds_quote(stripped[1:-1] if wrapped else pairs.get("p", "")):
        return DkimTextFault("dkim-quotes-in-key")
    if _holds_quote(text):
        return DkimTextFault("txt-literal-quotes")
    if "\\" in text:
        return DkimTextFault("txt-literal-backslash")
    if "p" not in pairs:
        return _find_keyless_fault(text)
    if not pairs["p"]:
        return DkimTextFault("dkim-revoked")
    if pairs.get("v", "DKIM1") != "DKIM1":
        return DkimTextFault("dkim-syntax", "version", pairs["v"])
    if pairs.get("k", "rsa") not in KEY_TYPES:
        moved = _TYPE_AND_KEY.fullmatch(pairs["k"])
        return DkimTextFault("dkim-syntax", "key-type" if moved is None else "moved", pairs["k"])
    blanks = len(pairs["p"].split(maxsplit=1)) > 1
    if blanks and (glued := _GLUED_TAG.search(pairs["p"])):
        return DkimTextFault("dkim-syntax", "glued", f"{glued[1]}=")
    repeated = next((f for f in tags.faults if f.kind is FaultKind.DUPLICATE), None)
    if repeated is not None:  # RFC 6376 section 3.2: the whole list is void then
        return DkimTextFault("dkim-syntax", "repeated", repeated.text)
    return None


def _holds_quote(text: str) -> bool:
    return any(map(text.__contains__, _QUOTES))


def _find_keyless_fault(text: str) -> DkimTextFault:
    """Return why a text has no tag `p`: mostly it has a key all the same."""
    if _INNER_TAG.search(text):
        return DkimTextFault("dkim-syntax", "semicolon")
    for part in text.split(";"):
        found = _NO_TAG.fullmatch(part.strip())
        if found is not None and len(squeeze(found[2])) >= _LEAST_KEY:
            written = squeeze(found[1])
            what = {"P=": "case", "p:": "colon", "P:": "colon"}.get(written, "tag-lost")
            return DkimTextFault("dkim-syntax", what, written)
    return DkimTextFault("dkim-syntax", "no-key")


def read_meant(text: str) -> str:
    """Return a text with the tags apart and `p=` before the key, where that was lost.

    What was moved from the key into `k=`, or behind a semicolon that does not belong there, is put
    back. The key itself is as it was.
    """
    parts = list[str]()
    for each in _GLUE.sub("; ", text).split(";"):
        part = each.strip()
        found = _NO_TAG.fullmatch(part)
        if found is None:
            parts += [part] if part else []
        elif parts and parts[-1].startswith("p=") and not found[1]:
            parts[-1] += part
        elif len(squeeze(found[2])) >= _LEAST_KEY:
            parts.append(f"p={found[2]}")
        else:
            parts.append(part)
    pairs = read_pairs(parse_tags("; ".join(parts)))
    moved = _TYPE_AND_KEY.fullmatch(pairs.get("k", ""))
    if moved is not None and "p" in pairs:
        pairs |= {"k": moved[1], "p": f"{moved[2]}{pairs['p']}"}
        return "; ".join(f"{name}={value}" for name, value in reversed(pairs.items()))
    return "; ".join(parts)


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


def rewrite(tags: TagList, key_type: str, key: str) -> str:
    """Return a record with this key in its usual form, without `y` in `t=` and without empty parts.

    The version comes first; the other tags stay as they are.
    """
    parts = ["v=DKIM1"]
    if tags.get("k") is None and key_type != "rsa":
        parts.append(f"k={key_type}")
    for name, value in tags.pairs:
        kept = {"k": key_type, "p": key}.get(name, value)
        if name == "t":
            flags = (flag.strip() for flag in value.split(":"))
            kept = ":".join(flag for flag in flags if flag != "y")
        if name != "v" and (kept or name != "t"):
            parts.append(f"{name}={kept}")
    return "; ".join(parts)


def unswap(text: str) -> str | None:
    """Return a text whose end stands before its beginning in its right order; None for others."""
    version = _VERSION.search(text)
    if version is None or not is_only_base64(text[: version.start()]):
        return None
    return text[version.start() :] + text[: version.start()]


def tell_uses(tags: TagList) -> dict[str, frozenset[str]]:
    """Return the tags other than the key that limit its use, with their defaults where missing."""
    pairs = read_pairs(tags)
    return {name: split_list(pairs.get(name, value)) for name, value in _DEFAULTS.items()}
