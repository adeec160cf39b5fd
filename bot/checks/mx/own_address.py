"""Whose the domain's own address is, which takes its mail where there is no MX record."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bot.checks.proxies import is_proxy

if TYPE_CHECKING:
    from bot.checks.observation import Observation
    from bot.records.expected import Expected


class Reach(StrEnum):
    """Whose the domain's own address is, where mail goes without an MX record."""

    OURS = "ours"
    PARTLY = "partly"  # ours, and another one
    PROXY = "proxy"
    OTHER = "other"
    NOWHERE = "nowhere"  # it has none
    UNKNOWN = "unknown"


def follow_address(expected: Expected, observed: Observation) -> tuple[Reach, str | None]:
    """Return whose the domain's own address is, and that address: of several, one not ours."""
    domain, host = expected.domain.name, expected.server.host
    theirs, ours = observed.addresses(domain) - {""}, observed.addresses(host) - {""}
    address = min(theirs - ours or theirs, default=None)
    known = observed.knows_addresses(domain)
    if not theirs:
        return (Reach.NOWHERE if known else Reach.UNKNOWN), None
    if theirs <= ours:
        return (Reach.OURS if known else Reach.UNKNOWN), address
    if theirs & ours:
        return (Reach.PARTLY if observed.knows_addresses(host) else Reach.UNKNOWN), address
    if is_proxy((), theirs):
        return Reach.PROXY, address
    return (Reach.OTHER if observed.knows_addresses(host) else Reach.UNKNOWN), address
