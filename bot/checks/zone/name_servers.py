"""Judges whether the zone's name servers all answer, and all say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.rdatatype

from bot.checks.answers import first_names, name_text
from bot.checks.authority_view import NameServerState, newest
from bot.checks.finding import Check, Finding, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.checks.authority_view import AuthorityView, NameServer
    from bot.checks.observation import Observation
    from bot.errors import Fact


def judge_name_servers(observed: Observation) -> tuple[Finding, ...]:
    """Return what is to be said of the name servers that were asked; nothing where none was.

    One that lets a question go unanswered may do so to us alone, so that is only worth knowing,
    and is not said where none answers at all: then it is our own way out that is closed.
    """
    source = observed.source
    if source is None:
        return ()
    found = [*_judge_dispute(source), *_judge_lame(source)]
    answering = [s for s in source.servers if s.condition is NameServerState.ANSWERS]
    silent = [s for s in source.servers if s.condition is NameServerState.SILENT and not s.ipv6]
    if answering and silent:
        facts: dict[str, Fact] = {"names": _names(silent), "zone": name_text(source.zone)}
        found.append(Finding(Check.DELEGATION, "ns-silent", Status.INFO, facts))
    return tuple(found)


def _judge_dispute(source: AuthorityView) -> list[Finding]:
    """Find records that one name server gives otherwise than another."""
    best = newest(source.servers)
    if not source.disputed or best is None:
        return []
    question = source.disputed[0]
    told = [server for server in source.servers if question in server.answers]
    old = [server for server in told if server.is_older(best)]
    facts: dict[str, Fact] = {
        "name": name_text(question.name),
        "type": dns.rdatatype.to_text(question.rdtype),
        "servers": tuple(_with_serial(server) for server in told),
        "behind": () if source.unclear else _names(old),
    }
    return [Finding(Check.DELEGATION, "ns-disagree", Status.WARN, facts)]


def _with_serial(server: NameServer) -> str:
    version = server.version
    return f"{name_text(server.name)} (serial {version.serial if version else '?'})"


def _judge_lame(source: AuthorityView) -> list[Finding]:
    """Find name servers that cannot answer: they do not hold the zone, or are nowhere."""
    findings = []
    for condition in (NameServerState.LAME, NameServerState.NO_ADDRESS):
        servers = [server for server in source.servers if server.condition is condition]
        if servers:
            facts: dict[str, Fact] = {
                "names": _names(servers),
                "zone": name_text(source.zone),
                "nowhere": condition is NameServerState.NO_ADDRESS,
            }
            findings.append(Finding(Check.DELEGATION, "ns-lame", Status.WARN, facts))
    return findings


def _names(servers: Iterable[NameServer]) -> tuple[str, ...]:
    return first_names(server.name for server in servers)
