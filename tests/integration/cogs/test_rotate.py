"""`/mailadmin rotate`, its cards and buttons, and what admins and members are told meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import discord
import pytest

from admin_guild import forge
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.mailcow.workshop_names import former_name
from bot.names import Domain
from bot.records.dkim_key import KeySource
from bot.rotations.rotation import RotationState
from bot.rotations.rotation_changes import go_on
from bot.store.repositories.known_keys import KnownKeys
from discord_simulation import answer_to, labels_of, text_of, whisper_after, whisper_of
from rotation_guild import BARN, DOMAIN, old_key, old_record, open_rotation_guild
from rotation_setup import pair
from watch_guild import WatchGuild

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from discord_simulation import LogWatch
    from rotation_guild import RotationGuild

pytest_plugins = ["discord_fixtures"]

UNDO, SURE, SWITCH, DETAILS = "Undo", "Go back to the old key", "Switch now", "Details"
_S = RotationState


@pytest.fixture
async def guild(store: Path, errors: LogWatch) -> AsyncIterator[RotationGuild]:
    async with open_rotation_guild(store) as guild:
        yield guild


@pytest.fixture
async def by_hand(store: Path, errors: LogWatch) -> AsyncIterator[RotationGuild]:
    """A bot without access to the mail server, which knows the domain's key all the same."""
    async with open_rotation_guild(store, by_hand=True) as guild:
        keys = KnownKeys(WatchGuild(guild.sim, guild.admins.channel).database)
        selector, value = old_record()
        await keys.learn(DOMAIN, selector, value, KeySource.ADMIN, guild.sim.clock())
        yield guild


async def test_the_whole_way_with_the_member_led_through_it(guild: RotationGuild) -> None:
    ann, ada = guild.sim.ann, guild.admins.ada
    await guild.watched_by(ann)
    shown = await guild.rotate(domain=BARN)
    assert "⚙️ **making the new key**" in text_of(shown)
    await guild.work()
    rotation = await guild.get()
    assert rotation.state is _S.PREPARED
    card = await guild.card()
    assert "⏳ **waiting for the new record**" in text_of(card)
    assert f"Begun by <@{ada.id}>" in text_of(card)
    (record,) = guild.told(ann)
    assert record.startswith("## New DKIM key: `barn.example`")
    assert f"```\n{rotation.value}\n```" in record
    assert "**keep the old one** at `dkim._domainkey.barn.example`" in record

    guild.publish(old_record(), (rotation.selector, rotation.value))
    await guild.later(minutes=5)
    assert "⏳ **waiting until old answers run out**" in text_of(await guild.card())
    (record,) = guild.told(ann)
    assert "All your name servers have the new record" in record
    await guild.later(hours=2)
    card = await guild.card()
    assert "🟢 **ready to switch**" in text_of(card)
    assert labels_of(card) == [SWITCH, UNDO, DETAILS, "Look again"]

    await ada.click(card, label=SWITCH)
    assert "and the switch comes now" in text_of(await guild.card())
    await guild.work()
    assert (await guild.get()).state is _S.SWITCHED
    card = await guild.card()
    assert f"**Signs now:** `{rotation.selector}`" in text_of(card)
    assert "**Not proved by a mail yet**" in text_of(card)
    record, switched = guild.told(ann)
    assert "The new key signs the mail of `barn.example` now." in record
    assert "Keep the old record at `dkim._domainkey.barn.example` until <t:" in switched

    await guild.rotations.note_signed_mail(DOMAIN, rotation.selector, guild.sim.clock())
    await guild.work()
    assert "✅ A mail that the new key had signed was checked" in text_of(await guild.card())
    await guild.later(days=7, minutes=5)
    assert (await guild.get()).state is _S.RETIRED
    _, switched, remove = guild.told(ann)
    assert "The change of the key is done." in switched
    assert remove.startswith("## Old DKIM record: `barn.example`")
    assert "**Delete this record:**\nName `dkim._domainkey` · Type `TXT`" in remove
    card = await guild.card()
    assert "✅ **done**" in text_of(card)
    assert labels_of(card) == [DETAILS]
    assert len(guild.posted()) == 1
    assert guild.told(guild.sim.ben) == []


async def test_only_admins_may_begin_look_or_press(guild: RotationGuild) -> None:
    sim, channel = guild.sim, guild.admins.channel
    rights = discord.Permissions(administrator=True)
    role = sim.guild.create_role("Moderators", permissions=rights)
    mod = sim.guild.add_member(sim.env.create_user("mod"), roles=[role])
    assert "Only admins" in text_of(await guild.rotate(mod, domain=BARN))
    assert "Only admins" in text_of(await guild.rotate(mod))
    assert await guild.rotations.open_ones() == ()
    assert await mod.autocomplete(channel, "mailadmin rotate", "domain", "ba") == []
    await guild.rotate(domain=BARN)
    await guild.make_live()
    card = await guild.card()
    for action in ("undo", "undo-sure", "switch", "details", "show", "paste", "switched"):
        pressed = await forge(mod, await guild.card(), f"cowbell:rotation:{action}:1")
        assert "Only admins" in text_of(whisper_of(pressed)), action
    pressed = await forge(mod, card, "cowbell:rotations:due")
    assert "Only admins" in text_of(whisper_of(pressed))
    assert (await guild.get()).state is _S.LIVE


