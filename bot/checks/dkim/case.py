"""One domain's DKIM record as the judge sees it, and how its findings and fixes are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.checks.answers import MOST_STEPS, decode_texts, name_text
from bot.checks.dkim.key_repair import mend_text
from bot.checks.dkim.text import is_only_base64, read_key_text, squeeze
from bot.checks.dmarc.record import discover
from bot.checks.finding import Check, Finding, Fix, FixAction, Status
from bot.records.dkim_key import KeyUnknown, KnownKey
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
            "policy": discover(self.observed).in_force,  # of DMARC; empty where there is none
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

    def mend(self, text: str) -> tuple[Fix, ...]:
        """Return the fix that replaces a text by the right record.

        Where the key is not known, that is the same key as it has to be written, if it can be told.
        """
        if not isinstance(self.expected.dkim, KeyUnknown):
            return self.fix(FixAction.REPLACE, text)
        return self.rewrite(text)

    def rewrite(self, text: str) -> tuple[Fix, ...]:
        """Return the fix that writes a text anew with its own key; none where that is not whole."""
        value = mend_text(text)
        if value is None or value == text:
            return ()
        ttl = self.expected.server.record_ttl
        return (Fix(FixAction.REPLACE, self.owner, "TXT", value, ttl=ttl, old=text),)

    def delete(self, texts: tuple[str, ...]) -> tuple[Fix, ...]:
        """Return fixes that delete records; `MOST_STEPS` at most."""
        return tuple(Fix(FixAction.DELETE, self.owner, "TXT", text) for text in texts[:MOST_STEPS])

    def pieces(self) -> tuple[str, ...]:
        """Return the texts that are a piece of the key and nothing else.

        Where the key is not known, that is every text of base64 alone.
        """
        if self.known is None:
            return tuple(filter(is_only_base64, decode_texts(self.answer)))
        squeezed = ((text, squeeze(text)) for text in decode_texts(self.answer))
        return tuple(
            t for t, piece in squeezed if len(piece) >= _SHORTEST_PIECE and piece in self.want
        )
