"""The card of a plan: what it says first, its lights, its one button, and what it leaves out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import discord
import pytest

from bot.cards.markdown import MOST_CHARACTERS
from bot.cards.plan_card import build_plan_card
from bot.checks.finding import Status
from bot.checks.report import prove
from bot.interactions.item_factory import PersistentItems
from bot.names import Domain
from bot.records.dkim_key import NoKeyYet
from bot.records.expected import expect
from bot.requests.backend import MailHosting
from bot.requests.model import RequestKind
from bot.services.core import make_personal
from bot.services.member_service import KeptCheck
from bot.services.plan.domain_plan import make_plan
from bot.services.plan.step import Light, Part, Plan, PlanFacts
from bot.words import Medium, Words
from card_limits import MOST_COMPONENTS, measure
from changing_keys import FORMER, NEW, NEXT, OLD, expected_of, published, report_of
from zone_reports import ALIASES, DKIM, DMARC, DOMAIN, KEY, MX, SERVER, SPF, report_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.cards.layout import Card
    from bot.checks.report import Report
    from bot.records.dkim_key import DkimKnowledge

WORDS = Words(Medium.DISCORD)
ITEMS = PersistentItems(WORDS)
MARKS = ("✅", "ℹ️", "❓", "⚠️", "❌", "\N{HEAVY MINUS SIGN}")
AGAIN, DETAILS = "Check again", "All details"
AWAIT, OFFER = "Tell me when it is right", "Tell me if it breaks"
ON = PlanFacts(hosting=MailHosting.ON, can_ask=True)
ABSENT = PlanFacts(hosting=MailHosting.ABSENT, can_ask=True)
WATCHED = DMARC.replace("p=reject", "p=none")
AT_DOMENESHOP = "friend.example NS ns1.hyp.net.\nfriend.example NS ns2.hyp.net.\n"


def show(
    report: Report,
    plan: Plan,
    *,
    personal: Report | None = None,
    shared: bool = False,
    can_ask: bool = True,
    provider: str | None = None,
    remark: str | None = None,
    can_watch: bool = False,
) -> Card:
    async def build() -> Card:
        return build_plan_card(
            KeptCheck(7, report, personal),
            plan,
            SERVER,
            WORDS,
            ITEMS,
            shared=shared,
            can_ask=can_ask,
            provider=provider,
            remark=remark,
            can_watch=can_watch,
        )

    return asyncio.run(build())


def draw(
    *records: str,
    facts: PlanFacts = ON,
    dkim: DkimKnowledge = KEY,
    shared: bool = False,
    can_ask: bool = True,
    provider: str | None = None,
) -> Card:
    """Return the card of a zone; a shared one is of what everybody may know."""
    report = report_on(*records, dkim=dkim)
    known = PlanFacts() if shared else facts
    personal = None if facts.hosting is None else make_personal(report, facts.hosting)
    seen = report if shared or personal is None else personal
    plan = make_plan(expect(SERVER, DOMAIN, dkim), seen, known)
    return show(report, plan, personal=personal, shared=shared, can_ask=can_ask, provider=provider)


def text_of(card: Card) -> str:
    texts = (i for i in card.view.walk_children() if isinstance(i, discord.ui.TextDisplay))
    return "\n".join(text.content for text in texts)


def labels_of(card: Card) -> list[str]:
    return [str(button.label) for button in _buttons(card)]


def _buttons(card: Card) -> Iterator[discord.ui.Button[discord.ui.LayoutView]]:
    for item in card.view.walk_children():
        inner = item.item if isinstance(item, discord.ui.DynamicItem) else item
        if isinstance(inner, discord.ui.Button):
            yield inner


def lights_of(card: Card) -> dict[str, str]:
    """Return the mark of each light by its name."""
    pairs = [light.split(" ", 1) for light in text_of(card).splitlines()[2].split(" · ")]
    return {name: mark for mark, name in pairs}


def test_the_consequence_stands_right_below_the_name() -> None:
    title, headline, *_ = text_of(draw(SPF, DKIM, WATCHED)).splitlines()
    assert title == "## ❌ `friend.example`"
    assert headline == "**Mail to `friend.example` does not arrive: there is no MX record.**"


def test_each_light_has_a_mark_and_a_name() -> None:
    lights = lights_of(draw(MX, SPF))
    assert list(lights) == ["On the server", "MX", "SPF", "DKIM", "DMARC"]
    assert set(lights.values()) <= set(MARKS)
    assert lights["MX"] == lights["On the server"] == "✅"
    assert lights["DKIM"] == "❌"
    assert lights["DMARC"] == "⚠️"


def test_what_is_only_not_there_yet_is_no_fault() -> None:
    lights = lights_of(draw(MX, SPF, dkim=NoKeyYet()))
    assert lights["DKIM"] == "\N{HEAVY MINUS SIGN}"
    assert lights_of(draw(MX, SPF))["DKIM"] == "❌"


def test_a_light_that_nobody_can_tell_is_left_out() -> None:
    lights = lights_of(draw(MX, SPF, facts=PlanFacts()))
    assert list(lights) == ["MX", "SPF", "DKIM", "DMARC"]


def test_the_mark_of_every_status_is_another() -> None:
    plan = Plan((), tuple(Light(Part.MX, status) for status in Status))
    card = show(report_on(MX, SPF), plan)
    line = text_of(card).splitlines()[2]
    marks = [light.split(" ")[0] for light in line.split(" · ")]
    assert len(set(marks)) == len(Status)


def test_what_is_typed_is_checked_again() -> None:
    card = draw()
    assert labels_of(card) == [AGAIN, DETAILS, AWAIT]
    text = text_of(card)
    for value in ("mx1.cow.example.", SERVER.spf, "v=DMARC1; p=none"):
        assert f"```\n{value}" in text
    assert "proves that mail is yours" in text


def test_who_adds_the_record_of_a_coming_key_is_not_told_to_ask_the_admin_first() -> None:
    warning = "a wrong record breaks mail"
    for keys, lines, stands in (
        (NEXT, published(OLD), False),
        (FORMER, published(NEW), True),
    ):
        report = report_of(keys, lines)
        plan = make_plan(prove(expected_of(keys), report), report, ON)
        assert plan.next is not None
        assert (warning in text_of(show(report, plan))) is stands


def test_what_is_asked_for_has_the_one_button_that_asks() -> None:
    assert labels_of(draw(facts=ABSENT)) == ["Ask to add the domain", DETAILS, AWAIT]
    keyless = draw(MX, SPF, WATCHED, dkim=NoKeyYet())
    assert labels_of(keyless) == ["Ask for DKIM", DETAILS, AWAIT]
    right = draw(MX, SPF, DKIM, WATCHED, ALIASES)
    assert labels_of(right) == ["Ask for DMARC", DETAILS, AWAIT]


def test_where_nothing_can_be_asked_for_it_is_said_whom_to_ask() -> None:
    card = draw(facts=replace(ABSENT, can_ask=False), can_ask=False)
    assert labels_of(card) == [AGAIN, DETAILS, AWAIT]
    assert "Ask the admin to add `friend.example`" in text_of(card)


def test_what_is_asked_for_already_is_waited_for() -> None:
    asked = replace(ABSENT, asked=frozenset({RequestKind.MAILDOMAIN}))
    card = draw(facts=asked)
    assert labels_of(card) == [AGAIN, DETAILS, AWAIT]
    assert "The admin has your request" in text_of(card)
    assert "Step" not in text_of(card)


def test_where_all_is_right_the_mark_is_green_and_nothing_is_next() -> None:
    card = draw(MX, SPF, DKIM, DMARC, ALIASES)
    text = text_of(card)
    assert text.startswith("## ✅ `friend.example`\n")
    assert set(lights_of(card).values()) == {"✅"}
    assert "There is nothing to do." in text
    assert "Step" not in text
    assert labels_of(card) == [AGAIN, DETAILS]


def test_where_all_is_right_who_may_is_offered_to_be_told_if_it_breaks() -> None:
    report = report_on(MX, SPF, DKIM, DMARC, ALIASES)
    plan = make_plan(expect(SERVER, DOMAIN, KEY), report, ON)
    assert labels_of(show(report, plan, can_watch=True)) == [AGAIN, DETAILS, OFFER]
    assert labels_of(show(report, plan, can_watch=True, shared=True)) == [AGAIN, DETAILS]
    wrong = report_on(MX, SPF)
    broken = make_plan(expect(SERVER, DOMAIN, KEY), wrong, ON)
    assert labels_of(show(wrong, broken, can_watch=True)) == [AGAIN, DETAILS, AWAIT]


def test_optional_records_that_are_not_there_are_one_line_and_leave_it_green() -> None:
    text = text_of(draw(MX, SPF, DKIM, DMARC))
    assert text.startswith("## ✅ `friend.example`\n")
    assert text.count("Optional, and not there: Webmail, Autoconfig, Autodiscover") == 1
    assert "```" not in text


def test_a_shared_card_tells_nothing_of_the_server_and_asks_for_nothing() -> None:
    for dkim in (KEY, NoKeyYet()):
        card = draw(MX, SPF, WATCHED, dkim=dkim, facts=ABSENT, shared=True)
        text = text_of(card)
        assert "On the server" not in text
        assert "does not know" not in text
        assert labels_of(card) == [AGAIN, DETAILS, AWAIT]
        assert "by the button below" not in text


def test_records_are_said_in_the_words_of_the_provider() -> None:
    chosen = text_of(draw(provider="route53"))
    assert "Record name (leave empty) · Record type `MX`" in chosen
    assert "```\n10 mx1.cow.example.\n```" in chosen
    shared = text_of(draw(provider="route53", shared=True))
    assert "Record name" not in shared


def test_where_the_records_are_changed_is_said_once() -> None:
    assert text_of(draw()).count("At the company that runs `ns1.dns.example`.") == 1
    assert "ns1.dns.example" not in text_of(draw(MX, SPF, DKIM, DMARC, ALIASES))
    hosted = report_on(AT_DOMENESHOP, world="")
    plan = make_plan(expect(SERVER, DOMAIN, KEY), hosted, ON)
    card = show(hosted, plan)
    assert text_of(card).count("At Domeneshop.") == 1
    assert [button.url for button in _buttons(card) if button.url] == ["https://domene.shop/admin"]


def test_a_name_in_another_script_is_shown_in_both_forms() -> None:
    domain = Domain.from_ascii("xn--bcher-kva.example")
    report = replace(report_on(MX), domain=domain)
    card = show(report, make_plan(expect(SERVER, DOMAIN, KEY), report, ON))
    assert text_of(card).startswith("## ❌ `xn--bcher-kva.example` (`bücher.example`)\n")


def test_a_remark_is_said_below_the_lights() -> None:
    report = report_on(MX)
    plan = make_plan(expect(SERVER, DOMAIN, KEY), report, ON)
    lines = text_of(show(report, plan, remark="I took it out of a link.")).splitlines()
    assert lines[3] == "-# I took it out of a link."


def test_what_does_not_fit_is_said_to_be_in_the_details() -> None:
    backups = "".join(f"friend.example MX {20 + n} mx{n}.other.example.\n" for n in range(9))
    card = draw(MX, backups, SPF, DKIM, WATCHED)
    text = text_of(card)
    assert 0 < text.count("**Delete**") < 9
    assert text.count("All details") == 1
    assert "All details" not in text_of(draw())


@pytest.mark.parametrize("shared", [False, True])
def test_long_records_and_a_long_remark_keep_the_card_within_discords_limits(
    *, shared: bool
) -> None:
    terms = " ".join(f"include:{'`_' * 30}.{number}.example" for number in range(50))
    strings = " ".join(f'"{terms[at : at + 250]}"' for at in range(0, len(terms), 250))
    report = report_on(MX, f'friend.example TXT "v=spf1 " {strings} " -all"\n')
    plan = make_plan(expect(SERVER, DOMAIN, KEY), report, ON)
    card = show(report, plan, shared=shared, remark="y" * 5000)
    components, characters = measure(card.view)
    assert components <= MOST_COMPONENTS
    assert characters <= MOST_CHARACTERS
    assert labels_of(card) == [AGAIN, DETAILS, AWAIT]
