"""What is known of one domain's SPF, and the findings and fixes made of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.exception
import dns.name

from bot.checks.answers import MOST_STEPS, name_text
from bot.checks.finding import Check, Finding, Fix, FixAction, Status
from bot.checks.spf.left_out import LeftOut, LeftOutReason
from bot.checks.spf.merge import NOTHING, Merged, leads_to, merge, target_of, terms_in_order
from bot.checks.spf.networks import read_networks
from bot.checks.spf.term_reading import read
from bot.checks.spf.terms import Term, address_term, plain, same_record, terms_of, words_of
from bot.checks.spf.texts import SpfText, SpfTextKind, decode, sort_texts
from bot.dns.answer import LONGEST_TEXT, Outcome
from bot.dns.spf_evaluate import MAX_QUESTIONS, MAX_TEXT, MOST_TERMS, STRANGER, policies_of
from bot.dns.spf_grammar import is_valid_term
from bot.records.expected import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.checks.misplaced_record import MisplacedRecord
    from bot.checks.observation import Observation
    from bot.checks.spf.networks import Reading
    from bot.dns.spf_evaluate import SpfEvaluation
    from bot.errors import Fact
    from bot.records.expected import Expected

_LONGEST_VALUE = 512  # characters of a value that is not ours; proofs of a domain take some 100
# What a term asks for; it matches only where there is such a record (RFC 7208 section 5).
_MATCHED_TYPES = {"a": ("A", "AAAA"), "mx": ("MX",), "exists": ("A",)}


@dataclass(frozen=True, slots=True)
class SpfCase:
    """One domain's SPF: what is to be there, and what was found out about it."""

    observed: Observation
    host: dns.name.Name
    value: str  # the record to publish
    owner: dns.name.Name
    ttl: int | None  # seconds
    addresses: tuple[str, ...]  # of the mail host, IPv4 first
    evaluations: tuple[SpfEvaluation, ...]  # of these addresses, in their order
    stranger: SpfEvaluation | None  # of an address that nobody has
    strangers: tuple[SpfEvaluation, ...]  # that one, and made-up ones that none of us has
    policies: Mapping[str, str]  # the records met, by lower-case domain
    own_keys: frozenset[str]  # what the mail server's own terms match

    @classmethod
    def of(cls, expected: Expected, observed: Observation) -> SpfCase:
        """Return the case of one domain."""
        record = expected.record(Purpose.SPF)
        value = record.value if record else expected.server.spf
        addresses = sorted(observed.addresses(expected.server.host), key=lambda a: (":" in a, a))
        known = {evaluation.address: evaluation for evaluation in observed.spf}
        return cls(
            observed=observed,
            host=expected.server.host,
            value=value,
            owner=record.owner if record else observed.domain.name,
            ttl=record.ttl if record else expected.server.record_ttl,
            addresses=tuple(addresses),
            evaluations=tuple(known[address] for address in addresses if address in known),
            stranger=known.get(STRANGER),
            strangers=tuple(e for e in observed.spf if e.address not in addresses),
            policies=policies_of(observed.spf),
            own_keys=frozenset(term.key for term in terms_of(value) if term.name != "all"),
        )

    @property
    def domain(self) -> str:
        """The domain's name without its final dot."""
        return name_text(self.observed.domain.name)

    def read(self, text: SpfText) -> Reading:
        """Return what the networks of a record come to, includes and hosts counted."""
        return read_networks(self.domain, text.raw, self.policies, self.observed.answer)

    def deciding_strangers(self) -> tuple[SpfEvaluation, ...]:
        """Return the strangers whose evaluations came to nothing, where they leave it open.

        That of the made-up addresses is enough if half of them were evaluated to the end.
        """
        made_up = [e for e in self.strangers if e is not self.stranger]
        unsure = [e for e in made_up if e.result == "temperror"]
        first = (self.stranger,) if self.stranger else ()
        return (*first, *(unsure if 2 * len(unsure) > len(made_up) else ()))

    def names_ours(self, text: SpfText) -> bool:
        """Whether a record has all terms of the mail server, or its addresses, to let it pass."""
        keys = {term.key for term in terms_in_order(text.raw) if term.qualifier == "+"}
        addresses = {Term.of(address_term(address)).key for address in self.addresses}
        return self.own_keys <= keys or bool(addresses and addresses <= keys)

    def is_exact(self, text: SpfText) -> bool:
        """Whether a record says just what was handed out."""
        return same_record(text.raw, self.value)

    def is_glued(self, raw: str, unglued: str) -> bool:
        """Whether words of a record are stuck together for certain, and not only look like it.

        They are where our own terms come out of them, or where a word as it stands is no valid one
        or refers to nothing.
        """
        before, after = terms_of(raw), terms_of(unglued)
        keys = {term.key for term in before}
        stuck = set(before) - set(after)
        ours = {term.key for term in after} - keys
        if ours & self.own_keys:
            return True
        return any(self._is_hopeless(t) or not is_valid_term(t.raw) for t in stuck)

    def is_refused_by_own_terms(self, evaluation: SpfEvaluation) -> bool:
        """Whether the mail server's own terms were all tried for an address and none allows it."""
        if evaluation.cause is not None:
            return False
        decided = evaluation.matched.term if evaluation.matched else None
        tried = set[tuple[str, str]]()
        for term in terms_in_order(self.policies.get(self.domain, "")):
            # What let it pass did not refuse it; what refused it has been tried as well.
            if term.raw != decided or evaluation.result != "pass":
                tried.add((term.qualifier, term.key))
            if term.raw == decided:
                break
        ours = (term for term in terms_in_order(self.value) if term.name != "all")
        return all((term.qualifier, term.key) in tried for term in ours)

    def add(self, code: str, texts: Sequence[SpfText] = ()) -> Finding:
        """Return a failure that one new record mends, which keeps what the texts allow."""
        merged = self._merge(texts)
        facts = merged.facts if texts else {}
        fix = Fix(FixAction.ADD, self.owner, "TXT", merged.text, ttl=self.ttl)
        return Finding(Check.SPF, code, Status.FAIL, facts, (fix, *self._additions(texts)))

    def move(self, misplaced: MisplacedRecord) -> Finding:
        """Return the failure that the record is at another name."""
        texts = sort_texts([misplaced.text.encode()])
        merged = self._merge(texts)
        fix = misplaced.move(self.owner, "TXT", merged.text, self.ttl)
        fixes = (fix, *self._additions(texts))
        finding = misplaced.finding(Check.SPF, fixes, self.observed.zone)
        return dataclasses.replace(finding, facts={**finding.facts, **merged.facts})

    def replace(
        self,
        code: str,
        facts: Mapping[str, Fact],
        text: SpfText,
        *,
        drop: Mapping[str, LeftOutReason] = NOTHING,
        severity: Status = Status.FAIL,
    ) -> Finding:
        """Return a finding that the merged record in place of the text mends.

        `drop` are the keys of terms that may not stay, and why. What is kept and what is left out
        is added to the facts, see `Merged.facts`.
        """
        merged = self._merge((text,), drop)
        fixes = (self._replacement(merged, text),) if text.raw != merged.text else ()
        facts = {**facts, **merged.facts}
        return Finding(Check.SPF, code, severity, facts, (*fixes, *self._additions((text,))))

    def replace_all(
        self, code: str, facts: Mapping[str, Fact], texts: tuple[SpfText, ...]
    ) -> Finding:
        """Return a failure that is mended by one record in place of all of these."""
        merged = self._merge(texts)
        right = next((text for text in texts if same_record(text.raw, merged.text)), None)
        stays = right or texts[0]
        replacement = () if right else (self._replacement(merged, stays),)
        deletions = tuple(
            Fix(FixAction.DELETE, self.owner, "TXT", text.raw)
            for text in texts
            if text is not stays
        )
        facts = {**facts, **merged.facts}
        fixes = (*replacement, *self._additions(texts), *deletions)[:MOST_STEPS]
        return Finding(Check.SPF, code, Status.FAIL, facts, fixes)

    def report_server_side(self, what: str) -> Finding:
        """Return the finding that the mail server's side is at fault."""
        facts: dict[str, Fact] = {"what": what}
        return Finding(Check.SPF, "server-side", Status.INFO, facts)

    def report_too_big(self, at: str) -> Finding:
        """Return the finding that the record takes more than we ask or read.

        `at` is the domain at which the evaluation was given up.
        """
        facts: dict[str, Fact] = {"questions": MAX_QUESTIONS, "bytes": MAX_TEXT, "at": at}
        facts |= {"most": LONGEST_TEXT, "most_terms": MOST_TERMS}
        return Finding(Check.SPF, "spf-too-big", Status.UNKNOWN, facts)

    def _replacement(self, merged: Merged, text: SpfText) -> Fix:
        return Fix(FixAction.REPLACE, self.owner, "TXT", merged.text, ttl=self.ttl, old=text.raw)

    def _merge(
        self, texts: Sequence[SpfText], drop: Mapping[str, LeftOutReason] = NOTHING
    ) -> Merged:
        """Merge the texts that together are short enough to be read."""
        readable, left, unread = list[str](), MAX_TEXT, list[LeftOut]()
        for text in texts:
            left -= len(text.meant)
            if left >= 0:
                readable.append(text.meant)
            else:
                unread += (LeftOut(w, LeftOutReason.UNREAD) for w in words_of(text.meant))
        hopeless = {
            term.key: LeftOutReason.NOWHERE
            for text in readable
            for term in read(plain(text).strip()).terms
            if self._is_hopeless(term)
        }
        drop = {**hopeless, **drop}
        merged = merge(self.value, readable, self.policies, drop, self._host_keys())
        beside = [
            *(each for text in texts for each in text.left_out),
            *(
                LeftOut(other, LeftOutReason.BESIDE)
                for text in texts
                for other in text.others
                if not _can_be_typed(other)
            ),
        ]
        return dataclasses.replace(merged, left_out=(*beside, *merged.left_out, *unread))

    def _additions(self, texts: Iterable[SpfText]) -> tuple[Fix, ...]:
        """Return the steps that make records of their own of what was joined to the texts."""
        answer = self.observed.answer(self.observed.domain.name, "TXT")
        there = set(map(decode, answer.texts())) if answer else set[str]()
        others = dict.fromkeys(other for text in texts for other in text.others)
        return tuple(
            Fix(FixAction.ADD, self.owner, "TXT", other, ttl=self.ttl)
            for other in others
            if _can_be_typed(other) and other not in there
        )

    def _host_keys(self) -> frozenset[str]:
        """Return what the terms match that name the mail host itself: no other sender's.

        None where the mail server's terms are known not to do without them.
        """
        if any(self.is_refused_by_own_terms(evaluation) for evaluation in self.evaluations):
            return frozenset()
        terms = map(address_term, self.addresses)
        return frozenset(Term.of(term).key for term in (*terms, f"a:{name_text(self.host)}"))

    def leads_nowhere(self, term: Term) -> bool:
        """Whether a term's name is known to hold nothing that could match.

        The domain's own MX does not count: where it is missing, it is going to be there.
        """
        types = _MATCHED_TYPES.get(term.name, ())
        if not types or "%" in term.value or (term.name == "mx" and term.separator != ":"):
            return False
        target = term.value.partition("/")[0] if term.separator == ":" else self.domain
        try:
            answers = [self.observed.answer(target, rdtype) for rdtype in types]
        except dns.exception.DNSException:
            return True  # no name at all
        known = [answer for answer in answers if answer is not None]
        # That a name does not exist holds for every type (RFC 8020).
        if any(answer.outcome is Outcome.NXDOMAIN for answer in known):
            return True
        return len(known) == len(types) and all(answer.absent for answer in known)

    def _is_hopeless(self, term: Term) -> bool:
        """Whether a term refers to a record that is known not to be there, or back to this one."""
        target = target_of(term)
        if not target or "%" in target:
            return False
        try:
            answer = self.observed.answer(target, "TXT")
        except dns.exception.DNSException:
            return True  # no name at all
        texts = sort_texts(answer.texts()) if answer is not None else ()
        known = dict(self.policies)
        for text in texts:
            known.setdefault(target, text.raw)
        if leads_to(target, self.domain, known):
            return True
        if answer is None or answer.failed:
            return False
        return not any(text.kind is SpfTextKind.RECORD for text in texts)


def _can_be_typed(value: str) -> bool:
    """Whether a value may be handed out to be typed as it stands."""
    return value.isascii() and value.isprintable() and len(value) <= _LONGEST_VALUE
