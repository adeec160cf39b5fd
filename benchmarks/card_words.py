"""Counts the words that people read about the faulty zones of the case files.

`python -m benchmarks.card_words` checks every zone of `tests/data` as a member would and prints,
over all zones, how many words the sentences have, the card as it is drawn, what its button "All
details" shows, and the answer to "Why?". A name or a value to type (a code span, a line of a code
block) counts as one word, signs as none.
"""

from __future__ import annotations

import asyncio
import re
import sys
from statistics import median
from typing import TYPE_CHECKING, Final

from discord import ui

from benchmarks.case_world import CaseWorld
from bot.cards.check_card import build_check_card
from bot.cards.plan_card import build_plan_card
from bot.cards.why_card import build_why_card
from bot.checks.export.as_json import context_of
from bot.interactions.item_factory import PersistentItems
from bot.records.expected import expect
from bot.requests.backend import MailHosting
from bot.services.member_service import KeptCheck
from bot.services.plan.domain_plan import make_plan
from bot.services.plan.step import PlanFacts
from bot.words import Medium, Words

if TYPE_CHECKING:
    from bot.cards.layout import Card
    from bot.checks.report import Report
    from bot.names import Domain
    from bot.records.mail_server import MailServer

WORDS: Final = Words(Medium.DISCORD)
ITEMS: Final = PersistentItems(WORDS)

_BLOCK = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
_SPAN = re.compile(r"`[^`]*`")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_MOMENT = re.compile(r"<t:\d+:\w>")
_WORD = re.compile(r"\S*\w\S*")


def said_of(report: Report, server: MailServer) -> list[str]:
    """Return every message and note about a report."""
    context = context_of(report, server)
    messages = [WORDS.finding(finding, context) for finding in report.findings]
    return messages + [WORDS.note(r.note, context) for r in report.results if r.note]


def texts_of(card: Card) -> list[str]:
    """Return what stands on a card, its buttons left out."""
    items = card.view.walk_children()
    return [item.content for item in items if isinstance(item, ui.TextDisplay)]


def count_words(text: str) -> int:
    """Return how many words a text of Discord's has."""
    for pattern, put in ((_BLOCK, _lines), (_SPAN, "x"), (_LINK, r"\1"), (_MOMENT, "x")):
        text = pattern.sub(put, text)
    return len(_WORD.findall(text))


def _lines(block: re.Match[str]) -> str:
    return "x\n" * len(block[1].splitlines())


def count_zone(world: CaseWorld, domain: Domain, report: Report) -> dict[str, int]:
    """Return the words of one zone: of its sentences, its card, the details and "Why?"."""
    server, kept = world.server, KeptCheck(1, report)
    facts = PlanFacts(hosting=MailHosting.ON, can_ask=True)
    plan = make_plan(expect(server, domain, world.key), report, facts)
    shown = {
        "sentences": said_of(report, server),
        "card": texts_of(build_plan_card(kept, plan, server, WORDS, ITEMS, can_ask=True)),
        "details": texts_of(build_check_card(kept, plan, server, WORDS, ITEMS)),
        "why": texts_of(build_why_card(report, server, WORDS)),
    }
    return {what: sum(map(count_words, texts)) for what, texts in shown.items()}


async def measure() -> dict[str, list[int]]:
    """Return the words of each zone, by what is shown."""
    world = CaseWorld()
    counts: dict[str, list[int]] = {}
    for case in world.zones():
        report = await world.check(case)
        for what, number in count_zone(world, case.domain, report).items():
            counts.setdefault(what, []).append(number)
    return counts


def main() -> int:
    """Print the figures."""
    counts = asyncio.run(measure())
    print(f"{len(counts['card'])} zones; words of one, median and most, and of all together")
    for what, values in counts.items():
        print(f"{what:10} {median(values):6.0f} {max(values):6} {sum(values):8,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
