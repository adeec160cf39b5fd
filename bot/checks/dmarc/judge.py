"""Judges the DMARC record that speaks for a domain (RFC 9989)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dns.rdatatype import TXT

from bot.checks.answers import (
    MOST_NAMES,
    MOST_STEPS,
    answer_to,
    name_text,
    some_lines,
    unanswered,
    wildcard_facts,
    without_alias,
    without_repeats,
)
from bot.checks.dmarc.case import DmarcCase
from bot.checks.dmarc.faults import DmarcFault, find_tag_faults, find_weaker_tag
from bot.checks.dmarc.misplaced import dmarc_places, find_dmarc
from bot.checks.dmarc.record import (
    ALL_MAIL,
    REMOVED_TAGS,
    mean_the_same,
    parse_record,
    walk_names,
)
from bot.checks.dmarc.report_addresses import find_destinations, report_names
from bot.checks.dmarc.reports import (
    find_refusals,
    find_silence,
    judge_addresses,
    judge_refusals,
    loses_addresses,
)
from bot.checks.dmarc.slips import find_malformation, read_meant
from bot.checks.finding import Check, Finding, Fix, FixAction, Note, Status, Verdict
from bot.checks.lent_record import find_wildcard, wildcard_over
from bot.checks.paste_damage import find_literal
from bot.checks.text_bounds import find_long_text
from bot.dns.answer import Answer, Outcome, Question
from bot.records.dmarc_policy import POLICY_TAGS, DmarcPolicy

if TYPE_CHECKING:
    import dns.name

    from bot.checks.dmarc.record import DmarcRecord
    from bot.checks.misplaced_record import MisplacedRecord
    from bot.checks.observation import Observation
    from bot.errors import Fact
    from bot.names import Domain
    from bot.records.expected import Expected

__all__ = ["judge", "own_names", "report_names", "walk_names"]


def own_names(domain: Domain) -> tuple[dns.name.Name, ...]:
    """Return the name of the domain's own record; none where it would be too long."""
    name = domain.below("_dmarc")
    return () if name is None else (name,)


def judge(
    expected: Expected,
    observed: Observation,
    *,
    spf_proven: bool = False,
    dkim_proven: bool = False,
) -> Verdict:
    """Return the verdict on the DMARC policy that applies to the domain, its own or inherited.

    What is expected, and what a step brings, is the record that is handed out by what is proven; a
    stricter policy that is in force already stays.
    """
    answer = _find_answer(expected.domain, observed)
    expected = expected.with_proof(spf_proven=spf_proven, dkim_proven=dkim_proven)
    wanted = (expected.dmarc,)
    if answer.failed:
        return Verdict(Check.DMARC, (unanswered(Check.DMARC, answer),), wanted)
    judging = _Judge(expected, observed, answer, ready=spf_proven and dkim_proven)
    if long := find_long_text(Check.DMARC, observed, [judging.owner]):
        finding = long.finding(Check.DMARC, expected.dmarc, expected.server.record_ttl)
        too_long = without_alias(observed, finding, answer)
        return Verdict(Check.DMARC, (too_long,), wanted, long.found)
    findings = judging.findings()
    note = judging.note() if all(f.severity.rank <= Status.INFO.rank for f in findings) else None
    found = some_lines(judging.texts)
    typed = [without_alias(observed, finding, answer) for finding in findings]
    # What the way back to none mends as well only matters if it outlasts that.
    few = without_repeats(typed, {"dmarc-before-dkim"})
    said = (f for f in without_repeats(typed) if f in few or loses_addresses(f))
    return Verdict(Check.DMARC, tuple(said), wanted, found, note)


def _find_answer(domain: Domain, observed: Observation) -> Answer:
    """Return the answer for the domain's own record; one that failed where there can be none."""
    names = own_names(domain)
    if not names:
        return Answer(Question.of(domain.name, TXT), Outcome.TIMEOUT)
    return answer_to(observed, names[0], TXT)


