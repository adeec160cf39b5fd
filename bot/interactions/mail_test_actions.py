"""What `/testmail` and its buttons do: a test mail from a member, and how far it has come."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.cards.items import MailTestAction
from bot.cards.layout import build_notice
from bot.cards.mail_test_card import build_send_card, build_test_card, build_test_details
from bot.interactions.permissions import is_admin
from bot.interactions.rate_limits import build_cooldown_notice
from bot.interactions.replies import acknowledge, answer, whisper
from bot.requests.mail_proof import TESTS_AN_HOUR

if TYPE_CHECKING:
    import discord

    from bot.errors import Fact
    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click
    from bot.names import Domain
    from bot.requests.mail_proof import MailTest
    from bot.services.mail_testing import MailTesting


async def begin_test(interaction: discord.Interaction[BotBase], domain: Domain | None) -> None:
    """Answer with an address for a test mail, in an interaction that is acknowledged."""
    client, member_id = interaction.client, interaction.user.id
    service = client.mail_testing
    if service is None:
        await say_not_set_up(interaction, sending=False)
        return
    if not await may_test(interaction):
        return
    new = await service.begin(member_id, domain)
    if isinstance(new, datetime):
        facts: dict[str, Fact] = {"most": TESTS_AN_HOUR, "ends": int(new.timestamp())}
        await answer(interaction, build_notice("testmail_many", facts, client.words))
        return
    if domain is not None:
        await client.member_service.remember(member_id, domain)
    server, words, items = client.member_service.server, client.words, client.items
    await answer(interaction, build_send_card(new, server, words, items))


async def handle_mail_test_button(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Do what a button of a test mail says, for the member who began it.

    The answer is a new one: a private answer cannot be edited when it is 15 minutes old.
    """
    await acknowledge(interaction)
    client, action = interaction.client, MailTestAction(click.parts["action"])
    service = client.mail_testing
    test = await service.get(click.number("test")) if service else None
    if service is None or test is None:
        await answer(interaction, build_notice("out_of_date", {}, client.words))
    elif test.member_id != interaction.user.id:
        await answer(interaction, build_notice("not_allowed", {}, client.words))
    elif action is MailTestAction.ANOTHER:
        await begin_test(interaction, test.domain)
    elif action is MailTestAction.DETAILS:
        server, words, items = client.member_service.server, client.words, client.items
        await answer(interaction, build_test_details(test, server, words, items))
    else:
        await _look(interaction, service, test)


async def hint_at_test(client: BotBase, domain: Domain) -> str:
    """Return that a strict policy waits for a test mail; empty where it does not."""
    testing = client.mail_testing
    if testing is None or (await testing.proof_of(domain)).is_enough:
        return ""
    return f"{client.words.sentence('discord/testmail_hint', {})} {client.mention('testmail')}"


async def may_test(interaction: discord.Interaction[BotBase]) -> bool:
    """Return whether who asks is a member of the home server; anybody else is told where it is."""
    client = interaction.client
    if await client.home.is_home(interaction):
        return True
    guild_id = await client.home.guild_id() or client.settings.discord_guild_id
    if guild_id is None:
        await answer(interaction, build_notice("testmail_no_home", {}, client.words))
    else:
        facts: dict[str, Fact] = {"guild": guild_id, "command": "/testmail"}
        await answer(interaction, build_notice("member_elsewhere", facts, client.words))
    return False


async def say_not_set_up(interaction: discord.Interaction[BotBase], *, sending: bool) -> None:
    """Say that there are no test mails here, and to an admin what to set."""
    client = interaction.client
    if is_admin(interaction, client.settings):
        notice = build_notice("testmail_unset", {"sending": sending}, client.words)
    else:
        contact = client.member_service.server.admin_contact
        notice = build_notice("testmail_off", {"contact": contact}, client.words)
    await answer(interaction, notice)


async def _look(
    interaction: discord.Interaction[Any], service: MailTesting, test: MailTest
) -> None:
    """Look into the mailbox now, where that may show something new, and say how far it is."""
    client: BotBase = interaction.client
    if not test.is_over:
        wait = client.limits.checks.take(interaction.user.id)
        if wait:
            await whisper(interaction, build_cooldown_notice(wait, client.words))
            return
        await service.look_now()
        test = await service.get(test.id) or test
    server, words, items = client.member_service.server, client.words, client.items
    faulty = service.fault is not None
    await answer(interaction, build_test_card(test, server, words, items, faulty=faulty))
