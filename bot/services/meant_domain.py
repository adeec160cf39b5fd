"""The domain that somebody meant who typed another one, by a slip of one sign."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from dns.rdatatype import MX as MX_TYPE
from dns.rdtypes.ANY.MX import MX

from bot.checks.compile import add_meant
from bot.checks.finding import Check, Status
from bot.checks.report import find_meant
from bot.dns.answer import Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    import dns.name
    import dns.rdatatype

    from bot.checks.report import Report
    from bot.dns.answer import Answer
    from bot.names import Domain

MOST_KNOWN: Final = 5_000  # domains that a name is compared with
_TIMEOUT: Final = 2.0  # seconds; a report can do without
_UNKNOWN_NAMES: Final = frozenset({"domain-not-found", "no-records-yet"})


async def suggest_meant(
    report: Report,
    find_known: Callable[[], Awaitable[Iterable[Domain]]],
    ask: Callable[[dns.name.Name, dns.rdatatype.RdataType], Awaitable[Answer]],
    host: dns.name.Name,
) -> Report | None:
    """Return the report with the known domain that was likely meant; None where it stays as it is.

    What is known is found out only where the domain looks like a slip.
    """
    if not _may_be_slip(report):
        return None
    meant = await _find_slip(report, await find_known(), ask, host)
    return None if meant is None else add_meant(report, meant)


def _may_be_slip(report: Report) -> bool:
    """Whether a domain looks as if another one was meant: no mail of it can come to us."""
    if find_meant(report) is not None:
        return False
    return any(
        finding.severity is Status.FAIL and finding.check in {Check.DELEGATION, Check.MX}
        for finding in report.findings
    )


async def _find_slip(
    report: Report,
    known: Iterable[Domain],
    ask: Callable[[dns.name.Name, dns.rdatatype.RdataType], Awaitable[Answer]],
    host: dns.name.Name,
) -> Domain | None:
    """Return the known domain that was likely meant; None where nothing speaks for any.

    It has to be there where the one of the report is not; otherwise its MX has to be our host. So
    no earlier slip is offered, and no domain that is only like another. Only the first that is
    like it is asked about, as this question is none of the check's, and comes after its time.
    """
    domain = next(iter(like(report.domain, known)), None)
    if domain is None:
        return None
    try:
        async with asyncio.timeout(_TIMEOUT):
            answer = await ask(domain.name, MX_TYPE)
    except TimeoutError:
        return None  # nobody misses a guess
    if answer.failed or answer.outcome is Outcome.NXDOMAIN:
        return None
    ours = any(isinstance(r, MX) and r.exchange == host for r in answer.rdatas)
    unknown = any(finding.code in _UNKNOWN_NAMES for finding in report.findings)
    return domain if ours or unknown else None


def like(domain: Domain, known: Iterable[Domain]) -> tuple[Domain, ...]:
    """Return the known domains that differ from one by a single slip, in their order."""
    typed = _read(domain)
    others = (other for other, _ in zip(known, range(MOST_KNOWN), strict=False))
    return tuple(other for other in others if is_slip(typed, _read(other)))


def is_slip(typed: str, meant: str) -> bool:
    """Whether one text becomes the other by one sign too many, too few, wrong, or swapped."""
    if typed == meant or abs(len(typed) - len(meant)) > 1:
        return False
    pairs = enumerate(zip(typed, meant, strict=False))
    start = next((at for at, (one, other) in pairs if one != other), min(len(typed), len(meant)))
    one, other = typed[start:], meant[start:]
    swapped = one[:2] == other[1::-1] and one[2:] == other[2:]
    return swapped or one[1:] == other[1:] or one[1:] == other or one == other[1:]


def _read(domain: Domain) -> str:
    """Return a domain as people see it: one letter may be many signs of its ASCII form."""
    return domain.unicode if "xn--" in domain.ascii else domain.ascii
