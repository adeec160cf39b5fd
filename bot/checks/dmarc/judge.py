"""Judges the DMARC record that speaks for a domain (RFC 9989)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dns.rdatatype import TXT

from bot.checks.answers import (
    MOST_STEPS,
    alias_at,
    alias_beside,
    answer_to,
    decode_texts,
    name_text,
    some_lines,
    unanswered,
    without_alias,
    without_repeats,
)
from bot.checks.dkim import judge as dkim
from bot.checks.dmarc.misplaced import find_dmarc
from bot.checks.dmarc.record import (
    POLICY_TAGS,
    REMOVED_TAGS,
    discover,
    find_records,
    is_meant_as_dmarc,
    mean_the_same,
    parse_record,
    walk_names,
)
from bot.checks.dmarc.repair import (
    Mender,
    TagFault,
    find_malformation,
    find_report_fault,
    find_tag_faults,
    find_weaker_tag,
)
from bot.checks.dmarc.report_addresses import (
    Destination,
    authorisation_of,
    find_destinations,
    own_addresses,
    refuses,
    report_names,
)
from bot.checks.finding import Check, Finding, Fix, FixAction, Note, Status, Verdict
from bot.checks.misplaced import find_wildcard, wildcard_facts
from bot.checks.paste_damage import find_literal, unquote
from bot.dns.answer import Answer, Outcome, Question
from bot.records.dkim_key import KeyUnknown
from bot.records.dmarc_policy import DmarcPolicy

if TYPE_CHECKING:
    import dns.name

    from bot.checks.dmarc.record import DmarcRecord
    from bot.checks.misplaced import Stray
    from bot.checks.observation import Observation
    from bot.errors import Fact
    from bot.names import Domain
    from bot.records.expected import Expected

__all__ = ["judge", "own_names", "report_names", "walk_names"]


def own_names(domain: Domain) -> tuple[dns.name.Name, ...]:
    """Return the name of the domain's own record; none where it would be too long."""
    name = domain.below("_dmarc")
    return () if name is None else (name,)


def judge(expected: Expected, observed: Observation) -> Verdict:
    """Return what is to be said of the domain's DMARC policy, its own or one from above."""
    unasked = Answer(Question(expected.domain.name, TXT), Outcome.TIMEOUT)
    answers = [answer_to(observed, name, TXT) for name in own_names(expected.domain)]
    answer = next(iter(answers), unasked)
    wanted = (expected.dmarc,)
    if answer.failed:
        return Verdict(Check.DMARC, (unanswered(Check.DMARC, answer),), wanted)
    judging = _Judge(expected, observed, answer)
    findings = judging.findings()
    note = judging.note() if all(f.severity.rank <= Status.INFO.rank for f in findings) else None
    found = some_lines(decode_texts(answer))
    typed = [without_alias(observed, finding, answer) for finding in findings]
    return Verdict(Check.DMARC, without_repeats(typed, {"dmarc-before-dkim"}), wanted, found, note)


