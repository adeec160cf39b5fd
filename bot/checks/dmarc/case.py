"""One domain's DMARC record as the judge sees it, and how its findings and fixes are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.answers import (
    alias_at,
    alias_beside,
    decode_texts,
    name_text,
)
from bot.checks.dkim import judge as dkim
from bot.checks.dmarc.record import (
    discover,
    is_meant_as_dmarc,
    parse_record,
    select_records,
)
from bot.checks.dmarc.repair import (
    DmarcRepair,
)
from bot.checks.finding import Check, Finding, Fix, FixAction, Status
from bot.records.dkim_key import KeyUnknown
from bot.records.dmarc_policy import DmarcPolicy

if TYPE_CHECKING:
    import dns.name

    from bot.checks.dmarc.record import DmarcRecord
    from bot.checks.observation import Observation
    from bot.dns.answer import Answer
    from bot.errors import Fact
    from bot.records.expected import Expected


class DmarcCase:
    """One answer for the domain's own record, and what is known beside it.

    `expected` has the record that is handed out by what is proven, and `wanted` is its policy.
    `ready`: SPF and DKIM are proven to work; `early`: a strict policy is in force, and DKIM has no
    key. `unwanted` are the report addresses whose domain does not take the reports.
    """

    def __init__(
        self, expected: Expected, observed: Observation, answer: Answer, *, ready: bool
    ) -> None:
        self.expected = expected
        self.observed = observed
        self.answer = answer
        self.owner = answer.question.name
        self.discovery = discover(observed)
        self.ready = ready
        # Of a domain whose key we do not know we do not know the selector either: a key may well
        # be there, and nobody is told that there is none.
        self.early = (
            bool(self.discovery.in_force)
            and not isinstance(expected.dkim, KeyUnknown)
            and dkim.is_absent(expected, observed)
        )
        self.handed_out = parse_record(expected.dmarc)
        policy = self.handed_out.policy("p") if self.handed_out is not None else None
        self.wanted = policy or DmarcPolicy.NONE
        self.texts = decode_texts(answer)
        self.records = select_records(self.texts)
        self.malformed = [text for text in self.texts if is_meant_as_dmarc(text)]
        self.unwanted: tuple[str, ...] = ()
        self.mender = DmarcRepair(expected, early=self.early)
        self._mended: dict[tuple[str, tuple[str, ...]], str] = {}  # many findings have the same fix

    def parent(self) -> str:
        """Return the domain above whose record applies, empty where it is the domain's own."""
        owner = self.discovery.owner
        return name_text(owner) if owner is not None and self.discovery.inherited else ""

    def finding(
        self, code: str, severity: Status, fixes: tuple[Fix, ...] = (), **facts: Fact
    ) -> Finding:
        """Return a finding with the facts that the words of all of them may use."""
        shared: dict[str, Fact] = {
            "name": name_text(self.owner),
            "parent": self.parent(),
            "policy": self.discovery.in_force,
            "ready": self.ready,
            "wanted": str(self.wanted),
            "repeat": False,
        }
        return Finding(Check.DMARC, code, severity, {**shared, **facts}, fixes)

    def is_ours(self, record: DmarcRecord) -> bool:
        """Whether a record says just what is handed out, now or at another stage."""
        return self.mender.find_ours(record.text) is not None

    def fix(self, action: FixAction, value: str, old: str | None = None) -> Fix:
        """Return a step for the domain's own record."""
        ttl = self.expected.server.record_ttl
        return Fix(action, self.owner, "TXT", value, ttl=ttl, old=old)

    def mend(self, text: str) -> tuple[Fix, ...]:
        """Return the one fix that replaces the domain's own record by one without any fault."""
        asked = (text, self.unwanted)
        if asked not in self._mended:
            self._mended[asked] = self.mender.mend(text, self.unwanted)
        return (self.fix(FixAction.REPLACE, self._mended[asked], text),)

    def find_alias(self) -> dns.name.Name | None:
        """Return where the alias at the name of the record leads; None where it is none.

        What a DNAME makes of the name is no record there (RFC 6672 section 2.3).
        """
        if self.answer.dname is not None:
            return None
        if self.answer.chain:
            return alias_at(self.observed, self.answer)
        return alias_beside(self.observed, self.owner)
