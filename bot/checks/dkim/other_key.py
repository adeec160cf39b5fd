"""Judges the record of a domain's other key while its DKIM key is being changed.

The key that signs is judged by `bot.checks.dkim.judge`. What is said here never says that mail of
now fails: that depends on the other one alone.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dns.rdatatype import TXT

from bot.checks.answers import alias_at, decode_texts, name_text, some_lines, without_alias
from bot.checks.dkim.case import DkimCase
from bot.checks.dkim.held_keys import judge_texts
from bot.checks.dkim.key_record import judge_text
from bot.checks.dkim.selectors import other_key_name
from bot.checks.dkim.server_records import RecordState
from bot.checks.dkim.text import is_meant_as_key, read_key_text
from bot.checks.finding import Check, FixAction, Note, Status
from bot.checks.report import OTHER_KEY, OtherKeySeen
from bot.checks.text_bounds import find_long_text
from bot.records.expected import expect
from bot.records.key_change import KeyRole
from bot.records.key_forms import identify_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.checks.finding import Finding, Fix
    from bot.checks.observation import Observation
    from bot.errors import Fact
    from bot.records.expected import Expected
    from bot.records.key_change import KeyChange

_SHORTENED: Final = "dkim-truncated"
_REMARKS: Final = {KeyRole.NEXT: "dkim-next-there", KeyRole.FORMER: "dkim-former-there"}


@dataclass(frozen=True, slots=True)
class OtherKeyVerdict:
    """What is at the name of the other key's record, and what there is to say and to do.

    `expected` is the record where there is to be one, `found` are the texts that are there. `note`
    is said beside the check where the record is right.
    """

    seen: OtherKeySeen
    findings: tuple[Finding, ...] = ()
    expected: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    note: Note | None = None

    @property
    def is_right(self) -> bool:
        """Whether the record is there where it has to be, proven by an answer."""
        has_to_be = self.seen.role is not KeyRole.DONE
        return has_to_be and self.seen.state is RecordState.RIGHT


def judge_other_key(expected: Expected, observed: Observation) -> OtherKeyVerdict | None:
    """Return the verdict on the other key's record; None where there is no such key, or no name.

    A record that nobody answered for is unanswered, and nothing is said of it.
    """
    change, name = expected.change, other_key_name(expected)
    if change is None or name is None:
        return None
    answer = observed.answer(name, TXT)
    if answer is None or answer.failed:
        return OtherKeyVerdict(OtherKeySeen.of(change, RecordState.UNANSWERED), (), _wanted(change))
    # As if that key signed, so that it is read by the same rules.
    alone = expect(expected.server, expected.domain, change.key)
    return _Look(DkimCase(alone, observed, answer), change).judge()


def _wanted(change: KeyChange) -> tuple[str, ...]:
    return () if change.role is KeyRole.DONE else (change.key.record.text,)


class _Look:
    """One look at an answer for the other key's record."""

    def __init__(self, case: DkimCase, change: KeyChange) -> None:
        self._case = case
        self._change = change
        self._texts = tuple(dict.fromkeys(decode_texts(case.answer)))
        self._long = find_long_text(Check.DKIM, case.observed, [case.owner])

    def judge(self) -> OtherKeyVerdict:
        """Return the verdict."""
        case, state = self._case, self._read()
        findings = tuple(
            without_alias(case.observed, finding, case.answer) for finding in self._judge(state)
        )
        return OtherKeyVerdict(
            OtherKeySeen.of(self._change, state),
            findings,
            _wanted(self._change),
            some_lines(self._texts) if self._long is None else self._long.found,
            self._remark() if state is RecordState.RIGHT and not findings else None,
        )

    def _read(self) -> RecordState:
        """Return what is there, by what the key is for.

        A new key has to be without any fault before the mail server may sign with it. An old one is
        as good as it was, and where it is not needed any more nothing but that key is of interest.
        """
        case, change = self._case, self._change
        if change.role is KeyRole.DONE:
            return RecordState.RIGHT if self._holding() else RecordState.MISSING
        if self._long is not None:
            return RecordState.OTHER
        if change.role is KeyRole.NEXT:
            is_right = judge_texts(case.answer, change.key.record) is RecordState.RIGHT
        else:
            is_right = any(map(self._can_be_used, self._texts))
        if is_right:
            return RecordState.RIGHT
        return RecordState.OTHER if self._meant() or self._is_alias() else RecordState.MISSING

    def _judge(self, state: RecordState) -> Iterator[Finding]:
        is_there = state is not RecordState.MISSING
        match self._change.role:
            case KeyRole.DONE:
                if is_there:
                    fixes = self._case.delete(self._holding())
                    yield self._finding("dkim-former-left", Status.INFO, fixes)
            case _ if state is RecordState.RIGHT:
                pass
            case KeyRole.FORMER:
                fixes = self._mend()
                yield self._finding("dkim-former-missing", Status.WARN, fixes, published=is_there)
            case KeyRole.NEXT if is_there:
                count, cut = len(self._texts), self._is_cut()
                fixes = self._mend()
                yield self._finding("dkim-next-differs", Status.WARN, fixes, count=count, cut=cut)
            case KeyRole.NEXT:
                yield self._finding("dkim-next-missing", Status.INFO, self._mend())

    def _remark(self) -> Note:
        name, until = name_text(self._case.owner), self._until
        return Note(_REMARKS[self._change.role], {"name": name, "until": until})

    def _finding(
        self, code: str, severity: Status, fixes: tuple[Fix, ...], **facts: Fact
    ) -> Finding:
        """Return a finding that leaves what is proven of mail of now as it is."""
        told: dict[str, Fact] = {OTHER_KEY: self._change.role.value, "until": self._until}
        finding = self._case.finding(code, severity, fixes, **told, **facts)
        return dataclasses.replace(finding, harmless=True)

    @property
    def _until(self) -> int | None:
        until = self._change.until
        return None if until is None else int(until.timestamp())

    def _mend(self) -> tuple[Fix, ...]:
        """Return the steps after which the record is there alone."""
        if self._long is not None:
            record, ttl = self._change.key.record, self._case.expected.server.record_ttl
            return self._long.finding(Check.DKIM, record.text, ttl).fixes
        meant = self._meant()
        if not meant:  # there is nothing, or an alias to nothing
            return self._case.fix(FixAction.ADD)
        kept = next(filter(self._can_be_used, meant), meant[0])
        others = self._case.delete(tuple(text for text in self._texts if text != kept))
        if others and self._is_faultless(kept):
            return others
        return (*self._case.fix(FixAction.REPLACE, kept), *others)

    def _meant(self) -> tuple[str, ...]:
        """Return the texts that were meant as a key record, or are a piece of this one."""
        return tuple(filter(is_meant_as_key, self._texts)) or self._case.pieces()

    def _holding(self) -> tuple[str, ...]:
        """Return the texts that hold this very key."""
        key = self._change.key.record
        forms = ((text, identify_key(read_key_text(text))) for text in self._texts)
        return tuple(
            text
            for text, form in forms
            if form is not None and (form.octets, form.key_type) == (key.key, key.key_type)
        )

    def _can_be_used(self, text: str) -> bool:
        """Whether receivers verify signatures by a text as by this key."""
        if not is_meant_as_key(text):
            return False
        findings, _ = judge_text(self._case, text)
        return all(finding.severity is not Status.FAIL for finding in findings)

    def _is_faultless(self, text: str) -> bool:
        findings, _ = judge_text(self._case, text)
        return not findings

    def _is_cut(self) -> bool:
        meant = self._meant()
        if not meant:
            return False
        findings, _ = judge_text(self._case, meant[0])
        return any(finding.code == _SHORTENED for finding in findings)

    def _is_alias(self) -> bool:
        return alias_at(self._case.observed, self._case.answer) is not None
