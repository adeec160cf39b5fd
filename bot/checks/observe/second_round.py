"""What is asked in a second round: where a missing record may be, and whose a wrong one is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from dns.rdatatype import MX as MX_TYPE
from dns.rdatatype import TXT

from bot.checks.answers import answer_to, decode_texts
from bot.checks.dkim.host_text import named_hosts
from bot.checks.dkim.misplaced import dkim_places
from bot.checks.dkim.selectors import selector_name
from bot.checks.dkim.text import is_meant_as_key
from bot.checks.dmarc.misplaced import dmarc_places, is_like_dmarc
from bot.checks.finding import Check
from bot.checks.lent_record import probe_beside
from bot.checks.mx.misplaced import mx_places
from bot.checks.observe.doubtful_records import doubtful_questions
from bot.checks.spf.misplaced import spf_places
from bot.checks.spf.texts import sort_texts
from bot.checks.text_bounds import find_long_text
from bot.checks.zone.meant_name import meant_questions
from bot.dns.answer import Outcome, Question
from bot.public_suffix import is_public_suffix
from bot.records.dkim_key import KnownKey

if TYPE_CHECKING:
    from collections.abc import Callable

    import dns.name

    from bot.checks.observation import Observation
    from bot.records.expected import Expected

MOST_FURTHER = 28  # questions of the second round


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
        if text.chain or text.alias_loop:
            return cls()  # an alias stands in its place
        if text.outcome is Outcome.NXDOMAIN and not _is_inside(observed):
            return cls()  # there is no such domain
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
    """Return what to ask in a second round, `MOST_FURTHER` questions at most.

    None where nothing is missing or wrong. Of several missing records the likeliest places come
    first.
    """
    missing = MissingRecords.of(expected, observed)
    named = named_hosts(expected, observed)
    # Whether a key found above the domain may be that domain's own.
    above = [Question.of(observed.zone, MX_TYPE)] * (missing.dkim and _is_inside(observed))
    places = [
        [Question.of(name, rdtype) for name, _ in places_of(expected, observed)]
        for places_of, rdtype, is_missing in (
            (mx_places, MX_TYPE, missing.mx),
            (spf_places, TXT, missing.spf),
            (dkim_places, TXT, missing.dkim and not named),
            (dmarc_places, TXT, missing.dmarc),
        )
        if is_missing
    ]
    asked = [
        *meant_questions(expected, observed),
        *doubtful_questions(expected, observed),
        *(Question.of(host, TXT) for host in named),
        *_probes(missing, observed),
        *above,
        *(question for row in zip_longest(*places) for question in row if question is not None),
    ]
    new = dict.fromkeys(question for question in asked if question not in observed.answers)
    return tuple(new)[:MOST_FURTHER]


def _probes(missing: MissingRecords, observed: Observation) -> list[Question]:
    """Return the random names that say whether a wildcard answers at the places (RFC 4592)."""
    types = [MX_TYPE] * missing.mx + [TXT] * (missing.dkim or missing.dmarc or missing.spf)
    apex, probe = observed.domain.name, observed.probe
    names = [] if probe is None else [probe]
    if apex != observed.zone and (beside := probe_beside(observed, apex)) is not None:
        names.append(beside)
    return [Question.of(name, rdtype) for rdtype in types for name in names]


def _is_inside(observed: Observation) -> bool:
    """Whether the domain would lie in somebody's zone, and not right below a registry's."""
    zone = observed.zone
    return zone != observed.domain.name and not is_public_suffix(zone)


def _lacks(observed: Observation, owner: dns.name.Name, is_meant: Callable[[str], bool]) -> bool:
    answer = answer_to(observed, owner, TXT)
    return not answer.failed and not any(map(is_meant, decode_texts(answer)))
