"""What only the mail server knows of a domain: who is told it, where, and on which card."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import simcord.actors

from bot.checks.export.archive import load_report
from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.demo.world import DEMO_ENVIRONMENT
from bot.interactions import home_guild
from discord_simulation import (
    AWAIT,
    DETAILS,
    ON_CARD,
    answer_to,
    change_store,
    labels_of,
    open_details,
    open_simulation,
    read_store,
    text_of,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from simcord import ChannelHandle, MemberActor
    from simcord.results import InteractionResult, ResponseMessage

    from discord_simulation import LogWatch, Simulation

pytest_plugins = ["discord_fixtures"]

KEY = "READ00-0KEY00-000000"
HOSTED, NOT_HOSTED = "mover.example", "newcomer.example"
TOLD = "does not know"  # the mail server, a domain
ON_SERVER = "On the server"  # the light that says whether it does
ACTIONS = {
    "Check again": "again",
    DETAILS: "details",
    "Why?": "why",
    "All records": "records",
    "Zone file": "zone",
    "Share": "share",
}
LABELS = list(ACTIONS)


@dataclass
class TwoServers:
    """The home server with Ann and Ben, another one with Eve, and a Mailcow with one domain."""

    sim: Simulation
    cow: MailcowDouble
    elsewhere: ChannelHandle
    eve: MemberActor
    pair: DkimPair

    def forget_calls(self) -> None:
        self.cow.calls.clear()

    def knows(self, text: str) -> bool:
        """Whether a text tells the key that only the mail server has, or its selector."""
        return self.pair.public[60:100] in text or self.pair.selector in text


@pytest.fixture
async def two(store: Path, errors: LogWatch) -> AsyncIterator[TwoServers]:
    async with MailcowDouble(keys={KEY: ApiKey(may_write=False)}, keeps_connections=False) as cow:
        cow.add_domain(HOSTED)
        cow.dkim[HOSTED] = pair = DkimPair.make("cow2026")
        environ = {**DEMO_ENVIRONMENT, "MAILCOW_URL": cow.url, "MAILCOW_READ_KEY": KEY}
        async with open_simulation(store, environ=environ) as sim:
            channel = sim.guild.create_text_channel("requests")
            sim.settings = sim.settings.model_copy(update={"request_channel_id": channel.id})
            await sim.restart()
            village = sim.env.create_guild("Village")
            eve = village.add_member(sim.env.create_user("eve"))
            yield TwoServers(sim, cow, village.create_text_channel("mail"), eve, pair)


async def settings_of(member: MemberActor, channel: ChannelHandle, address: str) -> str:
    return text_of(answer_to(await member.slash(channel, "mailsettings", address=address)))


async def test_at_home_a_member_is_told_what_the_mail_server_knows(two: TwoServers) -> None:
    card = await two.sim.check(NOT_HOSTED)
    assert TOLD in text_of(card)
    assert ON_SERVER in text_of(card)
    assert TOLD in text_of(await open_details(two.sim.ann, card))
    card = await two.sim.check(HOSTED)
    assert f"✅ {ON_SERVER}" in text_of(card)
    assert two.knows(text_of(await open_details(two.sim.ann, card)))


async def test_at_home_the_settings_say_that_the_domain_is_not_on_the_mail_server(
    two: TwoServers,
) -> None:
    card = await settings_of(two.sim.ann, two.sim.channel, f"ann@{NOT_HOSTED}")
    assert f"`{NOT_HOSTED}` is not on Cow Mail yet" in card
    assert "`/maildomain`" in card
    assert "is not on" not in await settings_of(two.sim.ann, two.sim.channel, f"ann@{HOSTED}")
    two.cow.add_domain(HOSTED, active=0)
    await two.sim.restart()  # what the mail server said before is forgotten
    said = await settings_of(two.sim.ann, two.sim.channel, f"ann@{HOSTED}")
    assert f"`{HOSTED}` is switched off on Cow Mail" in said


async def test_elsewhere_the_settings_do_not_say_what_is_on_the_mail_server(
    two: TwoServers,
) -> None:
    two.forget_calls()
    assert "is not on" not in await settings_of(two.eve, two.elsewhere, f"eve@{NOT_HOSTED}")
    assert two.cow.calls == []


@pytest.mark.parametrize("command", ["dnscheck", "dnsrecords"])
async def test_elsewhere_nobody_learns_whether_a_domain_is_on_the_mail_server(
    two: TwoServers, command: str
) -> None:
    before = answer_to(await two.eve.slash(two.elsewhere, command, domain=HOSTED))
    await two.sim.ann.slash(two.sim.channel, command, domain=HOSTED)  # the bot learns the key
    two.forget_calls()
    after = answer_to(await two.eve.slash(two.elsewhere, command, domain=HOSTED))
    assert not two.knows(text_of(after))
    own = "at your check of"  # what is compared with the check before is of the DNS alone
    lines = [line for line in timeless(text_of(after)).splitlines() if own not in line]
    assert lines == timeless(text_of(before)).splitlines()
    assert ON_SERVER not in text_of(after)
    shown = [after]
    if command == "dnscheck":
        shown.append(await open_details(two.eve, after))
    for card in shown:
        assert not two.knows(text_of(card))
        for label in labels_of(card):
            if label not in {"Check again", "Share"}:
                behind = answer_to(await two.eve.click(card, label=label))
                assert not two.knows(text_of(behind))
                assert TOLD not in text_of(behind)
                assert all(not two.knows(str(file)) for file in behind.attachments)
    unknown = answer_to(await two.eve.slash(two.elsewhere, command, domain=NOT_HOSTED))
    assert TOLD not in text_of(unknown)
    assert ON_SERVER not in text_of(unknown)
    assert two.cow.calls == []  # nor by how long it takes


async def test_check_again_elsewhere_leaves_it_out_too(two: TwoServers) -> None:
    card = answer_to(await two.eve.slash(two.elsewhere, "dnscheck", domain=NOT_HOSTED))
    two.forget_calls()
    await two.eve.click(card, label="Check again")
    assert TOLD not in text_of(card)
    assert TOLD not in text_of(await open_details(two.eve, card))
    assert two.cow.calls == []


async def test_in_direct_messages_members_of_the_home_server_are_told(two: TwoServers) -> None:
    card = answer_to(await two.sim.ann.user.slash("dnscheck", domain=NOT_HOSTED))
    assert TOLD in text_of(card)
    assert TOLD in text_of(answer_to(await two.sim.ann.user.slash("dnscheck", domain=NOT_HOSTED)))
    assert lookups(two.sim, two.sim.ann.id) == 1
    stranger = answer_to(await two.eve.user.slash("dnscheck", domain=NOT_HOSTED))
    assert TOLD not in text_of(stranger)


async def test_who_left_the_home_server_is_told_until_the_ten_minutes_are_over(
    two: TwoServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = two.sim.ann
    assert TOLD in text_of(answer_to(await ann.user.slash("dnscheck", domain=NOT_HOSTED)))
    del two.sim.env.backend.get_guild(two.sim.guild.id).members[ann.id]
    assert TOLD in text_of(answer_to(await ann.user.slash("dnscheck", domain=NOT_HOSTED)))
    assert home_guild.MEMBER_KEPT == 600
    later = time.monotonic() + 601
    monkeypatch.setattr(home_guild, "monotonic", lambda: later)
    assert TOLD not in text_of(answer_to(await ann.user.slash("dnscheck", domain=NOT_HOSTED)))


async def test_who_cannot_be_looked_up_is_no_member_until_they_can(two: TwoServers) -> None:
    two.sim.env.inject_error("GET", "/guilds/*/members/*", status=403, code=50001)
    ann = two.sim.ann
    assert TOLD not in text_of(answer_to(await ann.user.slash("dnscheck", domain=NOT_HOSTED)))
    assert TOLD in text_of(answer_to(await ann.user.slash("dnscheck", domain=NOT_HOSTED)))


async def test_what_was_told_to_a_member_is_not_told_again_after_they_left(
    two: TwoServers,
) -> None:
    card = answer_to(await two.sim.ann.user.slash("dnscheck", domain=NOT_HOSTED))
    assert TOLD in text_of(card)
    two.sim.client.home._members[two.sim.ann.id] = (False, time.monotonic() + 60)
    notice = answer_to(await two.sim.ann.user.click(card, label=DETAILS))
    assert "not kept any more" in text_of(notice)
    assert labels_of(notice) == ["Check again"]


async def test_a_shared_card_leaves_it_out_for_everybody(two: TwoServers) -> None:
    for domain in (HOSTED, NOT_HOSTED):
        card = await two.sim.check(domain)
        shared = await two.sim.share(card)
        assert TOLD not in text_of(shared)
        assert ON_SERVER not in text_of(shared)
        assert not two.knows(text_of(shared))
        for who in (two.sim.ben, two.sim.ann):
            details = await open_details(who, shared)
            assert TOLD not in text_of(details)
            assert not two.knows(text_of(details))
            why = text_of(answer_to(await who.click(details, label="Why?")))
            assert "takes mail only for the domains that it serves" not in why
            assert not two.knows(why)
        await two.sim.ann.click(shared, label="Check again")
        assert TOLD not in text_of(shared)
        assert ON_SERVER not in text_of(shared)
        assert not two.knows(text_of(shared))
        assert domain in text_of(shared)


async def test_what_is_behind_a_shared_card_does_not_hold_it_either(two: TwoServers) -> None:
    shared = await two.sim.share(await two.sim.check(HOSTED))
    (number,) = numbers_of(shared)
    rows = read_store(two.sim, "SELECT id, report, confidential FROM stored_check")
    ((kept, confidential),) = [rest for key, *rest in rows if key == number]
    assert not confidential
    assert not two.knows(kept)
    assert load_report(kept).domain.ascii == HOSTED


@pytest.mark.parametrize("label", LABELS)
async def test_the_number_of_anothers_private_check_is_of_no_use(
    two: TwoServers, label: str
) -> None:
    card = await two.sim.check(HOSTED)
    if label not in labels_of(card):
        card = await open_details(two.sim.ann, card)
    before = text_of(card)
    two.sim.dns.forget()
    notice = await refused(two.sim.ben, card, label)
    assert "belongs to somebody else" in text_of(notice)
    assert HOSTED not in text_of(notice)
    assert text_of(card) == before
    assert not two.sim.dns.asked
    assert all(m.flags.ephemeral for m in two.sim.channel.history(viewer=two.sim.ben))


async def test_it_is_of_no_use_where_the_message_is_said_to_be_public(two: TwoServers) -> None:
    card = await two.sim.check(HOSTED)
    for shown in (card, await open_details(two.sim.ann, card)):
        two.sim.env.backend.get_message(shown.channel_id, shown.id).flags = 1 << 15
        # Whoever wants to be told of a domain may be, and is told nothing of somebody's check.
        for label in (label for label in labels_of(shown) if label != AWAIT):
            notice = await refused(two.sim.ben, shown, label)
            assert "belongs to somebody else" in text_of(notice)


async def test_nor_is_it_to_the_choice_of_a_provider_or_a_request(two: TwoServers) -> None:
    card = await two.sim.check(NOT_HOSTED)
    details = await open_details(two.sim.ann, card)
    before = text_of(card), text_of(details)
    asking = next(i for i in ids_of(card) if i.startswith("cowbell:ask:maildomain:"))
    choosing = next(i for i in ids_of(details) if i.startswith("cowbell:provider:"))
    for shown, custom_id, values in ((card, asking, None), (details, choosing, ["ovh"])):
        result = await click(two.sim.ben, shown, custom_id, values)
        notice = result.followups[0] if result.followups else answer_to(result)
        assert "belongs to somebody else" in text_of(notice)
        assert NOT_HOSTED not in text_of(notice)
    assert (text_of(card), text_of(details)) == before
    assert two.sim.client.requests is not None
    assert await two.sim.client.requests.of_member(two.sim.ben.id) == ()


async def test_a_check_of_a_member_who_was_forgotten_is_nobodys(two: TwoServers) -> None:
    card = await two.sim.check("friend.example")
    shared = await two.sim.share(await two.sim.check("mover.example"))
    change_store(two.sim, "UPDATE stored_check SET member_id = NULL")
    for who in (two.sim.ann, two.sim.ben):
        assert "not kept any more" in text_of(await refused(who, card, DETAILS))
        # What was shared goes on working.
        details = await open_details(who, shared)
        why = answer_to(await who.click(details, label="Why?"))
        assert "1. MX" in text_of(why)


async def test_cards_from_before_private_checks_work_as_they_did(two: TwoServers) -> None:
    shared = await two.sim.share(await two.sim.check("friend.example"))
    card = await two.sim.check(NOT_HOSTED)
    change_store(two.sim, "UPDATE stored_check SET confidential = 1, shared = NULL")
    assert "belongs to somebody else" in text_of(await refused(two.sim.ben, card, DETAILS))
    assert (await open_details(two.sim.ann, card)).ephemeral
    assert TOLD not in text_of(await open_details(two.sim.ben, shared))
    await two.sim.ben.click(shared, label="Check again")
    assert "friend.example" in text_of(shared)
    assert labels_of(shared) == ON_CARD


async def test_with_neither_channel_nor_server_configured_nothing_is_home(
    store: Path, errors: LogWatch
) -> None:
    async with MailcowDouble(keys={KEY: ApiKey(may_write=False)}, keeps_connections=False) as cow:
        environ = {**DEMO_ENVIRONMENT, "MAILCOW_URL": cow.url, "MAILCOW_READ_KEY": KEY}
        async with open_simulation(store, environ=environ) as sim:
            assert TOLD not in text_of(await sim.check(NOT_HOSTED))
            direct = answer_to(await sim.ann.user.slash("dnscheck", domain=NOT_HOSTED))
            assert TOLD not in text_of(direct)
        assert cow.calls == []


async def refused(who: MemberActor, card: ResponseMessage, label: str) -> ResponseMessage:
    """Return the private notice that comes of a click on somebody else's card."""
    custom_id = next(i for i in ids_of(card) if i.startswith(f"cowbell:{ACTIONS[label]}:"))
    result = await click(who, card, custom_id)
    notice = result.followups[0] if result.followups else answer_to(result)
    assert notice.ephemeral
    return notice


