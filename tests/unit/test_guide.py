"""All that a guide for friends of a mail server says has its place in what the bot says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import discord
import pytest
import yaml

from bot.cards.records_card import build_records_card
from bot.cards.settings_card import build_settings_card
from bot.interactions.item_factory import PersistentItems
from bot.records.client_settings import client_settings
from bot.records.expected import expect
from bot.records.live_settings import LiveSettings
from bot.words import Medium, Words
from template_facts import EN
from zone_reports import DOMAIN, KEY, SERVER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.cards.layout import Card
    from bot.errors import Fact

ROOT = Path(__file__).parents[2]
WORDS = Words(Medium.DISCORD)
COW = replace(
    SERVER,
    name="Cow Mail",
    about="A private mail server for friends.",
    webmail_url="https://mx1.cow.example/SOGo/",
    password_url="https://mx1.cow.example/",
    admin_contact="admin@cow.example",
)
SETTINGS = client_settings(COW)
FACTS: Mapping[str, Fact] = {
    **SETTINGS.facts,
    "change": "",  # of a DKIM key: there is none
    "domain": DOMAIN.ascii,
    "name": "mail.friend.example",
    "at_sign": True,
    "ttl": COW.record_ttl,
    "reports": "dmarc@cow.example",
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the guide, the template or the card that says it, and words of that."""

    says: str
    words: tuple[str, ...]
    template: str
    card: str
    facts: Mapping[str, Fact]


def load() -> list[Sentence]:
    path = ROOT / "tests" / "data" / "guide.yaml"
    rows: list[Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [
        Sentence(
            row["says"],
            tuple(row["words"]),
            row.get("template", ""),
            row.get("card", ""),
            row.get("facts", {}),
        )
        for row in rows
    ]


SENTENCES = load()


def text_of(card: Card) -> str:
    parts = []
    for item in card.view.walk_children():
        if isinstance(item, discord.ui.TextDisplay):
            parts.append(item.content)
        if isinstance(item, discord.ui.Button):
            parts.append(str(item.label))
    return " ".join("\n".join(parts).split())


def shown(sentence: Sentence) -> str:
    if sentence.card == "settings":
        live = LiveSettings.unasked(SETTINGS)
        return text_of(build_settings_card(live, WORDS, PersistentItems(WORDS)))
    if sentence.card == "records":
        expected = expect(COW, DOMAIN, KEY)
        return text_of(build_records_card(expected, WORDS, PersistentItems(WORDS)))
    return WORDS.sentence(sentence.template, {**FACTS, **sentence.facts})


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence.says[:40])
async def test_a_sentence_of_the_guide_is_said(sentence: Sentence) -> None:
    said = shown(sentence).replace("\\", "").lower()
    assert [word for word in sentence.words if word.lower() not in said] == []


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence.says[:40])
def test_it_has_one_place_that_is_there(sentence: Sentence) -> None:
    assert bool(sentence.template) is not bool(sentence.card)
    assert not sentence.template or (EN / f"{sentence.template}.j2").is_file()
    assert sentence.words


def test_each_place_is_one_that_people_see() -> None:
    folders = ("bot", "cogs")
    source = "".join(p.read_text("utf-8") for f in folders for p in (ROOT / f).rglob("*.py"))
    named = {s.template for s in SENTENCES if s.template.startswith(("discord/", "mail/"))}
    assert [template for template in sorted(named) if f'"{template}"' not in source] == []
