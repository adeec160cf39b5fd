"""Evaluates SPF as a receiver does (RFC 7208), and leaves the asking to whoever carries it on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

import dns.rdatatype

from bot.dns.answer import Question
from bot.dns.spf_grammar import ASKS_DNS, read_record
from bot.dns.spf_reply import NO_SUCH_NAME, ReplyKind
from bot.dns.spf_result import SpfCause, SpfEvaluation, SpfStep
from bot.dns.spf_target import SpfTarget, is_at_or_below, target_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from bot.dns.answer import Answer
    from bot.dns.owner_name import Owner
    from bot.dns.spf_client import SpfClient
    from bot.dns.spf_grammar import SpfRecord, SpfTerm
    from bot.dns.spf_reply import SpfReply

MAX_LOOKUPS: Final = 10  # terms that ask the DNS, in the record and all it includes (section 4.6.4)
MAX_VOIDS: Final = 2  # questions that may find nothing (section 4.6.4)
MAX_QUESTIONS: Final = 30  # DNS questions that one evaluation may need; looking ahead has as many
MAX_NAMES: Final = 10  # of a mx or ptr mechanism (section 4.6.4)
MAX_TEXT: Final = 16_384  # bytes of policy text in one evaluation; reading takes our one thread
COUNTED: Final = 20  # how far lookups past the limit are counted, to say how many there are

_RESULTS: Final = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}

T = TypeVar("T")
Path: TypeAlias = tuple[SpfStep, ...]
Asking: TypeAlias = "Generator[Question, SpfReply, T]"


class _BreakOff(Exception):  # noqa: N818  # no error of ours, but how an evaluation may end
    """The evaluation breaks off where it stands, with a result and its cause."""

    def __init__(self, result: str, cause: SpfCause) -> None:
        self.result = result
        self.cause = cause


class Evaluation:
    """One evaluation under way, with what it has met and counted until now."""

    def __init__(self, client: SpfClient, domain: str) -> None:
        self._client = client
        self._domain = domain
        self._domains: list[SpfTarget] = []  # whose records are being evaluated, outermost first,
        self._terms: list[str] = []  # and the term of each
        self._lookups = 0
        self._void_names: list[str] = []
        self._policies: dict[tuple[str, str], None] = {}
        self._octets: dict[Owner | None, int] = {}  # of the policies, by domain
        self._replies: dict[Question | SpfTarget, SpfReply] = {}
        self._questions = 0
        self._asked_last = ""
        self._failed: Answer | None = None
        self._loop: Path = ()  # where a record first comes back to itself
        self._limit: SpfCause | None = None  # the first limit that is exceeded,
        self._limit_path: Path = ()  # and where
        self._running = self._evaluate()

    def advance(self, reply: SpfReply | None = None) -> Question | SpfEvaluation:
        """Return the next question, or in the end what SPF says.

        `reply` is the one to the question before; the first time there is none.
        """
        try:
            return next(self._running) if reply is None else self._running.send(reply)
        except StopIteration as end:
            evaluation: SpfEvaluation = end.value
            return evaluation

    def _evaluate(self) -> Asking[SpfEvaluation]:
        cause: SpfCause | None = None
        try:
            result, path = yield from self._check_host(target_of(self._domain))
            if result == "none":
                cause, path = SpfCause.NONE, self._path()
        except _BreakOff as broken:
            result, cause, path = broken.result, broken.cause, self._path()
        if self._limit is not None:  # what comes behind is read for counting alone
            result, cause, path = "permerror", self._limit, self._limit_path
        if self._loop and result == "permerror":
            cause, path = SpfCause.LOOP, self._loop
        return SpfEvaluation(
            address=self._client.address,
            domain=self._domain,
            result="temperror" if cause is SpfCause.BUDGET else result,
            cause=cause,
            path=path,
            lookups=self._lookups,
            voids=len(self._void_names),
            void_names=tuple(self._void_names),
            policies=tuple(self._policies),
            failed=self._failed if cause is SpfCause.TEMPERROR else None,
            unread=self._asked_last if cause is SpfCause.BUDGET else "",
        )

    def _path(self) -> Path:
        """Return the terms being worked on, outermost first."""
        steps = zip(self._domains, self._terms, strict=True)
        return tuple(SpfStep(domain.text, term) for domain, term in steps)

    def _check_host(self, target: SpfTarget) -> Asking[tuple[str, Path]]:
        """Return the result of a domain's record and the terms that it comes from (section 4)."""
        self._domains.append(target)
        self._terms.append("")
        record = (yield from self._read_policy(target)) if target.is_domain else None
        if record is None:
            return "none", ()
        for term in record.mechanisms:
            self._terms[-1] = term.raw
            if term.name in ASKS_DNS:
                inside = yield from self._match(term, target)
            else:
                inside = () if self._client.is_named_by(term) else None
            if inside is not None:
                return _RESULTS[term.qualifier], (SpfStep(target.text, term.raw), *inside)
        if record.redirect is None:
            return "neutral", ()
        self._terms[-1] = record.redirect.raw
        self._count_lookup()
        to = record.redirect.target or (yield from self._target(record.redirect, target))
        result, inside = yield from self._go_into(to)
        return result, (SpfStep(target.text, record.redirect.raw), *inside)

    def _read_policy(self, target: SpfTarget) -> Asking[SpfRecord | None]:
        """Return a domain's record, None where it has none (sections 4.4 to 4.6)."""
        reply = yield from self._ask(target, dns.rdatatype.TXT)
        self._octets[target.owner] = reply.octets
        if reply.kind is ReplyKind.TOO_MUCH or sum(self._octets.values()) > MAX_TEXT:
            raise _BreakOff("temperror", SpfCause.BUDGET)
        self._require(reply)
        for text in reply.policies:
            self._policies[target.text, text] = None
        if not reply.policies:
            return None
        if len(reply.policies) > 1:
            raise _BreakOff("permerror", SpfCause.MULTIPLE)
        record = read_record(reply.policies[0])
        if record.faulty is not None:
            self._terms[-1] = record.faulty
            raise _BreakOff("permerror", SpfCause.SYNTAX)
        return record

    def _match(self, term: SpfTerm, domain: SpfTarget) -> Asking[Path | None]:
        """Return the terms inside of a mechanism that matches; None where it does not."""
        self._count_lookup()
        target = term.target or (yield from self._target(term, domain))
        match term.name:
            case "include":
                result, inside = yield from self._go_into(target)
                return inside if result == "pass" else None
            case "a":
                matches = yield from self._match_a(term, target)
            case "mx":
                matches = yield from self._match_mx(term, target)
            case "exists":
                matches = yield from self._match_exists(target)
            case _:
                matches = yield from self._match_ptr(target)
        return () if matches else None

    def _go_into(self, target: SpfTarget) -> Asking[tuple[str, Path]]:
        """Return what the record comes to that an include or a redirect leads to (5.2, 6.1)."""
        if not self._loop and any(target.owner == domain.owner for domain in self._domains):
            self._loop = self._path()
        result, inside = yield from self._check_host(target)
        del self._domains[-1], self._terms[-1]
        if result == "none":
            raise _BreakOff("permerror", SpfCause.INCLUDE_MISSING)
        return result, inside

    def _match_a(self, term: SpfTerm, target: SpfTarget) -> Asking[bool]:
        if not target.is_domain:
            return False
        reply = self._require((yield from self._ask(target, self._client.address_type)))
        return self._is_near(reply, term)

    def _match_mx(self, term: SpfTerm, target: SpfTarget) -> Asking[bool]:
        if not target.is_domain:
            return False
        hosts = self._require((yield from self._ask(target, dns.rdatatype.MX))).names
        if len(hosts) > MAX_NAMES:
            raise _BreakOff("permerror", SpfCause.TOO_MANY_MX)
        for host in hosts:
            reply = self._require((yield from self._ask(host, self._client.address_type)))
            if self._is_near(reply, term):
                return True
        return False

    def _match_exists(self, target: SpfTarget) -> Asking[bool]:
        """Return whether a name has an IPv4 address, whatever the client's version (5.7)."""
        if not target.is_domain:
            return False
        reply = self._require((yield from self._ask(target, dns.rdatatype.A)))
        return reply.kind is ReplyKind.FOUND

    def _match_ptr(self, target: SpfTarget) -> Asking[bool]:
        """Return whether a name of the client's leads back to it, and is in a domain (5.5)."""
        reply = yield from self._ask(self._client.reverse_name, dns.rdatatype.PTR)
        for name in reply.names[:MAX_NAMES]:
            if target.owner and name.owner and is_at_or_below(name.owner, target.owner):
                back = yield from self._ask(name, self._client.address_type)
                if self._client.number in back.addresses:
                    return True
        return False

    def _is_near(self, reply: SpfReply, term: SpfTerm) -> bool:
        """Whether the client is as near to one of the addresses as the term's length says."""
        return any(self._client.is_near(address, term) for address in reply.addresses)

    def _target(self, term: SpfTerm, domain: SpfTarget) -> Asking[SpfTarget]:
        """Return the name that a term comes to, with a name of the client's where it has `%{p}`."""
        own_name = (yield from self._find_own_name(domain)) if term.hangs_on_names else ""
        return self._client.find_target(term, domain, own_name)

    def _find_own_name(self, domain: SpfTarget) -> Asking[str]:
        """Return a name of the client's that leads back to it, as `%{p}` has it (section 7.3)."""
        reply = yield from self._ask(self._client.reverse_name, dns.rdatatype.PTR)
        found = list[SpfTarget]()
        for name in reply.names[:MAX_NAMES]:
            back = yield from self._ask(name, self._client.address_type)
            if self._client.number in back.addresses:
                found.append(name)
        return _best_name(found, domain)

    def _count_lookup(self) -> None:
        """Count a term that asks the DNS; past the limit, to say how many there are."""
        self._lookups += 1
        if self._lookups > MAX_LOOKUPS:
            self._exceed(SpfCause.TOO_MANY_LOOKUPS)
            if self._lookups > COUNTED:
                raise _BreakOff("permerror", SpfCause.TOO_MANY_LOOKUPS)

    def _exceed(self, limit: SpfCause) -> None:
        if self._limit is None:
            self._limit, self._limit_path = limit, self._path()

    def _require(self, reply: SpfReply) -> SpfReply:
        """Return a reply that says something; break off where there is none (section 2.6.6)."""
        if reply.kind is ReplyKind.TOO_MUCH:
            raise _BreakOff("temperror", SpfCause.BUDGET)
        if reply.kind is ReplyKind.FAILED:
            self._failed = reply.answer
            raise _BreakOff("temperror", SpfCause.TEMPERROR)
        return reply

    def _ask(self, target: SpfTarget, rdtype: dns.rdatatype.RdataType) -> Asking[SpfReply]:
        """Return the reply to a question, which counts once, as does that it finds nothing."""
        key = target if target.owner is None else Question(target.owner, rdtype)
        reply = self._replies.get(key)
        if reply is None:
            if self._questions >= MAX_QUESTIONS:
                # The record is at fault, not the DNS: where it comes back to itself, by that.
                raise _BreakOff("permerror", SpfCause.BUDGET)
            self._questions += 1
            reply = (yield key) if isinstance(key, Question) else NO_SUCH_NAME
            if reply.kind is ReplyKind.VOID:
                self._void_names.append(target.text)
                if len(self._void_names) > MAX_VOIDS:
                    self._exceed(SpfCause.TOO_MANY_VOIDS)
            if reply.is_known:
                self._replies[key] = reply
        self._asked_last = target.text
        return reply


def _best_name(found: list[SpfTarget], domain: SpfTarget) -> str:
    """Return the name that is the domain itself, else one below it, else any (section 7.3)."""
    inside = [
        name
        for name in found
        if name.owner and domain.owner and is_at_or_below(name.owner, domain.owner)
    ]
    exact = [name for name in inside if name.owner == domain.owner]
    return next((name.text for name in (*exact, *inside, *found)), "unknown")
