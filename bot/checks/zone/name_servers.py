"""Judges whether the zone's name servers all answer, all say the same, and are the right ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from bot.checks.answers import first_names, name_text
from bot.checks.authority_view import (
    NameServerState,
    about_mail,
    failing_at,
    majority_of,
    network_of,
    newest,
    sides_of,
)
from bot.checks.finding import Check, Finding, Status
from bot.dns.answer import Outcome
from bot.public_suffix import is_public_suffix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.checks.authority_view import AuthorityView, NameServer
    from bot.checks.observation import Observation
    from bot.dns.answer import DirectAnswer, Question
    from bot.errors import Fact

_LONGEST_VALUE = 80  # characters of what one server says, in a sentence
_ENDS = 36  # characters that are kept of the beginning and of the end of a longer one
_MOST_VALUES = 3


def judge_name_servers(observed: Observation) -> tuple[Finding, ...]:
    """Return what is to be said of the name servers that were asked; nothing where none was.

    One that lets a question go unanswered may do so to us alone, so that is only worth knowing,
    and is not said where none answers at all: then it is our own way out that is closed.
    """
    source = observed.source
    if source is None:
        return ()
    all_lame = report_all_lame(observed)
    found = [
        *((all_lame,) if all_lame else _judge_lame(source)),
        *_judge_dispute(source, observed.domain.name),
        *_judge_delegation(source),
        *_judge_denied(source),
        *_judge_tcp(source),
        *_judge_spread(source, observed),
    ]
    answering = [s for s in source.servers if s.condition is NameServerState.ANSWERS]
    silent = [s for s in source.servers if s.condition is NameServerState.SILENT and not s.ipv6]
    if answering and silent:
        facts: dict[str, Fact] = {"names": _names(silent), "zone": name_text(source.zone)}
        found.append(Finding(Check.DELEGATION, "ns-silent", Status.INFO, facts))
    return tuple(found)


def report_all_lame(observed: Observation) -> Finding | None:
    """Return the finding that no name server holds the zone; None where one may.

    What resolvers still know of it ends with their caches. The fact `type` is None where that is
    so already, for us.
    """
    source = observed.source
    if source is None or not source.lame:
        return None
    facts: dict[str, Fact] = {"names": _names(source.servers), "zone": name_text(source.zone)}
    gone = all(answer.failed for answer in observed.apex_answers())
    facts["type"] = None if gone else "NS"
    return Finding(Check.DELEGATION, "ns-all-lame", Status.FAIL, facts)


def _judge_dispute(source: AuthorityView, apex: dns.name.Name) -> Iterator[Finding]:
    """Find records that one name server gives otherwise than another.

    An older serial tells which is wrong; where serials are the same, or belong to different primary
    servers, the one that stands against several does. One against one tells nothing, unless one of
    them fails.
    """
    if not source.disputed:
        return
    best = newest(source.servers)
    question = source.disputed[0]
    sides = sides_of(question, source.servers, apex)
    failing = failing_at(question, source.servers)
    told = [s for s in source.servers if s in failing or any(s in side for side in sides)]
    old = [server for server in told if best is not None and server.is_older(best)]
    most = majority_of(sides)
    odd = failing or [s for s in told if most and not old and s not in most]
    facts: dict[str, Fact] = {
        "name": name_text(question.name),
        "type": dns.rdatatype.to_text(question.rdtype),
        "servers": tuple(_with_serial(server) for server in told),
        "says": tuple(_say(question, server.answers[question], apex) for server in told),
        "behind": () if source.unclear else _names(old),
        "odd": () if source.unclear else _names(odd),
    }
    yield Finding(Check.DELEGATION, "ns-disagree", Status.WARN, facts)


def _with_serial(server: NameServer) -> str:
    name, version = name_text(server.name), server.version
    return f"{name} (serial {version.serial})" if version else name


def _say(question: Question, direct: DirectAnswer, apex: dns.name.Name) -> str:
    """Return what a server answers, in short; nothing where it says that there is no record."""
    answer = direct.answer
    if not direct.is_known:
        return "SERVFAIL" if answer.outcome is Outcome.SERVFAIL else "REFUSED"
    if answer.chain:
        return f"CNAME {name_text(answer.chain[0])}"
    if question.rdtype == dns.rdatatype.TXT:
        texts = about_mail(answer, at_apex=question.name == apex)
        values = sorted(text.decode("utf-8", "replace") for text in texts)
    else:
        values = sorted(rdata.to_text().rstrip(".") for rdata in answer.rdatas)
    return " and ".join(map(_shorten, values[:_MOST_VALUES]))


def _shorten(value: str) -> str:
    """Return a long value by both its ends, as keys begin alike and texts are cut at the end."""
    if len(value) <= _LONGEST_VALUE:
        return value
    return f"{value[:_ENDS]}…{value[-_ENDS:]}"


def _judge_lame(source: AuthorityView) -> Iterator[Finding]:
    """Find name servers that cannot answer: they do not hold the zone, or are nowhere."""
    for condition in (NameServerState.LAME, NameServerState.NO_ADDRESS):
        servers = [server for server in source.servers if server.condition is condition]
        if servers:
            facts: dict[str, Fact] = {
                "names": _names(servers),
                "zone": name_text(source.zone),
                "nowhere": condition is NameServerState.NO_ADDRESS,
            }
            yield Finding(Check.DELEGATION, "ns-lame", Status.WARN, facts)


def _judge_delegation(source: AuthorityView) -> Iterator[Finding]:
    """Find name servers that only the zone above or only the zone itself names (RFC 1034 4.2.2)."""
    if source.delegation is None:
        return
    above, own = set(source.delegation.names), set(source.names)
    if above != own:
        facts: dict[str, Fact] = {
            "zone": name_text(source.zone),
            "above": name_text(source.delegation.parent),
            "registry": is_public_suffix(source.delegation.parent),
            "only_above": first_names(sorted(above - own)),
            "only_own": first_names(sorted(own - above)),
        }
        yield Finding(Check.DELEGATION, "ns-parent-differs", Status.WARN, facts)


def _judge_denied(source: AuthorityView) -> Iterator[Finding]:
    """Find a server that says of a name with others below it that it does not exist (RFC 8020)."""
    for server in source.servers:
        if server.denied is not None:
            below = (q.name for q in server.answers if q.name.is_subdomain(server.denied))
            facts: dict[str, Fact] = {
                "name": name_text(server.denied),
                "record": name_text(next(below)),
                "names": _names([server]),
            }
            yield Finding(Check.DELEGATION, "ns-empty-denied", Status.WARN, facts)


def _judge_tcp(source: AuthorityView) -> Iterator[Finding]:
    """Find servers that take no connection over TCP, as each has to (RFC 7766 section 5)."""
    if source.no_tcp:
        facts: dict[str, Fact] = {
            "names": first_names(source.no_tcp),
            "zone": name_text(source.zone),
        }
        yield Finding(Check.DELEGATION, "ns-no-tcp", Status.WARN, facts)


def _judge_spread(source: AuthorityView, observed: Observation) -> Iterator[Finding]:
    """Find a zone with one name server, or with all of them in one network (RFC 2182 section 3).

    The network is known only where all servers were asked, and all their addresses are known.
    """
    names = {*source.names, *(source.delegation.names if source.delegation else ())}
    all_known = names == {server.name for server in source.servers} and all(
        observed.knows_addresses(name) for name in names
    )
    network = network_of(source.servers) if all_known and len(names) > 1 else ""
    if len(names) == 1 or network:
        facts: dict[str, Fact] = {
            "names": first_names(sorted(names)),
            "zone": name_text(source.zone),
            "network": network,
        }
        yield Finding(Check.DELEGATION, "ns-single", Status.INFO, facts)


def _names(servers: Iterable[NameServer]) -> tuple[str, ...]:
    return first_names(server.name for server in servers)
