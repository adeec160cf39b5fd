"""The apps: every row says for which version and day its steps are, and names what they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dns.name
import pytest

from bot.errors import ConfigError
from bot.names import MailAddress
from bot.records.client_settings import Protocol, Security, client_settings
from bot.records.mail_apps import MailApp, app_by_key, load_apps
from bot.records.mail_server import MailServer
from bot.words import Medium, Words
from reading_ease import sentences
from template_facts import choices, templates

if TYPE_CHECKING:
    from pathlib import Path

APPS = load_apps()
ASKED_FOR = [
    *("apple-iphone", "apple-mac", "outlook-new", "outlook-classic", "outlook-mobile"),
    *("thunderbird", "thunderbird-android", "gmail", "samsung", "other"),
]
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example"),
    spf="v=spf1 mx -all",
    dmarc="v=DMARC1; p=reject",
    name="Cow Mail",
)
SETTINGS = client_settings(SERVER, MailAddress.parse("ann@friend.example"))
MOST_STEPS = 6
MOST_IN_A_MENU = 25  # options that Discord takes
each_app = pytest.mark.parametrize("app", APPS, ids=lambda app: app.key)

ROW = """
[[app]]
key = "cow"
name = "Cow Mail"
version = "3"
date = 2026-11-01
date_is = "stated"
tls = "SSL"
starttls = "STARTTLS"
words = { add = ["Add account"] }
sources = ["https://cow.example/help"]
"""


def steps(app: MailApp, medium: Medium = Medium.PLAIN) -> tuple[str, ...]:
    return Words(medium).lines(app.template, app.facts(SETTINGS))


def test_the_apps_that_people_use_are_there_in_the_order_of_the_menu() -> None:
    assert [app.key for app in APPS] == ASKED_FOR
    assert len(APPS) < MOST_IN_A_MENU
    assert templates("apps") == sorted(app.template for app in APPS)


@each_app
def test_steps_say_for_which_version_and_day_they_were_written(app: MailApp) -> None:
    assert app.version.strip()
    assert app.date <= datetime.now(UTC).date()
    assert app.sources


@each_app
@pytest.mark.parametrize("medium", Medium)
def test_an_app_is_set_up_in_six_short_steps(app: MailApp, medium: Medium) -> None:
    said = steps(app, medium)
    assert 3 <= len(said) <= MOST_STEPS
    assert all(len(sentences(step)) <= 2 for step in said)


@each_app
@pytest.mark.parametrize("medium", Medium)
def test_steps_never_cut_what_has_to_be_typed(app: MailApp, medium: Medium) -> None:
    labels = ".".join(["b" * 61, "c" * 61, "d" * 57, "example"])
    address = f"{'a' * 64}@{labels}"
    assert len(address) == 254
    settings = client_settings(SERVER, MailAddress.parse(address))
    said = Words(medium).lines(app.template, app.facts(settings))
    assert any(address in step for step in said)
    assert not any("…" in step for step in said)


@each_app
def test_steps_name_every_value_that_has_to_be_typed(app: MailApp) -> None:
    said = " ".join(steps(app))
    assert {"ann@friend.example", "mx1.cow.example", "993", "465"} <= {
        word.strip(",.:;“”") for word in said.split()
    }
    assert said.count("ann@friend.example") >= 2 or "same user name" in said


@each_app
def test_steps_use_all_words_of_their_row_and_no_others(app: MailApp) -> None:
    used = choices(app.template).keys()
    assert used <= app.facts(SETTINGS).keys()
    assert app.words.keys() <= used


@each_app
def test_steps_follow_the_way_that_comes_first(app: MailApp) -> None:
    turned = tuple(sorted(SETTINGS.services, key=lambda s: s.security is Security.TLS))
    settings = replace(SETTINGS, services=turned)
    assert [settings.of(p)[0].port for p in (Protocol.IMAP, Protocol.SMTP)] == [143, 587]
    said = " ".join(Words().lines(app.template, app.facts(settings)))
    assert "143" in said
    assert "587" in said
    assert app.starttls in said
    assert "993" not in said
    assert "465" not in said


def test_apps_that_hand_mail_to_their_maker_are_marked() -> None:
    marked = {app.key for app in APPS if "cloud" in app.notes}
    assert marked == {"outlook-new", "outlook-mobile"}


def test_an_app_is_found_by_its_key() -> None:
    assert app_by_key("gmail") is APPS[ASKED_FOR.index("gmail")]
    assert app_by_key("pine") is None


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("date = 2026-11-01", ""), "date: Field required"),
        (('version = "3"', ""), "version: Field required"),
        (('"Add account"', '"**Add**"'), "String should match pattern"),
        (("date = 2026-11-01", 'date = "soon"'), "valid date"),
        (('"https://cow.example/help"', ""), "sources"),
        (('key = "cow"', 'key = "cow"\ncolour = "red"'), "Unexpected keyword argument"),
        (("[[app]]", "[[app"), "this is no TOML"),
    ],
)
def test_a_row_that_says_what_none_may_is_named(
    tmp_path: Path, change: tuple[str, str], fault: str
) -> None:
    path = tmp_path / "apps.toml"
    path.write_text(ROW, encoding="utf-8")
    assert [app.key for app in load_apps(path)] == ["cow"]
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(ROW.replace(*change), encoding="utf-8")
    with pytest.raises(ConfigError, match=fault):
        load_apps(wrong)


def test_two_rows_of_one_app_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "apps.toml"
    path.write_text(ROW * 2, encoding="utf-8")
    with pytest.raises(ConfigError, match="Two rows have the key cow"):
        load_apps(path)
