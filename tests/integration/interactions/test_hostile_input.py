"""Hostile zones and names through the commands: within limits, no mention, no broken code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from bot.demo.zones import parse_zone
from bot.interactions.rate_limits import Cooldown
from conftest import COLLECTED, load_cases
from discord_simulation import (
    ON_CARD,
    ON_DETAILS,
    answer_to,
    labels_of,
    open_details,
    open_simulation,
    text_of,
    walk,
)

if TYPE_CHECKING:
    from pathlib import Path

    from simcord.results import ResponseMessage

    from conftest import CaseFile
    from discord_simulation import LogWatch, Simulation

pytest_plugins = ["discord_fixtures"]

PARTS = 4  # of the cases, which take their time together

_PING = "@everyone @here <@123456789012345678> <@&123456789012345678> <#123456789012345678>"
_FORMAT = "**b** __u__ ~~s~~ ||x|| [text](https://evil.example) https://evil.example # h > q - l"
_BREAK = "``` ` `` ```js ```` ~~~"
_CONTROLS = "".join(f"\\{code:03}" for code in (*range(32), 127, 128, 155, 255))
_CODE = "{{7*7}} {% for x in y %} {{ config }} ${7*7} %s %(a)s {0}"
_HIDDEN = "\\226\\128\\174 \\226\\128\\139 \\239\\187\\191"  # U+202E, U+200B, U+FEFF
_NASTY = {
    "ping": _PING,
    "format": _FORMAT,
    "break": _BREAK,
    "controls": _CONTROLS,
    "template": _CODE,
    "hidden": _HIDDEN,
}


def txt(text: str) -> str:
    """Return text as the strings of a TXT record; escapes stay whole."""
    parts = re.findall(r"(?:\\\d{3}|[^\\]){1,200}", text)
    return " ".join('"{}"'.format(part.replace('"', "'")) for part in parts)


HOSTILE = {
    **{f"spf {name}": f"@ TXT {txt('v=spf1 ' + text)}" for name, text in _NASTY.items()},
    **{
        f"dmarc {name}": f"_dmarc TXT {txt('v=DMARC1; p=' + text)}" for name, text in _NASTY.items()
    },
    **{
        f"dkim {name}": f"dkim._domainkey TXT {txt('v=DKIM1; k=rsa; p=' + text)}"
        for name, text in _NASTY.items()
    },
    "two spf of everything": "\n".join(
        f"@ TXT {txt('v=spf1 ' + text)}" for text in _NASTY.values()
    ),
    "sixty mx": "\n".join(f"@ MX {n} m{n}.{'x' * 60}.{'y' * 60}.example." for n in range(60)),
    "mx named to ping": "@ MX 10 @everyone.\\`\\`\\`.\\000\\010\\027.example.",
    "mx of long labels": "@ MX 10 " + ".".join(["`" * 60] * 4) + ".",
    "four kilobytes of spf": f"@ TXT {txt('v=spf1 ' + 'include:`_`.example ' * 200)}",
    "four kilobytes of dkim": f"dkim._domainkey TXT {txt('v=DKIM1; p=' + 'A`' * 2000)}",
    "alias to a ping": "mail CNAME @everyone.<@1>.\\`.example.\nautodiscover CNAME \\`\\`.example.",
    "empty texts": '@ TXT ""\n_dmarc TXT ""\ndkim._domainkey TXT ""',
    "everything at once": "\n".join(
        [
            *(f"@ MX {n} m{n}.{'`' * 60}.example." for n in range(60)),
            *(f"@ TXT {txt('v=spf1 ' + text * 8)}" for text in _NASTY.values()),
            *(f"_dmarc TXT {txt('v=DMARC1; ' + text * 8)}" for text in _NASTY.values()),
            *(f"dkim._domainkey TXT {txt('v=DKIM1; p=' + text * 8)}" for text in _NASTY.values()),
        ]
    ),
}


async def test_hostile_zones_make_sound_cards(sim: Simulation) -> None:
    sim.client.limits.checks = Cooldown(10**6, 1.0, lambda: 0.0)
    for name, zone in HOSTILE.items():
        sim.dns.zones = sim.dns.zones.with_zone(parse_zone("friend.example", zone))
        card = await sim.check("friend.example")
        details = await open_details(sim.ann, card)
        assert labels_of(card) == ON_CARD, name
        assert labels_of(details) == ON_DETAILS, name
        for shown in (card, details):
            assert_sound(shown)
            counted = re.sub(r"<t:\d+:\w>|\d+ questions", "", text_of(shown))
            assert "49" not in counted, name
    assert_nobody_pinged(sim)


async def test_a_hostile_zone_makes_sound_cards_of_every_button(sim: Simulation) -> None:
    zone = parse_zone("friend.example", HOSTILE["everything at once"])
    sim.dns.zones = sim.dns.zones.with_zone(zone)
    card = await sim.check("friend.example")
    assert_sound(card)
    details = await open_details(sim.ann, card)
    assert [file.filename for file in details.attachments]
    shared = await sim.share(details)
    assert_sound(shared)
    await sim.ben.click(shared, label="Check again")
    assert_sound(shared)
    details = await open_details(sim.ben, shared)
    assert_sound(details)
    assert len(details.attachments) == 1
    for label in ("Why?", "All records", "Zone file"):
        assert_sound(answer_to(await sim.ben.click(details, label=label)))
    assert_nobody_pinged(sim)


@pytest.mark.parametrize("part", range(PARTS))
async def test_every_case_from_the_wild_makes_a_sound_card(
    part: int, store: Path, errors: LogWatch, case_file: CaseFile
) -> None:
    cases = load_cases(COLLECTED).cases[part::PARTS]
    first = case_file.zones(case_file.cases[0])
    async with open_simulation(store, first, environ=case_file.environment) as sim:
        sim.client.limits.checks = Cooldown(10**6, 1.0, lambda: 0.0)
        for case in cases:
            sim.dns.zones = case_file.zones(case)
            card = await sim.check(case_file.domain)
            assert labels_of(card) == ON_CARD, case.id
            assert_sound(card)
            details = await open_details(sim.ann, card)
            assert labels_of(details) == ON_DETAILS, case.id
            assert_sound(details)
            why = answer_to(await sim.ann.click(details, label="Why?"))
            assert "](https://www.rfc-editor.org/rfc/rfc" in text_of(why)
        assert_nobody_pinged(sim)


NAMES = (
    "@everyone",
    "<@123456789012345678>.example",
    "`x`.example",
    "```\nfriend.example",
    "\x00\x1b[31m.example",
    "{{7*7}}.example",
    "friend.example\n@here",
    "[a](https://evil.example)",
    "https://@everyone.example/`x`",
    "https://friend.example/" + "`@everyone` **x** " * 40,
    "a." * 400 + "example",
    "xn--" + "a" * 59 + ".example",
    "рф.example",
    "\u202efriend.example",
)


@pytest.mark.parametrize("command", ["dnscheck", "dnsrecords"])
async def test_hostile_names_make_sound_answers(sim: Simulation, command: str) -> None:
    for name in NAMES:
        result = await sim.ann.slash(sim.channel, command, domain=name)
        for message in (answer_to(result), *result.followups):
            assert message.ephemeral
            assert_sound(message)
            assert "49" not in re.sub(r"<t:\d+:R>", "", text_of(message)), name
    assert_nobody_pinged(sim)


async def test_hostile_addresses_make_sound_settings(sim: Simulation) -> None:
    for address in (
        "@everyone",
        "`@everyone`@friend.example",
        '"<@123456789012345678>"@friend.example',
        "**a**||b||@friend.example",
        "{{7*7}}@friend.example",
        "x" * 64 + "@" + "a." * 90 + "example",
    ):
        card = answer_to(await sim.ann.slash(sim.channel, "mailsettings", address=address))
        assert card.ephemeral
        assert_sound(card)
        assert "49" not in text_of(card)
    assert_nobody_pinged(sim)


def assert_sound(card: ResponseMessage) -> None:
    """Hold a card to Discord's limits, and its text to code spans and blocks that end."""
    parts = list(walk(card.components))
    said = text_of(card)
    assert len(parts) <= 40
    texts = "".join(part["content"] for part in parts if part["type"] == 10)
    assert len(texts.encode("utf-16-le")) // 2 <= 4000
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e\ufeff]", said), repr(said)
    for part in parts:
        if part["type"] == 10:
            outside = strip_code(part["content"])
            assert "`" not in outside, part["content"]
            assert_harmless(outside)


