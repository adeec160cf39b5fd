"""Checks domains: from a name to its report, and what all checks of one mail server share."""

from __future__ import annotations

import asyncio
import math
import re
import time
from functools import partial
from typing import TYPE_CHECKING

import dns.exception
import dns.name
import dns.rdatatype

from bot.checks.compile import compile_report
from bot.checks.observe.domain import observe
from bot.checks.observe.mail_host import observe_server
from bot.checks.observe.questions import LONGEST
from bot.checks.observe.silent_zone import SilentServers
from bot.checks.server.server_report import compile_server_report
from bot.checks.zone.dnssec import tlsa_name
from bot.dns.answer import Question
from bot.dns.owner_name import owner_of
from bot.records.expected import expect

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.checks.observe.optional_records import OptionalSources
    from bot.checks.observe.unhurried import Unhurried
    from bot.checks.report import Report
    from bot.checks.server.server_report import ServerReport
    from bot.dns.answer import Answer, Ask
    from bot.dns.authority import Authorities
    from bot.dns.owner_name import AnyName
    from bot.names import Domain
    from bot.records.dkim_key import DkimKnowledge, KnownKey
    from bot.records.key_change import KeyChange
    from bot.records.mail_server import MailServer
    from bot.services.live_ports import LivePorts

LONGEST_KEPT = 60.0  # seconds that answers about the mail server itself are used again
_SPF_NAMES = re.compile(r"(?:include:|redirect=|\ba:|\bmx:)([^\s/%]+)", re.IGNORECASE)


class ServerAnswers:
    """An `Ask` that keeps answers about the mail server's own names, for a minute at most.

    Answers about members' domains are not kept, so that each check sees them as they are.
    """

    def __init__(self, ask: Ask, server: MailServer) -> None:
        self._ask = ask
        self._owners = frozenset(map(owner_of, _names_of(server)))
        self._kept: dict[Question, asyncio.Future[Answer]] = {}
        self._until: dict[Question, float] = {}  # by the monotonic clock; without end till it came

    def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Awaitable[Answer]:
        """Return the answer to a question, from memory where it is about the mail server."""
        question = Question.of(name, rdtype)
        if question.owner not in self._owners:
            return self._ask(*question)
        kept = self._kept.get(question)
        if kept is None or time.monotonic() >= self._until[question]:
            kept = self._kept[question] = asyncio.ensure_future(self._ask(*question))
            self._until[question] = math.inf
            kept.add_done_callback(partial(self._bound, question))
        # Shielded: a check that is given up does not take the answer from the others.
        return asyncio.shield(kept)

    def _bound(self, question: Question, kept: asyncio.Future[Answer]) -> None:
        """Use an answer that has come as long as its TTL allows, a failure not again."""
        is_failure = kept.cancelled() or kept.exception() is not None or kept.result().failed
        lasts = 0 if is_failure else min(kept.result().ttl or 0, LONGEST_KEPT)
        self._until[question] = time.monotonic() + lasts


def _names_of(server: MailServer) -> frozenset[dns.name.Name]:
    """Return the mail host, where its TLSA records are, and the names in its SPF value."""
    tlsa = tlsa_name(server)
    names = {server.host} if tlsa is None else {server.host, tlsa}
    for text in _SPF_NAMES.findall(server.spf):
        try:
            names.add(dns.name.from_text(text))
        except dns.exception.DNSException:
            continue  # what cannot be a name is not asked either
    return frozenset(names)


class Checker:
    """Checks domains for one mail server.

    `ask` is the resolver; `single_server` says that it asks one server that the operator named;
    `now` gives the time for the report. With `allow_private` the server may be at addresses that
    only its own network reaches. `authorities` says which name servers of a domain's zone may be
    asked too, None that none are; `sources` are what may be used beside the resolver. `live_ports`
    looks at the server's ports, None where nobody does.
    """

    def __init__(
        self,
        ask: Ask,
        server: MailServer,
        now: Callable[[], datetime],
        *,
        single_server: bool = False,
        allow_private: bool = False,
        authorities: Authorities | None = None,
        sources: OptionalSources | None = None,
        live_ports: LivePorts | None = None,
    ) -> None:
        self._authorities = authorities
        self._ask = ServerAnswers(ask, server)
        self._ask_anew = ask
        self._allow_private = allow_private
        self._server = server
        self.now = now
        self._single_server = single_server
        self._sources = sources
        self._live_ports = live_ports
        self._silent = SilentServers()

    def ask(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Awaitable[Answer]:
        """Return the answer to one question."""
        return self._ask(name, rdtype)

    async def check(
        self,
        domain: Domain,
        dkim: DkimKnowledge,
        dmarc_stage: str | None = None,
        former: tuple[KnownKey, ...] = (),
        *,
        change: KeyChange | None = None,
        unhurried: Unhurried | None = None,
        seconds: float = LONGEST,
    ) -> Report:
        """Return the report of one domain, after `seconds` at the latest.

        `dmarc_stage` is the policy that the admin approved; `former` are earlier keys; `change` is
        the other key of a domain whose key is being changed. With `unhurried` a domain of which
        nobody answers is asked little; any other takes a round trip more, and lets other checks go
        first.
        """
        started = time.perf_counter()
        expected = expect(self._server, domain, dkim, dmarc_stage, former, change=change)
        observed = await observe(
            self._ask,
            expected,
            single_server=self._single_server,
            authorities=self._authorities,
            sources=self._sources,
            silent=self._silent,
            unhurried=unhurried,
            seconds=seconds,
        )
        elapsed_ms = round((time.perf_counter() - started) * 1000)
        if unhurried is not None:
            await unhurried.give_way()
        return compile_report(expected, observed, self.now(), elapsed_ms)

    async def check_server(self, members: tuple[Domain, ...] = ()) -> ServerReport:
        """Return the report of the mail server itself; nothing in it comes from memory.

        `members` are real domains, to see that their DMARC reports are taken.
        """
        started = time.perf_counter()
        observed = await observe_server(
            self._ask_anew,
            self._server,
            members,
            single_server=self._single_server,
            allow_private=self._allow_private,
            authorities=self._authorities,
            look_at_ports=self._live_ports.look_anew if self._live_ports else None,
        )
        elapsed_ms = round((time.perf_counter() - started) * 1000)
        return compile_server_report(observed, self.now(), elapsed_ms)
