"""Asking on a Mailcow: what is there already, what comes first, and the card until it is live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.demo.mailcow_double.double_server import MailcowFault
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.requests.model import State
from discord_simulation import answer_to, labels_of, text_of
from mailcow_guild import BARN

if TYPE_CHECKING:
    from mailcow_guild import MailcowGuild

pytest_plugins = ["mailcow_guild_fixtures"]


async def test_for_a_domain_that_is_not_there_that_is_to_be_asked_for_first(
    barn: MailcowGuild,
) -> None:
    del barn.double.domains[BARN]
    barn.double.dkim[BARN] = DkimPair.make("orphan")
    for command in ("dkim", "dmarc"):
        answer = answer_to(await barn.guild.ann.slash(barn.guild.channel, command, domain=BARN))
        assert "`barn.example` is not on Cow Mail yet" in text_of(answer)
        assert labels_of(answer) == ["Ask to add the domain"]
    assert await barn.guild.requests.open_requests() == ()
    asked = answer_to(await barn.guild.ann.click(answer, label="Ask to add the domain"))
    assert "Request #1: Mail domain" in text_of(asked)
    again = answer_to(await barn.guild.ann.slash(barn.guild.channel, "dkim", domain=BARN))
    assert "An admin has been asked to add it" in text_of(again)
    assert labels_of(again) == ["Show the next step"]


async def test_a_domain_that_is_there_is_not_asked_for_again(barn: MailcowGuild) -> None:
    answer = answer_to(await barn.guild.ann.slash(barn.guild.channel, "maildomain", domain=BARN))
    assert "✅ `barn.example` is on Cow Mail already." in text_of(answer)
    assert await barn.guild.requests.open_requests() == ()


async def test_a_key_that_is_there_has_only_to_be_published(barn: MailcowGuild) -> None:
    barn.double.dkim[BARN] = pair = DkimPair.make("dkim")
    answer = answer_to(await barn.guild.ann.slash(barn.guild.channel, "dkim", domain=BARN))
    assert "nobody has to be asked" in text_of(answer)
    shown = answer_to(await barn.guild.ann.click(answer, label="Show the next step"))
    assert pair.public[-30:] in text_of(shown)
    barn.publish(pair)
    right = answer_to(await barn.guild.ann.slash(barn.guild.channel, "dkim", domain=BARN))
    assert "is live and holds the mail server's key" in text_of(right)
    assert await barn.guild.requests.open_requests() == ()


async def test_what_the_mail_server_does_not_tell_is_left_to_the_admin(barn: MailcowGuild) -> None:
    barn.double.mood = MailcowFault.BAD_GATEWAY
    await barn.ask()
    assert "Could not be checked: On the server" in barn.card()


async def test_a_domain_that_went_gets_no_key_even_where_one_is_left(barn: MailcowGuild) -> None:
    await barn.ask()
    del barn.double.domains[BARN]
    barn.double.dkim[BARN] = DkimPair.make("orphan")
    await barn.approve()
    assert (await barn.request()).state is State.FAILED
    assert "Mailcow does not know barn.example, or no longer: it gets no key" in barn.card()
    assert barn.told() == []


async def test_the_card_says_since_when_it_is_live_and_what_is_there_then(
    barn: MailcowGuild,
) -> None:
    await barn.ask()
    assert "Found: nothing" in barn.card()
    await barn.approve()
    barn.publish(barn.double.dkim[BARN])
    await barn.look()
    assert (await barn.request()).state is State.CLOSED
    assert "✅ Live since <t:" in barn.card()
    assert "✅ MX · ✅ SPF · ✅ DKIM" in barn.card()
    assert "Found: nothing" not in barn.card()
    assert barn.double.dkim[BARN].public[-20:] in barn.card()