async def click(
    who: MemberActor, card: ResponseMessage, custom_id: str, values: list[str] | None = None
) -> InteractionResult:
    """Send a click on a card, whoever may see it."""
    stored = who._env.backend.get_message(card.channel_id, card.id)
    kind = 2 if values is None else 3
    data = {
        "custom_id": custom_id,
        "component_type": kind,
        **({"values": values} if values else {}),
    }
    return await simcord.actors._component_interaction(who, stored, data)


def ids_of(card: ResponseMessage) -> list[str]:
    """Return the custom_ids on a card."""
    return [part["custom_id"] for part in walk(card.components) if part.get("custom_id")]


def numbers_of(card: ResponseMessage) -> set[int]:
    """Return the numbers of the stored checks that a card's buttons carry."""
    return {int(custom_id.rpartition(":")[2]) for custom_id in ids_of(card)}


def timeless(text: str) -> str:
    """Return a card's text without its time and how long it took."""
    return re.sub(r"<t:\d+:\w>|\d+ (ms|questions?)", "", text)


def lookups(sim: Simulation, member_id: int) -> int:
    """Return how often Discord was asked whether somebody is a member of the home server."""
    path = f"/guilds/{sim.guild.id}/members/{member_id}"
    return sum(path in request.path for request in sim.env.http_requests)
