"""A resolver in memory, over zones that change: it keeps answers, and loses questions."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

import dns.name
import dns.rcode
import dns.rdatatype

from bot.checks.observe.questions import LONGEST
from bot.demo.zones import Zones, parse_zone
from bot.dns.answer import Answer, Outcome, Question
from bot.services.domain_check import Checker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from bot.checks.observe.unhurried import Unhurried
    from bot.checks.report import Report
    from bot.demo.zones import ZoneReply
    from bot.dns.owner_name import AnyName
    from bot.names import Domain
    from bot.records.dkim_key import DkimKnowledge, KnownKey
    from bot.records.key_change import KeyChange
    from bot.records.mail_server import MailServer

_PARTS: Final = 10_000
_PROBE: Final = 17  # characters of the random name that a check asks for
_OUTCOMES: Final = {dns.rcode.SERVFAIL: Outcome.SERVFAIL, dns.rcode.REFUSED: Outcome.REFUSED}


class Losses:
    """Which questions of one look get no answer: the same ones for the same seed."""

    def __init__(self, share: float, seed: str) -> None:
        self._least = round(share * _PARTS)
        self._seed = seed
        self._asked: Counter[Question] = Counter()
        self.lost = 0  # questions so far

    @property
    def asked(self) -> frozenset[Question]:
        """The questions that were asked so far."""
        return frozenset(self._asked)

    def are_lost(self, question: Question, attempt: int) -> bool:
        """Whether a question is lost when it is asked for this time, counted from 1.

        The root never is: by that question a check tells losses from a resolver that is silent.
        """
        if question.name == dns.name.root:
            return False
        name = "probe" if _is_probe(question) else question.name.to_text().lower()
        text = f"{self._seed} {name} {question.rdtype} {attempt}".encode()
        digest = hashlib.blake2b(text, digest_size=4).digest()
        return int.from_bytes(digest, "big") % _PARTS < self._least

    def lose(self, question: Question) -> bool:
        """Whether a question is lost that is asked now."""
        self._asked[question] += 1
        is_lost = self.are_lost(question, self._asked[question])
        self.lost += is_lost
        return is_lost


_LOSSES: ContextVar[Losses | None] = ContextVar("losses", default=None)


class ChangingDns:
    """An `Ask` over zones that may be published anew at any time.

    Each answer is kept for its TTL by the clock `now`, a denial too, so that a change is seen
    when the old answer is gone. Nothing is lost but within `losing`.
    """

    def __init__(self, zones: Mapping[str, str], now: Callable[[], datetime]) -> None:
        self._now = now
        self._zones = Zones.of(zones)
        self._kept: dict[Question, tuple[Answer, float]] = {}
        self._settles: dict[str, float] = {}  # when nothing from before a change is kept any more
        self.versions: Counter[str] = Counter()
        self.questions = self.lost = 0

    def publish(self, origin: str, text: str | None) -> None:
        """Have a zone hold other records; None: there is no such zone any more."""
        name = dns.name.from_text(origin)
        table = {z.origin: z for z in self._zones.table.values()}
        if text is None:
            table.pop(name, None)
            self._zones = Zones.of(table.values())
        else:
            self._zones = self._zones.with_zone(parse_zone(origin, text))
        self.versions[origin] += 1
        kept = [until for q, (_, until) in self._kept.items() if q.name.is_subdomain(name)]
        self._settles[origin] = max(kept, default=0.0)

    def forget(self) -> None:
        """Keep no answer any longer."""
        self._kept.clear()
        self._settles.clear()

    def is_settled(self, origin: str) -> bool:
        """Whether all that is answered about a zone is as it holds it now."""
        return self._now().timestamp() >= self._settles.get(origin, 0.0)

    @contextmanager
    def losing(self, losses: Losses | None) -> Iterator[None]:
        """Lose questions that are asked in this block and in tasks that begin there."""
        token = _LOSSES.set(losses)
        try:
            yield
        finally:
            _LOSSES.reset(token)

    async def ask(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        """Return the answer that is kept or that the zones give; TIMEOUT where it is lost."""
        question = Question.of(name, rdtype)
        self.questions += 1
        losses = _LOSSES.get()
        if losses is not None and losses.lose(question):
            self.lost += 1
            return Answer(question, Outcome.TIMEOUT)
        now = self._now().timestamp()
        answer, until = self._kept.get(question, (None, 0.0))
        if answer is not None and until > now:
            return dataclasses.replace(answer, ttl=int(until - now))
        answer = _read(question, self._zones.look_up(question.name, question.rdtype))
        if answer.ttl and not _is_probe(question):
            self._kept[question] = (answer, now + answer.ttl)
        return answer


def _is_probe(question: Question) -> bool:
    first = question.name.labels[0]
    return len(first) == _PROBE and first.startswith(b"x")


def _read(question: Question, reply: ZoneReply) -> Answer:
    """Return a reply of the zones as the resolver's answer."""
    wanted = question.rdtype
    aliases = [
        r.rdataset for r in reply.answer if r.rdataset.rdtype == dns.rdatatype.CNAME != wanted
    ]
    chain = tuple(rdataset[0].target for rdataset in aliases)
    found = [r.rdataset for r in reply.answer if r.rdataset.rdtype == wanted]
    ttls = [rdataset.ttl for rdataset in (*aliases, *found)]
    if reply.rcode in _OUTCOMES:
        return Answer(question, _OUTCOMES[reply.rcode], server="192.0.2.53:53")
    if found:
        return Answer(
            question,
            Outcome.RECORDS,
            tuple(rdata for rdataset in found for rdata in rdataset),
            min(ttls),
            chain,
            server="192.0.2.53:53",
            recursive=True,
        ).in_order()
    zone, rdataset = reply.authority[0]
    outcome = Outcome.NXDOMAIN if reply.rcode == dns.rcode.NXDOMAIN else Outcome.NODATA
    ttl = min(*ttls, rdataset.ttl, rdataset[0].minimum)
    return Answer(
        question, outcome, (), ttl, chain, zone=zone, server="192.0.2.53:53", recursive=True
    )


