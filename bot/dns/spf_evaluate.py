"""Evaluates SPF as a receiver does (RFC 7208), asking over an `Ask`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import dns.exception
import dns.name
from spftrace import BaseResolver, Evaluator, Limits

from bot.dns.answer import Outcome
from bot.dns.spf_grammar import is_record, is_unsound
from bot.dns.spf_trace import SpfCause, SpfEvaluation, SpfStep, policies_of, read_result

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from bot.dns.answer import Answer, Ask

__all__ = [
    "MAX_LOOKUPS",
    "MAX_QUESTIONS",
    "MAX_TEXT",
    "MAX_VOIDS",
    "MOST_TERMS",
    "STRANGER",
    "SpfCause",
    "SpfEvaluation",
    "SpfStep",
    "evaluate",
    "evaluate_all",
    "policies_of",
]

MAX_LOOKUPS: Final = 10  # terms that ask the DNS, in the record and all it includes (section 4.6.4)
MAX_VOIDS: Final = 2  # questions that may find nothing (section 4.6.4)
MAX_QUESTIONS: Final = 30  # DNS questions that one evaluation may need; looking ahead has as many
STRANGER: Final = "240.0.0.1"  # reserved (RFC 1112 section 4): no sender has it, so none may pass
_COUNTED: Final = 20  # how far lookups past the limit are counted, to say how many there are
MAX_TEXT: Final = 16_384  # bytes of policy text in one evaluation; reading takes our one thread

MOST_TERMS: Final = 400  # in one record; one of 4,096 bytes with networks alone has some 300
_VERSION_OCTETS: Final = 7  # "v=spf1" and the blank behind it
_UNREADABLE = bytes(b if 0x20 <= b <= 0x7E else 0xFF for b in range(256))


async def evaluate(
    ask: Ask, address: str, domain: str, *, sender: str | None = None, helo: str = ""
) -> SpfEvaluation:
    """Return what SPF says of mail from `address` for `domain` (RFC 7208 section 4, check_host).

    The sender is postmaster@domain unless given, and so is its local part where it has none
    (sections 2.4 and 4.3); the HELO name is the domain unless given. Records are read ahead,
    so it takes about as long as the longest chain of includes. Questions still open at the verdict
    are cancelled: an `ask` that shares them between callers has to shield them.
    """
    limits = Limits(
        max_terms=MAX_LOOKUPS,
        max_void=MAX_VOIDS,
        max_queries=MAX_QUESTIONS,
        prefetch=True,
        audit=True,
        audit_max_terms=_COUNTED,
    )
    resolver = _AskResolver(ask)
    result = await _Evaluator(resolver, limits).evaluate(
        address, sender or f"postmaster@{domain}", helo
    )
    return read_result(result, address, domain, resolver.failures)


async def evaluate_all(
    ask: Ask, find_addresses: Callable[[], Awaitable[Iterable[str]]], domain: str, helo: str
) -> tuple[SpfEvaluation, ...]:
    """Return the evaluations of the addresses, in their order, and of `STRANGER` as the last.

    All give the same HELO name, which is the mail host's (RFC 7208 section 2.3): a record may hang
    on it (`%{h}`). A record that lets the stranger pass lets everybody pass. Its evaluation starts
    at once, so the records are on their way while the addresses are still being asked for.
    """

    async def evaluate_ours() -> list[SpfEvaluation]:
        addresses = await find_addresses()
        return await asyncio.gather(*(evaluate(ask, a, domain, helo=helo) for a in addresses))

    stranger_like_us = evaluate(ask, STRANGER, domain, helo=helo)
    ours, stranger = await asyncio.gather(evaluate_ours(), stranger_like_us)
    return (*ours, stranger)


class _Evaluator(Evaluator):
    """spftrace's evaluator, which lets others have their turn before each record that it parses."""

    async def check_host(self, *args: Any, **options: Any) -> Any:
        # A record that it has met before is parsed again without a question in between.
        await asyncio.sleep(0)
        return await super().check_host(*args, **options)


class _AskResolver(BaseResolver):
    """spftrace's way to ask, over an `Ask`. The rcode of a failure is its outcome's name."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.failures: dict[tuple[str, str], Answer] = {}  # by name and type as asked for
        self._names: dict[str, dns.name.Name] = {}  # names out of answers, with their escapes
        self._octets: dict[dns.name.Name, int] = {}  # of policy text, by the domain that has it

    async def _lookup(self, name: str, rtype: str) -> tuple[str, list[str]]:
        owner = self._names.get(name) or _owner_of(name)
        if owner is None:
            return Outcome.NXDOMAIN.name, []
        answer = await self._ask(owner, rtype)
        if answer.outcome is Outcome.REFUSED and answer.extended and not answer.server:
            return SpfCause.BUDGET.name, []  # refused before anybody was asked
        if answer.failed:
            self.failures[name, rtype] = answer
        if not answer.found:
            return ("NOERROR" if answer.outcome is Outcome.NODATA else answer.outcome.name), []
        if rtype == "TXT":
            return self._texts(owner, answer)
        return "NOERROR", self._values(answer, rtype)

    def _texts(self, owner: dns.name.Name, answer: Answer) -> tuple[str, list[str]]:
        records = [text for text in answer.texts() if _begins_as_record(text)]
        self._octets[owner] = sum(map(len, records))
        if (
            any(_begins_as_record(text) for text in answer.long_texts())
            or any(len(text.split()) > MOST_TERMS for text in records)
            or sum(self._octets.values()) > MAX_TEXT
        ):
            return SpfCause.BUDGET.name, []
        return "NOERROR", [_readable(text) for text in answer.texts()]

    def _values(self, answer: Answer, rtype: str) -> list[str]:
        if rtype in {"A", "AAAA"}:
            return list(answer.addresses())
        values = []
        for rdata in answer.rdatas:
            target = getattr(rdata, "exchange" if rtype == "MX" else "target", None)
            if isinstance(target, dns.name.Name):
                text = target.to_text(omit_final_dot=True)
                self._names[text] = target
                values.append("" if target == dns.name.root else text)
        return values


def _owner_of(name: str) -> dns.name.Name | None:
    """Return the absolute name of an expanded domain-spec, None where there can be no such name.

    A backslash is a character like any other there (RFC 7208 section 7.1).
    """
    labels = [label.encode() for label in name.removesuffix(".").split(".")]
    try:
        return dns.name.Name([*labels, b""])
    except dns.exception.DNSException:  # empty or overlong labels, an overlong name
        return None


def _begins_as_record(raw: bytes) -> bool:
    return is_record(raw[:_VERSION_OCTETS].decode("ascii", "replace"))


def _readable(raw: bytes) -> str:
    """Return a text in which whatever may not stand in a record is U+FFFD (section 3.1)."""
    text = raw.translate(_UNREADABLE).decode("ascii", "replace")
    if not is_unsound(text):
        return text
    return "v=spf1 \ufffd" if is_record(text) else "\ufffd"
