"""What an answer tells SPF: the records, addresses or names in it, read once for everybody."""

from __future__ import annotations

import socket
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

import dns.rdatatype

from bot.dns.answer import Outcome
from bot.dns.spf_target import target_of_name

if TYPE_CHECKING:
    from bot.dns.answer import Answer
    from bot.dns.spf_target import SpfTarget

MOST_TERMS: Final = 400  # in one record; one of 4,096 bytes with networks alone has some 300
_UNREADABLE = bytes(b if 0x20 <= b <= 0x7E else 0xFF for b in range(256))
_FAMILIES: Final = {
    dns.rdatatype.A: socket.AF_INET,
    dns.rdatatype.AAAA: socket.AF_INET6,
}
_TARGETS: Final = {dns.rdatatype.MX: "exchange", dns.rdatatype.PTR: "target"}


class ReplyKind(Enum):
    """How a question of SPF's ended."""

    FOUND = auto()
    VOID = auto()  # no such name, or nothing of that type there (RFC 7208 section 4.6.4)
    FAILED = auto()
    TOO_MUCH = auto()  # more than we ask or read


class SpfReply(NamedTuple):
    """What an answer tells SPF, by the type that was asked for.

    `policies` are the texts that are SPF records, `octets` their length in all; in them whatever
    may not stand in a record is U+FFFD (RFC 7208 section 3.1). `addresses` are numbers.
    """

    kind: ReplyKind
    answer: Answer | None = None  # None for a name that cannot exist
    policies: tuple[str, ...] = ()
    octets: int = 0
    addresses: tuple[int, ...] = ()
    names: tuple[SpfTarget, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether there is an answer, if only that there is nothing."""
        return self.kind is ReplyKind.FOUND or self.kind is ReplyKind.VOID


NO_SUCH_NAME: Final = SpfReply(ReplyKind.VOID)


def read_reply(answer: Answer) -> SpfReply:
    """Return what an answer tells."""
    if answer.absent:
        return SpfReply(ReplyKind.VOID, answer)
    if not answer.found:
        # Refused before anybody was asked.
        unasked = answer.outcome is Outcome.REFUSED and answer.extended and not answer.server
        return SpfReply(ReplyKind.TOO_MUCH if unasked else ReplyKind.FAILED, answer)
    rdtype = answer.question.rdtype
    if rdtype == dns.rdatatype.TXT:
        return _read_texts(answer)
    if (family := _FAMILIES.get(rdtype)) is not None:
        numbers = (int.from_bytes(socket.inet_pton(family, a), "big") for a in answer.addresses())
        return SpfReply(ReplyKind.FOUND, answer, addresses=tuple(numbers))
    part = _TARGETS[rdtype]
    names = tuple(target_of_name(getattr(rdata, part)) for rdata in answer.rdatas)
    return SpfReply(ReplyKind.FOUND, answer, names=names)


def _read_texts(answer: Answer) -> SpfReply:
    texts = answer.texts()
    records = [text for text in texts if _begins_as_record(text)]
    if any(_begins_as_record(text) for text in answer.long_texts()) or any(
        len(text.split()) > MOST_TERMS for text in records
    ):
        return SpfReply(ReplyKind.TOO_MUCH, answer)
    policies = tuple(text.translate(_UNREADABLE).decode("ascii", "replace") for text in records)
    kind = ReplyKind.FOUND if texts else ReplyKind.VOID
    return SpfReply(kind, answer, policies, sum(map(len, records)))


def _begins_as_record(raw: bytes) -> bool:
    """Whether a text is an SPF record: the version, and a blank or nothing behind it (4.5)."""
    return raw[: len(b"v=spf1 ")].lower() in {b"v=spf1", b"v=spf1 "}
