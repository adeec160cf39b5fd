"""Measures how tall cards are: of plans, mails and settings; run, it prints the tallest."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import discord
import simcord
from demo_page import NARROW, WIDE, DemoPage, running_browser
from take_pictures import BARE, HEIGHT

from bot.cards.app_card import build_app_card
from bot.cards.digest_card import build_digest_card
from bot.cards.history_card import build_history_card
from bot.cards.incident_card import build_incident_card
from bot.cards.mail_card import build_mail_card
from bot.cards.plan_card import build_plan_card
from bot.cards.settings_card import build_settings_card
from bot.cards.timeline_picture import draw_timeline
from bot.cards.watch_cards import build_own_watch_card
from bot.cards.watch_overview_card import build_overview_card
from bot.cards.watch_summary_card import build_summary_card
from bot.checks.finding import Check
from bot.config.loading import load_settings
from bot.demo.world import DEMO_ENVIRONMENT
from bot.interactions.item_factory import PersistentItems
from bot.names import MailAddress
from bot.records.client_settings import client_settings
from bot.records.live_settings import LiveSettings, weigh_ports
from bot.records.mail_apps import load_apps
from bot.requests.backend import MailHosting
from bot.services.core import make_personal
from bot.services.member_service import KeptCheck
from bot.watch.watch_news import DigestTold, IncidentsTold
from bot.watch.watch_overview import WatchOverview
from bot.words import Medium, Words
from conftest import load_cases
from deceiving_zones import SERVER
from domain_pasts import ago, first_look, state
from mail_faults import FAULTS
from mended_zone import read_zone
from plan_world import Friend
from port_looks import AT, looks
from rotation_examples import cards as rotation_cards
from signed_mails import judge
from watch_examples import digest, full_list, full_overview, incident, told_of_mx, told_of_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.cards.layout import Card
    from bot.checks.mail.mail_verdict import MailVerdict
    from bot.checks.report import Report
    from bot.records.mail_apps import MailApp
    from bot.services.plan.step import Plan
    from bot.watch.timeline import History
    from bot.watch.watch_overview import OwnWatch

MOST: Final = 700  # pixels of a card at its full width, whatever is wrong with the domain
_ON_A_PAGE: Final = 40  # messages, which the page draws within seconds
_APART: Final = 3600.0  # seconds between two messages, so that each names its author
_SINCE: Final = (  # the line of the time before, as long as it mostly is
    "Autodiscover has been at risk since <t:1790000000:D>; it was right before."
)
_SHOWN: Final = 12  # of the tallest that are printed
_TO_MEASURE: Final = """() => Object.fromEntries(
    [...document.querySelectorAll('.channel-message[data-message-id]')].map(
        message => [message.dataset.messageId, message.getBoundingClientRect().height]))"""


class Drawn(Protocol):
    """Something that has a card of its own."""

    @property
    def name(self) -> str:
        """What it is called in what is printed."""
        ...

    def draw(self) -> Card:
        """Return its card."""
        ...


@dataclass(frozen=True, slots=True)
class JudgedMail:
    """A mail as the card shows it that its sender sees first."""

    name: str
    verdict: MailVerdict

    def draw(self) -> Card:
        """Return its first card."""
        return build_mail_card(self.verdict, SERVER, Words(Medium.DISCORD))


@dataclass(frozen=True, slots=True)
class SettingsOfAnn:
    """The settings of a member of the demo, by what a look at the ports came to."""

    name: str
    live: LiveSettings

    def draw(self) -> Card:
        """Return their card."""
        words, who = Words(Medium.DISCORD), self.live.settings.user_name
        return build_settings_card(self.live, words, PersistentItems(words), who=who, told=True)


@dataclass(frozen=True, slots=True)
class AppOfAnn:
    """The steps of an app for that member."""

    app: MailApp
    live: LiveSettings

    @property
    def name(self) -> str:
        """The app's key."""
        return self.app.key

    def draw(self) -> Card:
        """Return the card of the steps."""
        words, who = Words(Medium.DISCORD), self.live.settings.user_name
        items = PersistentItems(words)
        return build_app_card(self.app, self.live, words, items, who=who, told=True)


