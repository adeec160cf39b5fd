"""No zone, however it is made, holds the event loop: from the questions to the card and the JSON.

`pytest tests/integration/checks/test_loop_holds.py -rP` shows the worst figure of each part.
"""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from bot.cards.check_card import build_check_card
from bot.cards.plan_card import build_plan_card
from bot.cards.report_file import report_text
from bot.cards.why_card import build_why_card
from bot.checks.export.archive import dump_report, load_report
from bot.checks.export.as_json import report_as_dict
from bot.checks.export.diff import compare, read_reports
from bot.checks.finding import EXTRAS, Status
from bot.checks.optional.mta_sts_policy import PolicyFault, parse_policy
from bot.dns.answer import LONGEST_TEXT
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.interactions.item_factory import PersistentItems
from bot.records.expected import expect
from bot.records.presentation import quoted_parts
from bot.services.domain_check import Checker
from bot.services.member_service import KeptCheck
from bot.services.plan.domain_plan import make_plan
from bot.services.plan.step import Plan, PlanFacts
from bot.words import Medium, Words
from hostile_texts import (
    APEX,
    HEALTHY,
    LARGE,
    LISTED,
    LONG,
    NAMES,
    POLICY,
    SELECTOR,
    Attack,
    all_attacks,
    counted,
    some_attacks,
)
from loop_holds import TRIES, limit_of, worst_hold
from zone_reports import DOMAIN, KEY, SERVER, LinesAsk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.checks.report import Report
    from bot.demo.zone_server import ZoneServer
    from bot.dns.answer import Ask

WORDS = Words(Medium.DISCORD)
ITEMS = PersistentItems(WORDS)
PARTS = 8  # of all the zones, for the cores that the tests have
BACKTRACKING = re.compile(r"\s+x$")


def show_changes(report: Report) -> None:
    row = report_as_dict(report, SERVER, WORDS.plain, explain=True)
    (earlier,) = read_reports([json.dumps(row)]).values()
    assert compare(earlier, row).nothing


def plan(report: Report) -> Plan:
    return make_plan(expect(SERVER, DOMAIN, KEY), report, PlanFacts())


SHOWN: tuple[Callable[[Report], object], ...] = (
    lambda report: load_report(dump_report(report)),
    lambda report: build_plan_card(KeptCheck(1, report), plan(report), SERVER, WORDS, ITEMS),
    lambda report: build_check_card(KeptCheck(1, report), plan(report), SERVER, WORDS, ITEMS),
    lambda report: build_why_card(report, SERVER, WORDS),
    lambda report: report_text(report, SERVER, WORDS),
    show_changes,
)


async def look(ask: Ask) -> Report:
    """Check the domain, and show the report everywhere where it is shown, as the bot does it."""
    checker = Checker(ask, SERVER, lambda: datetime(2026, 11, 23, tzinfo=UTC))
    report = await checker.check(DOMAIN, KEY)
    for show in SHOWN:
        await asyncio.sleep(0)  # the bot awaits something before each of them
        show(report)
    return report


async def look_at(attack: Attack, attempt: int) -> None:
    await look(attack.zone(attempt))


@pytest.fixture(scope="module")
def healthy() -> float:
    """The longest step that a zone without fault takes, in seconds."""
    for words in (WORDS, WORDS.plain):  # compiled once in the life of the bot
        for template in words._environment.list_templates(extensions=["j2"]):
            words._environment.get_template(template)
    return worst_hold(lambda _: look(LinesAsk(HEALTHY)))


def assert_held_shortly(
    attacks: Iterable[Attack], healthy: float, record: Callable[[str, object], None]
) -> int:
    """Check each zone; return how many there were."""
    limit, worst, count = limit_of(healthy), (0.0, ""), 0
    for attack in attacks:
        held = worst_hold(partial(look_at, attack), limit=limit)
        worst = max(worst, (held, str(attack)))
        count += 1
    tell(worst, count, healthy, record)
    assert worst[0] <= limit, f"{worst[0] * 1000:.0f} ms: {worst[1]}"
    return count


