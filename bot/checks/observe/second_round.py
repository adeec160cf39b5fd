"""What is asked in a second round: the wrong names that a missing record may have come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dns.rdatatype import MX as MX_TYPE
from dns.rdatatype import TXT

from bot.checks.answers import answer_to, decode_texts
from bot.checks.dkim.misplaced import dkim_places
from bot.checks.dkim.selectors import selector_name
from bot.checks.dkim.text import is_meant_as_key
from bot.checks.dmarc.misplaced import dmarc_places, is_like_dmarc
from bot.checks.finding import Check
from bot.checks.misplaced_record import domain_places
from bot.checks.spf.texts import sort_texts
from bot.checks.text_bounds import find_long_text
from bot.checks.zone.meant_name import meant_questions
from bot.dns.answer import Outcome, Question
from bot.records.dkim_key import KnownKey

if TYPE_CHECKING:
    from collections.abc import Callable

    import dns.name

    from bot.checks.observation import Observation
    from bot.records.expected import Expected

MOST_FURTHER = 16  # questions of the second round


@dataclass(frozen=True, slots=True)
class MissingRecords:
    """Which of the domain's records are missing, by an answer that proves it."""

    mx: bool = False
    spf: bool = False
    dkim: bool = False
    dmarc: bool = False

    @classmethod
    def of(cls, expected: Expected, observed: Observation) -> MissingRecords:
        """Return what is missing by the answers of the first round; a failure is no proof."""
        domain = expected.domain.name
        text = answer_to(observed, domain, TXT)
        if text.outcome is Outcome.NXDOMAIN or text.chain or text.alias_loop:
            return cls()  # there is no such domain, or an alias in its place
        key = selector_name(expected.domain, expected.selector)
        policy = expected.domain.below("_dmarc")
        return cls(
            mx=answer_to(observed, domain, MX_TYPE).absent,
            spf=not text.failed
            and not find_long_text(Check.SPF, observed, [domain])
            and not sort_texts(text.texts()),
            dkim=isinstance(expected.dkim, KnownKey)
            and key is not None
            and _lacks(observed, key, is_meant_as_key),
            dmarc=policy is not None and _lacks(observed, policy, is_like_dmarc),
        )


def further_questions(expected: Expected, observed: Observation) -> tuple[Question, ...]:
    """Return what to ask in a second round, 16 questions at most; none where nothing is missing."""
    missing = MissingRecords.of(expected, observed)
    asked: list[Question] = []
    if missing.mx:
        asked += [Question(name, MX_TYPE) for name, _ in domain_places(expected, observed)]
    if missing.spf:
        asked += [Question(name, TXT) for name, _ in domain_places(expected, observed)]
    if missing.dmarc:
        asked += [Question(name, TXT) for name, _ in dmarc_places(expected, observed)]
    # A random label says whether a wildcard is what answers at these names (RFC 4592).
    if observed.probe is not None:
        wild = [MX_TYPE] if missing.mx else []
        wild += [TXT] if missing.dkim or missing.dmarc or missing.spf else []
        asked += [Question(observed.probe, rdtype) for rdtype in wild]
    if missing.dkim:
        asked += [Question(name, TXT) for name, _ in dkim_places(expected, observed)]
    asked[:0] = meant_questions(expected, observed)
    new = dict.fromkeys(question for question in asked if question not in observed.answers)
    return tuple(new)[:MOST_FURTHER]


def _lacks(observed: Observation, owner: dns.name.Name, is_meant: Callable[[str], bool]) -> bool:
    answer = answer_to(observed, owner, TXT)
    return not answer.failed and not any(map(is_meant, decode_texts(answer)))
