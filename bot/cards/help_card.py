"""The card that says what the bot can do: its commands in groups, in the order people need them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.cards.layout import NEUTRAL, assemble
from bot.cards.markdown import MOST_CHARACTERS, choose, width

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.words import Words


class HelpGroup(StrEnum):
    """What commands are for, in the order people need them."""

    START = "start"
    DOMAIN = "domain"
    ASK = "ask"
    MORE = "more"
    ADMINS = "admins"


# The commands of members in their order; any other is one of MORE.
_MEMBERS: Final[Mapping[HelpGroup, tuple[str, ...]]] = {
    HelpGroup.START: ("dnscheck", "mailsettings"),
    HelpGroup.DOMAIN: (
        *("dnsrecords", "testmail", "history"),
        *("watch add", "watch list", "watch pause", "watch remove"),
    ),
    HelpGroup.ASK: ("maildomain", "dkim", "dmarc", "webmail", "requests"),
}
_PLACES: Final = {
    name: (group, place) for group, names in _MEMBERS.items() for place, name in enumerate(names)
}


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One command: its name, a mention that can be clicked, and what it does."""

    name: str
    mention: str
    description: str
    for_admins: bool = False

    @property
    def group(self) -> HelpGroup:
        """What it is for."""
        if self.for_admins:
            return HelpGroup.ADMINS
        return _PLACES.get(self.name, (HelpGroup.MORE, 0))[0]

    @property
    def place(self) -> int:
        """Its place in the group, where that has an order."""
        return _PLACES.get(self.name, (HelpGroup.MORE, 0))[1]


def build_help_card(lines: Iterable[CommandLine], server: MailServer, words: Words) -> Card:
    """Return the commands in their groups, what the bot is for and whom to ask."""
    facts: dict[str, Fact] = {"service": server.name, "contact": server.admin_contact}
    head = words.render("discord/help_head", facts).strip()
    foot = words.render("discord/help_foot", facts).strip()
    ordered = sorted(lines, key=lambda line: (line.place, line.name))
    titles = {group: f"### {words.label('help', group.value)}" for group in HelpGroup}
    fixed = sum(map(width, (head, foot, *titles.values())))
    groups = [(group, [line for line in ordered if line.group is group]) for group in HelpGroup]
    shown = iter(
        choose(
            [
                (f"{line.mention} {line.description}", line.mention)
                for _, members in groups
                for line in members
            ],
            MOST_CHARACTERS - fixed - len(ordered),
        )
    )
    sections = [
        ["\n".join([titles[group], *(next(shown) for _ in members)])]
        for group, members in groups
        if members
    ]
    return assemble([[head], *sections, [foot]], colour=NEUTRAL)