class LossyChecker(Checker):
    """Checks domains through a `ChangingDns` that loses a share of each check's questions.

    Which questions are lost repeats after so many checks of a domain (`patterns`). A check that
    would see the very same answers as one before is not made a second time.
    """

    def __init__(
        self,
        dns: ChangingDns,
        server: MailServer,
        now: Callable[[], datetime],
        share: float,
        *,
        seed: str = "",
        patterns: int = 1,
    ) -> None:
        super().__init__(dns.ask, server, now)
        self._dns = dns
        self._clock = now
        self._share = share
        self._seed = seed
        self._patterns = patterns
        self._host = server.host.parent().to_text(omit_final_dot=True)
        self._usual: dict[object, frozenset[Question]] = {}
        self._known: dict[object, Report] = {}
        self._draws: Counter[Domain] = Counter()
        self.checks = self.made = 0  # looks that were wanted, and those that were made for them

    @contextmanager
    def losing(self, seed: str) -> Iterator[None]:
        """Lose questions that are asked in this block."""
        with self._dns.losing(Losses(self._share, f"{self._seed} {seed}")):
            yield

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
        """Return the report of one domain."""
        self.checks += 1
        number = self._draws[domain]
        self._draws[domain] += 1
        number %= self._patterns
        losses = Losses(self._share, f"{self._seed} {domain.ascii} {number}")
        zones = (domain.ascii, self._host)
        place = None
        if all(map(self._dns.is_settled, zones)):
            place = (
                domain,
                repr((dkim, change)),
                dmarc_stage,
                *(self._dns.versions[z] for z in zones),
            )
            usual = self._usual.get(place)
            is_usual = usual is not None and not any(losses.are_lost(q, 1) for q in usual)
            known = self._known.get((place, None if is_usual else number))
            if known is not None:
                return dataclasses.replace(known, checked_at=self._clock())
        with self._dns.losing(losses):
            report = await super().check(
                *(domain, dkim, dmarc_stage, former),
                change=change,
                unhurried=unhurried,
                seconds=seconds,
            )
        self.made += 1
        if place is not None and not losses.lost:
            self._usual[place] = losses.asked
            self._known[place, None] = report
        elif place is not None:
            self._known[place, number] = report
        return report
