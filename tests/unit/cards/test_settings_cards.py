"""The cards of mail settings: what to type, how it stands, and the steps of an app."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord
import dns.name
import pytest

from bot.cards.app_card import build_app_card
from bot.cards.markdown import MOST_CHARACTERS
from bot.cards.phone_cards import build_profile_card, build_qr_card
from bot.cards.settings_card import build_settings_card
from bot.interactions.item_factory import PersistentItems
from bot.names import MailAddress
from bot.records.client_settings import client_settings
from bot.records.live_settings import LiveSettings, weigh_ports
from bot.records.mail_apps import MailApp, app_by_key, load_apps
from bot.records.mail_server import MailServer
from bot.records.qr_code import draw_qr_code
from bot.words import Medium, Words
from card_limits import MOST_COMPONENTS, measure
from port_looks import AT, looks
from qr_reader import read_qr_code

if TYPE_CHECKING:
    from bot.cards.layout import Card

WORDS = Words(Medium.DISCORD)
ITEMS = PersistentItems(WORDS)
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."),
    spf="v=spf1 mx -all",
    dmarc="v=DMARC1; p=reject",
    name="Cow Mail",
    about="A private mail server.",
    webmail_url="https://mx1.cow.example/SOGo/",
    password_url="https://mx1.cow.example/",
    admin_contact="admin@cow.example",
)
ANN = client_settings(SERVER, MailAddress.parse("ann@friend.example"))
APPS = load_apps()
# The longest texts that an operator may write (MAIL_NAME, MAIL_ABOUT, ADMIN_CONTACT), and the
# longest address that there is.
LONG = replace(SERVER, name="M" * 60, about="a `b` " * 83, admin_contact="@" * 200)
LONGEST = MailAddress.parse("x" * 64 + "@" + "a." * 90 + "example")


def draw(live: LiveSettings | None = None, *, told: bool = True, who: str = "") -> Card:
    return build_settings_card(live or LiveSettings.unasked(ANN), WORDS, ITEMS, told=told, who=who)


def seen(**others: str) -> LiveSettings:
    return weigh_ports(ANN, looks(**others), AT)


def said(card: Card) -> str:
    texts = [i.content for i in card.view.walk_children() if isinstance(i, discord.ui.TextDisplay)]
    return "\n".join(texts)


def items_of(card: Card) -> list[Any]:
    """Return the buttons and menus of a card, those of the library and ours."""
    rows = [row for row in card.view.children if isinstance(row, discord.ui.ActionRow)]
    return [getattr(item, "item", item) for row in rows for item in row.children]


def links(card: Card) -> list[str]:
    return [item.url for item in items_of(card) if getattr(item, "url", None)]


def ids(card: Card) -> list[str]:
    return [item.custom_id for item in items_of(card) if getattr(item, "custom_id", None)]


def assert_fits(card: Card) -> None:
    components, characters = measure(card.view)
    assert components <= MOST_COMPONENTS
    assert characters <= MOST_CHARACTERS


async def test_settings_have_the_ports_for_phones_first() -> None:
    shown = said(draw())
    assert "`ann@friend.example`" in shown
    assert "`mx1.cow.example`" in shown
    assert "```\nreading IMAP 993 TLS\nsending SMTP 465 TLS\n```" in shown
    assert shown.index("993") < shown.index("143") < shown.index("995 TLS or 110 STARTTLS")
    assert shown.splitlines()[-1].startswith("-# Ask admin\\@cow.example")
    assert_fits(draw())


async def test_settings_without_pop_show_none() -> None:
    live = LiveSettings.unasked(client_settings(replace(SERVER, pop=False)))
    assert "995" not in said(draw(live))


async def test_webmail_and_password_are_links() -> None:
    assert links(draw()) == ["https://mx1.cow.example/SOGo/", "https://mx1.cow.example/"]


@pytest.mark.parametrize("url", ["", "http://mx1.cow.example/", "https://a/" + "x" * 600])
async def test_only_addresses_that_discord_takes_become_links(url: str) -> None:
    server = replace(SERVER, webmail_url=url, password_url=url)
    assert links(draw(LiveSettings.unasked(client_settings(server)))) == []


async def test_the_menu_has_every_app_and_carries_for_whom_it_is() -> None:
    card = draw(who="ann@friend.example")
    (menu,) = (item for item in items_of(card) if isinstance(item, discord.ui.Select))
    assert [(o.value, o.label) for o in menu.options] == [(app.key, app.name) for app in APPS]
    assert menu.placeholder == "Steps for your mail app"
    assert ids(card) == [
        "cowbell:app:ann@friend.example",
        "cowbell:profile:ann@friend.example",
        "cowbell:qr",
    ]


async def test_a_card_says_nothing_of_ports_that_nobody_looks_at() -> None:
    assert said(draw()).splitlines()[:4] == [
        "## Cow Mail: mail settings",
        "A private mail server.",
        "### Type this into your mail program",
        "User name: `ann@friend.example`",
    ]


@pytest.mark.parametrize(
    ("live", "line"),
    [
        (LiveSettings.looking(ANN), "⏳ Whether this works right now is being looked at."),
        (LiveSettings.unknown(ANN), "❓ I could not find out whether this works right now."),
        (
            seen(),
            f"✅ Reading and sending mail worked at <t:{AT:%s}:t> (<t:{AT:%s}:R>).",
        ),
        (
            seen(p465="ended", p587="ended"),
            "⚠️ Sending mail does not work at the moment; this is being looked at.",
        ),
        (
            seen(p993="ended", p143="ended"),
            "⚠️ Reading mail does not work at the moment; this is being looked at.",
        ),
        (
            seen(p993="ended", p143="ended", p465="ended", p587="ended"),
            "⚠️ Mail does not work at the moment; this is being looked at.",
        ),
        (
            seen(p465="silent", p587="silent"),
            "❓ I could not find out whether sending mail works right now.",
        ),
    ],
)
async def test_the_state_of_the_ports_is_one_calm_line(live: LiveSettings, line: str) -> None:
    assert said(draw(live)).splitlines()[2] == line


async def test_nobody_claims_that_a_fault_is_looked_at_where_no_admin_is_told() -> None:
    line = said(draw(seen(p465="ended", p587="ended"), told=False)).splitlines()[2]
    assert line == "⚠️ Sending mail does not work at the moment; your settings are not at fault."


async def test_a_closed_port_makes_room_for_the_one_that_works() -> None:
    shown = said(draw(seen(p465="closed")))
    assert "```\nreading IMAP 993 TLS\nsending SMTP 587 STARTTLS\n```" in shown
    assert "465" not in shown


async def test_where_there_is_no_second_way_there_is_no_heading_for_it() -> None:
    shown = said(draw(seen(p143="closed", p587="closed", p995="closed", p110="closed")))
    assert "If that does not work" not in shown
    assert "POP" not in shown


async def test_pop_of_which_nothing_is_known_has_a_hint() -> None:
    hint = "POP, only if you must: 995 TLS or 110 STARTTLS (not known to work)"
    assert hint in said(draw(seen(p995="silent", p110="silent")))
    assert "not known to work" not in said(draw(seen()))


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.key)
async def test_the_card_of_an_app_has_numbered_steps_and_a_way_back(app: MailApp) -> None:
    card = build_app_card(app, seen(), WORDS, ITEMS, who="ann@friend.example")
    shown = said(card)
    title = app.name.replace("(", r"\(").replace(")", r"\)")
    assert shown.startswith(f"## {title}\n-# For Cow Mail. Written for ")
    assert app.date.isoformat().replace("-", r"\-") in shown
    numbers = re.findall(r"^(\d)\. ", shown, re.MULTILINE)
    assert numbers == [str(place) for place in range(1, len(numbers) + 1)]
    assert len(numbers) == len(WORDS.lines(app.template, app.facts(ANN)))
    assert "do not accept it" in shown
    assert "cowbell:settings:ann@friend.example" in ids(card)
    assert ("cowbell:profile:ann@friend.example" in ids(card)) is ("profile" in app.notes)
    assert ("keeps a copy" in shown) is ("cloud" in app.notes)
    (menu,) = (item for item in items_of(card) if isinstance(item, discord.ui.Select))
    assert app.key not in {option.value for option in menu.options}
    assert_fits(card)


async def test_the_card_of_an_app_says_of_the_ports_only_that_something_is_wrong() -> None:
    app = app_by_key("thunderbird")
    assert app is not None
    wrong = build_app_card(app, seen(p465="ended", p587="ended"), WORDS, ITEMS, told=True)
    assert "Sending mail does not work at the moment" in said(wrong)
    assert "worked at" not in said(build_app_card(app, seen(), WORDS, ITEMS))


async def test_without_an_address_the_steps_say_that_theirs_is_an_example() -> None:
    app = app_by_key("gmail")
    assert app is not None
    live = LiveSettings.unasked(client_settings(SERVER))
    shown = said(build_app_card(app, live, WORDS, ITEMS))
    assert "Where it says `you@friend.example`, type your own mail address." in shown


async def test_who_chooses_ports_alone_reads_what_is_to_know_of_them() -> None:
    app = app_by_key("other")
    assert app is not None
    shown = said(build_app_card(app, seen(), WORDS, ITEMS))
    assert "Port 25 is for mail servers only" in shown
    assert "Use IMAP rather than POP" in shown


@pytest.mark.parametrize(
    ("signed", "says"), [(True, "The file is signed"), (False, "unsigned or not verified")]
)
async def test_a_profile_comes_as_a_file_with_its_steps(*, signed: bool, says: str) -> None:
    card = build_profile_card(ANN, b"<plist/>", WORDS, signed=signed)
    (file,) = card.files
    assert file.filename == "friend.example.mobileconfig"
    assert file.fp.read() == b"<plist/>"
    assert says in said(card)
    assert "within 8 minutes" in said(card)
    assert_fits(card)


async def test_the_qr_code_is_shown_with_its_link_and_described() -> None:
    settings = client_settings(replace(SERVER, is_mailcow=True))
    card = build_qr_card(settings, draw_qr_code(settings.own_page), WORDS)
    (file,) = card.files
    page = "https://mx1.cow.example/mobileconfig.php"
    assert isinstance(file.fp, io.BytesIO)
    assert read_qr_code(file.fp.getvalue()) == page
    assert file.description == f"QR code of the address {page}"
    assert links(card) == [page]
    assert f"`{page}`" in said(card)
    assert "calendars" in said(card)
    (gallery,) = (i for i in card.view.walk_children() if isinstance(i, discord.ui.MediaGallery))
    assert [(i.media.url, i.description) for i in gallery.items] == [
        ("attachment://qr-code.png", file.description)
    ]


async def test_another_servers_qr_code_promises_no_profile() -> None:
    shown = said(build_qr_card(ANN, draw_qr_code(ANN.own_page), WORDS))
    assert "profile" not in shown
    assert "opens the page of Cow Mail" in shown


async def test_every_card_fits_whatever_the_operator_wrote() -> None:
    settings = client_settings(LONG, LONGEST)
    live, who = weigh_ports(settings, looks(p465="ended", p587="ended"), AT), str(LONGEST)
    assert_fits(build_settings_card(live, WORDS, ITEMS, who=who, warning="w" * 900))
    for app in APPS:
        assert_fits(build_app_card(app, live, WORDS, ITEMS, who=who))
    assert_fits(build_profile_card(settings, b"", WORDS, signed=True))
    assert_fits(build_qr_card(settings, b"", WORDS))
