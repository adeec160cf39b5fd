"""The private answer to "Why?": for each finding its reason, and where the rule stands."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING

import discord

from bot.cards.layout import NEUTRAL, assemble
from bot.cards.markdown import MOST_CHARACTERS, choose, clip, span, width
from bot.checks.export.as_json import context_of
from bot.checks.references import load_references

if TYPE_CHECKING:
    from bot.cards.layout import Card
    from bot.checks.finding import Finding
    from bot.checks.references import Reference
    from bot.checks.report import Report
    from bot.records.mail_server import MailServer
    from bot.words import Words

_MOST_SHOWN = 15  # reasons; each takes a text and a line of the 40 components
_MOST_TITLES = 6  # findings above one reason; a line each, and cut where it is long
_LONGEST_TITLE = 120
_LONGEST_REASON = 700  # characters; ours are shorter, an own template's may not be
_WIDTH = 78  # characters of a line in the file; links are never wrapped

Reason = tuple[str, "Reference"]


def build_why_card(report: Report, server: MailServer, words: Words) -> Card:
    """Return the reasons of a report's findings, the steps' first, each said once.

    What has no room is left out of the card, and then all of it is in a file.
    """
    head = f"## {words.label('buttons', 'why')} {span(report.domain.ascii)}"
    in_file = f"-# {words.sentence('discord/more_in_file', {})}"
    pieces = [
        _section(titles, reason, words)
        for reason, titles in _reasons(report, server, words).items()
    ]
    if not pieces:
        nothing = words.sentence("discord/why_nothing", {})
        return assemble([[head, nothing]], colour=NEUTRAL)
    room = MOST_CHARACTERS - width(head) - width(in_file)
    chosen = choose([(piece, "") for piece in pieces[:_MOST_SHOWN]], room)
    is_cut = chosen != pieces
    return assemble(
        [[head], *([text] for text in chosen), [in_file if is_cut else ""]],
        colour=NEUTRAL,
        files=(_file(report, server, words.plain),) if is_cut else (),
    )


def _reasons(report: Report, server: MailServer, words: Words) -> dict[Reason, list[str]]:
    """Return the reasons with the titles of the findings that each holds for."""
    context = context_of(report, server)
    found: dict[Reason, list[str]] = {}
    for finding, number in _numbered(report):
        reason = (words.reason(finding, context), load_references().of(finding))
        badge = words.label("marks", finding.severity.value)
        badge += f" {words.label('statuses', finding.severity.value)}"
        subject = words.label("checks", finding.check.value)
        title = f"{number}{subject} · {badge}"
        if not number:  # it has no number on the card to be found by
            title += f": {words.finding(finding, context)}"
        found.setdefault(reason, []).append(title)
    return found


def _numbered(report: Report) -> list[tuple[Finding, str]]:
    """Return the steps with their numbers on the check card, then what is only worth knowing."""
    return [
        *((f, f"{at}. ") for at, f in enumerate(report.steps, 1)),
        *((f, "") for f in report.remarks),
    ]


def _section(titles: list[str], reason: Reason, words: Words) -> str:
    text, reference = reason
    shown = [f"**{clip(title, _LONGEST_TITLE)}**" for title in titles[:_MOST_TITLES]]
    if len(titles) > _MOST_TITLES:
        more = {"count": len(titles) - _MOST_TITLES}
        shown.append(words.sentence("discord/more_records", more))
    link = f"-# [{reference.name}]({reference.url})"
    return "\n".join((*shown, clip(text, _LONGEST_REASON), link))


def _file(report: Report, server: MailServer, words: Words) -> discord.File:
    lines = [f"{words.label('buttons', 'why')} {report.domain.ascii}"]
    for (text, reference), titles in _reasons(report, server, words).items():
        lines += ["", *titles]
        lines += textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
        lines += [f"{reference.name}: {reference.url}"]
    data = ("\n".join(lines) + "\n").encode("utf-8", "replace")
    return discord.File(io.BytesIO(data), filename="why.txt")
