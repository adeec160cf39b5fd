"""One mail to a member's own address, and what they say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.control_card import show_control_record
from bot.cards.items import SentMailAction
from bot.cards.layout import assemble, build_notice
from bot.cards.mail_test_card import build_arrival_card, build_sending_many, build_sent_card
from bot.interactions.control_looks import find_record
from bot.interactions.mail_test_actions import may_test, say_not_set_up
from bot.interactions.rate_limits import build_cooldown_notice
from bot.interactions.replies import acknowledge, answer
from bot.services.member_mails import SendingBar

if TYPE_CHECKING:
    import discord

    from bot.cards.items import Item
    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click
    from bot.names import MailAddress


async def send_to_member(interaction: discord.Interaction[BotBase], to: MailAddress) -> None:
    """Send one mail to the address, where that may be, in an interaction that is acknowledged."""
    client, member_id = interaction.client, interaction.user.id
    mails = client.member_mails
    if mails is None:
        await say_not_set_up(interaction, sending=client.mail_testing is not None)
        return
    if not await may_test(interaction):
        return
    wait = client.limits.checks.take(member_id)
    if wait:
        await answer(interaction, build_cooldown_notice(wait, client.words))
        return
    await client.member_service.remember(member_id, to.domain)
    sending = await mails.send(member_id, to)
    if sending.bar is SendingBar.TOO_MANY and sending.until is not None:
        await answer(interaction, build_sending_many(sending.until, client.words))
    elif sending.mail is None:
        await answer(interaction, await _build_barred(client, member_id, to, sending.bar))
    else:
        card = build_sent_card(
            sending.mail,
            str(to),
            str(mails.address),
            client.words,
            client.items,
            said=sending.said,
        )
        await answer(interaction, card)


async def handle_sent_mail_button(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Keep what a member says of a mail to them, and say what follows from it."""
    await acknowledge(interaction)
    client, action = interaction.client, SentMailAction(click.parts["action"])
    mails = client.member_mails
    if mails is None:
        await answer(interaction, build_notice("out_of_date", {}, client.words))
        return
    arrived = action is SentMailAction.ARRIVED
    mail = await mails.answer(click.number("mail"), interaction.user.id, arrived=arrived)
    if mail is None:
        await answer(interaction, build_notice("not_allowed", {}, client.words))
        return
    check = client.mention("dnscheck")
    await answer(interaction, build_arrival_card(mail, client.words, client.items, check))


async def _build_barred(
    client: BotBase, member_id: int, to: MailAddress, bar: SendingBar | None
) -> Card:
    """Return why no mail is sent, with the record that shows control where that is missing."""
    words = client.words
    facts: dict[str, Fact] = {
        "why": "" if bar is None else bar.value,
        "address": str(to),
        "domain": to.domain.unicode,
        "service": client.member_service.server.name,
    }
    lines = [words.sentence("discord/arrival_barred", facts)]
    record: list[str] = []
    buttons: list[Item] = []
    if bar is SendingBar.NOT_SHOWN:
        found = await find_record(client, member_id, to.domain)
        if found is not None:
            record = show_control_record(found, words, client.items, command="testmail")
            button = client.items.proof_button(to.domain.ascii)
            buttons = [] if button is None else [button]
    return assemble([lines, record], buttons=buttons)
