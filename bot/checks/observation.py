"""What was observed of a domain: answers and SPF evaluations, as values for the judges."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
from dns.rdtypes.ANY.NS import NS

from bot.dns.answer import Answer, Outcome, Question
from bot.dns.owner_name import AnyName, owner_of
from bot.names import absolute_text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.checks.authority_view import AuthorityView
    from bot.checks.optional.discovery_places import DiscoveryAnswer
    from bot.dns.spf_evaluate import SpfEvaluation
    from bot.names import Domain
    from bot.net.page import Page


@dataclass(frozen=True, slots=True)
class Observation:
    """All that was asked about one domain, and what came back.

    `single_server`: everything was asked of one server that the operator named, so nothing is
    known of the delegation. `probe` is a random name below the domain, which has records only where
    a wildcard lends it some (RFC 4592). `policy` is the page of an MTA-STS policy, and `unchecked`
    what is said without a check of the signatures where all else failed; each is None where it was
    not asked for. `discovery` is what autoconfig and autodiscover answer, in the order in which
    programs ask. `trust_ad`: the AD flag in answers counts. `invented` are the addresses that the
    resolver gives to names which do not exist. `at` is the time of the report, in seconds since
    1970; 0 where nobody has given it yet.
    """

    domain: Domain
    answers: Mapping[Question, Answer] = field(default_factory=lambda: MappingProxyType({}))
    spf: tuple[SpfEvaluation, ...] = ()
    single_server: bool = False
    probe: dns.name.Name | None = None
    source: AuthorityView | None = None  # what the zone's name servers say, where they were asked
    policy: Page | None = None
    unchecked: Answer | None = None
    discovery: tuple[DiscoveryAnswer, ...] = ()
    trust_ad: bool = False
    invented: frozenset[str] = frozenset()
    at: int = 0
    queries: int = 0  # questions asked, the ones whose answers were not needed in the end too
    # The apex of the zone that the domain lies in: itself, unless a denial named another.
    zone: dns.name.Name = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "zone", self._find_zone())  # frozen, and read very often

    @classmethod
    def of(cls, domain: Domain, answers: Iterable[Answer], **rest: object) -> Observation:
        """Return the observation with these answers, sorted so that equal ones compare equal."""
        return cls(domain, _tabulate(answers), **rest)  # type: ignore[arg-type]  # the fields above, by name

    def with_answers(self, answers: Iterable[Answer]) -> Observation:
        """Return a copy with these answers, sorted, in place of the former ones."""
        return replace(self, answers=_tabulate(answers))

    def without_invented(self, addresses: frozenset[str]) -> Observation:
        """Return a copy in which such addresses, which the resolver invents, are no answer.

        What has these alone is a name that does not exist.
        """
        if not addresses:
            return self
        answers = [
            Answer(a.question, Outcome.NXDOMAIN) if _is_invented(a, addresses) else a
            for a in self.answers.values()
        ]
        return replace(self, answers=_tabulate(answers), invented=addresses)

    def answer(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer | None:
        """Return the answer to a question, or None where it was not asked."""
        return self.answers.get(Question.of(name, rdtype))

    @property
    def own_zones_only(self) -> bool:
        """Whether all was asked of a server that holds zones, and asks nobody for what it lacks.

        It shows by the flags of a good answer: AA, and no RA (RFC 1035 section 4.1.1).
        """
        good = (answer for answer in self.answers.values() if not answer.failed)
        return self.single_server and any(a.authoritative and not a.recursive for a in good)

    @property
    def resolver_silent(self) -> bool:
        """Whether the resolver answers nothing at all, so that nobody else is to blame for silence.

        The root is asked for where the domain was not answered, and every resolver knows it. One
        server that the operator named may refuse to speak of it.
        """
        root = self.answer(dns.name.root, dns.rdatatype.NS)
        if root is None or not root.failed or root.unasked or root.late:
            return False
        return root.outcome is Outcome.TIMEOUT or not self.single_server

    def apex_answers(self) -> list[Answer]:
        """Return the answers at the domain itself by its own zone; DS records are the parent's."""
        apex, theirs = owner_of(self.domain.name), dns.rdatatype.DS
        return [a for q, a in self.answers.items() if q.owner == apex and q.rdtype != theirs]

    def _find_zone(self) -> dns.name.Name:
        apex = self.domain.name
        for answer in self.apex_answers():
            if answer.absent and not answer.chain and answer.zone:
                return answer.zone if apex.is_subdomain(answer.zone) else apex
        return self._zone_above() if self.is_alias else apex

    @property
    def is_alias(self) -> bool:
        """Whether every answer at the domain itself is that of another name."""
        positive = [a for a in self.apex_answers() if a.found or a.chain]
        own = dns.rdatatype.CNAME
        return bool(positive) and all(a.chain or a.question.rdtype == own for a in positive)

    def _zone_above(self) -> dns.name.Name:
        """Return the name above the domain where it is known to be a zone's apex; else itself."""
        apex = self.domain.name
        above = self.answer(apex.parent(), dns.rdatatype.SOA)
        return apex.parent() if above is not None and above.found and not above.chain else apex

    @property
    def name_servers(self) -> tuple[str, ...]:
        """The names of the zone's name servers, sorted; none where they are not known."""
        answer = self.answer(self.zone, dns.rdatatype.NS)
        if answer is None or answer.chain:  # an alias leads to another zone's
            return ()
        return tuple(sorted(absolute_text_of(r.target) for r in answer.rdatas if isinstance(r, NS)))

    def addresses(self, name: dns.name.Name) -> frozenset[str]:
        """Return the IPv4 and IPv6 addresses that a host is known to have, aliases followed."""
        found: set[str] = set()
        for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            answer = self.answer(name, rdtype)
            if answer is not None:
                found.update(answer.addresses())
        return frozenset(found)

    def knows_addresses(self, name: dns.name.Name) -> bool:
        """Whether both address types of a host were answered, with records or with a denial."""
        answers = (self.answer(name, t) for t in (dns.rdatatype.A, dns.rdatatype.AAAA))
        return all(answer is not None and not answer.failed for answer in answers)

    def at_source(self) -> Observation:
        """Return a copy in which the answers of the zone's name servers replace the resolver's.

        What web servers answered is left out where the name that led to them has changed since.
        """
        source = self.source
        if source is None or not source.changed:
            return self
        newer = {question: source.answers[question] for question in source.changed}
        answers = MappingProxyType({**self.answers, **newer})
        changed = {question.name for question in newer}
        still = tuple(told for told in self.discovery if told.place.owner not in changed)
        return replace(self, answers=answers, spf=source.spf, discovery=still)


def _is_invented(answer: Answer, addresses: frozenset[str]) -> bool:
    own = set(answer.addresses())
    return bool(own) and not answer.chain and own <= addresses


def _tabulate(answers: Iterable[Answer]) -> Mapping[Question, Answer]:
    ordered = sorted(answers, key=attrgetter("question"))
    return MappingProxyType({answer.question: answer for answer in ordered})