@dataclass(frozen=True, slots=True)
class PlannedZone:
    """A zone of the case files as a member's check shows it."""

    name: str
    report: Report
    personal: Report | None
    plan: Plan

    def draw(self) -> Card:
        """Return its card, as the member sees it who asked."""
        kept = KeptCheck(1, self.report, self.personal)
        words = Words(Medium.DISCORD)
        items = PersistentItems(words)
        return build_plan_card(
            kept, self.plan, SERVER, words, items, can_ask=True, can_watch=True, since=_SINCE
        )


@dataclass(frozen=True, slots=True)
class ToldNews:
    """News of the watch to a member, of one domain or of many."""

    name: str
    told: IncidentsTold | DigestTold

    def draw(self) -> Card:
        """Return its card."""
        words = Words(Medium.DISCORD)
        if isinstance(self.told, DigestTold):
            return build_digest_card(self.told, SERVER, words, for_member=True)
        if len({incident.subject for incident in self.told.opened}) > 1:
            return build_summary_card(self.told, SERVER, words)
        return build_incident_card(self.told, SERVER, words, PersistentItems(words))


@dataclass(frozen=True, slots=True)
class FullWatch:
    """All that one member may have of the watch at once, or the admin's card of it."""

    name: str
    of: OwnWatch | WatchOverview

    def draw(self) -> Card:
        """Return its card."""
        words, remark = Words(Medium.DISCORD), "d1.example is still watched."
        items = PersistentItems(words)
        if isinstance(self.of, WatchOverview):
            return build_overview_card(self.of, SERVER, words, items, remark=remark)
        mentions = ("</watch add:1>", "</watch remove:1>", "</watch pause:1>")
        return build_own_watch_card(
            self.of, words, items, now=AT, tells=True, mentions=mentions, remark=remark
        )


@dataclass(frozen=True, slots=True)
class ToldHistory:
    """The history of a domain."""

    name: str
    history: History

    def draw(self) -> Card:
        """Return its card, with the picture."""
        words = Words(Medium.DISCORD)
        picture = draw_timeline(self.history, words.plain)
        return build_history_card(self.history, picture, words, PersistentItems(words))


@dataclass(frozen=True, slots=True)
class ShownRotation:
    """A card of a rotation of a key, to admins or to members; their details may be longer."""

    name: str
    card: Card

    def draw(self) -> Card:
        """Return it."""
        return self.card


def planned_zones() -> list[PlannedZone]:
    """Return every zone of the case files, on the mail server and not yet there."""
    found = []
    for case in load_cases().cases:
        for hosting in (MailHosting.ON, MailHosting.ABSENT):
            zone, broken = read_zone(case.zone), tuple(case.servfail)
            friend = Friend(zone, hosting, proves_control=True, servfail=broken)
            report = friend.check()
            personal = make_personal(report, hosting)
            plan = friend.plan(personal or report)
            found.append(PlannedZone(f"{case.id}, {hosting.value}", report, personal, plan))
    return found


def judged_mails() -> list[JudgedMail]:
    """Return every mail that has a fault."""
    return [
        JudgedMail(name, judge(fault.make(), fault.world(), **fault.options))
        for name, fault in FAULTS.items()
    ]


def told_news(zones: Sequence[PlannedZone]) -> list[Drawn]:
    """Return an incident of each zone that has something to do, and long lists."""
    of_zones = [ToldNews(zone.name, told_of_report(zone.report)) for zone in zones]
    many = IncidentsTold(tuple(incident(subject=f"d{n}.example") for n in range(60)))
    return [
        *(told for told in of_zones if isinstance(told.told, IncidentsTold) and told.told.opened),
        ToldNews("what changed before", told_of_mx()),
        ToldNews("a long digest", digest(120)),
        ToldNews("a long summary", many),
        FullWatch("a full list", full_list()),
        FullWatch("a full overview", full_overview()),
    ]


