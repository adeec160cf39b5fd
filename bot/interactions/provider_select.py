"""Where a zone's name servers are, and the choice of the provider whose words a card speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

import discord

from bot.checks.export.wording import say_place
from bot.interactions.persistent import PersistentItem
from bot.records.providers import find_provider, offer_providers

if TYPE_CHECKING:
    import re

    from bot.checks.zone_place import ZonePlace
    from bot.client import Client
    from bot.records.providers import Provider
    from bot.words import Words

MOST_OPTIONS: Final = 25  # of a select
_LONGEST_ID: Final = 100  # characters of a custom_id
_PREFIX: Final = "cowbell:provider:"
# A check's number, or the domain of a card of records. Ids of rows are at most 2^63-1.
TEMPLATE: Final = (
    rf"{_PREFIX}(?:(?P<check>[0-9]{{1,18}})|(?P<domain>[a-z0-9_-]+(?:\.[a-z0-9_-]+)+))"
)


class ProviderSelect(PersistentItem[discord.ui.Select[Any]], template=TEMPLATE):
    """The choice of the provider on a member's own card, made anew whenever one is chosen."""

    def __init__(self, subject: str, options: list[discord.SelectOption]) -> None:
        super().__init__(discord.ui.Select(custom_id=f"{_PREFIX}{subject}", options=options))
        self.subject = subject

    @classmethod
    def restore(cls, item: discord.ui.Select[Any], match: re.Match[str]) -> Self:
        """Return what was used."""
        # A forged id can come with any component.
        return cls(match["check"] or match["domain"], getattr(item, "options", []))

    async def act(self, interaction: discord.Interaction[Client]) -> None:
        """Draw the card in the other words; whatever goes wrong is told to who chose."""
        # Imported late: cards hold this choice, and choosing makes a card.
        from bot.interactions.provider_action import redraw  # noqa: PLC0415

        await redraw(interaction, self.subject, self.item.values)


def provider_select(
    subject: str, place: ZonePlace, chosen: Provider, words: Words
) -> list[discord.ui.Item[Any]]:
    """Return the choice, the current one shown; none where Discord cannot carry the domain."""
    if len(_PREFIX) + len(subject) > _LONGEST_ID:
        return []
    hosting = find_provider(place.name_servers)
    found = {provider.key for provider in hosting.providers}
    options = []
    for provider in offer_providers(hosting, chosen, MOST_OPTIONS):
        name = provider.name or words.label("providers", "other")
        current = provider.key == chosen.key
        options.append(
            discord.SelectOption(
                value=provider.key,
                label=f"{words.label('providers', 'yours')} {name}" if current else name,
                description=words.label("providers", "found") if provider.key in found else None,
                default=current,
            )
        )
    return [ProviderSelect(subject, options)]


def show_place(place: ZonePlace, provider: Provider, words: Words) -> str:
    """Return small lines: at whose name servers a zone is, and where the provider's page is."""
    said = say_place(place.zone, place.name_servers, words)
    page = f"{words.label('providers', 'page')} <{provider.link}>" if provider.link else ""
    return "\n".join(f"-# {line}" for line in (said, page) if line)
