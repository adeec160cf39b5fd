"""What a report says of a domain's other DKIM key, as typed and as it may still be cached."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from bot.checks.dkim.other_key import judge_other_key
from bot.checks.finding import Check, Verdict
from bot.checks.fix_place import place_fixes
from bot.checks.propagation import choose_other_key

if TYPE_CHECKING:
    from bot.checks.dkim.other_key import OtherKeyVerdict
    from bot.checks.observation import Observation
    from bot.records.expected import Expected


def view_other_key(
    expected: Expected, observed: Observation, typed: Observation
) -> OtherKeyVerdict | None:
    """Return the verdict on the domain's other DKIM key; None where no key is being changed."""
    views = [typed] if typed is observed else [observed, typed]
    seen = []
    for view in views:
        if (verdict := judge_other_key(expected, view)) is None:
            return None
        said = Verdict(Check.DKIM, verdict.findings)
        (placed,) = place_fixes([said], expected, view)
        seen.append(dataclasses.replace(verdict, findings=placed.findings))
    return choose_other_key(expected, observed, seen[0], seen[-1])


def add_other_key(verdict: Verdict, other: OtherKeyVerdict) -> Verdict:
    """Return the verdict on DKIM with what is said of the other key; any other one as it is.

    What the key that signs comes to goes before that of the same severity.
    """
    if verdict.check is not Check.DKIM:
        return verdict
    return dataclasses.replace(
        verdict,
        findings=tuple(
            sorted((*verdict.findings, *other.findings), key=lambda f: -f.severity.rank)
        ),
        expected=(*verdict.expected, *other.expected),
        found=(*verdict.found, *other.found),
        note=verdict.note or other.note,
    )