async def test_one_under_way_is_shown_and_not_begun_again(guild: RotationGuild) -> None:
    await guild.rotate(domain=BARN)
    await guild.work()
    shown = await guild.rotate(guild.admins.bob, domain=f"post@{BARN}", size=4096)
    assert "It was begun before, so nothing was begun now." in text_of(shown)
    assert "waiting for the new record" in text_of(shown)
    assert len(await guild.rotations.of_domain(DOMAIN)) == 1


async def test_a_longer_key_can_be_asked_for(guild: RotationGuild) -> None:
    assert guild.double is not None
    shown = await guild.rotate(domain=BARN, size=4096)
    assert "· 4096 bits" in text_of(shown)


async def test_before_the_switch_undo_asks_nothing_and_says_what_goes(guild: RotationGuild) -> None:
    await guild.watched_by(guild.sim.ann)
    await guild.rotate(domain=BARN)
    await guild.work()
    await guild.admins.ada.click(await guild.card(), label=UNDO)
    await guild.work()
    assert (await guild.get()).state is _S.UNDONE
    assert "↩️ **taken back**" in text_of(await guild.card())
    record, undone = guild.told(guild.sim.ann)
    assert "This record is not needed any more, and the old one is." in record
    assert "**Keep the old record** at `dkim._domainkey.barn.example`" in undone


async def test_after_the_switch_undo_is_confirmed_and_brings_the_old_key_back(
    guild: RotationGuild,
) -> None:
    assert guild.double is not None
    ada = guild.admins.ada
    await guild.watched_by(guild.sim.ann)
    await guild.rotate(domain=BARN)
    rotation = await guild.make_live()
    await ada.click(await guild.card(), label=SWITCH)
    await guild.work()
    assert guild.double.dkim[BARN].selector == rotation.selector
    question = whisper_after(await ada.click(await guild.card(), label=UNDO))
    assert "The old key `dkim` signs again at once." in text_of(question)
    assert (await guild.get()).state is _S.SWITCHED
    guild.publish((rotation.selector, rotation.value))  # the member was too quick
    await guild.sim.restart()
    answered = answer_to(await ada.click(question, label=SURE))
    assert "taking it back" in text_of(answered)
    await guild.work()
    assert guild.double.dkim[BARN] == old_key()
    said = text_of(await guild.card())
    assert "The new record has to stay until <t:" in said
    assert "do not have the old record, so have it put back." in said
    undone = guild.told(guild.sim.ann)[-1]
    assert undone.startswith("## Back to the old DKIM key: `barn.example`")
    assert "**The old record is missing or wrong** at" in undone
    assert f"```\n{old_record()[1]}\n```" in undone


async def test_buttons_work_after_a_restart_and_say_what_cannot_be_done(
    guild: RotationGuild,
) -> None:
    ada = guild.admins.ada
    await guild.rotate(domain=BARN)
    await guild.make_live()
    await guild.sim.restart()
    card = await guild.card()
    details = answer_to(await ada.click(card, label=DETAILS))
    assert details.ephemeral
    assert f"Admin <@{ada.id}>: **making the new key**" in text_of(details)
    assert "Both name servers have the new record." in text_of(details)
    pressed = await forge(ada, card, "cowbell:rotation:switched:1")
    assert "changes this key by itself" in text_of(whisper_after(pressed))
    gone = await forge(ada, card, "cowbell:rotation:undo:99")
    assert "no rotation with the number 99" in text_of(whisper_after(gone))


async def test_what_is_refused_is_told_privately(guild: RotationGuild) -> None:
    shown = await guild.rotate(domain="absent.example")
    assert "absent.example is not on the mail server" in text_of(shown).replace("\\", "")
    shown = await guild.rotate(domain="localhost")
    assert "single word" in text_of(shown)
    assert await guild.rotations.open_ones() == ()


async def test_what_is_stuck_is_told_with_the_reason_and_drawn_anew_once_it_went_on(
    guild: RotationGuild,
) -> None:
    assert guild.double is not None
    ada = guild.admins.ada
    await guild.rotate(domain=BARN)
    await guild.make_live()
    guild.double.redis_refuses_writes = True
    await ada.click(await guild.card(), label=SWITCH)
    await guild.work()
    card = text_of(await guild.card())
    assert "⚙️ **switching**" in card
    assert "**Signs now:** `dkim`" in card  # its copy cannot be made, so nothing was switched
    assert "Redis" in card
    guild.double.dkim[former_name(DOMAIN).ascii] = old_key()
    store, now = guild.rotations._store, guild.sim.clock()
    await store.change(1, lambda before: go_on(before, now), now)
    for _ in range(4):
        await guild.later(minutes=3)
    stuck = next(text for text in guild.posted() if "stuck" in text)
    assert "Mail may leave unsigned until it does" in stuck
    assert "Redis" in stuck
    guild.double.redis_refuses_writes = False
    for _ in range(3):
        await guild.later(minutes=3)
    assert (await guild.get()).state is _S.SWITCHED
    assert not [text for text in guild.posted() if text.startswith("## ❌")]
    assert [text for text in guild.posted() if "The change of a DKIM key went on" in text]