class _Judge(DmarcCase):
    """The judging of one answer, step by step."""

    def findings(self) -> list[Finding]:
        records = self.records
        if len(records) > 1:
            found = [self._judge_several(records)]
        elif records and find_literal(records[0].text):
            found = self._judge_malformed(records[0].text)
        elif records:
            found = self._judge_record(records[0])
        elif self.malformed:
            found = self._judge_malformed(self.malformed[0])
        elif (misplaced := find_dmarc(self.expected, self.observed)) is not None:
            found = [self._judge_misplaced(misplaced)]
        elif (elsewhere := self._find_long_text()) is not None:
            found = [elsewhere]
        elif self.discovery.policy is not None:
            found = self._judge_policy()
        elif self.discovery.failed is not None:
            return [unanswered(Check.DMARC, self.discovery.failed)]
        else:
            found = [self._judge_absence()]
        return [*self._judge_earliness(), *self._judge_alias(), *found]

    def note(self) -> Note | None:
        """Return the remark on a policy that is in order but not the one handed out."""
        record, policy = self.discovery.record, self.discovery.policy
        if record is None or policy is None:
            return None
        if self.discovery.inherited:
            return Note("dmarc-inherited", {"parent": self.parent(), "policy": str(policy)})
        both = {"have": str(policy), "want": str(self.wanted)}
        if DmarcPolicy.NONE is not policy and policy.weaker_than(self.wanted):
            return Note("dmarc-weaker-than-handed-out", both)
        if self.ready and self.wanted.weaker_than(policy):
            return Note("dmarc-stricter-than-handed-out", both)
        return None

    def _judge_earliness(self) -> list[Finding]:
        """A strict policy without a DKIM key: forwarded mail fails SPF, so receivers refuse it."""
        if not self.early:
            return []
        record = self.discovery.record
        fixes: tuple[Fix, ...] = ()
        if record is not None and not self.discovery.inherited:
            fixes = self.mend(record.text)
        elif not self.records and not self.malformed:  # those are mended by itself
            fixes = (self.fix(FixAction.ADD, self.expected.dmarc),)
        return [self.finding("dmarc-before-dkim", Status.FAIL, fixes)]

    def _judge_alias(self) -> list[Finding]:
        """A CNAME beside the TXT: only one of them can be (RFC 1034 section 3.6.2)."""
        target = self.find_alias()
        if target is None or not self.answer.found or self.answer.chain:
            return []
        fix = Fix(FixAction.DELETE, self.owner, "CNAME", target.to_text())
        return [self.finding("dmarc-cname-and-txt", Status.WARN, (fix,), target=name_text(target))]

    def _judge_absence(self) -> Finding:
        target = self.find_alias()
        fixes = [self.fix(FixAction.ADD, self.expected.dmarc)]
        if target is not None:
            fixes.insert(0, Fix(FixAction.DELETE, self.owner, "CNAME", target.to_text()))
        steps = tuple(fixes)
        if code := find_wildcard(self.observed, self.answer):
            above = wildcard_over(self.observed, self.owner)
            facts = wildcard_facts(above, [self.owner])
            return self.finding(code, Status.WARN, steps, **facts)
        shown = "" if target is None else name_text(target)
        return self.finding("dmarc-missing", Status.WARN, steps, target=shown)

    def _judge_misplaced(self, misplaced: MisplacedRecord) -> Finding:
        """The record is at another name, where nobody looks for it (RFC 9989 section 4.10)."""
        text = misplaced.text
        value = self.mender.mend(text, is_at_its_name=False)
        ttl = self.expected.server.record_ttl
        fixes = (misplaced.move(self.owner, "TXT", value, ttl),)
        finding = misplaced.finding(Check.DMARC, fixes, self.observed.zone)
        asked = read_meant(text).policy("p")
        facts = {**finding.facts, "relaxed": asked is not None and self.wanted.weaker_than(asked)}
        return self.finding(finding.code, finding.severity, fixes, **facts)

    def _find_long_text(self) -> Finding | None:
        """A text at a wrong name or a parent's that may be the record, and is too long to read."""
        places = (name for name, _ in dmarc_places(self.expected, self.observed))
        above = walk_names(self.expected.domain)[1:]
        owners = (*places, *above, self.expected.domain.name)
        long = find_long_text(Check.DMARC, self.observed, owners)
        if long is None:
            return None
        add = (self.fix(FixAction.ADD, self.expected.dmarc),)
        return long.report(Check.DMARC, add, place=name_text(self.owner))

    def _judge_several(self, records: tuple[DmarcRecord, ...]) -> Finding:
        """Several records: receivers disregard all of them (RFC 9989 section 4.10)."""
        value, wanted = self.expected.dmarc, self.handed_out
        kept = next((r for r in records if wanted is not None and mean_the_same(r, wanted)), None)
        if self.answer.chain:
            kept = None  # it is not the member's to keep
        others = [record.text for record in records if record is not kept]
        fixes: list[Fix] = []
        if kept is None:
            fixes.append(self.fix(FixAction.REPLACE, value, others.pop(0)))
        fixes += [Fix(FixAction.DELETE, self.owner, "TXT", text) for text in others[:MOST_STEPS]]
        return self.finding("dmarc-multiple", Status.FAIL, tuple(fixes), count=len(records))

    def _judge_malformed(self, text: str) -> list[Finding]:
        """Judge a text that is no record for receivers, and what else is wrong in what it says."""
        fixes = self.mend(text)
        meant = read_meant(text)
        if code := find_literal(text):
            wanted = self.handed_out
            certain = wanted is not None and mean_the_same(meant, wanted)
            facts: dict[str, Fact] = {"record": "DMARC", "certain": certain, "known": True}
            first = self.finding(code, Status.FAIL, fixes, **facts)
        else:
            version = text.strip().partition(";")[0].strip()
            fault = DmarcFault(find_malformation(text), "", version, grave=True)
            first = self._syntax(fixes, fault)
        faults = (fault for fault in find_tag_faults(meant) if fault.what != "no-policy")
        further = [self._syntax(fixes, fault) for fault in faults]
        further += (
            dataclasses.replace(finding, fixes=fixes) for finding in judge_addresses(self, meant)
        )
        return [first, *sorted(further, key=lambda finding: -finding.severity.rank)]

    def _syntax(self, fixes: tuple[Fix, ...], fault: DmarcFault) -> Finding:
        suggestion = fault.suggestion
        if fault.tag in POLICY_TAGS and not suggestion:
            mended = parse_record(fixes[0].value)
            policy = None if mended is None else mended.policy(fault.tag)
            suggestion = "" if policy is None else str(policy)
        facts: dict[str, Fact] = {"what": fault.what, "tag": fault.tag, "value": fault.value}
        facts |= {"others": fault.more[:MOST_NAMES], "more": len(fault.more)}
        facts |= {"suggestion": suggestion}
        code, severity = "dmarc-odd-tag", Status.WARN
        if fault.grave:
            code, severity = "dmarc-syntax", Status.FAIL
        return self.finding(code, severity, fixes, **facts)

    def _judge_record(self, record: DmarcRecord) -> list[Finding]:
        """Judge the domain's own, single record."""
        organization = self.discovery.organization
        destinations = find_destinations(record, self.observed.domain.name, organization)
        refusals = find_refusals(self, destinations)
        self.unwanted = tuple(address for _, addresses in refusals for address in addresses)
        found = [self._syntax(self.mend(record.text), f) for f in find_tag_faults(record)]
        found += self._judge_policy()
        found += self._judge_suffix(record)
        found += judge_addresses(self, record)
        found += judge_refusals(self, record, refusals)
        found += self._judge_removed(record)
        found.sort(key=lambda f: -f.severity.rank)
        if not found or found[0].severity.rank < Status.UNKNOWN.rank:
            found += find_silence(self, destinations)
        return found

    def _judge_policy(self) -> list[Finding]:
        """Judge what the record asks for, the domain's own or one from above."""
        record, policy = self.discovery.record, self.discovery.policy
        if record is None or record.invalid_policies:
            return []
        inherited = self.discovery.inherited
        found = []
        if policy is DmarcPolicy.NONE and self.wanted is DmarcPolicy.NONE:
            found.append(self.finding("dmarc-policy-none", Status.INFO))
        elif policy is DmarcPolicy.NONE:
            fixes = self._strengthen(record)
            found.append(self.finding("dmarc-policy-none", Status.WARN, fixes))
        elif record.testing and not self.is_ours(record):
            fixes = self._strengthen(record)
            found.append(self.finding("dmarc-testing", Status.WARN, fixes, asked=str(policy)))
        found += self._judge_share(record, policy)
        weaker = None if inherited else find_weaker_tag(record)
        if weaker is not None and not self.is_ours(record):
            facts = dict(zip(("tag", "value", "strict"), map(str, weaker), strict=True))
            mended = self.mend(record.text)
            found.append(self.finding("dmarc-subdomain-weaker", Status.WARN, mended, **facts))
        return found

    def _strengthen(self, record: DmarcRecord) -> tuple[Fix, ...]:
        """Return the step that mends the own record, or adds one where it is a domain's above."""
        if self.discovery.inherited:
            return (self.fix(FixAction.ADD, self.expected.dmarc),)
        return self.mend(record.text)

    def _judge_share(self, record: DmarcRecord, policy: DmarcPolicy | None) -> list[Finding]:
        """Judge `pct`: receivers that still go by RFC 7489 apply the policy to that much only.

        What a domain above asks for is not weakened by a record of the domain's own.
        """
        share = record.share
        asked = self.handed_out.share if self.handed_out else None
        if share is None or share in {ALL_MAIL, asked}:
            return []
        fixes: tuple[Fix, ...] = ()
        inherited = self.discovery.inherited
        if not (inherited and policy is not None and self.wanted.weaker_than(policy)):
            fixes = self._strengthen(record)
        return [self.finding("dmarc-pct", Status.WARN, fixes, share=share, own=bool(fixes))]

    def _judge_suffix(self, record: DmarcRecord) -> list[Finding]:
        """Judge `psd=y`, by which receivers end their walk here (RFC 9989 section 4.10.2)."""
        if not self.mender.lacks_suffix(record):
            return []
        return [self.finding("dmarc-psd", Status.WARN, self.mend(record.text))]

    def _judge_removed(self, record: DmarcRecord) -> list[Finding]:
        if record.share != ALL_MAIL:  # said already, and mended with the others
            return []
        tags = tuple(tag for tag in REMOVED_TAGS if record.get(tag) is not None)
        if not tags or self.is_ours(record):
            return []
        return [self.finding("dmarc-removed-tags", Status.INFO, tags=tags)]
