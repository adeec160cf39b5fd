"""The members' side of requests: asking, following, withdrawing, and what they are sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.demo.world import DOMAINS, mend
from bot.demo.zones import parse_zone
from bot.names import Domain
from bot.requests.model import MessageKind, OutboxMessage, RequestKind, State
from bot.requests.outbox_worker import Delivered, Postponed, Undeliverable
from discord_house import answer_to, labels_of, text_of, walk, whisper_after
from request_guild import ADMIN, keep_office

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import discord
    from simcord import MemberActor
    from simcord.results import ResponseMessage

    from bot.requests.model import Request
    from discord_house import LogWatch
    from request_guild import Office

pytest_plugins = ["discord_fixtures"]


@pytest.fixture
async def office(store: Path, errors: LogWatch) -> AsyncIterator[Office]:
    async with keep_office(store) as office:
        yield office


async def ask(
    office: Office, command: str, domain: str, who: MemberActor | None = None
) -> ResponseMessage:
    result = await (who or office.ann).slash(office.channel, command, domain=domain)
    answer = answer_to(result)
    assert answer.ephemeral
    return answer


async def hand_out(office: Office) -> Request:
    """Bring a request for DKIM to where its record was sent."""
    await ask(office, "dkim", "eager.example")
    await office.work()
    await office.requests.approve(1, ADMIN, value=DOMAINS["eager.example"].dkim, selector="dkim")
    await office.work()
    return await get(office, 1)


async def get(office: Office, request_id: int) -> Request:
    request = await office.requests.get(request_id)
    assert request is not None
    return request


def close_direct_messages(office: Office, times: int | None = None) -> None:
    path = f"/channels/{office.ann_user.dm_channel.id}/messages"
    office.env.inject_error("POST", path, status=403, code=50007, times=times)


def said(message: discord.Message) -> str:
    return "\n".join(p["content"] for p in parts(message) if p["type"] == 10)


def parts(message: discord.Message) -> list[dict[str, Any]]:
    components: list[Any] = [component.to_dict() for component in message.components]
    return list(walk(components))


def post(request: Request, what: MessageKind, **fields: Any) -> OutboxMessage:
    # The simulation lives in a time of its own, which is before ours.
    begun = datetime(2025, 12, 1, tzinfo=UTC)
    return OutboxMessage(99, request.id, request.version, what, "n" * 24, begun, begun, **fields)


@pytest.mark.parametrize("kind", list(RequestKind))
async def test_who_asks_is_told_the_number_and_what_happens_next(
    office: Office, kind: RequestKind
) -> None:
    answer = await ask(office, kind.value, "https://friend.example/")
    assert "Request #1" in text_of(answer)
    assert "The admin has it and decides." in text_of(answer)
    assert "I took" in text_of(answer)
    request = await get(office, 1)
    assert (request.kind, request.domain.ascii) == (kind, "friend.example")
    assert (request.guild_id, request.channel_id) == (office.guild.id, office.channel.id)
    assert request.member_id == office.ann.id
    assert '"mx": "pass"' in request.evidence


async def test_asking_twice_changes_nothing(office: Office) -> None:
    await ask(office, "dkim", "friend.example")
    answer = await ask(office, "dkim", "friend.example")
    assert "You have asked for this already" in text_of(answer)
    assert len(await office.requests.open_requests()) == 1


async def test_who_asked_before_is_not_named(office: Office) -> None:
    await ask(office, "dkim", "friend.example")
    answer = await ask(office, "dkim", "friend.example", office.ben)
    assert "Somebody else has asked for this already" in text_of(answer)
    assert str(office.ann.id) not in text_of(answer)
    assert "ann" not in text_of(answer)


async def test_no_domain_is_refused_with_a_sentence(office: Office) -> None:
    answer = await ask(office, "dkim", "not a domain")
    assert await office.requests.open_requests() == ()
    assert "domain" in text_of(answer)


async def test_another_server_is_told_where_to_ask(office: Office) -> None:
    stranger = office.elsewhere.guild.add_member(office.ann_user)  # type: ignore[union-attr]
    for command, options in (("dkim", {"domain": "friend.example"}), ("requests", {})):
        answer = answer_to(await stranger.slash(office.elsewhere, command, **options))
        assert answer.ephemeral
        assert f"https://discord.com/channels/{office.guild.id}" in text_of(answer)
    assert await office.requests.open_requests() == ()


async def test_without_a_request_channel_members_are_told_whom_to_ask(
    store: Path, errors: LogWatch
) -> None:
    async with keep_office(store, takes=False) as office:
        answer = await ask(office, "dkim", "friend.example")
        assert "not set up" in text_of(answer)
        assert "admin\\@cow.example" in text_of(answer)


async def test_the_server_of_the_request_channel_is_looked_up_once(office: Office) -> None:
    for _ in range(3):
        await ask(office, "dkim", "friend.example")
    path = f"/channels/{office.request_channel.id}"
    assert [r.path for r in office.env.http_requests if r.method == "GET"].count(path) == 1


async def test_a_request_channel_that_is_gone_takes_no_requests(office: Office) -> None:
    office.env.inject_error("GET", f"/channels/{office.request_channel.id}", status=404, code=10003)
    assert "not set up" in text_of(await ask(office, "dkim", "friend.example"))
    assert "Request #1" in text_of(await ask(office, "dkim", "friend.example"))


async def test_a_check_is_shown_also_where_nobody_can_tell_what_to_offer(office: Office) -> None:
    path = f"/channels/{office.request_channel.id}"
    office.env.inject_error("GET", path, status=503, times=None)
    card = await ask(office, "dnscheck", "eager.example")
    assert labels_of(card)[-1] == "Share"


async def test_a_channel_that_is_gone_does_not_hold_up_a_direct_message(office: Office) -> None:
    request = await hand_out(office)
    path = f"/channels/{office.channel.id}/messages"
    office.env.inject_error("GET", path, status=404, code=10003)
    outcome = await office.delivery(post(request, MessageKind.MEMBER_LIVE, attempts=2), request)
    assert isinstance(outcome, Delivered)


async def test_many_checks_in_a_row_are_put_off(office: Office) -> None:
    for _ in range(6):
        await ask(office, "dkim", "friend.example")
    assert "6 times a minute" in text_of(await ask(office, "dmarc", "friend.example"))


async def test_requests_are_listed_for_their_member_alone(office: Office) -> None:
    nothing = answer_to(await office.ben.slash(office.channel, "requests"))
    assert "/dkim" in text_of(nothing)
    await ask(office, "dkim", "friend.example")
    await ask(office, "webmail", "friend.example")
    await ask(office, "dkim", "eager.example", office.ben)
    await office.requests.deny(2, ADMIN, "The alias is *not* there. @everyone")
    card = answer_to(await office.ann.slash(office.channel, "requests"))
    assert "Request #1: DKIM" in text_of(card)
    assert "waiting for the admin" in text_of(card)
    assert r"The alias is \*not\* there. \@everyone" in text_of(card)
    assert "eager.example" not in text_of(card)
    assert labels_of(card) == ["Withdraw #1"]


async def test_withdrawing_draws_the_list_anew(office: Office) -> None:
    await ask(office, "dkim", "friend.example")
    card = answer_to(await office.ann.slash(office.channel, "requests"))
    await office.ann.click(card, label="Withdraw #1")
    assert (await get(office, 1)).state is State.WITHDRAWN
    assert "You have withdrawn it." in text_of(card)
    assert labels_of(card) == []


async def test_withdrawing_too_late_is_said(office: Office) -> None:
    await ask(office, "dkim", "friend.example")
    card = answer_to(await office.ann.slash(office.channel, "requests"))
    await office.requests.deny(1, ADMIN, "No.")
    said = whisper_after(await office.ann.click(card, label="Withdraw #1"))
    assert "cannot be withdrawn any more: denied" in text_of(said)


async def test_the_list_keeps_its_size_and_all_its_buttons(office: Office) -> None:
    for number in range(14):
        domain = Domain.from_ascii(f"{'x' * 60}.{number}.example")
        opened = await office.requests.open(RequestKind.DKIM, domain, (1, 2), office.ann.id)
        if number < 4:
            await office.requests.deny(opened.request.id, ADMIN, "long words " * 45)
    card = answer_to(await office.ann.slash(office.channel, "requests"))
    assert len(labels_of(card)) == 10
    assert "and 2 more" in text_of(card)
    assert len(text_of(card)) <= 4000


@pytest.mark.parametrize(
    ("domain", "label"),
    [
        ("eager.example", "Ask for DKIM"),  # there is no DKIM record
        ("newcomer.example", "Ask for DKIM"),  # nothing is there yet
    ],
)
async def test_a_check_offers_what_could_be_asked_for(
    office: Office, domain: str, label: str
) -> None:
    card = await ask(office, "dnscheck", domain)
    assert labels_of(card)[-1] == label
    answer = answer_to(await office.ann.click(card, label=label))
    assert answer.ephemeral
    assert "Request #1" in text_of(answer)
    assert (await get(office, 1)).domain.ascii == domain
    await office.ann.click(card, label="Check again")
    assert label not in labels_of(card)  # it is asked for now


async def test_a_check_offers_dmarc_once_dkim_is_right(office: Office) -> None:
    await hand_out(office)
    lines = DOMAINS["eager.example"].mended.splitlines()
    without = "\n".join(line for line in lines if not line.startswith("_dmarc"))
    zone = parse_zone("eager.example", without)
    office.dns.zones = office.dns.zones.with_zone(zone)
    card = await ask(office, "dnscheck", "eager.example")
    assert labels_of(card)[-1] == "Ask for DMARC"


async def test_a_healthy_domain_is_offered_nothing(office: Office) -> None:
    card = await ask(office, "dnscheck", "friend.example")
    assert labels_of(card)[-1] == "Share"


async def test_a_shared_card_and_another_server_offer_nothing(office: Office) -> None:
    card = await ask(office, "dnscheck", "eager.example")
    (shared,) = (await office.ann.click(card, label="Share")).followups
    assert "Ask for DKIM" not in labels_of(shared)
    stranger = office.elsewhere.guild.add_member(office.ann_user)  # type: ignore[union-attr]
    other = answer_to(await stranger.slash(office.elsewhere, "dnscheck", domain="eager.example"))
    assert "Ask for DKIM" not in labels_of(other)


async def test_the_whole_way_from_asking_to_live_and_on_to_dmarc(office: Office) -> None:
    request = await hand_out(office)
    assert request.state is State.WAITING
    (card,) = office.request_channel.history()
    assert "eager.example" in said(card)
    (record,) = office.direct()
    text, key = said(record), DOMAINS["eager.example"].dkim
    assert "```\ndkim._domainkey\n```" in text
    assert "`dkim._domainkey.eager.example`" in text
    assert f"```\n{key}\n```" in text
    assert f'"{key[:255]}" "{key[255:]}"' in text
    assert [file.filename for file in record.attachments] == ["eager.example.zone.txt"]
    assert (request.message_channel_id, request.message_id) == (record.channel.id, record.id)

    await office.later(minutes=3)
    (record,) = office.direct()
    assert "It is not there yet" in said(record)
    assert len(record.attachments) == 1

    office.dns.zones = office.dns.zones.with_zone(mend("eager.example"))
    await office.later(hours=2)
    record, live = office.direct()
    assert "It is live." in said(record)
    assert "is live: mail from your domain" in said(live)
    assert (await get(office, 1)).state is State.LIVE
    await office.later(minutes=10)
    assert (await get(office, 1)).state is State.CLOSED
    assert len(office.direct()) == 2
    assert len(office.request_channel.history()) == 1

    answer = answer_to(await office.ann_user.click(live, label="Ask for DMARC"))
    assert "Request #2: DMARC" in text_of(answer)
    assert (await get(office, 2)).channel_id == office.channel.id


async def test_closed_direct_messages_go_to_the_channel_with_one_mention(office: Office) -> None:
    close_direct_messages(office)
    request = await hand_out(office)
    assert office.direct() == []
    (record,) = [m for m in office.channel.history() if not m.flags.ephemeral]
    assert said(record).startswith(f"<@{office.ann.id}>")
    assert [user.id for user in record.mentions] == [office.ann.id]
    assert len(record.attachments) == 1
    await office.later(minutes=3)
    assert (await get(office, 1)).message_id == request.message_id == record.id
    (record,) = [m for m in office.channel.history() if not m.flags.ephemeral]
    assert said(record).startswith(f"<@{office.ann.id}>")
    assert "It is not there yet" in said(record)


async def test_who_is_denied_reads_the_reason(office: Office) -> None:
    await ask(office, "maildomain", "friend.example")
    await office.requests.deny(1, ADMIN, "Ask me <@1> again in *May*.")
    await office.work()
    (message,) = office.direct()
    assert r"Ask me \<\@1\> again in \*May\*." in said(message)
    assert message.mentions == []


async def test_a_record_that_never_became_live_is_not_looked_for_for_ever(office: Office) -> None:
    await hand_out(office)
    for _ in range(15):
        await office.later(days=1)
    record, ended = office.direct()
    assert "so I look no more" in said(record)
    assert "You can ask again at any time." in said(ended)


async def test_withdrawing_says_so_on_the_record(office: Office) -> None:
    request = await hand_out(office)
    await office.requests.withdraw(1, office.ann.id)
    request = await get(office, 1)
    await office.delivery(post(request, MessageKind.MEMBER_EDIT), request)
    (record,) = office.direct()
    assert "You have withdrawn this request." in said(record)


async def test_a_request_without_a_message_has_none_to_edit(office: Office) -> None:
    await ask(office, "dkim", "friend.example")
    request = await get(office, 1)
    assert isinstance(
        await office.delivery(post(request, MessageKind.MEMBER_EDIT), request), Undeliverable
    )


async def test_the_webmail_alias_goes_its_way(office: Office) -> None:
    await ask(office, "webmail", "friend.example")
    await office.requests.approve(1, ADMIN)
    await office.later(minutes=1)
    accepted, live = office.direct()
    assert "there is nothing left to do" in said(accepted)
    assert "The certificate covers the webmail alias of `friend.example` now." in said(live)
    assert "Ask for DMARC" not in said(live)


async def test_dmarc_is_handed_out_at_its_stage(office: Office) -> None:
    await ask(office, "dmarc", "friend.example")
    await office.requests.approve(1, ADMIN, stage="none")
    await office.work()
    record = office.direct()[0]
    assert "v=DMARC1; p=none; sp=none" in said(record)
    assert "```\n_dmarc\n```" in said(record)


async def test_a_reminder_and_the_end_are_told_once(office: Office) -> None:
    await ask(office, "dmarc", "friend.example")
    await office.work()
    await office.later(days=7, minutes=1)
    _, reminder = office.request_channel.history()
    assert "still waits for a decision" in said(reminder)
    await office.later(days=7, minutes=1)
    assert (await get(office, 1)).state is State.EXPIRED
    assert len(office.request_channel.history()) == 2
    (ended,) = office.direct()
    assert "You can ask again at any time." in said(ended)


@pytest.mark.parametrize(
    "what", [MessageKind.MEMBER_RECORD, MessageKind.ADMIN_REMINDER, MessageKind.MEMBER_LIVE]
)
async def test_a_second_try_finds_the_message_of_the_first(
    office: Office, what: MessageKind
) -> None:
    request = await hand_out(office)
    first = await office.delivery(post(request, what, attempts=1), request)
    before = len(office.direct()), len(office.request_channel.history())
    assert await office.delivery(post(request, what, attempts=2), request) == first
    assert isinstance(first, Delivered)
    assert (len(office.direct()), len(office.request_channel.history())) == before


async def test_a_second_try_finds_a_card_that_was_drawn_anew_meanwhile(office: Office) -> None:
    request = await hand_out(office)
    (card,) = office.request_channel.history()
    await office.delivery(post(request, MessageKind.ADMIN_EDIT), request)
    found = await office.delivery(post(request, MessageKind.ADMIN_CARD, attempts=2), request)
    assert found == Delivered(office.request_channel.id, card.id)


async def test_a_second_try_finds_the_message_in_the_channel_too(office: Office) -> None:
    request = await hand_out(office)
    close_direct_messages(office, times=1)
    first = await office.delivery(post(request, MessageKind.MEMBER_RECORD, attempts=1), request)
    assert isinstance(first, Delivered)
    assert first.channel_id == office.channel.id
    assert (
        await office.delivery(post(request, MessageKind.MEMBER_RECORD, attempts=2), request)
        == first
    )


async def test_a_message_carries_the_nonce_of_its_post(office: Office) -> None:
    request = await hand_out(office)
    await office.delivery(post(request, MessageKind.MEMBER_LIVE), request)
    bodies = [r.json for r in office.env.http_requests if isinstance(r.json, dict)]
    sent = [body for body in bodies if body.get("nonce") == "n" * 24]
    assert [body["enforce_nonce"] for body in sent] == [True]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (500, 0, Postponed),
        (503, 0, Postponed),
        (429, 0, Postponed),
        (403, 50001, Postponed),
        (404, 10003, Undeliverable),
    ],
)
async def test_what_discord_refuses_is_tried_again_or_given_up(
    office: Office, status: int, code: int, kind: type
) -> None:
    request = await hand_out(office)
    office.env.inject_error(
        "POST",
        f"/channels/{office.request_channel.id}/messages",
        status=status,
        code=code,
        times=None,
    )
    outcome = await office.delivery(post(request, MessageKind.ADMIN_FAILED), request)
    assert isinstance(outcome, kind)


async def test_a_card_is_kept_for_the_channel_that_takes_a_deleted_ones_place(
    office: Office,
) -> None:
    request = await hand_out(office)
    path = f"/channels/{office.request_channel.id}/messages"
    office.env.inject_error("POST", path, status=404, code=10003)
    assert isinstance(
        await office.delivery(post(request, MessageKind.ADMIN_CARD), request), Postponed
    )
    assert isinstance(
        await office.delivery(post(request, MessageKind.ADMIN_CARD), request), Delivered
    )


async def test_an_edit_of_a_deleted_message_is_given_up(office: Office) -> None:
    request = await hand_out(office)
    (record,) = office.direct()
    await record.delete()
    outcome = await office.delivery(post(request, MessageKind.MEMBER_EDIT), request)
    assert isinstance(outcome, Undeliverable)
    # What is news is sent all the same.
    assert isinstance(
        await office.delivery(post(request, MessageKind.MEMBER_LIVE), request), Delivered
    )


async def test_a_member_who_left_is_not_written_to_in_the_channel(office: Office) -> None:
    await ask(office, "dkim", "eager.example")
    close_direct_messages(office)
    office.guild.remove_member(office.ann)
    before = len(office.channel.history())
    request = await get(office, 1)
    outcome = await office.delivery(post(request, MessageKind.MEMBER_DENIED), request)
    assert isinstance(outcome, Undeliverable)
    assert len(office.channel.history()) == before


async def test_others_cannot_go_on_with_a_request(office: Office) -> None:
    close_direct_messages(office)
    request = await hand_out(office)
    await office.delivery(post(request, MessageKind.MEMBER_LIVE), request)
    live = office.channel.history()[-1]
    refused = answer_to(await office.ben.click(live, label="Ask for DMARC"))
    assert "You may not do this here." in text_of(refused)
    assert len(await office.requests.open_requests()) == 1