async def test_without_a_domain_all_that_is_under_way_and_due_is_shown(
    guild: RotationGuild,
) -> None:
    assert guild.double is not None
    database = WatchGuild(guild.sim, guild.admins.channel).database
    long_ago = guild.sim.clock() - timedelta(days=500)
    for name in ("old.example", "gone.example"):
        key = DkimPair("dkim", pair(2).public, pair(2).private)
        guild.double.add_domain(name)
        guild.double.dkim[name] = key
        value = f"v=DKIM1;k=rsa;t=s;s=email;p={key.public}"
        domain = Domain.from_ascii(name)
        await KnownKeys(database).learn(domain, "dkim", value, KeySource.MAIL_SERVER, long_ago)
    del guild.double.dkim["gone.example"]
    await guild.rotate(domain=BARN)
    shown = await guild.rotate()
    said = text_of(shown)
    assert "One key is being changed. 2 more are due: they are old or short." in said
    assert "**#1** `barn.example` · ⚙️ making the new key" in said
    assert "`old.example` · `dkim` · 2048 bits · first seen <t:" in said
    begun = answer_to(await guild.admins.ada.click(shown, label="Begin those that are due"))
    said = text_of(begun).replace("\\", "")
    assert "One rotation was begun." in said
    assert "### Not begun\n`gone.example`: gone.example has no DKIM key yet" in said
    assert len(await guild.rotations.open_ones()) == 2


async def test_by_hand_the_admin_pastes_the_record_and_says_when_it_signs(
    by_hand: RotationGuild,
) -> None:
    ada = by_hand.admins.ada
    await by_hand.watched_by(by_hand.sim.ann)
    await by_hand.rotate(domain=BARN)
    await by_hand.work()
    card = await by_hand.card()
    rotation = await by_hand.get()
    assert f"1. Make a new key of 2048 bits there with the selector `{rotation.selector}`." in (
        text_of(card)
    )
    assert labels_of(card)[0] == "Paste the new record"
    form = await ada.click(card, label="Paste the new record")
    refused = await ada.submit_modal(form, {"value": "v=DKIM1; p=no key"})
    assert whisper_of(refused).ephemeral
    assert (await by_hand.get()).state is _S.PREPARING
    new = pair(3)
    form = await ada.click(await by_hand.card(), label="Paste the new record")
    value = f"v=DKIM1; k=rsa; p={new.public}"
    await ada.submit_modal(form, {"value": value})
    await by_hand.work()
    assert (await by_hand.get()).state is _S.PREPARED
    (record,) = by_hand.told(by_hand.sim.ann)
    assert new.public in record
    rotation = await by_hand.get()
    by_hand.publish(old_record(), (rotation.selector, rotation.value))
    await by_hand.later(minutes=5)
    await by_hand.later(hours=2)
    card = await by_hand.card()
    assert labels_of(card)[0] == "It signs with the new key"
    await ada.click(card, label="It signs with the new key")
    await by_hand.work()
    assert (await by_hand.get()).state is _S.SWITCHED
    question = whisper_after(await ada.click(await by_hand.card(), label=UNDO))
    await ada.click(question, label=SURE)
    await by_hand.work()
    card = await by_hand.card()
    assert "See that the mail server signs with `dkim` again." in text_of(card)
    await ada.click(card, label="It signs with the old key again")
    await by_hand.work()
    assert (await by_hand.get()).state is _S.UNDONE
    assert by_hand.told(by_hand.sim.ann)[-1].startswith("## Back to the old DKIM key")


async def test_a_form_that_was_open_while_the_bot_restarted_counts(by_hand: RotationGuild) -> None:
    ada = by_hand.admins.ada
    await by_hand.rotate(domain=BARN)
    await by_hand.work()
    form = await ada.click(await by_hand.card(), label="Paste the new record")
    await by_hand.sim.restart()
    await ada.submit_modal(form, {"value": f"v=DKIM1; k=rsa; p={pair(3).public}"})
    assert (await by_hand.get()).state is _S.PREPARED


async def test_where_nobody_is_known_to_give_the_record_to_the_card_says_so(
    guild: RotationGuild,
) -> None:
    await guild.rotate(domain=BARN)
    await guild.work()
    assert "I know nobody to give the new record to." in text_of(await guild.card())
