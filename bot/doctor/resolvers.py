"""Whether each resolver answers and validates, and whether the mail host has an address."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from bot.checks.finding import Status
from bot.dns.answer import Outcome
from bot.dns.resolver import Resolver
from bot.dns.server_address import system_servers
from bot.doctor.line import Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.config.settings import Settings
    from bot.dns.server_address import Server
    from bot.errors import Fact

TIMEOUT = 4.0  # seconds for a question: one that takes longer is no help


async def check_dns(settings: Settings) -> tuple[Line, ...]:
    """Return a line for each resolver and one for the mail host."""
    servers = settings.dns_servers or system_servers()
    trust_ad = settings.dns_trust_ad
    lines = await asyncio.gather(
        *(_check_resolver(server, trust_ad=trust_ad) for server in servers),
        _check_host(servers, settings.mail_host.name),
    )
    return tuple(lines)


async def _check_resolver(server: Server, *, trust_ad: bool) -> Line:
    """Ask for what is signed and always there: the root's SOA (RFC 4035 section 3.2.3 for AD)."""
    async with Resolver((server,), timeout=TIMEOUT) as resolver:
        answer = await resolver.ask(dns.name.root, dns.rdatatype.SOA)
    name = str(server)
    facts: dict[str, Fact] = {"server": name}
    match answer.outcome:
        case Outcome.TIMEOUT:
            code, status = "resolver-silent", Status.FAIL
        case Outcome.REFUSED:
            code, status = "resolver-refuses", Status.FAIL
        case Outcome.RECORDS:
            code, status = judge_trust(server, validates=answer.authenticated, trust_ad=trust_ad)
        case _:
            code, status = "resolver-fails", Status.FAIL
    silent = answer.outcome is Outcome.TIMEOUT
    return Line("resolver", status, code, facts, about=name, silent=silent)


def judge_trust(server: Server, *, validates: bool, trust_ad: bool) -> tuple[str, Status]:
    """Return what to say of a resolver that answers, by whether its AD flag may count.

    Whoever is on the way can set the flag, so the way has to be safe (RFC 6840 section 5.8): that
    is sure on this very machine alone.
    """
    here = ip_address(server.address).is_loopback
    if trust_ad:
        if not validates:
            return "resolver-not-validating", Status.WARN
        return ("resolver-trusted", Status.PASS) if here else ("resolver-far", Status.WARN)
    if not validates:
        return "resolver-plain", Status.PASS
    return ("resolver-could-count", Status.INFO) if here else ("resolver-validates", Status.PASS)


async def _check_host(servers: Sequence[Server], host: dns.name.Name) -> Line:
    async with Resolver(servers, timeout=TIMEOUT) as resolver:
        answers = await asyncio.gather(
            resolver.ask(host, dns.rdatatype.A), resolver.ask(host, dns.rdatatype.AAAA)
        )
    facts: dict[str, Fact] = {"host": host.to_text(omit_final_dot=True)}
    found = tuple(rdata.to_text() for answer in answers for rdata in answer.rdatas)
    if found:
        return Line("mail_host", Status.PASS, "host-right", {**facts, "addresses": found})
    if all(answer.absent for answer in answers):
        return Line("mail_host", Status.FAIL, "host-missing", facts)
    silent = all(answer.outcome is Outcome.TIMEOUT for answer in answers)
    return Line("mail_host", Status.UNKNOWN, "host-unknown", facts, silent=silent)
