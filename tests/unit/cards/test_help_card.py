"""The card of `/help`: groups in the order people need them, and who sees which."""

from __future__ import annotations

import discord

from bot.cards.help_card import CommandLine, build_help_card
from bot.words import Medium, Words
from zone_reports import SERVER

WORDS = Words(Medium.DISCORD)
NAMES = ("dkim", "webmail", "help", "requests", "dnsrecords", "privacy", "dmarc", "maildomain")
MEMBERS = [CommandLine(n, f"</{n}:3>", f"What {n} does") for n in (*NAMES, "mailsettings")]
CHECK = CommandLine("dnscheck", "</dnscheck:4>", "Check your records")
ADMINS = [
    CommandLine(f"mailadmin {n}", f"</mailadmin {n}:5>", "For admins", for_admins=True)
    for n in ("show", "queue")
]


def texts(lines: list[CommandLine]) -> list[str]:
    items = build_help_card(lines, SERVER, WORDS).view.walk_children()
    return [item.content for item in items if isinstance(item, discord.ui.TextDisplay)]


def mentions(text: str) -> list[str]:
    return [line.partition("</")[2].partition(":")[0] for line in text.splitlines() if "</" in line]


async def test_commands_are_in_groups_in_the_order_people_need() -> None:
    head, start, domain, ask, more, admins, foot = texts([*ADMINS, *MEMBERS, CHECK])
    assert head.startswith("## ")
    assert start.startswith("### Start here\n</dnscheck:4> Check your records\n")
    assert mentions(start) == ["dnscheck", "mailsettings"]
    assert mentions(domain) == ["dnsrecords"]
    assert mentions(ask) == ["maildomain", "dkim", "dmarc", "webmail", "requests"]
    assert mentions(more) == ["help", "privacy"]
    assert admins.startswith("### For admins\n")
    assert mentions(admins) == ["mailadmin queue", "mailadmin show"]
    assert "I change nothing" in foot


async def test_a_group_without_commands_is_left_out() -> None:
    said = "\n".join(texts([CHECK]))
    assert "For admins" not in said
    assert "Ask the admin" not in said


async def test_a_command_that_the_table_does_not_have_is_shown_all_the_same() -> None:
    assert "</later:9>" in texts([CHECK, CommandLine("later", "</later:9>", "New")])[2]
