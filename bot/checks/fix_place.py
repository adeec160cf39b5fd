"""Where fixes can be typed: at the record that is really there, and in the zone that has the name.

The judges speak of what a name answers. What only a wildcard or a DNAME says is not at that name,
so nobody can replace or delete it there, and a name below a zone cut belongs to another zone.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING

import dns.name
from dns.rdatatype import to_text

from bot.checks.answers import (
    ADDRESS_TYPES,
    MOST_NAMES,
    decode_texts,
    first_names,
    name_text,
    wildcard_facts,
)
from bot.checks.finding import Finding, Fix, FixAction, Status, Verdict
from bot.checks.lent_record import is_lent, redirection_of, wildcard_over
from bot.checks.zone_cut import servers_of, zone_holding, zones_below
from bot.records.expected import Purpose
from bot.records.presentation import relative_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bot.checks.lent_record import Redirection
    from bot.checks.observation import Observation
    from bot.errors import Fact
    from bot.records.expected import Expected

_GOES = frozenset({FixAction.REPLACE, FixAction.DELETE})  # need a record that is at the name
_CODES = {"TXT": "wildcard-txt", "CNAME": "wildcard-cname"}
_OTHER_TYPE = "wildcard-record"
_BELOW_DNAME = "dname-above"
# It is so whatever the record is that has the policy.
_KEPT = frozenset({"dmarc-before-dkim"})


def place_fixes(
    verdicts: Iterable[Verdict], expected: Expected, observed: Observation
) -> list[Verdict]:
    """Return the verdicts with fixes that can be typed, and with the causes that this brings out.

    A finding about a record that only a wildcard has becomes `wildcard-txt` or the like, one about
    a name below a DNAME `dname-above`.
    """
    place = _Place(expected, observed)
    return [place.settle(verdict) for verdict in verdicts]


class _Place:
    """Puts the fixes of one domain in their places."""

    def __init__(self, expected: Expected, observed: Observation) -> None:
        self._expected = expected
        self._observed = observed

    def settle(self, verdict: Verdict) -> Verdict:
        """Return a verdict with its fixes in their places; a shared cause is said once."""
        if not any(finding.fixes for finding in verdict.findings):
            return verdict
        settled = [self._settle(finding) for finding in verdict.findings]
        causes = {f.code for f, was in zip(settled, verdict.findings, strict=True) if f is not was}
        causes &= {*_CODES.values(), _OTHER_TYPE, _BELOW_DNAME}
        kept: dict[str, Finding] = {}
        for place, finding in enumerate(settled):
            if causes and finding.facts.get("repeat") is True:
                continue  # it speaks of the record that is not there
            key = finding.code if finding.code in causes else str(place)
            first = kept.get(key)
            if first is None:
                kept[key] = finding
            elif finding.severity.rank > first.severity.rank:
                kept[key] = dataclasses.replace(first, severity=finding.severity)
        findings = tuple(self._name_zones(finding) for finding in kept.values())
        return dataclasses.replace(verdict, findings=findings)

    def _settle(self, finding: Finding) -> Finding:
        owners = dict.fromkeys(fix.owner for fix in finding.fixes)
        for owner in owners:
            if (redirection := redirection_of(self._observed, owner)) is not None:
                return self._redirect(finding, redirection)
        going = {fix.owner for fix in finding.fixes if self._meets_record(fix)}
        lent = {owner for owner in going if is_lent(self._observed, owner)}
        if not lent:
            return finding
        fixes = self._own_records(finding.fixes, lent)
        if finding.severity is Status.INFO or finding.code in _KEPT or going - lent:
            return dataclasses.replace(finding, fixes=fixes)
        owner = next(fix.owner for fix in finding.fixes if fix.owner in lent)
        rdtype, above = self._type_at(owner, finding), wildcard_over(self._observed, owner)
        facts: dict[str, Fact] = {
            **finding.facts,
            **wildcard_facts(above, [other for other in owners if other in lent][:MOST_NAMES]),
            "type": rdtype,
            "repeat": False,
            "goes": not fixes,
        }
        if not fixes:  # nothing is wanted there, so it is the wildcard that has to go
            star = dns.name.Name((b"*", *above.labels))
            fixes = tuple(dataclasses.replace(fix, owner=star) for fix in finding.fixes)
        code = _CODES.get(rdtype, _OTHER_TYPE)
        return dataclasses.replace(finding, code=code, facts=facts, fixes=fixes)

    def _meets_record(self, fix: Fix) -> bool:
        """Whether a fix is for a name that answers with a record of its type, or an alias."""
        answer = self._observed.answer(fix.owner, fix.type)
        return fix.action in _GOES or (answer is not None and bool(answer.found or answer.chain))

    def _redirect(self, finding: Finding, redirection: Redirection) -> Finding:
        """Return what a finding about a name below a DNAME comes to: no record can be there."""
        if finding.severity is Status.INFO:
            return dataclasses.replace(finding, fixes=())
        below = [
            owner
            for owner in dict.fromkeys(fix.owner for fix in finding.fixes)
            if owner != redirection.owner and owner.is_subdomain(redirection.owner)
        ]
        target = redirection.target
        first = Fix(FixAction.DELETE, redirection.owner, "DNAME", target.to_text())
        there = [_moved(owner, redirection) for owner in below]
        facts: dict[str, Fact] = {
            **finding.facts,
            "names": first_names(below),
            "dname": name_text(redirection.owner),
            "target": name_text(target),
            "there": first_names(name for name in there if name is not None),
            "repeat": False,
        }
        fixes = (first, *self._own_records(finding.fixes, below))
        return dataclasses.replace(finding, code=_BELOW_DNAME, facts=facts, fixes=fixes)

    def _own_records(
        self, fixes: Iterable[Fix], seeming: Collection[dns.name.Name]
    ) -> tuple[Fix, ...]:
        """Return the fixes without steps for records that names only seem to have.

        A name that had nothing but such steps gets the record that is expected there.
        """
        kept: dict[Fix, None] = {}
        dropped = list[Fix]()
        for fix in fixes:
            if fix.owner not in seeming or fix.action not in _GOES:
                kept[fix] = None
            elif fix.action is FixAction.REPLACE:
                kept[dataclasses.replace(fix, action=FixAction.ADD, old=None)] = None
            else:
                dropped.append(fix)
        typed = {fix.owner for fix in kept if fix.action is not FixAction.DELETE}
        stay = (self._stays(dropped, owner) for owner in dict.fromkeys(f.owner for f in dropped))
        kept |= {fix: None for fix in stay if fix is not None and fix.owner not in typed}
        return tuple(kept)

    def _stays(self, dropped: Iterable[Fix], owner: dns.name.Name) -> Fix | None:
        """Return the step that gives a name the record beside those that were to go as its own."""
        gone = [fix for fix in dropped if fix.owner == owner]
        rdtype, ttl = gone[0].type, self._expected.server.record_ttl
        texts = decode_texts(self._observed.answer(owner, rdtype)) if rdtype == "TXT" else ()
        left = [text for text in dict.fromkeys(texts) if text not in {fix.value for fix in gone}]
        if len(left) == 1:
            return Fix(FixAction.ADD, owner, rdtype, left[0], ttl=ttl)
        for record in self._expected.records:
            # A policy is handed out by the judge of DMARC alone.
            is_policy = record.purpose is Purpose.DMARC
            if (record.owner, record.type) == (owner, rdtype) and not is_policy:
                value, priority = record.value, record.priority
                return Fix(FixAction.ADD, owner, rdtype, value, priority, record.ttl)
        return None

    def _type_at(self, owner: dns.name.Name, finding: Finding) -> str:
        """Return the type of the record that a wildcard lends a name."""
        rdtype = next(fix.type for fix in finding.fixes if fix.owner == owner)
        answer = self._observed.answer(owner, rdtype)
        return "CNAME" if answer is not None and answer.chain else rdtype

    def _name_zones(self, finding: Finding) -> Finding:
        """Return the finding with the zone named in each fix that belongs to another one."""
        zones = (self._foreign_zone(fix.owner) for fix in finding.fixes)
        zone = next((zone for zone in zones if zone is not None), None)
        if zone is None:
            return finding
        fixes = tuple(placed for fix in finding.fixes for placed in self._in_zone(fix))
        facts: dict[str, Fact] = {
            **finding.facts,
            "typed_in": name_text(zone),
            "typed_at": servers_of(self._observed, zone)[:MOST_NAMES],
            "apart": len(fixes) > len(finding.fixes),
            "zone": name_text(self._observed.zone),
        }
        if "shorts" in facts:
            typed = (fix for fix in fixes if fix.action is not FixAction.DELETE)
            names = (relative_name(f.owner, f.zone or self._observed.zone) for f in typed)
            facts["shorts"] = tuple(dict.fromkeys(names))
        return dataclasses.replace(finding, fixes=fixes, facts=facts)

    def _in_zone(self, fix: Fix) -> tuple[Fix, ...]:
        """Return a fix with its zone; nothing can be moved from one zone to another in one step."""
        zone = self._foreign_zone(fix.owner)
        placed = dataclasses.replace(fix, zone=zone)
        if zone == fix.owner and fix.type == "CNAME" and fix.action is not FixAction.DELETE:
            return self._addresses(placed)
        if fix.old_owner is None:
            return (placed,)
        former = self._foreign_zone(fix.old_owner)
        if former == zone:
            return (placed,)
        add = dataclasses.replace(placed, action=FixAction.ADD, old=None, old_owner=None)
        value = fix.value if fix.old is None else fix.old
        gone = Fix(FixAction.DELETE, fix.old_owner, fix.type, value, fix.priority, zone=former)
        return (add, gone)

    def _addresses(self, fix: Fix) -> tuple[Fix, ...]:
        """Return steps that do what an alias would: there can be none at the apex of a zone.

        SOA and NS stand there (RFC 1034 section 3.6.2), so the target's addresses take its place.
        """
        target = dns.name.from_text(fix.value)
        there = self._observed.addresses(fix.owner)
        answers = (self._observed.answer(target, rdtype) for rdtype in ADDRESS_TYPES)
        found = (r for a in answers if a is not None for r in a.rdatas if hasattr(r, "address"))
        return tuple(
            dataclasses.replace(
                fix, action=FixAction.ADD, type=to_text(r.rdtype), value=r.address, old=None
            )
            for r in found
            if r.address not in there
        )

    def _foreign_zone(self, owner: dns.name.Name) -> dns.name.Name | None:
        """Return the apex of the zone that a name lies in; None for the domain's own."""
        return zone_holding(owner, self._zones_below)

    @cached_property
    def _zones_below(self) -> tuple[dns.name.Name, ...]:
        return zones_below(self._observed)


def _moved(owner: dns.name.Name, redirection: Redirection) -> dns.name.Name | None:
    """Return the name that one below a DNAME stands for; None where it would be too long."""
    prefix = owner.labels[: len(owner) - len(redirection.owner)]
    try:
        return dns.name.Name((*prefix, *redirection.target.labels))
    except dns.name.NameTooLong:
        return None
