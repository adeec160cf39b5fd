"""Asks everything that the judges need to know of the mail server itself."""

from __future__ import annotations

import asyncio
import secrets
from functools import partial
from typing import TYPE_CHECKING

import dns.name
import dns.rdata
import dns.rdatatype
import dns.reversename

from bot.checks.answers import ADDRESS_TYPES
from bot.checks.dmarc.report_addresses import consent_name, handed_out_hosts
from bot.checks.observation import Observation
from bot.checks.observe.questions import Questions
from bot.checks.server.server_observation import (
    NameServerReply,
    ServerObservation,
    find_apex,
    probes_of,
    ptr_names,
    server_names,
    sort_addresses,
)
from bot.checks.zone.dnssec import tlsa_name
from bot.dns.answer import Answer, Outcome, Question
from bot.dns.spf_evaluate import evaluate_all
from bot.dns.spf_grammar import is_record
from bot.names import Domain
from bot.records.presentation import quoted_parts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.dns.answer import Ask
    from bot.dns.authority import Authorities
    from bot.dns.owner_name import AnyName
    from bot.dns.spf_evaluate import SpfEvaluation
    from bot.net.port_look import PortLook
    from bot.records.mail_server import MailServer

    LookAtPorts = Callable[[Ask], Awaitable[tuple[PortLook, ...]]]

MOST_QUESTIONS = 150  # of one look at the server
MOST_MEMBERS = 3  # whose reports are asked for
_MOST_FOR_SPF = 60


class _MadeUpMember:
    """An `Ask` with a made-up domain that publishes the records which the mail server hands out."""

    def __init__(self, ask: Ask, server: MailServer, member: Domain) -> None:
        self._ask = ask
        self._member = member.name
        host = server.host.to_text()
        self._records = {
            dns.rdatatype.TXT: quoted_parts(server.spf),
            dns.rdatatype.MX: f"{server.mx_priority} {host}",
        }

    async def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        """Return a made-up answer to a question about the made-up domain, else the real answer."""
        question = Question.of(name, rdtype)
        if not question.name.is_subdomain(self._member):
            return await self._ask(*question)
        text = self._records.get(question.rdtype) if question.name == self._member else None
        if text is None:
            return Answer(question, Outcome.NODATA)
        rdata = dns.rdata.from_text("IN", question.rdtype, text)
        return Answer(question, Outcome.RECORDS, (rdata,))


async def observe_server(
    ask: Ask,
    server: MailServer,
    members: tuple[Domain, ...] = (),
    *,
    single_server: bool,
    allow_private: bool,
    authorities: Authorities | None,
    look_at_ports: LookAtPorts | None = None,
) -> ServerObservation:
    """Return what the DNS says of the mail server, and what its ports came to.

    Neither ever raises; what could not be found out is in the answers. Of `members`, real
    domains, three are asked about. `authorities` says which name servers of the host's zone may be
    asked directly, None that none are; `look_at_ports` looks at the ports, None where nobody does.
    The others are passed on to the observation.
    """
    questions = Questions(ask, MOST_QUESTIONS)
    member = Domain.from_ascii(f"test-{secrets.token_hex(4)}.example")
    members = members[:MOST_MEMBERS]
    try:
        questions.start(_first_questions(server, member, members))
        handed_out, helo, name_servers, ports, *_ = await asyncio.gather(
            _evaluate_handed_out(questions, server, member),
            _evaluate_helo(questions, server),
            _ask_name_servers(questions, server, authorities),
            _look_at_ports(questions, look_at_ports),
            _confirm_reverse(questions, server),
            _ask_whether_signed(questions, server),
        )
        answers = await questions.answers()
    finally:
        questions.cancel()
    seen = Observation.of(
        Domain(server.host), answers, single_server=single_server, queries=len(questions)
    )
    return ServerObservation(
        seen, server, member, members, handed_out, helo, allow_private, name_servers, ports
    )


