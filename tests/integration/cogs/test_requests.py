"""The members' side of requests: asking, following, withdrawing, and what they are sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.demo.world import DOMAINS
from bot.demo.zones import parse_zone
from bot.names import Domain
from bot.net.certificate import Certificate
from bot.requests.model import MessageKind, OutboxMessage, RequestKind, State
from bot.requests.outbox_worker import Delivered, Postponed, Undeliverable
from discord_simulation import (
    AWAIT,
    DETAILS,
    OFFER,
    ON_CARD,
    answer_to,
    labels_of,
    open_details,
    text_of,
    whisper_after,
)
from request_guild import ADMIN, open_request_guild
from request_steps import ask, close_direct_messages, get, hand_out, publish_policy, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.requests.model import Request
    from discord_simulation import LogWatch
    from request_guild import RequestGuild

pytest_plugins = ["discord_fixtures"]


@pytest.fixture
async def guild(store: Path, errors: LogWatch) -> AsyncIterator[RequestGuild]:
    async with open_request_guild(store) as guild:
        yield guild


def post(request: Request, what: MessageKind, **fields: Any) -> OutboxMessage:
    # The simulation lives in a time of its own, which is before ours.
    begun = datetime(2025, 12, 1, tzinfo=UTC)
    return OutboxMessage(99, request.id, request.version, what, "n" * 24, begun, begun, **fields)


@pytest.mark.parametrize("kind", list(RequestKind))
async def test_who_asks_is_told_the_number_and_what_happens_next(
    guild: RequestGuild, kind: RequestKind
) -> None:
    publish_policy(guild, "friend.example")
    answer = await ask(guild, kind.value, "https://friend.example/")
    assert "Request #1" in text_of(answer)
    assert "Your request goes to the admin" in text_of(answer)
    assert "I took" in text_of(answer)
    request = await get(guild, 1)
    assert (request.kind, request.domain.ascii) == (kind, "friend.example")
    assert (request.guild_id, request.channel_id) == (guild.guild.id, guild.channel.id)
    assert request.member_id == guild.ann.id
    assert '"mx": "pass"' in request.evidence


async def test_asking_twice_changes_nothing(guild: RequestGuild) -> None:
    await ask(guild, "dkim", "friend.example")
    answer = await ask(guild, "dkim", "friend.example")
    assert "You have asked for this already" in text_of(answer)
    assert len(await guild.requests.open_requests()) == 1


async def test_who_asked_before_is_not_named(guild: RequestGuild) -> None:
    await ask(guild, "dkim", "friend.example")
    answer = await ask(guild, "dkim", "friend.example", guild.ben)
    assert "Somebody else has asked for this already" in text_of(answer)
    assert str(guild.ann.id) not in text_of(answer)
    assert "ann" not in text_of(answer)


async def test_no_domain_is_refused_with_a_sentence(guild: RequestGuild) -> None:
    answer = await ask(guild, "dkim", "not a domain")
    assert await guild.requests.open_requests() == ()
    assert "domain" in text_of(answer)


async def test_another_server_is_told_where_to_ask(guild: RequestGuild) -> None:
    stranger = guild.elsewhere.guild.add_member(guild.ann_user)  # type: ignore[union-attr]
    for command, options in (("dkim", {"domain": "friend.example"}), ("requests", {})):
        answer = answer_to(await stranger.slash(guild.elsewhere, command, **options))
        assert answer.ephemeral
        assert f"https://discord.com/channels/{guild.guild.id}" in text_of(answer)
    assert await guild.requests.open_requests() == ()


async def test_without_a_request_channel_members_are_told_whom_to_ask(
    store: Path, errors: LogWatch
) -> None:
    async with open_request_guild(store, takes=False) as guild:
        answer = await ask(guild, "dkim", "friend.example")
        assert "not set up" in text_of(answer)
        assert "admin\\@cow.example" in text_of(answer)


async def test_the_server_of_the_request_channel_is_looked_up_once(guild: RequestGuild) -> None:
    for _ in range(3):
        await ask(guild, "dkim", "friend.example")
    path = f"/channels/{guild.request_channel.id}"
    assert [r.path for r in guild.env.http_requests if r.method == "GET"].count(path) == 1


async def test_a_request_channel_that_is_gone_takes_no_requests(guild: RequestGuild) -> None:
    guild.env.inject_error("GET", f"/channels/{guild.request_channel.id}", status=404, code=10003)
    assert "not set up" in text_of(await ask(guild, "dkim", "friend.example"))
    assert "Request #1" in text_of(await ask(guild, "dkim", "friend.example"))


async def test_a_check_is_shown_also_where_nobody_can_tell_what_to_offer(
    guild: RequestGuild,
) -> None:
    path = f"/channels/{guild.request_channel.id}"
    guild.env.inject_error("GET", path, status=503, times=None)
    card = await ask(guild, "dnscheck", "eager.example")
    assert "Get a DKIM key" in text_of(card)
    assert labels_of(card) == ON_CARD


async def test_a_channel_that_is_gone_does_not_hold_up_a_direct_message(
    guild: RequestGuild,
) -> None:
    request = await hand_out(guild)
    path = f"/channels/{guild.channel.id}/messages"
    guild.env.inject_error("GET", path, status=404, code=10003)
    outcome = await guild.delivery(post(request, MessageKind.MEMBER_LIVE, attempts=2), request)
    assert isinstance(outcome, Delivered)


async def test_many_checks_in_a_row_are_put_off(guild: RequestGuild) -> None:
    for _ in range(6):
        await ask(guild, "dkim", "friend.example")
    refused = text_of(await ask(guild, "dmarc", "friend.example"))
    assert "Your request was not made: you can check or ask 6 times a minute." in refused
    assert len(await guild.requests.open_requests()) == 1


async def test_one_request_too_many_is_said_not_to_be_made(guild: RequestGuild) -> None:
    place = (guild.guild.id, guild.channel.id)
    for number in range(10):
        domain = Domain.from_ascii(f"{number}.example")
        await guild.requests.open(RequestKind.DKIM, domain, place, guild.ann.id)
    refused = text_of(await ask(guild, "dkim", "friend.example"))
    assert "you have 10 open requests already" in refused
    assert "Your request was not made" in refused
    assert len(await guild.requests.open_requests()) == 10


async def test_requests_are_listed_for_their_member_alone(guild: RequestGuild) -> None:
    nothing = answer_to(await guild.ben.slash(guild.channel, "requests"))
    assert "/dkim" in text_of(nothing)
    await ask(guild, "dkim", "friend.example")
    await ask(guild, "webmail", "friend.example")
    await ask(guild, "dkim", "eager.example", guild.ben)
    await guild.requests.deny(2, ADMIN, "The alias is *not* there. @everyone")
    card = answer_to(await guild.ann.slash(guild.channel, "requests"))
    assert "Request #1: DKIM" in text_of(card)
    assert "waiting for the admin" in text_of(card)
    assert r"The alias is \*not\* there. \@everyone" in text_of(card)
    assert "eager.example" not in text_of(card)
    assert labels_of(card) == ["Withdraw #1"]


async def test_withdrawing_draws_the_list_anew(guild: RequestGuild) -> None:
    await ask(guild, "dkim", "friend.example")
    card = answer_to(await guild.ann.slash(guild.channel, "requests"))
    await guild.ann.click(card, label="Withdraw #1")
    assert (await get(guild, 1)).state is State.WITHDRAWN
    assert "You have withdrawn it" in text_of(card)
    assert labels_of(card) == []


async def test_withdrawing_too_late_is_said(guild: RequestGuild) -> None:
    await ask(guild, "dkim", "friend.example")
    card = answer_to(await guild.ann.slash(guild.channel, "requests"))
    await guild.requests.deny(1, ADMIN, "No.")
    said = whisper_after(await guild.ann.click(card, label="Withdraw #1"))
    assert "cannot be withdrawn any more: denied" in text_of(said)


async def test_the_list_keeps_its_size_and_all_its_buttons(guild: RequestGuild) -> None:
    for number in range(14):
        domain = Domain.from_ascii(f"{'x' * 60}.{number}.example")
        opened = await guild.requests.open(RequestKind.DKIM, domain, (1, 2), guild.ann.id)
        if number < 4:
            await guild.requests.deny(opened.request.id, ADMIN, "long words " * 45)
    card = answer_to(await guild.ann.slash(guild.channel, "requests"))
    assert len(labels_of(card)) == 10
    assert "and 2 more" in text_of(card)
    assert len(text_of(card)) <= 4000


async def test_a_check_offers_what_is_to_be_asked_for_next(guild: RequestGuild) -> None:
    card = await ask(guild, "dnscheck", "eager.example")  # there is no DKIM record
    assert labels_of(card) == ["Ask for DKIM", DETAILS, AWAIT]
    answer = answer_to(await guild.ann.click(card, label="Ask for DKIM"))
    assert answer.ephemeral
    assert "Request #1" in text_of(answer)
    assert (await get(guild, 1)).domain.ascii == "eager.example"
    details = await open_details(guild.ann, card)
    again = answer_to(await guild.ann.click(details, label="Check again"))
    assert labels_of(again) == ON_CARD  # it is asked for now
    assert "The admin has your request" in text_of(again)


async def test_what_can_be_typed_comes_before_what_is_asked_for(guild: RequestGuild) -> None:
    card = await ask(guild, "dnscheck", "newcomer.example")  # nothing is there yet
    assert labels_of(card) == ON_CARD
    assert "After that: Get a DKIM key" in text_of(card)


async def test_a_check_offers_strict_dmarc_once_all_else_is_right(guild: RequestGuild) -> None:
    await hand_out(guild)
    lines = DOMAINS["eager.example"].mended.splitlines()
    without = "\n".join(line for line in lines if not line.startswith("_dmarc"))
    guild.dns.zones = guild.dns.zones.with_zone(parse_zone("eager.example", without))
    card = await ask(guild, "dnscheck", "eager.example")
    assert "```\nv=DMARC1; p=none;" in text_of(card)
    assert labels_of(card) == ON_CARD
    watched = f'{without}\n_dmarc TXT "v=DMARC1; p=none"'
    guild.dns.zones = guild.dns.zones.with_zone(parse_zone("eager.example", watched))
    guild.dns.forget()
    await guild.ann.click(card, label="Check again")
    assert labels_of(card) == ["Ask for DMARC", DETAILS, AWAIT, OFFER]


async def test_a_healthy_domain_is_offered_nothing(guild: RequestGuild) -> None:
    card = await ask(guild, "dnscheck", "friend.example")
    assert labels_of(card) == ON_CARD


async def test_a_shared_card_and_another_server_offer_nothing(guild: RequestGuild) -> None:
    card = await ask(guild, "dnscheck", "eager.example")
    details = await open_details(guild.ann, card)
    (shared,) = (await guild.ann.click(details, label="Share")).followups
    assert labels_of(shared) == ON_CARD
    stranger = guild.elsewhere.guild.add_member(guild.ann_user)  # type: ignore[union-attr]
    other = answer_to(await stranger.slash(guild.elsewhere, "dnscheck", domain="eager.example"))
    assert "Ask for DKIM" not in labels_of(other)


async def test_the_whole_way_from_asking_to_live_and_on_to_dmarc(guild: RequestGuild) -> None:
    request = await hand_out(guild)
    assert request.state is State.WAITING
    (card,) = guild.request_channel.history()
    assert "eager.example" in said(card)
    (record,) = guild.direct()
    text, key = said(record), DOMAINS["eager.example"].dkim
    assert "```\ndkim._domainkey\n```" in text
    assert "`dkim._domainkey.eager.example`" in text
    assert f"```\n{key}\n```" in text
    assert f'"{key[:255]}" "{key[255:]}"' in text
    assert [file.filename for file in record.attachments] == ["eager.example.zone.txt"]
    assert (request.message_channel_id, request.message_id) == (record.channel.id, record.id)

    await guild.later(minutes=3)
    (record,) = guild.direct()
    assert "It is not there yet" in said(record)
    assert len(record.attachments) == 1

    publish_policy(guild, "eager.example")
    await guild.later(hours=2)
    record, live = guild.direct()
    assert "It is live." in said(record)
    assert "is live, so your mail" in said(live)
    assert (await get(guild, 1)).state is State.CLOSED
    assert len(guild.direct()) == 2
    assert len(guild.request_channel.history()) == 1

    answer = answer_to(await guild.ann_user.click(live, label="Ask for DMARC"))
    assert "Request #2: DMARC" in text_of(answer)
    assert (await get(guild, 2)).channel_id == guild.channel.id
    noted = answer_to(await guild.ann_user.click(live, label=OFFER))
    assert "I send you a direct message when it breaks" in text_of(noted)
    publish_policy(guild, "eager.example", "reject")
    assert OFFER not in labels_of(await ask(guild, "dnscheck", "eager.example"))


async def test_closed_direct_messages_go_to_the_channel_with_one_mention(
    guild: RequestGuild,
) -> None:
    close_direct_messages(guild)
    request = await hand_out(guild)
    assert guild.direct() == []
    (record,) = [m for m in guild.channel.history() if not m.flags.ephemeral]
    assert said(record).startswith(f"<@{guild.ann.id}>")
    assert [user.id for user in record.mentions] == [guild.ann.id]
    assert len(record.attachments) == 1
    await guild.later(minutes=3)
    assert (await get(guild, 1)).message_id == request.message_id == record.id
    (record,) = [m for m in guild.channel.history() if not m.flags.ephemeral]
    assert said(record).startswith(f"<@{guild.ann.id}>")
    assert "It is not there yet" in said(record)


async def test_who_is_denied_reads_the_reason(guild: RequestGuild) -> None:
    await ask(guild, "maildomain", "friend.example")
    await guild.requests.deny(1, ADMIN, "Ask me <@1> again in *May*.")
    await guild.work()
    (message,) = guild.direct()
    assert r"Ask me \<\@1\> again in \*May\*." in said(message)
    assert message.mentions == []


async def test_a_record_that_never_became_live_is_not_looked_for_for_ever(
    guild: RequestGuild,
) -> None:
    await hand_out(guild)
    for _ in range(15):
        await guild.later(days=1)
    record, ended = guild.direct()
    assert "so I look no more" in said(record)
    assert "You can ask again." in said(ended)


async def test_withdrawing_says_so_on_the_record(guild: RequestGuild) -> None:
    request = await hand_out(guild)
    await guild.requests.withdraw(1, guild.ann.id)
    request = await get(guild, 1)
    await guild.delivery(post(request, MessageKind.MEMBER_EDIT), request)
    (record,) = guild.direct()
    assert "You have withdrawn this request." in said(record)


async def test_a_request_without_a_message_has_none_to_edit(guild: RequestGuild) -> None:
    await ask(guild, "dkim", "friend.example")
    request = await get(guild, 1)
    assert isinstance(
        await guild.delivery(post(request, MessageKind.MEMBER_EDIT), request), Undeliverable
    )


async def test_the_webmail_alias_goes_its_way(guild: RequestGuild) -> None:
    await ask(guild, "webmail", "friend.example")
    await guild.requests.approve(1, ADMIN)
    guild.aliases.certificate = Certificate.COVERS
    await guild.later(minutes=1)
    accepted, live = guild.direct()
    assert "there is nothing left to do" in said(accepted)
    assert "The certificate covers the webmail alias of `friend.example` now." in said(live)
    assert "Ask for DMARC" not in said(live)


async def test_dmarc_is_handed_out_at_its_stage(guild: RequestGuild) -> None:
    publish_policy(guild, "friend.example")
    await ask(guild, "dmarc", "friend.example")
    await guild.requests.approve(1, ADMIN, stage="none")
    await guild.work()
    record = guild.direct()[0]
    assert "v=DMARC1; p=none; sp=none" in said(record)
    assert "```\n_dmarc\n```" in said(record)


async def test_a_reminder_and_the_end_are_told_once(guild: RequestGuild) -> None:
    publish_policy(guild, "friend.example")
    await ask(guild, "dmarc", "friend.example")
    await guild.work()
    await guild.later(days=7, minutes=1)
    _, reminder = guild.request_channel.history()
    assert "still waits for a decision" in said(reminder)
    await guild.later(days=7, minutes=1)
    assert (await get(guild, 1)).state is State.EXPIRED
    assert len(guild.request_channel.history()) == 2
    (ended,) = guild.direct()
    assert "You can ask again." in said(ended)


@pytest.mark.parametrize(
    "what", [MessageKind.MEMBER_RECORD, MessageKind.ADMIN_REMINDER, MessageKind.MEMBER_LIVE]
)
async def test_a_second_try_finds_the_message_of_the_first(
    guild: RequestGuild, what: MessageKind
) -> None:
    request = await hand_out(guild)
    first = await guild.delivery(post(request, what, attempts=1), request)
    before = len(guild.direct()), len(guild.request_channel.history())
    assert await guild.delivery(post(request, what, attempts=2), request) == first
    assert isinstance(first, Delivered)
    assert (len(guild.direct()), len(guild.request_channel.history())) == before


async def test_a_second_try_finds_a_card_that_was_drawn_anew_meanwhile(guild: RequestGuild) -> None:
    request = await hand_out(guild)
    (card,) = guild.request_channel.history()
    await guild.delivery(post(request, MessageKind.ADMIN_EDIT), request)
    found = await guild.delivery(post(request, MessageKind.ADMIN_CARD, attempts=2), request)
    assert found == Delivered(guild.request_channel.id, card.id)


async def test_a_second_try_finds_the_message_in_the_channel_too(guild: RequestGuild) -> None:
    request = await hand_out(guild)
    close_direct_messages(guild, times=1)
    first = await guild.delivery(post(request, MessageKind.MEMBER_RECORD, attempts=1), request)
    assert isinstance(first, Delivered)
    assert first.channel_id == guild.channel.id
    assert (
        await guild.delivery(post(request, MessageKind.MEMBER_RECORD, attempts=2), request) == first
    )


async def test_a_message_carries_the_nonce_of_its_post(guild: RequestGuild) -> None:
    request = await hand_out(guild)
    await guild.delivery(post(request, MessageKind.MEMBER_LIVE), request)
    bodies = [r.json for r in guild.env.http_requests if isinstance(r.json, dict)]
    sent = [body for body in bodies if body.get("nonce") == "n" * 24]
    assert [body["enforce_nonce"] for body in sent] == [True]


@pytest.mark.parametrize(
    ("status", "code"), [(500, 0), (503, 0), (429, 0), (403, 50001), (404, 10003)]
)
async def test_what_discord_refuses_the_admins_is_tried_again(
    guild: RequestGuild, errors: LogWatch, status: int, code: int
) -> None:
    request = await hand_out(guild)
    guild.env.inject_error(
        "POST",
        f"/channels/{guild.request_channel.id}/messages",
        status=status,
        code=code,
        times=None,
    )
    outcome = await guild.delivery(post(request, MessageKind.ADMIN_FAILED), request)
    assert isinstance(outcome, Postponed)
    assert len(errors.take()) == (code != 0)


async def test_an_edit_of_a_deleted_message_is_given_up(guild: RequestGuild) -> None:
    request = await hand_out(guild)
    (record,) = guild.direct()
    await record.delete()
    outcome = await guild.delivery(post(request, MessageKind.MEMBER_EDIT), request)
    assert isinstance(outcome, Undeliverable)
    # What is news is sent all the same.
    assert isinstance(
        await guild.delivery(post(request, MessageKind.MEMBER_LIVE), request), Delivered
    )


async def test_a_member_who_left_is_not_written_to_in_the_channel(guild: RequestGuild) -> None:
    await ask(guild, "dkim", "eager.example")
    close_direct_messages(guild)
    guild.guild.remove_member(guild.ann)
    before = len(guild.channel.history())
    request = await get(guild, 1)
    outcome = await guild.delivery(post(request, MessageKind.MEMBER_DENIED), request)
    assert isinstance(outcome, Undeliverable)
    assert len(guild.channel.history()) == before


async def test_others_cannot_go_on_with_a_request(guild: RequestGuild) -> None:
    close_direct_messages(guild)
    request = await hand_out(guild)
    publish_policy(guild, "eager.example")
    await guild.requests.look_now(request.id)
    await guild.work()
    live = guild.channel.history()[-1]
    refused = answer_to(await guild.ben.click(live, label="Ask for DMARC"))
    assert "You may not do this here." in text_of(refused)
    assert await guild.requests.open_requests() == ()
