"""Reads what a name server holds at the name of a key record, by its own answer; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dns.rdtypes.ANY.SOA import SOA

from bot.checks.dkim.server_records import RecordState
from bot.checks.dkim.text import (
    find_fault,
    find_use_faults,
    read_key_text,
    read_pairs,
    read_tags,
    split_list,
)
from bot.records.key_forms import identify_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.dns.answer import Answer, DirectAnswer
    from bot.records.dkim_key import DkimRecord

# The worst comes first: what a server says goes before what it does not.
_BY_HARM: Final = (
    RecordState.MISSING,
    RecordState.OTHER,
    RecordState.UNANSWERED,
    RecordState.RIGHT,
)


@dataclass(frozen=True, slots=True)
class HeldKey:
    """What is held at the name of a key record.

    `keeps` is for how many seconds a resolver may keep what it was told before the key was there;
    None where that was not told.
    """

    state: RecordState
    keeps: int | None = None


UNANSWERED: Final = HeldKey(RecordState.UNANSWERED)


def read_held(
    told: DirectAnswer | None,
    wanted: DkimRecord,
    *,
    soa: DirectAnswer | None,
    alias: DirectAnswer | None = None,
) -> HeldKey:
    """Return what a server holds by its answer to the question for the record (TXT).

    `soa` is its answer for the SOA of the zone, and `alias` that for a CNAME of the name, None
    where it is none.
    """
    denied = _negative_ttl(soa)
    if told is None or not told.is_known or told.unfinished:
        return HeldKey(RecordState.UNANSWERED, denied)
    answer = told.answer
    state = judge_texts(answer, wanted)
    kept = [denied]
    if state is not RecordState.RIGHT:  # it can give way to the key, and goes on in caches
        kept += [answer.ttl, None if alias is None else alias.answer.ttl]
    return HeldKey(state, _longest(kept))


def follow(held: HeldKey, *, soa: DirectAnswer | None, alias: DirectAnswer | None) -> HeldKey:
    """Return what is held at a name that is an alias, by what is held where that leads.

    `soa` and `alias` are what `read_held` takes, of the zone that has the alias.
    """
    kept = [held.keeps, _negative_ttl(soa)]
    if held.state is not RecordState.RIGHT and alias is not None:
        kept.append(alias.answer.ttl)
    return HeldKey(held.state, _longest(kept))


def judge_texts(answer: Answer, wanted: DkimRecord) -> RecordState:
    """Return whether the texts of an answer are this key, alone and fit for use.

    Of several texts receivers take any (RFC 6376 section 3.6.2.2), so a second one is as bad as a
    wrong one.
    """
    if not answer.found:
        return RecordState.MISSING
    texts = {*answer.texts(), *answer.long_texts()}  # one that is cut in two ways is one
    if len(texts) != 1:
        return RecordState.OTHER
    text = next(iter(texts)).decode("utf-8", "replace")
    return RecordState.RIGHT if _is_usable(text, wanted) else RecordState.OTHER


def worst_of(held: Iterable[HeldKey]) -> HeldKey:
    """Return what several servers, or addresses, hold together: none may lack the key."""
    every = tuple(held)
    state = min((each.state for each in every), key=_BY_HARM.index, default=RecordState.UNANSWERED)
    return HeldKey(state, _longest(each.keeps for each in every))


def _is_usable(text: str, wanted: DkimRecord) -> bool:
    """Whether a text holds the key, and nothing that keeps any receiver from using it.

    A receiver may take mails under a key in test mode (`t=y`) for unsigned, so it counts only where
    the mail server's own record has it.
    """
    tags = read_tags(text)
    if find_fault(text, tags) is not None or find_use_faults(tags):
        return False
    pairs = read_pairs(tags)
    form = identify_key(read_key_text(text))
    if form is None or form.form != "usual" or pairs.get("k", "rsa") != form.key_type:
        return False
    if "y" in split_list(pairs.get("t", "")) and "y" not in wanted.flags:
        return False
    return (form.octets, form.key_type) == (wanted.key, wanted.key_type)


def _negative_ttl(soa: DirectAnswer | None) -> int | None:
    """Return for how long a denial is kept: the smaller of TTL and minimum (RFC 2308 section 5)."""
    if soa is None or not soa.is_known or soa.answer.ttl is None:
        return None
    minimum = next((r.minimum for r in soa.answer.rdatas if isinstance(r, SOA)), None)
    return soa.answer.ttl if minimum is None else min(soa.answer.ttl, minimum)


def _longest(seconds: Iterable[int | None]) -> int | None:
    return max((each for each in seconds if each is not None), default=None)
