"""What members and admins are told of requests that no admin can act on, and what comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import pytest

from bot.demo.world import DOMAINS, mend
from bot.demo.zones import Zones, parse_zone
from bot.interactions import replies
from bot.requests.evidence import load_evidence
from bot.requests.model import RequestKind, State
from discord_simulation import answer_to, labels_of, text_of, whisper_after
from request_guild import ADMIN, open_request_guild
from request_steps import ask, get, hand_out, publish_policy, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import discord

    from discord_simulation import LogWatch
    from request_guild import RequestGuild

pytest_plugins = ["discord_fixtures"]

KINDS = [kind.value for kind in RequestKind]


@pytest.fixture
async def guild(store: Path, errors: LogWatch) -> AsyncIterator[RequestGuild]:
    async with open_request_guild(store) as guild:
        ada = guild.guild.add_member(guild.env.create_user("ada"))
        settings = guild.client.settings
        guild.client.settings = settings.model_copy(update={"admin_user_ids": (ada.id,)})
        guild.ben = ada
        yield guild


def card_of(guild: RequestGuild) -> discord.Message:
    (card,) = guild.request_channel.history()
    return card


def take_away(guild: RequestGuild, name: str) -> None:
    """Have a domain not be registered any more."""
    origin = dns.name.from_text(name)
    left = [zone for zone in guild.dns.zones.table.values() if zone.origin != origin]
    guild.dns.zones = Zones.of([zone for zone in left if zone.origin != dns.name.root])


@pytest.mark.parametrize("command", KINDS)
@pytest.mark.parametrize(
    ("domain", "answer"),
    [
        ("gmail.com", "belongs to a big mail provider"),
        ("co.uk", "Everybody can register names below co.uk"),
        ("never.registered.example", "does not exist, so no mail can reach it"),
    ],
)
async def test_what_cannot_be_is_answered_and_not_asked(
    guild: RequestGuild, command: str, domain: str, answer: str
) -> None:
    told = await ask(guild, command, domain)
    assert answer.replace(".", "") in text_of(told).replace("\\", "").replace(".", "")
    assert await guild.requests.open_requests() == ()
    await guild.work()
    assert guild.request_channel.history() == []


async def test_a_slip_is_answered_with_the_domain_that_was_meant(guild: RequestGuild) -> None:
    await ask(guild, "dnscheck", "friend.example")
    told = await ask(guild, "dkim", "freind.example")
    assert "does not exist" in text_of(told)
    assert "Check friend.example" in labels_of(told)


async def test_name_servers_that_fail_are_no_reason_to_refuse(guild: RequestGuild) -> None:
    told = await ask(guild, "dkim", "broken.example")
    assert "Request #1" in text_of(told)
    await guild.work()
    assert "❓ Could not be checked: MX, SPF, DKIM, DMARC." in said(card_of(guild))


async def test_strict_dmarc_that_works_is_right_already(guild: RequestGuild) -> None:
    await hand_out(guild)
    publish_policy(guild, "eager.example", "reject")
    told = await ask(guild, "dmarc", "eager.example")
    assert "✅ The DMARC record of `eager.example` is live" in text_of(told)
    assert len(await guild.requests.open_requests()) == 1


async def test_dmarc_waits_for_what_the_plan_puts_before_it(guild: RequestGuild) -> None:
    zone = '@ MX 10 mx1.cow.example.\n_dmarc TXT "v=DMARC1; p=none"'
    guild.dns.zones = guild.dns.zones.with_zone(parse_zone("young.example", zone))
    told = await ask(guild, "dmarc", "young.example")
    assert "because SPF and DKIM are not right yet" in text_of(told)
    assert "`p=none`" in text_of(told)
    assert labels_of(told) == ["Show the next step"]
    shown = answer_to(await guild.ann.click(told, label="Show the next step"))
    assert "SPF" in text_of(shown)
    assert await guild.requests.open_requests() == ()


async def test_dmarc_that_waits_for_a_key_offers_to_ask_for_that(guild: RequestGuild) -> None:
    zone = (
        '@ MX 10 mx1.cow.example.\n@ TXT "v=spf1 include:_spf.cow.example -all"\n'
        '_dmarc TXT "v=DMARC1; p=none; rua=mailto:dmarc@cow.example"'
    )
    guild.dns.zones = guild.dns.zones.with_zone(parse_zone("young.example", zone))
    told = await ask(guild, "dmarc", "young.example")
    assert "because DKIM is not right yet" in text_of(told)
    assert labels_of(told) == ["Ask for DKIM"]
    asked = answer_to(await guild.ann.click(told, label="Ask for DKIM"))
    assert "Request #1: DKIM" in text_of(asked)


async def test_a_button_of_an_old_card_is_answered_in_the_same_way(guild: RequestGuild) -> None:
    request = await hand_out(guild)
    publish_policy(guild, "eager.example", "none")
    await guild.requests.look_now(request.id)
    await guild.work()
    live = guild.direct()[-1]
    publish_policy(guild, "eager.example", "reject")
    told = answer_to(await guild.ann_user.click(live, label="Ask for DMARC"))
    assert "there is no stricter one to ask for" in text_of(told)
    assert await guild.requests.open_requests() == ()


async def test_after_dkim_nothing_is_offered_that_the_plan_does_not_ask_for(
    guild: RequestGuild,
) -> None:
    request = await hand_out(guild)
    publish_policy(guild, "eager.example", "reject")
    await guild.requests.look_now(request.id)
    await guild.work()
    live = guild.direct()[-1]
    assert "is live, so your mail" in said(live)
    assert "`/dnscheck` shows what comes next." in said(live)
    assert "Next, ask" not in said(live)


async def test_who_asked_before_is_told_how_far_it_is(guild: RequestGuild) -> None:
    await hand_out(guild)
    publish_policy(guild, "eager.example", "reject")
    told = await ask(guild, "dkim", "eager.example")
    assert "Request #1" in text_of(told)


@pytest.mark.parametrize("kind", [RequestKind.DMARC, RequestKind.WEBMAIL])
async def test_an_admin_is_told_that_a_domain_is_gone(
    guild: RequestGuild, kind: RequestKind
) -> None:
    publish_policy(guild, "friend.example", "none")
    await ask(guild, kind.value, "friend.example")
    await guild.work()
    take_away(guild, "friend.example")
    result = await guild.ben.click(card_of(guild), label="Approve")
    told = answer_to(result) if kind is RequestKind.DMARC else whisper_after(result)
    assert "Request #1 was not approved. The domain `friend.example` does not exist" in text_of(
        told
    )
    assert "Deny it, or approve it once that is another." in text_of(told)
    assert (await get(guild, 1)).state is State.PENDING
    denied = await guild.ben.click(card_of(guild), label="Deny")
    assert denied.modal is not None


async def test_a_member_who_clicks_approve_is_told_nothing_of_the_domain(
    guild: RequestGuild,
) -> None:
    await ask(guild, "webmail", "friend.example")
    await guild.work()
    take_away(guild, "friend.example")
    told = answer_to(await guild.ann.click(card_of(guild), label="Approve"))
    assert "Only admins" in text_of(told)
    assert "exist" not in text_of(told)


async def test_a_pasted_key_for_a_domain_that_is_gone_is_not_taken(guild: RequestGuild) -> None:
    await ask(guild, "dkim", "friend.example")
    await guild.work()
    form = await guild.ben.click(card_of(guild), label="Approve")
    take_away(guild, "friend.example")
    value = DOMAINS["friend.example"].dkim
    told = whisper_after(await guild.ben.submit_modal(form, {"value": value, "selector": "dkim"}))
    assert "was not approved" in text_of(told)
    assert (await get(guild, 1)).state is State.PENDING


@pytest.mark.parametrize("label", ["Approve", "Check again"])
async def test_a_slow_look_leaves_the_card_that_all_admins_see_as_it_is(
    guild: RequestGuild, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    await ask(guild, "webmail", "friend.example")
    await guild.work()
    monkeypatch.setattr(replies, "PROGRESS_AFTER", 0.0)
    guild.dns.delay = 0.05
    before = len(guild.env.http_requests)
    await guild.ben.click(card_of(guild), label=label)
    guild.dns.delay = 0.0
    sent = guild.env.http_requests[before:]
    edits = [r for r in sent if r.method == "PATCH" and "@original" in r.path]
    assert len(edits) == 1
    assert "Request #1" in said(card_of(guild))


async def test_the_card_of_a_mail_domain_says_what_shows_control(guild: RequestGuild) -> None:
    await ask(guild, "maildomain", "mover.example")
    await guild.work()
    assert "⚠️ Nothing shows yet that the domain is this member's." in said(card_of(guild))
    guild.dns.zones = guild.dns.zones.with_zone(mend("mover.example"))
    await guild.ben.click(card_of(guild), label="Check again")
    assert "The MX names this mail server alone" in said(card_of(guild))


async def test_the_card_says_live_and_not_what_was_broken_when_it_was_asked(
    guild: RequestGuild,
) -> None:
    await hand_out(guild)
    asked = said(card_of(guild))
    assert "✅ SPF · ➖ DKIM" in asked  # noqa: RUF001 - the mark of what is not there yet
    assert "Found: nothing" in asked
    publish_policy(guild, "eager.example", "reject")
    await guild.later(hours=2)
    live = said(card_of(guild))
    assert "✅ Live since <t:" in live
    assert "✅ MX · ✅ SPF · ✅ DKIM · ✅ DMARC" in live
    assert "Found: nothing" not in live
    evidence = load_evidence((await get(guild, 1)).evidence)
    assert evidence is not None
    assert evidence.live_at is not None
    full = answer_to(await guild.ben.click(card_of(guild), label="Full check"))
    assert full.ephemeral


async def test_what_an_admin_says_is_done_does_not_keep_what_was_broken(
    guild: RequestGuild,
) -> None:
    await ask(guild, "maildomain", "mover.example")
    await guild.work()
    assert "❌ MX" in said(card_of(guild))
    await guild.requests.approve(1, ADMIN, by_hand=True, accepts_risk=True)
    await guild.work()
    await guild.ben.click(card_of(guild), label="I did it")
    await guild.work()
    assert (await get(guild, 1)).state is State.CLOSED
    assert "An admin says that it is done; I could not see it. Since <t:" in said(card_of(guild))
    assert "❌" not in said(card_of(guild))
