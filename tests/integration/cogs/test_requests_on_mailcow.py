"""Requests on a Mailcow that answers as the real one: what members and admins read of its ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.demo.mailcow_double.double_server import MailcowFault
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.names import Domain
from bot.requests.backend import DomainLimits
from bot.requests.model import State
from bot.store.repositories.known_keys import KnownKeys
from discord_simulation import ON_CARD, answer_to, labels_of, open_details, text_of
from mailcow_guild import BARN
from request_guild import ADMIN

if TYPE_CHECKING:
    from mailcow_guild import MailcowGuild

pytest_plugins = ["mailcow_guild_fixtures"]


# ── a key that is made anew ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("selector", ["cow2027", "dkim"])
async def test_a_key_made_anew_while_a_request_waits_takes_the_place_of_the_old(
    barn: MailcowGuild, selector: str
) -> None:
    await barn.ask()
    await barn.approve()
    old = barn.double.dkim[BARN]
    (first,) = barn.told()
    assert old.public[-30:] in first
    new = barn.double.dkim[BARN] = DkimPair.make(selector)
    barn.publish(old)  # as Ann was told
    await barn.look()
    assert (await barn.request()).state is State.WAITING
    former, latter = barn.told()
    assert "Do not publish this record" in former
    assert old.public[-30:] not in former
    assert "has a new DKIM key for `barn.example`" in latter
    assert new.public[-30:] in latter
    assert old.public[-30:] not in latter
    assert ("delete the old one at `dkim._domainkey`" in latter) is (selector != "dkim")
    assert ("Publish this one in its place" in latter) is (selector == "dkim")
    assert new.public[-10:] in barn.card()
    assert "Another key was made on Mailcow since" in barn.card()
    entry = (await barn.guild.requests.audit(1))[-1]
    assert (entry.before, entry.after) == (State.WAITING, State.WAITING)
    assert new.public[-10:] in entry.detail
    stored = await KnownKeys(barn.guild.store.requests._database).current(Domain.from_ascii(BARN))
    assert stored is not None
    assert new.public in stored.value
    await barn.look()
    assert len(barn.told()) == 2
    barn.publish(new)
    await barn.look()
    assert "is live" in barn.told()[-1]
    assert "It is live." in barn.told()[1]
    assert "Do not publish this record" in barn.told()[0]


async def test_a_key_that_an_admin_pasted_is_not_compared_with_mailcows(
    barn: MailcowGuild,
) -> None:
    await barn.ask()
    pasted = DkimPair.make("hand")
    await barn.approve(value=f"v=DKIM1;k=rsa;p={pasted.public}", selector="hand")
    await barn.look()
    assert len(barn.told()) == 1
    assert pasted.public[-30:] in barn.told()[0]


async def test_a_key_that_is_deleted_while_a_request_waits_is_missed(barn: MailcowGuild) -> None:
    await barn.ask()
    await barn.approve()
    pair = barn.double.dkim.pop(BARN)
    barn.publish(pair)
    await barn.look()
    assert (await barn.request()).state is State.WAITING
    assert "has no DKIM key for `barn.example` any more" in barn.told()[0]
    assert "has no DKIM key for `barn.example` any more" in await barn.listed()
    assert "Mailcow has no DKIM key for barn.example any more" in barn.card()
    barn.double.dkim[BARN] = pair
    await barn.look()
    assert "is live" in barn.told()[-1]


async def test_a_key_that_becomes_useless_while_a_request_waits_is_not_live(
    barn: MailcowGuild,
) -> None:
    await barn.ask()
    await barn.approve()
    barn.publish(barn.double.dkim[BARN])
    barn.double.dkim[BARN] = DkimPair("a b", barn.double.dkim[BARN].public, "")
    await barn.look()
    assert (await barn.request()).state is State.WAITING
    assert "The DKIM key for `barn.example` on the mail server is broken" in barn.told()[0]
    assert "cannot stand in a DNS name" in barn.card()


async def test_while_mailcow_is_silent_no_record_becomes_live(barn: MailcowGuild) -> None:
    await barn.ask()
    await barn.approve()
    barn.double.mood = MailcowFault.BAD_GATEWAY
    await barn.look()
    assert "It is not there yet" in barn.told()[0]
    barn.publish(barn.double.dkim[BARN])
    await barn.look()
    assert (await barn.request()).state is State.WAITING
    assert "the mail server does not answer me" in barn.told()[0]
    barn.double.mood = MailcowFault.FINE
    await barn.look()
    assert "is live" in barn.told()[-1]


# ── domains that are gone or switched off ───────────────────────────────────────────────────────


@pytest.mark.parametrize("command", ["dkim", "dmarc"])
async def test_a_domain_that_is_deleted_while_a_request_waits_is_never_live(
    barn: MailcowGuild, command: str
) -> None:
    if command == "dmarc":
        barn.double.dkim[BARN] = DkimPair.make("dkim")
        barn.publish(barn.double.dkim[BARN], dmarc="v=DMARC1; p=none")
    await barn.ask(command)
    assert "✅ On the server" in barn.card()
    await barn.approve(stage=None if command == "dkim" else "none")
    barn.publish(barn.double.dkim[BARN], dmarc="v=DMARC1; p=none")
    row = barn.double.domains.pop(BARN)
    await barn.look()
    assert (await barn.request()).state is State.WAITING
    gone = barn.told()[0]
    assert "not" in gone
    assert "Mailcow does not have this domain." in barn.card()
    assert "❌ On the server" in barn.card()
    listed = await barn.listed()
    barn.double.domains[BARN] = row
    await barn.look()
    assert (await barn.request()).state is State.CLOSED
    assert "✅ On the server" in barn.card()
    assert await barn.listed() != listed


async def test_the_card_follows_a_domain_that_went_before_the_approval(
    barn: MailcowGuild,
) -> None:
    await barn.ask()
    assert "✅ On the server" in barn.card()
    del barn.double.domains[BARN]
    await barn.approve()
    assert "Mailcow does not have this domain." in barn.card()
    assert "✅ On the server" not in barn.card()


@pytest.mark.parametrize("alias", [False, True])
async def test_a_domain_that_is_switched_off_is_said_to_be_so(
    barn: MailcowGuild, *, alias: bool
) -> None:
    if alias:
        del barn.double.domains[BARN]
        barn.double.add_domain("farm.example")
        barn.double.add_alias_domain(BARN, "farm.example", active=False)
    else:
        barn.double.add_domain(BARN, active=0)
    card = answer_to(await barn.guild.ann.slash(barn.guild.channel, "dnscheck", domain=BARN))
    assert "the domain is switched off on Cow Mail" in text_of(card)
    assert labels_of(card) == ON_CARD
    details = text_of(await open_details(barn.guild.ann, card))
    assert "`barn.example` is switched off on the mail server `mx1.cow.example`" in details
    for said in (text_of(card), details):
        assert "does not know" not in said
    await barn.ask()
    off = "Mailcow has this domain, but it is switched off there"
    assert off in barn.card()
    await barn.approve()
    assert (await barn.request()).state is State.FAILED
    assert "Switch it on in Mailcow" in barn.card()
    assert barn.told() == []


async def test_a_domain_that_is_switched_off_while_a_request_waits_is_not_live(
    barn: MailcowGuild,
) -> None:
    await barn.ask()
    await barn.approve()
    barn.publish(barn.double.dkim[BARN])
    barn.double.add_domain(BARN, active="0")
    await barn.look()
    assert (await barn.request()).state is State.WAITING
    assert "is switched off on the mail server" in barn.told()[0]
    assert "is switched off there" in barn.card()
    barn.double.add_domain(BARN)
    await barn.look()
    assert "is live" in barn.told()[-1]


async def test_a_mail_domain_that_is_there_but_off_is_not_added_yet(barn: MailcowGuild) -> None:
    barn.double.add_domain(BARN, active=0)
    await barn.ask("maildomain")
    await barn.approve()
    assert (await barn.request()).state is State.WAITING
    await barn.look()
    assert "is switched off on the mail server" in barn.told()[0]
    barn.double.add_domain(BARN)
    await barn.look()
    assert "is on Cow Mail now" in barn.told()[-1]


# ── Mailcow away, and Redis that takes no writes ────────────────────────────────────────────────


async def test_a_domain_is_added_once_redis_takes_writes_again(barn: MailcowGuild) -> None:
    del barn.double.domains[BARN]
    await barn.ask("maildomain")
    barn.double.redis_refuses_writes = True
    await barn.approve()
    assert (await barn.request()).state is State.WORKING
    assert "Redis takes no writes" in barn.card()
    assert "I write to you in a moment" in await barn.listed()
    await barn.guild.later(seconds=6)
    assert (await barn.request()).state is State.WORKING
    barn.double.redis_refuses_writes = False
    await barn.guild.later(seconds=16)
    assert "is on Cow Mail now" in barn.told()[-1]
    assert "Redis" not in barn.card()
    assert BARN in barn.double.dkim


async def test_redis_that_goes_on_refusing_is_told_to_the_admin(barn: MailcowGuild) -> None:
    await barn.ask()
    barn.double.redis_refuses_writes = True
    await barn.approve()
    for seconds in (6, 16, 41, 121):
        await barn.guild.later(seconds=seconds)
    assert (await barn.request()).state is State.FAILED
    assert "redis-mailcow" in barn.card()
    assert barn.told() == []


@pytest.mark.parametrize(
    ("mood", "part"),
    [
        (MailcowFault.EMPTY, "answers every call with nothing"),
        (MailcowFault.NO_DATABASE, "cannot reach its database"),
        (MailcowFault.FATAL, "PHP stopped with an error"),
    ],
)
async def test_a_mailcow_that_is_away_for_a_moment_is_asked_again(
    barn: MailcowGuild, mood: MailcowFault, part: str
) -> None:
    await barn.ask()
    barn.double.mood = mood
    await barn.approve()
    assert (await barn.request()).state is State.WORKING
    assert part in barn.card()
    barn.double.mood = MailcowFault.FINE
    await barn.guild.later(seconds=6)
    assert (await barn.request()).state is State.WAITING
    assert barn.double.dkim[BARN].public[-30:] in barn.told()[0]
    assert part not in barn.card()


async def test_an_exception_for_one_domain_says_where_to_look(barn: MailcowGuild) -> None:
    await barn.ask()
    barn.double.throws = {f"get/dkim/{BARN}"}
    await barn.approve()
    assert "answered get/dkim with nothing, while it answers other calls" in barn.card()


# ── keys and limits ─────────────────────────────────────────────────────────────────────────────


async def test_a_key_of_no_use_is_refused_with_the_remedy(barn: MailcowGuild) -> None:
    barn.double.dkim[BARN] = DkimPair("my key", DkimPair.make("x").public, "")
    await barn.ask()
    await barn.approve()
    assert (await barn.request()).state is State.FAILED
    assert "make one with a selector such as dkim, and retry" in barn.card()
    barn.double.dkim[BARN] = DkimPair.make("dkim")
    await barn.guild.requests.retry(1, ADMIN)
    await barn.guild.work()
    assert barn.double.dkim[BARN].public[-30:] in barn.told()[0]


async def test_limits_that_an_admin_typed_are_those_of_the_domain(barn: MailcowGuild) -> None:
    del barn.double.domains[BARN]
    await barn.ask("maildomain")
    await barn.approve(limits=DomainLimits(mailboxes=2, mailbox_quota=4096))
    row = barn.double.domains[BARN]
    assert row["max_num_mboxes_for_domain"] == 2
    assert row["max_quota_for_mbox"] == 4096 * 2**20
    assert row["max_num_aliases_for_domain"] == 400
