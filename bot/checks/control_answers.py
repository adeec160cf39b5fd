"""What a zone's name servers say at the name that shows control of a domain, and what it proves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.records.control_token import TokenState

if TYPE_CHECKING:
    from collections.abc import Callable

    import dns.name

    from bot.dns.answer import DirectAnswer


class ControlFault(StrEnum):
    """Why control of a domain is not shown, what a member can mend first."""

    WILDCARD = "wildcard"  # any name there has the text: it says nothing of who typed it where
    ALIAS = "alias"  # the name leads elsewhere: another zone would speak for this one
    EXPIRED = "expired"
    OTHER = "other"  # a text of ours, and not the one that this member was given
    MISSING = "missing"
    FAILS = "fails"  # a server answers, and not for this zone
    SILENT = "silent"
    UNREACHABLE = "unreachable"  # it has no address, or none that we may ask
    TOO_MANY = "too-many"
    UNKNOWN = "unknown"  # nobody says which servers the zone has


@dataclass(frozen=True, slots=True)
class ServerTexts:
    """What one name server says of the record and of a random name beside it, at one address.

    The answers are None where it was not asked, as there was no address, room or time.
    """

    name: dns.name.Name
    address: str = ""
    record: DirectAnswer | None = None
    beside: DirectAnswer | None = None


@dataclass(frozen=True, slots=True)
class ControlAnswers:
    """The answers of all name servers of a zone, none where nobody knows which it has."""

    servers: tuple[ServerTexts, ...] = ()
    too_many: bool = False  # servers, so that none was asked


@dataclass(frozen=True, slots=True)
class ControlVerdict:
    """Whether control is shown: the fault and the servers that have it, or no fault.

    `elsewhere`: other servers of the zone do have the record.
    """

    fault: ControlFault | None = None
    at_fault: tuple[str, ...] = ()  # names of servers
    elsewhere: bool = False


def judge_control(answers: ControlAnswers, read: Callable[[str], TokenState]) -> ControlVerdict:
    """Return whether every name server has the text that `read` knows, and else what is wrong.

    The fault that a member can mend is said first. One server that lacks it, fails or is silent
    is enough: a zone may have a server that somebody else got hold of.
    """
    if answers.too_many:
        return ControlVerdict(ControlFault.TOO_MANY)
    if not answers.servers:
        return ControlVerdict(ControlFault.UNKNOWN)
    faults = [(server, _find_fault(server, read)) for server in answers.servers]
    for fault in ControlFault:
        names = {server.name.to_text(omit_final_dot=True) for server, f in faults if f is fault}
        if names:
            elsewhere = any(found is None for _, found in faults)
            return ControlVerdict(fault, tuple(sorted(names)), elsewhere)
    return ControlVerdict()


def _find_fault(server: ServerTexts, read: Callable[[str], TokenState]) -> ControlFault | None:
    if not server.address:
        return ControlFault.UNREACHABLE
    fault = _find_no_answer(server.record) or _find_no_answer(server.beside)
    if fault is not None or server.record is None or server.beside is None:
        return fault or ControlFault.SILENT
    if server.record.answer.chain:
        return ControlFault.ALIAS
    states = _read_texts(server.record, read)
    if TokenState.OURS not in states:
        if TokenState.EXPIRED in states:
            return ControlFault.EXPIRED
        return ControlFault.OTHER if TokenState.OTHER in states else ControlFault.MISSING
    return ControlFault.WILDCARD if TokenState.OURS in _read_texts(server.beside, read) else None


def _find_no_answer(told: DirectAnswer | None) -> ControlFault | None:
    if told is None or told.is_silent:
        return ControlFault.SILENT
    return None if told.is_known else ControlFault.FAILS


def _read_texts(told: DirectAnswer, read: Callable[[str], TokenState]) -> set[TokenState]:
    return {read(text.decode("ascii", "replace")) for text in told.answer.texts()}
