"""Reads MTA-STS records and policies, and matches policies with host names (RFC 8461)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.records.tag_list import parse_tags

PATH = "/.well-known/mta-sts.txt"  # section 3.3
MOST_LINES = 1000  # of a policy: it has one for each mail server, and three besides
LONGEST_AGE = 31_557_600  # seconds, a year (section 3.2)
_VERSION = re.compile(r"v=STSv1[ \t]*;")
_NEARLY = re.compile(r"[\s\"'\\]*v\s*=\s*sts", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


class RecordFault(StrEnum):
    """What is wrong with a record at `_mta-sts` (section 3.1)."""

    VERSION = "version"  # it does not begin with v=STSv1;
    NO_ID = "no-id"
    ID = "id"  # it is no row of at most 32 letters and digits
    OTHER = "other"  # a part that is no name=value


class PolicyFault(StrEnum):
    """What is wrong with a policy (section 3.2)."""

    VERSION = "version"
    MODE = "mode"
    MAX_AGE = "max-age"
    NO_MX = "no-mx"
    MX = "mx"  # a line that names no host
    LINES = "lines"  # more than anybody needs


@dataclass(frozen=True, slots=True)
class MtaStsPolicy:
    """A sound policy; `mx` are host names in lower case, `*.` before them for one label."""

    mode: str
    mx: tuple[str, ...]
    max_age: int  # seconds

    def allows(self, host: str) -> bool:
        """Whether mail may be handed to a host (section 4.1); its name without a final dot."""
        return not patterns_of(host).isdisjoint(self.mx)


def is_record(text: str) -> bool:
    """Whether a text is an MTA-STS record; others at the name count as not there."""
    return _VERSION.match(text) is not None


def is_meant_as_record(text: str) -> bool:
    """Whether a text was meant to be one."""
    return _NEARLY.match(text) is not None


def fault_of(text: str) -> RecordFault | None:
    """Return what is wrong with a record, None where it is sound."""
    if not is_record(text):
        return RecordFault.VERSION
    tags = parse_tags(text)
    given = tags.get("id")
    if given is None:
        return RecordFault.NO_ID
    if not _ID.fullmatch(given):
        return RecordFault.ID
    return RecordFault.OTHER if tags.faults else None


def mend_record(text: str) -> str:
    """Return a sound record that keeps the id, as far as it can be one."""
    given = parse_tags(text.strip(" \t\"'\\")).get("id", any_case=True) or ""
    kept = "".join(c for c in given if c.isascii() and c.isalnum())[:32]
    return f"v=STSv1; id={kept or '1'}"


def parse_policy(body: bytes) -> MtaStsPolicy | PolicyFault:
    """Return the policy that a page holds; nothing that it may hold raises.

    Of a key that stands twice the first counts, mx aside; unknown keys are passed over.
    """
    fields: dict[str, str] = {}
    mx: list[str] = []
    lines = body.decode("utf-8", "replace").splitlines()
    if len(lines) > MOST_LINES:
        return PolicyFault.LINES
    for line in lines:
        key, colon, value = (part.strip() for part in line.partition(":"))
        if key == "mx" and colon:
            mx.append(value.lower().rstrip("."))
        elif colon:
            fields.setdefault(key, value)
    age = fields.get("max_age", "")
    if fields.get("version") != "STSv1":
        return PolicyFault.VERSION
    if fields.get("mode") not in {"enforce", "testing", "none"}:
        return PolicyFault.MODE
    if not re.fullmatch(r"[0-9]{1,10}", age) or int(age) > LONGEST_AGE:
        return PolicyFault.MAX_AGE
    if not mx and fields["mode"] != "none":
        return PolicyFault.NO_MX
    if not all(map(_is_pattern, mx)):
        return PolicyFault.MX
    return MtaStsPolicy(fields["mode"], tuple(dict.fromkeys(mx)), int(age))


def _is_pattern(text: str) -> bool:
    """Whether a text in lower case is a host name, or one with `*.` before it."""
    labels = text.removeprefix("*.").split(".")
    return len(text) <= 255 and all(_LABEL.fullmatch(label) for label in labels)


def patterns_of(host: str) -> frozenset[str]:
    """Return the patterns that name a host; their `*` stands for just one label (section 4.1)."""
    label, dot, rest = host.partition(".")
    return frozenset({host, f"*.{rest}"} if label and dot else {host})
