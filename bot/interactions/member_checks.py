"""Checks of members: making one while its member is told what goes on, and who may use which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from bot.cards.layout import add_line, build_notice
from bot.interactions.mail_test_actions import hint_at_test
from bot.interactions.offers import may_ask
from bot.interactions.permissions import is_admin
from bot.interactions.replies import Progress, whisper
from bot.requests.model import RequestKind
from bot.services.member_service import Wait

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import discord

    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click
    from bot.names import Domain
    from bot.records.mail_server import MailServer
    from bot.services.member_service import KeptCheck
    from bot.services.plan.step import Plan
    from bot.words import Words


async def check_domain(
    interaction: discord.Interaction[BotBase],
    domain: Domain,
    *,
    confidential: bool,
    shared: bool = False,
) -> KeptCheck:
    """Return a new check of a domain; who waits long for it is told why.

    `confidential` and `shared` as in `MemberService.check`.
    """
    client, member_id = interaction.client, interaction.user.id
    wait = client.member_service.wait_for(domain, member_id, confidential=confidential)
    facts: dict[str, Fact] = {"domain": domain.unicode, "own": wait is Wait.OWN}
    template = "checking" if wait is None else "check_waits"
    async with Progress(interaction, client.words, template, facts):
        return await client.member_service.check(
            domain, member_id, confidential=confidential, shared=shared
        )


async def say_what_was_meant(
    interaction: discord.Interaction[BotBase], kept: KeptCheck
) -> KeptCheck:
    """Return the check, for a card that its member alone sees, with the domain likely meant.

    Who decides requests may know which domains are on the mail server, in the home server.
    """
    client = interaction.client
    sees_server = is_admin(interaction, client.settings) and await client.home.is_home(interaction)
    return await client.member_service.suggest(kept, interaction.user.id, sees_server=sees_server)


class DrawPlan(Protocol):
    """Draws a card of a plan, as `build_plan_card` and `build_next_records_card` do."""

    def __call__(  # noqa: D102 - as above
        self,
        kept: KeptCheck,
        plan: Plan,
        server: MailServer,
        words: Words,
        items: ItemFactory,
        /,
        *,
        can_ask: bool,
        remark: str | None,
        provider: str | None,
        can_watch: bool,
    ) -> Card: ...


async def draw_for_member(
    interaction: discord.Interaction[BotBase],
    kept: KeptCheck,
    draw: DrawPlan,
    *,
    is_home: bool,
    remark: str | None = None,
) -> Card:
    """Return a card of a check's plan, as the member who clicked or asked sees it.

    `is_home` says whether they may be told what the mail server knows of the domain.
    """
    client, service = interaction.client, interaction.client.member_service
    can_ask = await may_ask(interaction)
    plan = await service.plan(kept, confidential=is_home, can_ask=can_ask)
    card = draw(
        kept,
        plan,
        service.server,
        client.words,
        client.items,
        can_ask=can_ask,
        remark=remark,
        provider=await service.provider(interaction.user.id, kept.report.domain),
        can_watch=is_home
        and plan.is_green
        and await client.watching.can_be_offered(interaction.user.id, kept.report.domain),
    )
    asks_for_dmarc = plan.next is not None and plan.next.asks is RequestKind.DMARC
    if can_ask and asks_for_dmarc and (hint := await hint_at_test(client, kept.report.domain)):
        add_line(card, f"-# {hint}")
    return card


async def find_check(interaction: discord.Interaction[BotBase], click: Click) -> KeptCheck | None:
    """Return the stored check that a button or choice names, where this member may use it.

    A check is for who asked for it; on a card that was shared, for all who see the card. Whoever
    may not use it is told so, and offered a new check where it is not kept any more. What only the
    mail server knows is out of reach where it may not be told.
    """
    client = interaction.client
    kept = await client.member_service.kept(click.number("check"))
    if kept is not None and (kept.shared or is_on_former_card(interaction, kept)):
        return kept
    if kept is not None and kept.member_id not in {None, interaction.user.id}:
        notice = build_notice("check_private", {}, client.words, command=_mention(client))
        await whisper(interaction, notice)
        return None
    is_own = kept is not None and kept.member_id is not None  # else its member was forgotten
    if kept is None or not is_own or not await _may_be_told(interaction, kept):
        await _say_gone(interaction, click)
        return None
    return kept


async def _may_be_told(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> bool:
    """Whether the one who asked for a check may be told all of it here."""
    return not kept.confidential or await interaction.client.home.is_home(interaction)


def is_shared(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> bool:
    """Whether others see the card that was clicked, too."""
    message = interaction.message
    return message is not None and not message.flags.ephemeral and kept.shared is not False


def is_on_former_card(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> bool:
    """Whether a check of which nobody noted whether it was shared is on a card that others see.

    Discord says what the message holds; that somebody names a button does not put it there.
    """
    message, client = interaction.message, interaction.client
    if kept.shared is not None or not is_shared(interaction, kept) or message is None:
        return False
    if client.user is None:
        return False
    if message.author.id != client.user.id or interaction.data is None:
        return False
    return interaction.data.get("custom_id") in set(_custom_ids(message.components))


async def _say_gone(interaction: discord.Interaction[BotBase], click: Click) -> None:
    client, text = interaction.client, click.parts.get("domain")
    button = None if text is None else client.items.new_check_button(text)
    if button is None:  # a card of former times, or a name that is too long for a button
        notice = build_notice("check_gone", {}, client.words, command=_mention(client))
    else:
        notice = build_notice("check_gone", {}, client.words, buttons=[button])
    await whisper(interaction, notice)


def _mention(client: BotBase) -> str:
    return client.mention("dnscheck")


def _custom_ids(components: Iterable[Any]) -> Iterator[str]:
    """Yield the custom_ids of components and of those in them."""
    for component in components:
        if own := getattr(component, "custom_id", None):
            yield own
        yield from _custom_ids(getattr(component, "children", ()))
        if accessory := getattr(component, "accessory", None):
            yield from _custom_ids((accessory,))
