"""What came and what went between two looks at the records of one check, in its smallest parts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.checks.finding import Check
from bot.checks.spf.terms import terms_of
from bot.watch.snapshot import LONGEST_FOUND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_TAG_LISTS: Final = frozenset({Check.DKIM, Check.DMARC, Check.MTA_STS, Check.TLS_RPT})


class PartKind(StrEnum):
    """What the parts are that a change is told by."""

    RECORD = "record"
    TERM = "term"  # of one SPF record
    TAG = "tag"  # of one record of tags
    PRIORITY = "priority"  # of MX records
    KEY = "key"  # DKIM's, which nobody compares by eye
    SPELLING = "spelling"  # the same parts in another order or case


@dataclass(frozen=True, slots=True)
class RecordChanges:
    """What is new and what is gone among the parts of records, and what took a part's place.

    `replaced` are pairs of a part as it is and as it was. All of it is text from a zone: hostile.
    """

    kind: PartKind
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()


def compare_records(
    check: Check, before: Sequence[str], after: Sequence[str]
) -> RecordChanges | None:
    """Return what changed among the records of a check; None where they are the same.

    Where one record was changed, its parts are told and not the whole of it.
    """
    gone, new = _left(before, after), _left(after, before)
    if not gone and not new:
        return None
    if check is Check.MX:
        return _compare_mx(gone, new)
    if len(gone) == len(new) == 1:
        if check is Check.SPF:
            return _compare_terms(gone[0], new[0])
        if check in _TAG_LISTS:
            return _compare_tags(check, gone[0], new[0])
    # Beside a key that stays, as while another one takes its place.
    is_of_keys = check is Check.DKIM and before and after and all(map(_is_key, (*gone, *new)))
    return RecordChanges(PartKind.KEY if is_of_keys else PartKind.RECORD, new, gone)


def compare_names(before: Sequence[str], after: Sequence[str]) -> RecordChanges | None:
    """Return which names are new and which are gone, whatever their case; None where none is."""
    known, now = {name.lower() for name in before}, {name.lower() for name in after}
    new = tuple(name for name in after if name.lower() not in known)
    gone = tuple(name for name in before if name.lower() not in now)
    return RecordChanges(PartKind.RECORD, new, gone) if new or gone else None


def _left(texts: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """Return the texts that are more often in the one than in the other, in their order."""
    return tuple((Counter(texts) - Counter(others)).elements())


def _compare_mx(gone: tuple[str, ...], new: tuple[str, ...]) -> RecordChanges:
    """Return another priority of the same hosts as that, and anything else as records."""
    former, now = _by_host(gone), _by_host(new)
    if len(former) == len(gone) == len(new) and former.keys() == now.keys():
        pairs = tuple((now[host], former[host]) for host in now)
        return RecordChanges(PartKind.PRIORITY, replaced=pairs)
    return RecordChanges(PartKind.RECORD, new, gone)


def _by_host(records: Iterable[str]) -> dict[str, str]:
    return {record.partition(" ")[2].lower(): record for record in records}


def _compare_terms(before: str, after: str) -> RecordChanges:
    """Return the terms of an SPF record that are new or gone, or that it says the same."""
    former = {(term.qualifier, term.key): term.raw for term in terms_of(_whole(before))}
    now = {(term.qualifier, term.key): term.raw for term in terms_of(_whole(after))}
    new = tuple(raw for key, raw in now.items() if key not in former)
    gone = tuple(raw for key, raw in former.items() if key not in now)
    kind = PartKind.TERM if new or gone else PartKind.SPELLING
    return RecordChanges(kind, new, gone)


def _compare_tags(check: Check, before: str, after: str) -> RecordChanges:
    """Return the tags that are new, gone or have another value; of a DKIM key only that."""
    former, now = _tags_of(_whole(before)), _tags_of(_whole(after))
    if check is Check.DKIM and former.get("p") != now.get("p"):
        return RecordChanges(PartKind.KEY)
    both = [name for name in now if name in former]
    changed = tuple((now[name], former[name]) for name in both if now[name] != former[name])
    new = tuple(now[name] for name in now if name not in former)
    gone = tuple(former[name] for name in former if name not in now)
    kind = PartKind.TAG if new or gone or changed else PartKind.SPELLING
    return RecordChanges(kind, new, gone, changed)


def _is_key(text: str) -> bool:
    return "p" in _tags_of(text)


def _tags_of(text: str) -> Mapping[str, str]:
    """Return the tags of a record by their names, each as it stands without blanks around it."""
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    return {
        name.strip().lower(): f"{name.strip()}={value.strip()}" if equals else name.strip()
        for name, equals, value in pairs
    }


def _whole(text: str) -> str:
    """Return a text without the last word of one that was kept cut: it is the half of a part."""
    return text if len(text) < LONGEST_FOUND else text.rpartition(" ")[0] or text