def told_histories() -> list[Drawn]:
    """Return histories of what mail needs, without and with many changes."""
    calm, busy = first_look(ago(399)), first_look(ago(399))
    for number in range(300):
        seen = state("fail" if number % 2 else "pass", f"v=spf1 a:n{number}.example -all")
        busy.look(ago(390 - number), {Check.SPF: seen, Check.MX: seen, Check.DMARC: seen})
    return [ToldHistory("a calm history", calm.fold()), ToldHistory("a busy one", busy.fold())]


def settings_of_ann() -> list[Drawn]:
    """Return the settings by everything that the ports can be, and the steps of each app."""
    server = load_settings(DEMO_ENVIRONMENT).mail_server()
    settings = client_settings(server, MailAddress.parse("ann@friend.example"))
    seen = {
        "works": looks(),
        "no sending": looks(p465="ended", p587="ended"),
        "nothing works": looks("ended"),
        "pop not known": looks(p995="silent", p110="silent"),
    }
    lives = {name: weigh_ports(settings, some, AT) for name, some in seen.items()}
    lives |= {
        "looking": LiveSettings.looking(settings),
        "not known": LiveSettings.unknown(settings),
    }
    return [
        *(SettingsOfAnn(name, live) for name, live in lives.items()),
        *(AppOfAnn(app, lives["no sending"]) for app in load_apps()),
    ]


def shown_rotations() -> list[Drawn]:
    """Return the cards of rotations in every state."""
    drawn = (ShownRotation(f"rotation, {name}", card) for name, card in rotation_cards())
    return [each for each in drawn if "details" not in each.name]


async def measure(zones: Sequence[Drawn]) -> Mapping[int, Mapping[str, float]]:
    """Return the height of each card in pixels, by the width of the page and the zone's name."""
    bot = discord.Client(intents=discord.Intents.none())
    env = simcord.Env(bot, check_errors=False)
    await env.start()
    try:
        guild = env.create_guild("Cards")
        ann = guild.add_member(env.create_user("ann"))
        heights: dict[int, dict[str, float]] = {WIDE: {}, NARROW: {}}
        for number, part in enumerate(_pages(zones)):
            channel = guild.create_text_channel(f"cards-{number}")
            names = {}
            for zone in part:
                card = zone.draw()
                env.backend.advance_clock(_APART)
                place = bot.get_partial_messageable(channel.id)
                sent = await place.send(view=card.view, files=card.files)
                names[str(sent.id)] = zone.name
            async with env.preview(channel, viewers=(ann,), layout="channel") as preview:
                for width, found in (await asyncio.to_thread(_look, preview.url)).items():
                    heights[width] |= {names[key]: height for key, height in found.items()}
        return heights
    finally:
        await env.shutdown()
        await bot.close()


def _look(url: str) -> dict[int, dict[str, float]]:
    with running_browser() as browser:
        page = DemoPage(browser, url)
        page.page.add_style_tag(content=BARE)
        found = {}
        for width in (WIDE, NARROW):
            page.page.set_viewport_size({"width": width, "height": HEIGHT})
            page.wait_until_ready()
            found[width] = page.page.evaluate(_TO_MEASURE)
        return found


def _pages(zones: Sequence[Drawn]) -> list[Sequence[Drawn]]:
    return [zones[at : at + _ON_A_PAGE] for at in range(0, len(zones), _ON_A_PAGE)]


def main() -> None:
    """Print the tallest cards."""
    zones = planned_zones()
    cards: list[Drawn] = [
        *zones,
        *judged_mails(),
        *settings_of_ann(),
        *told_news(zones),
        *told_histories(),
        *shown_rotations(),
    ]
    for width, heights in asyncio.run(measure(cards)).items():
        ordered = sorted(heights, key=lambda name: -heights[name])
        over = sum(height > MOST for height in heights.values())
        print(f"{width} wide: {len(heights)} cards, {over} over {MOST} px")  # noqa: T201 - output
        for name in ordered[:_SHOWN]:
            print(f"{heights[name]:7.0f} px  {name}")  # noqa: T201 - its output


if __name__ == "__main__":
    main()