def _first_questions(
    server: MailServer, member: Domain, members: tuple[Domain, ...]
) -> list[Question]:
    host = server.host
    questions = [Question.of(host, t) for t in ("A", "AAAA", "SOA", "CNAME", "TXT")]
    if (tlsa := tlsa_name(server)) is not None:
        questions.append(Question.of(tlsa, "TLSA"))
    for reports in handed_out_hosts(server):
        questions += [Question.of(reports, t) for t in ("MX", "A", "AAAA")]
        names = (consent_name(probe, reports) for probe in probes_of(member, members))
        questions += [Question.of(name, "TXT") for name in names if name is not None]
    return questions


async def _find_addresses(questions: Questions, server: MailServer) -> tuple[str, ...]:
    found = await asyncio.gather(*(questions(server.host, t) for t in ADDRESS_TYPES))
    return sort_addresses(address for answer in found for address in answer.addresses())


async def _evaluate_handed_out(
    questions: Questions, server: MailServer, member: Domain
) -> tuple[SpfEvaluation, ...]:
    ask = _MadeUpMember(questions.limited(_MOST_FOR_SPF), server, member)
    find_addresses = partial(_find_addresses, questions, server)
    return await evaluate_all(ask, find_addresses, member.ascii, server.host_text)


async def _evaluate_helo(questions: Questions, server: MailServer) -> tuple[SpfEvaluation, ...]:
    """Evaluate the host's own record, which speaks for its HELO name (RFC 7208 section 2.3)."""
    answer = await questions(server.host, "TXT")
    if not any(is_record(text.decode("latin-1")) for text in answer.texts()):
        return ()
    limited = questions.limited(_MOST_FOR_SPF)
    name = Domain(server.host).ascii
    find_addresses = partial(_find_addresses, questions, server)
    return await evaluate_all(limited, find_addresses, name, server.host_text)


async def _look_at_ports(
    questions: Questions, look_at_ports: LookAtPorts | None
) -> tuple[PortLook, ...]:
    return await look_at_ports(questions) if look_at_ports is not None else ()


async def _confirm_reverse(questions: Questions, server: MailServer) -> None:
    """Ask for the names of each address, and for their addresses in turn."""
    addresses = await _find_addresses(questions, server)
    names = [dns.reversename.from_address(address) for address in addresses]
    for answer in await asyncio.gather(*(questions(name, "PTR") for name in names)):
        questions.start(Question.of(n, t) for n in ptr_names(answer) for t in ADDRESS_TYPES)


async def _ask_whether_signed(questions: Questions, server: MailServer) -> None:
    """Ask for the zone's DS where TLSA records are, which count only where it is signed."""
    owner = tlsa_name(server)
    if owner is not None and (await questions(owner, "TLSA")).found:
        apex = find_apex(await questions(server.host, "SOA"), server.host)
        questions.start([Question.of(apex, "DS")])


async def _ask_name_servers(
    questions: Questions, server: MailServer, authorities: Authorities | None
) -> tuple[NameServerReply, ...]:
    """Ask for the name servers of the host's zone and their addresses, and each for the zone."""
    apex = find_apex(await questions(server.host, "SOA"), server.host)
    names = server_names(await questions(apex, "NS"))
    questions.start(Question.of(name, t) for name in names for t in ADDRESS_TYPES)
    if authorities is None:
        return ()
    # By IPv4 alone: that nothing comes back over IPv6 is as often the fault of our own network.
    found = await asyncio.gather(*(questions(name, "A") for name in names))
    places = [
        (name, address)
        for name, answer in zip(names, found, strict=True)
        for address in answer.addresses()[:1]
        if authorities.may_reach(address)
    ]
    question = Question.of(apex, "SOA")
    async with authorities.open() as connections:
        told = await asyncio.gather(
            *(questions.in_time(connections.ask(at, question)) for _, at in places)
        )
    return tuple(
        NameServerReply(name, one.is_known, one.is_silent)
        for (name, _), one in zip(places, told, strict=True)
        if one is not None
    )