class _Judge:
    """The judging of one answer; what its steps share."""

    def __init__(self, expected: Expected, observed: Observation, answer: Answer) -> None:
        self._expected = expected
        self._observed = observed
        self._answer = answer
        self._owner = answer.question.name
        self._discovery = discover(observed)
        self._ready = dkim.works(expected, observed)
        # Of a domain whose key we do not know we do not know the selector either: a key may well
        # be there, and nobody is told that there is none.
        self._early = (
            bool(self._discovery.in_force)
            and not isinstance(expected.dkim, KeyUnknown)
            and dkim.is_absent(expected, observed)
        )
        self._handed_out = parse_record(expected.dmarc)
        self._malformed = [t for t in decode_texts(answer) if is_meant_as_dmarc(t)]
        self._unwanted: tuple[str, ...] = ()
        self._mender = Mender(expected, ready=self._ready, early=self._early)

    def findings(self) -> list[Finding]:
        records = find_records(self._answer)
        if len(records) > 1:
            found = [self._judge_several(records)]
        elif records and find_literal(records[0].text):
            found = [self._judge_malformed(records[0].text)]
        elif records:
            found = self._judge_record(records[0])
        elif self._malformed:
            found = [self._judge_malformed(self._malformed[0])]
        elif (stray := find_dmarc(self._expected, self._observed)) is not None:
            found = [self._judge_stray(stray)]
        elif self._discovery.policy is not None:
            found = self._judge_policy()
        elif self._discovery.failed is not None:
            return [unanswered(Check.DMARC, self._discovery.failed)]
        else:
            found = [self._judge_absence()]
        return [*self._judge_earliness(), *self._judge_alias(), *found]

    def note(self) -> Note | None:
        """Return the remark on a policy that is in order but not the one handed out."""
        record, policy = self._discovery.record, self._discovery.policy
        wanted = self._handed_out.policy("p") if self._handed_out else None
        if record is None or policy is None:
            return None
        if self._discovery.inherited:
            return Note("dmarc-inherited", {"parent": self._parent(), "policy": str(policy)})
        if wanted is not None and DmarcPolicy.NONE is not policy and policy.weaker_than(wanted):
            return Note("dmarc-weaker-than-handed-out", {"have": str(policy), "want": str(wanted)})
        return None

    def _parent(self) -> str:
        """Return the domain above whose record applies, empty where it is the domain's own."""
        owner = self._discovery.owner
        return name_text(owner) if owner is not None and self._discovery.inherited else ""

    def _finding(
        self, code: str, severity: Status, fixes: tuple[Fix, ...] = (), **facts: Fact
    ) -> Finding:
        shared: dict[str, Fact] = {
            "name": name_text(self._owner),
            "parent": self._parent(),
            "policy": self._discovery.in_force,
            "ready": self._ready,
            "repeat": False,
        }
        return Finding(Check.DMARC, code, severity, {**shared, **facts}, fixes)

    def _fix(self, action: FixAction, value: str, old: str | None = None) -> Fix:
        ttl = self._expected.server.record_ttl
        return Fix(action, self._owner, "TXT", value, ttl=ttl, old=old)

    def _mend(self, record: DmarcRecord) -> tuple[Fix, ...]:
        """Return the one fix that mends all that is wrong with the domain's own record."""
        mended = self._mender.mend(record, self._unwanted)
        return (self._fix(FixAction.REPLACE, mended, record.text),)

    def _judge_earliness(self) -> list[Finding]:
        """A strict policy with no DKIM key: what is forwarded fails SPF and has nothing else."""
        if not self._early:
            return []
        record = self._discovery.record
        fixes: tuple[Fix, ...] = ()
        if record is not None and not self._discovery.inherited:
            fixes = self._mend(record)
        elif not find_records(self._answer) and not self._malformed:  # those are mended by itself
            fixes = (self._fix(FixAction.ADD, self._mender.relaxed(None)),)
        return [self._finding("dmarc-before-dkim", Status.FAIL, fixes)]

    def _judge_alias(self) -> list[Finding]:
        """A CNAME beside the TXT: only one of them can be (RFC 1034 section 3.6.2)."""
        target = self._find_alias()
        if target is None or not self._answer.found or self._answer.chain:
            return []
        fix = Fix(FixAction.DELETE, self._owner, "CNAME", target.to_text())
        return [self._finding("dmarc-cname-and-txt", Status.WARN, (fix,), target=name_text(target))]

    def _find_alias(self) -> dns.name.Name | None:
        if self._answer.chain:
            return alias_at(self._observed, self._answer)
        return alias_beside(self._observed, self._owner)

    def _judge_absence(self) -> Finding:
        target = self._find_alias()
        fixes = [self._fix(FixAction.ADD, self._expected.dmarc)]
        if target is not None:
            fixes.insert(0, Fix(FixAction.DELETE, self._owner, "CNAME", target.to_text()))
        steps = tuple(fixes) if self._ready else ()
        if code := find_wildcard(self._observed, self._answer):
            facts = wildcard_facts(self._observed.domain.name, [self._owner])
            return self._finding(code, Status.WARN, steps, **facts)
        shown = "" if target is None else name_text(target)
        return self._finding("dmarc-missing", Status.WARN, steps, target=shown)

    def _judge_stray(self, stray: Stray) -> Finding:
        """The record is at another name, where nobody looks for it (RFC 9989 section 4.10)."""
        record = parse_record(stray.text)
        value = self._mender.fresh()
        if record is not None:
            value = self._mender.mend(record) if self._ready else self._mender.relaxed(record)
        ttl = self._expected.server.record_ttl
        fixes = (stray.move(self._owner, "TXT", value, ttl),)
        finding = stray.finding(Check.DMARC, fixes, self._observed.zone)
        return self._finding(finding.code, finding.severity, fixes, **finding.facts)

    def _judge_several(self, records: tuple[DmarcRecord, ...]) -> Finding:
        """Several records: receivers disregard all of them (RFC 9989 section 4.10)."""
        value = self._mender.fresh()
        wanted = parse_record(value)
        kept = next((r for r in records if wanted is not None and mean_the_same(r, wanted)), None)
        if self._answer.chain:
            kept = None  # it is not the member's to keep
        others = [record.text for record in records if record is not kept]
        fixes: list[Fix] = []
        if kept is None:
            fixes.append(self._fix(FixAction.REPLACE, value, others.pop(0)))
        fixes += [Fix(FixAction.DELETE, self._owner, "TXT", text) for text in others[:MOST_STEPS]]
        return self._finding("dmarc-multiple", Status.FAIL, tuple(fixes), count=len(records))

    def _judge_malformed(self, text: str) -> Finding:
        fixes = (self._fix(FixAction.REPLACE, self._mender.fresh(), text),)
        if code := find_literal(text):
            meant = parse_record(unquote(text))
            wanted = self._handed_out
            certain = meant is not None and wanted is not None and mean_the_same(meant, wanted)
            return self._finding(
                code, Status.FAIL, fixes, record="DMARC", certain=certain, known=True
            )
        return self._syntax(fixes, find_malformation(text))

    def _syntax(self, fixes: tuple[Fix, ...], fault: TagFault) -> Finding:
        suggestion = self._mender.suggest(fault.value) if fault.tag in POLICY_TAGS else ""
        facts = {"what": fault.what, "tag": fault.tag, "value": fault.value}
        if not fault.grave:
            return self._finding("dmarc-odd-tag", Status.WARN, fixes, **facts)
        return self._finding("dmarc-syntax", Status.FAIL, fixes, **facts, suggestion=suggestion)

    def _judge_record(self, record: DmarcRecord) -> list[Finding]:
        """Judge the domain's own, single record."""
        destinations = find_destinations(record, self._observed)
        refusing = [d for d in destinations if refuses(self._observed, d)]
        own = own_addresses(self._expected)
        foreign = [(d, [a for a in d.addresses if a.lower() not in own]) for d in refusing]
        self._unwanted = tuple(address for _, addresses in foreign for address in addresses)
        found = [self._syntax(self._mend(record), fault) for fault in find_tag_faults(record)]
        found += self._judge_policy()
        found += self._judge_addresses(record)
        found += [
            self._judge_refusal(destination, tuple(addresses), record)
            for destination, addresses in foreign
        ]
        found += self._judge_removed(record)
        found.sort(key=lambda f: -f.severity.rank)
        if not found or found[0].severity.rank < Status.UNKNOWN.rank:
            answers = (authorisation_of(self._observed, d) for d in destinations)
            found += [unanswered(Check.DMARC, a) for a in answers if a and a.failed][:1]
        return found

    def _judge_refusal(
        self, destination: Destination, addresses: tuple[str, ...], record: DmarcRecord
    ) -> Finding:
        host = name_text(destination.host)
        name = f"{self._expected.domain.ascii}._report._dmarc.{host}"
        if not addresses:  # all are the operator's own: nothing that the member could mend
            facts = {"what": "report-authorisation", "name": name}
            return Finding(Check.DMARC, "server-side", Status.INFO, facts)
        return self._finding(
            "dmarc-rua-not-authorised",
            Status.WARN,
            self._mend(record),
            addresses=addresses,
            host=host,
            authorisation=name,
            replacement=self._mender.replacement,
        )

    def _judge_policy(self) -> list[Finding]:
        """Judge what the record asks for, the domain's own or one from above."""
        record, policy = self._discovery.record, self._discovery.policy
        if record is None or record.invalid_policies:
            return []
        inherited = self._discovery.inherited
        same = self._handed_out is not None and mean_the_same(record, self._handed_out)
        fixes: tuple[Fix, ...] = ()
        if self._ready:
            add = (self._fix(FixAction.ADD, self._expected.dmarc),)
            fixes = add if inherited else self._mend(record)
        found = []
        if policy is DmarcPolicy.NONE:
            planned = same or self._expected.dmarc_stage == "none"
            severity = Status.INFO if planned else Status.WARN
            found.append(self._finding("dmarc-policy-none", severity, () if planned else fixes))
        elif record.testing and not same:
            found.append(self._finding("dmarc-testing", Status.WARN, fixes, asked=str(policy)))
        weaker = None if inherited or same else find_weaker_tag(record)
        if weaker is not None:
            facts = dict(zip(("tag", "value", "strict"), map(str, weaker), strict=True))
            mended = self._mend(record)
            found.append(self._finding("dmarc-subdomain-weaker", Status.WARN, mended, **facts))
        return found

    def _judge_addresses(self, record: DmarcRecord) -> list[Finding]:
        fault = find_report_fault(record)
        if fault is None:
            return []
        facts = dict(zip(("tag", "what", "value"), fault, strict=True))
        return [self._finding("dmarc-rua-syntax", Status.WARN, self._mend(record), **facts)]

    def _judge_removed(self, record: DmarcRecord) -> list[Finding]:
        if self._handed_out is not None and mean_the_same(record, self._handed_out):
            return []
        tags = tuple(tag for tag in REMOVED_TAGS if record.get(tag) is not None)
        return [self._finding("dmarc-removed-tags", Status.INFO, tags=tags)] if tags else []