def strip_code(content: str) -> str:
    """Return Markdown without its code, as Discord finds it: blocks, then spans, then escapes."""
    content = re.sub(r"```\n[^`]*\n```", "", content)
    return re.sub(r"(?<!\\)`[^`\n]+`", "", content).replace("\\`", "")


def assert_harmless(text: str) -> None:
    """Look for what Discord would act on, outside of code, but for our own times and links."""
    text = re.sub(r"<t:\d+:R>", "", text)
    text = re.sub(r"\]\(https://www\.rfc-editor\.org/rfc/rfc\d+#[a-zA-Z0-9.-]+\)$", "", text)
    assert not re.search(r"(?<!\\)@(everyone|here)", text), text
    assert not re.search(r"(?<!\\)<[@#]", text), text
    assert not re.search(r"(?<!\\)\|\||(?<!\\)~~|(?<!\\)\]\(", text), text


def assert_nobody_pinged(sim: Simulation) -> None:
    """Look at what went to Discord: nothing may be parsed for mentions."""
    sent: list[dict[str, Any]] = []
    for request in sim.env.http_requests:
        body = request.json
        if isinstance(body, dict):
            data = body.get("data")
            sent += [part for part in (body, data) if isinstance(part, dict)]
    cards = [body for body in sent if body.get("components")]
    assert cards
    for body in cards:
        assert body["allowed_mentions"] == {"parse": []}
