"""One domain's DKIM record as the judge sees it, and how its findings and fixes are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.checks.answers import MOST_STEPS, decode_texts, name_text
from bot.checks.dkim.text import read_key_text, squeeze
from bot.checks.dmarc.record import discover
from bot.checks.finding import Check, Finding, Fix, FixAction, Status
from bot.records.dkim_key import KnownKey
from bot.records.expected import Purpose

if TYPE_CHECKING:
    import dns.name

    from bot.checks.observation import Observation
    from bot.dns.answer import Answer
    from bot.errors import Fact
    from bot.records.expected import Expected

_SHORTEST_PIECE = 16  # characters of base64 that are no coincidence


@dataclass(frozen=True, slots=True)
class DkimCase:
    """One domain's key record: the answer for it, and what the mail server's key is."""

    expected: Expected
    observed: Observation
    answer: Answer
    policy: str  # the DMARC policy in force, empty where there is none

    @classmethod
    def of(cls, expected: Expected, observed: Observation, answer: Answer) -> DkimCase:
        """Return the case of one domain."""
        return cls(expected, observed, answer, discover(observed).in_force)

    @property
    def known(self) -> KnownKey | None:
        """The key that the mail server signs with, None where nobody told."""
        return self.expected.dkim if isinstance(self.expected.dkim, KnownKey) else None

    @property
    def owner(self) -> dns.name.Name:
        """The name that was asked for the record."""
        return self.answer.question.name

    @property
    def want(self) -> str:
        """The characters of the known key's `p=`, empty where none is known."""
        return "" if self.known is None else read_key_text(self.known.record.text)

    def finding(
        self, code: str, severity: Status, fixes: tuple[Fix, ...] = (), **facts: Fact
    ) -> Finding:
        """Return a finding with the facts that all of them share."""
        shared: dict[str, Fact] = {
            "name": name_text(self.owner),
            "policy": self.policy,
            "known": self.known is not None,
            "repeat": False,
        }
        return Finding(Check.DKIM, code, severity, {**shared, **facts}, fixes)

    def fix(self, action: FixAction, old: str | None = None) -> tuple[Fix, ...]:
        """Return the fix that brings the expected record; none where it is not known."""
        record = self.expected.record(Purpose.DKIM)
        if self.known is None or record is None:
            return ()
        return (Fix(action, record.owner, "TXT", record.value, ttl=record.ttl, old=old),)

    def delete(self, texts: tuple[str, ...]) -> tuple[Fix, ...]:
        """Return fixes that delete records; `MOST_STEPS` at most."""
        return tuple(Fix(FixAction.DELETE, self.owner, "TXT", text) for text in texts[:MOST_STEPS])

    def pieces(self) -> tuple[str, ...]:
        """Return the texts that are a piece of the known key and nothing else."""
        squeezed = ((text, squeeze(text)) for text in decode_texts(self.answer))
        return tuple(
            t for t, piece in squeezed if len(piece) >= _SHORTEST_PIECE and piece in self.want
        )
