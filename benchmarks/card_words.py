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
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import yaml
from discord import ui

from benchmarks.diagnosis import DATA
from benchmarks.ours import key_of, make_resolver, now
from bot.cards.check_card import build_check_card
from bot.cards.plan_card import build_plan_card
from bot.cards.why_card import build_why_card
from bot.checks.export.as_json import context_of
from bot.config.settings import load_settings
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.interactions.item_factory import PersistentItems
from bot.names import Domain
from bot.records.expected import expect
from bot.requests.backend import MailHosting
from bot.services.domain_check import Checker
from bot.services.member_service import KeptCheck
from bot.services.plan.domain_plan import make_plan
from bot.services.plan.step import PlanFacts
from bot.words import Medium, Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.cards.layout import Card
    from bot.checks.report import Report
    from bot.records.dkim_key import KnownKey
    from bot.records.mail_server import MailServer

CASES: Final = ("cases.yaml", "cases2.yaml", *sorted(p.name for p in DATA.glob("wild_*.yaml")))
DECEIVING: Final = ("adversarial.yaml",)
WORDS: Final = Words(Medium.DISCORD)
ITEMS: Final = PersistentItems(WORDS)

_BLOCK = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
_SPAN = re.compile(r"`[^`]*`")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_MOMENT = re.compile(r"<t:\d+:\w>")
_WORD = re.compile(r"\S*\w\S*")


@dataclass(frozen=True, slots=True)
class CaseZone:
    """A faulty zone: the case's name, the domain, and all zones of its world."""

    name: str
    domain: Domain
    zones: Mapping[str, str]
    servfail: tuple[str, ...] = ()


class CaseWorld:
    """The zones of the case files, and the mail server that they are made for."""

    @cached_property
    def server(self) -> MailServer:
        """The mail server of cases.yaml's environment."""
        return load_settings(self._first["environment"]).mail_server()

    @cached_property
    def key(self) -> KnownKey:
        """The DKIM key of that server for every domain."""
        return key_of(self._first["dkim_expected"])

    @property
    def base_zones(self) -> Mapping[str, str]:
        """The zones of other people in cases.yaml."""
        zones: Mapping[str, str] = self._first["base_zones"]
        return zones

    @cached_property
    def _first(self) -> Any:
        return _read(CASES[0])

    def zones(self) -> Iterator[CaseZone]:
        """Yield the zones of all files, in their order."""
        for name in CASES:
            file = _read(name)
            world = {**self._first["base_zones"], **file.get("base_zones", {})}
            domain = self._first["domain"]
            for case in file["cases"]:
                zones = {**world, domain: case["zone"]}
                servfail = tuple(case.get("servfail", ()))
                yield CaseZone(case["id"], Domain.from_ascii(domain), zones, servfail)
        for name in DECEIVING:
            yield from self._changed(_read(name))

    def _changed(self, file: Any) -> Iterator[CaseZone]:
        world = {**self._first["base_zones"], **file["world"]}
        healthy = [line.strip() for line in file["healthy"].splitlines() if line.strip()]
        for case in file["zones"]:
            dropped = {tuple(line.split()) for line in case.get("drop", ())}
            kept = [line for line in healthy if tuple(line.split()[:2]) not in dropped]
            zone = "\n".join([*kept, *case.get("add", ())])
            zones = {**world, file["domain"]: zone}
            yield CaseZone(case["name"], Domain.from_ascii(file["domain"]), zones)

    async def check(self, case: CaseZone) -> Report:
        """Return the report of a zone, with the DKIM key known."""
        world = Zones.of(case.zones, servfail=case.servfail)
        async with (
            ZoneServer(world) as dns_server,
            make_resolver(dns_server.address[1]) as resolver,
        ):
            checker = Checker(resolver.ask, self.server, now, single_server=True)
            return await checker.check(case.domain, self.key)


def _read(name: str) -> Any:
    return yaml.safe_load((DATA / name).read_text(encoding="utf-8"))


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
