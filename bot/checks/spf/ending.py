"""Judges what an SPF record says to whoever it does not name."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from bot.checks.finding import Check, Finding, Status
from bot.checks.spf.left_out import LeftOutReason
from bot.checks.spf.merge import STRICTNESS, strictness
from bot.checks.spf.openness import find_neutral
from bot.checks.spf.terms import Term, terms_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.checks.spf.case import SpfCase
    from bot.checks.spf.networks import Reading
    from bot.checks.spf.texts import SpfText
    from bot.errors import Fact


def judge_ending(case: SpfCase, text: SpfText, reading: Reading) -> Iterator[Finding]:
    """Give a finding where the record is less strict to strangers than the one handed out.

    Mail of ours passes all the same, and whose does not fails DMARC for being neutral, too.
    """
    wanted, actual = (strictness(record, case.policies) for record in (case.value, text.raw))
    if wanted is None or actual is None:
        return
    left_out = find_neutral(reading, case.strangers) if wanted > STRICTNESS["?"] else ""
    if actual >= wanted and not left_out:
        return
    if actual == STRICTNESS["~"] and not left_out:
        yield Finding(Check.SPF, "spf-softfail", Status.INFO, harmless=True)
    else:
        facts: dict[str, Fact] = {"neutral": any(t.name == "all" for t in terms_of(text.raw))}
        facts["term"] = left_out
        drop = {Term.of(left_out).key: LeftOutReason.NEUTRAL} if left_out else {}
        lax = case.replace("spf-no-all", facts, text, drop=drop, severity=Status.WARN)
        yield dataclasses.replace(lax, harmless=True)