def tell(
    worst: tuple[float, str], count: int, healthy: float, record: Callable[[str, object], None]
) -> None:
    """Say the worst figure, in milliseconds, beside that of a healthy zone."""
    record("worst_ms", round(worst[0] * 1000, 1))
    print(  # noqa: T201 - what -rP shows
        f"{count} zones, worst {worst[0] * 1000:.1f} ms (healthy {healthy * 1000:.1f}): {worst[1]}"
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_no_text_at_any_name_holds_the_loop(
    part: int, healthy: float, record_property: Callable[[str, object], None]
) -> None:
    attacks = islice(some_attacks(), part, None, 2 * PARTS)  # the slow form below tries them all
    assert assert_held_shortly(attacks, healthy, record_property) >= 250 // PARTS


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_no_text_of_all_holds_the_loop(
    name: str, healthy: float, record_property: Callable[[str, object], None]
) -> None:
    attacks = (attack for attack in all_attacks() if attack.name == name)
    assert_held_shortly(attacks, healthy, record_property)


@pytest.mark.parametrize("zone", LARGE.values(), ids=LARGE)
def test_no_zone_that_is_large_as_a_whole_holds_the_loop(
    zone: Callable[[int], LinesAsk],
    healthy: float,
    record_property: Callable[[str, object], None],
) -> None:
    zones = [zone(attempt) for attempt in range(TRIES)]  # it takes long to write them down
    held = worst_hold(lambda n: look(zones[n]), limit=limit_of(healthy))
    tell((held, ""), 1, healthy, record_property)
    assert held <= limit_of(healthy)


@pytest.mark.parametrize("attack", LISTED.values(), ids=LISTED)
def test_what_once_held_the_loop_does_so_no_more(
    attack: Attack,
    healthy: float,
    threaded_zone_server: Callable[..., ZoneServer],
    record_property: Callable[[str, object], None],
) -> None:
    """Over real sockets, with a server that works in a thread of its own."""
    reports: list[Report] = []
    served = threaded_zone_server(_world_with(attack))

    async def check(_attempt: int) -> None:
        async with Resolver([Server(*served.address)]) as resolver:
            reports.append(await look(resolver.ask))

    held = worst_hold(check, limit=limit_of(healthy))
    tell((held, str(attack)), 1, healthy, record_property)
    assert held <= limit_of(healthy)
    found = [f for f in reports[0].findings if f.code == "txt-too-long"]
    is_ours = attack.name != APEX or attack.text.startswith(b"v=spf1")
    if is_ours and len(attack.text) > LONGEST_TEXT:
        (finding,) = found
        assert finding.facts["octets"] == len(attack.text)
        assert finding.severity is (Status.WARN if finding.check in EXTRAS else Status.FAIL)
    else:
        assert found == []


def _world_with(attack: Attack) -> dict[str, str]:
    """Return the healthy world as zones, with one text in place of the right one."""
    zones: dict[str, list[str]] = {"friend.example": [], "cow.example": [], "other.example": []}
    attacked = f"{attack.name} TXT "
    lines = [line for line in HEALTHY.splitlines() if not line.startswith(attacked)]
    lines.append(f"{attack.name} TXT {quoted_parts(attack.text.decode())}")
    for line in filter(None, lines):
        owner, rest = line.split(maxsplit=1)
        zone = next(zone for zone in zones if f".{owner}".endswith(f".{zone}"))
        if rest.startswith("NS "):
            continue  # the server has its own
        zones[zone].append(f"{owner}. {rest}")
    return {zone: "\n".join(records) for zone, records in zones.items()}


def test_a_judge_that_is_not_linear_is_noticed(healthy: float) -> None:
    """What the other tests measure is enough to find one bad expression, at both sizes."""
    attack = Attack(SELECTOR, b"v=DKIM1; p=" + b" " * 20_000 + b"y")

    async def judge_badly(attempt: int) -> None:
        ask = attack.zone(attempt)
        await look(ask)
        await asyncio.sleep(0)
        (record,) = (await ask(SELECTOR, "TXT")).rdatas
        assert not BACKTRACKING.search(b"".join(getattr(record, "strings", ())).decode())

    assert worst_hold(judge_badly) > limit_of(healthy)
    assert worst_hold(partial(look_at, attack)) <= limit_of(healthy)


def test_a_list_that_is_searched_for_each_part_is_noticed(healthy: float) -> None:
    attack = Attack(POLICY, counted(b"v=DMARC1;p=none;", b"a%d=;", LONG))

    async def judge_badly(attempt: int) -> None:
        await look(attack.zone(attempt))
        await asyncio.sleep(0)
        names = [part.partition(b"=")[0] for part in attack.text.split(b";")]
        assert max(names.count(name) for name in names[:2_000]) == 1

    assert worst_hold(judge_badly) > limit_of(healthy)


POLICY_HEAD = b"version: STSv1\nmode: enforce\nmax_age: 86400\n"


@pytest.mark.parametrize(
    "body",
    [
        POLICY_HEAD + b"mx: a\n" * 10_000,
        POLICY_HEAD + b"\n" * 65_000,
        POLICY_HEAD + b"mx: " + b"a." * 32_000,
        POLICY_HEAD + b":" * 64_000,
        POLICY_HEAD + b"mx: a.b.c\n" * 900,
    ],
    ids=["servers", "lines", "labels", "colons", "as many servers as are read"],
)
def test_no_policy_holds_the_loop(body: bytes, healthy: float) -> None:
    async def read(_attempt: int) -> None:
        policy = parse_policy(body)
        if not isinstance(policy, PolicyFault):
            assert not policy.allows("mx1.cow.example")

    assert worst_hold(read) <= limit_of(healthy)
