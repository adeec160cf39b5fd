"""Test mails on a real store and a real mailbox: taken once, judged once, nothing left behind."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.checks.mail.verdict_store import load_verdict
from bot.demo.mailbox_double import MailboxFault
from bot.errors import ProbeError, StoreError
from bot.names import Domain
from bot.requests.mail_proof import MailProofKind, MailTestFault, MailTestState
from bot.services import mail_testing
from bot.store.repositories.mail_test_news import MailTestNews
from mail_testing_parts import ANN, BEN, FRIEND, mail_for, make_service, open_mail_testing
from max_wait import MAX_WAIT
from probe_mails import make_mail
from signed_mails import good_mail, without_signature

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.checks.mail.proven_keys import ProvenKey
    from mail_testing_parts import MailTestParts

OTHER = Domain.from_ascii("other.example")

pytest_plugins = ["store_fixtures"]


@pytest.fixture
async def parts(database_url: str) -> AsyncIterator[MailTestParts]:
    async with open_mail_testing(database_url) as parts:
        parts.double.deliver(make_mail("boss@else.example", "Salaries"))
        parts.double.folders["INBOX"][0].flags |= {"\\Flagged", "\\Seen"}
        parts.double.deliver(make_mail("probe+aaaabbbbccccdddd@else.example", "Somebody's"))
        parts.double.deliver(make_mail("probe@else.example", "Unread"), folder="Junk")
        yield parts


async def test_a_mail_is_judged_and_deleted_and_no_other_is_touched(parts: MailTestParts) -> None:
    before = parts.double.state()
    new = await parts.begin()
    await parts.service.step()
    assert (await parts.now(new)).state is MailTestState.WAITING
    parts.double.deliver(mail_for(new))
    await parts.service.step()
    test = await parts.now(new)
    assert (test.state, test.passed, test.place) == (MailTestState.ARRIVED, True, None)
    verdict = load_verdict(test.verdict)
    assert verdict is not None
    assert (verdict.passed, verdict.is_foreign) == (True, True)
    assert test.from_domain == FRIEND
    assert "DKIM-Signature:" in test.head
    assert "A test." not in test.head
    assert parts.double.state() == before


async def test_the_key_that_signed_is_told_with_the_time_of_the_mail(parts: MailTestParts) -> None:
    new = await parts.begin()
    parts.double.deliver(mail_for(new))
    await parts.service.step()
    test = await parts.now(new)
    ((key, at),) = parts.proven
    assert (key.domain, key.selector, at) == (FRIEND, "dkim", test.arrived_at)


async def test_the_key_is_told_of_a_mail_from_another_domain_than_was_to_be_tested(
    parts: MailTestParts,
) -> None:
    new = await parts.begin(OTHER)
    parts.double.deliver(mail_for(new))
    await parts.service.step()
    assert [key.domain for key, _ in parts.proven] == [FRIEND]


async def test_no_key_is_told_of_a_mail_that_nobody_signed(parts: MailTestParts) -> None:
    new = await parts.begin()
    parts.double.deliver(mail_for(new, without_signature(good_mail())))
    await parts.service.step()
    assert (await parts.now(new)).state is MailTestState.ARRIVED
    assert parts.proven == []


async def test_a_test_is_not_over_before_the_key_was_taken_note_of(parts: MailTestParts) -> None:
    async def fail(_key: ProvenKey, _at: datetime) -> None:
        raise StoreError("the store is away")

    new = await parts.begin()
    parts.double.deliver(mail_for(new))
    parts.service = make_service(parts.double, parts.tests, parts.clock, fail)
    with pytest.raises(StoreError):
        await parts.service.step()
    assert (await parts.now(new)).state is MailTestState.TAKEN
    parts.restart()
    await parts.service.step()
    assert (await parts.now(new)).state is MailTestState.ARRIVED
    assert len(parts.proven) == 1


async def test_nobody_is_asked_while_no_token_is_open(parts: MailTestParts) -> None:
    await parts.service.step()
    assert parts.double.commands == []
    new = await parts.begin()
    parts.double.deliver(mail_for(new))
    await parts.service.step()
    parts.double.commands.clear()
    await parts.service.step()
    assert parts.double.commands == []


async def test_a_token_is_used_once(parts: MailTestParts) -> None:
    new = await parts.begin()
    parts.double.deliver(mail_for(new, without_signature(good_mail())))
    await parts.service.step()
    first = await parts.now(new)
    assert not first.passed
    second = parts.double.deliver(mail_for(new))
    await parts.begin()  # so that the mailbox is looked into
    before = parts.double.state()
    await parts.service.step()
    assert await parts.now(new) == first
    assert parts.double.state() == before
    assert second in [mail.uid for mail in parts.double.folders["INBOX"]]


async def test_of_two_mails_at_once_the_first_is_taken_and_the_other_left(
    parts: MailTestParts,
) -> None:
    new = await parts.begin()
    parts.double.deliver(mail_for(new))
    later = parts.double.deliver(mail_for(new, without_signature(good_mail())))
    await parts.service.step()
    assert (await parts.now(new)).passed
    left = [mail for mail in parts.double.folders["INBOX"] if mail.uid == later]
    assert [mail.flags for mail in left] == [set()]


async def test_a_forged_token_and_an_ended_one_take_nothing(parts: MailTestParts) -> None:
    new = await parts.begin()
    parts.clock.ahead += timedelta(minutes=32)
    other = await parts.begin()
    parts.double.deliver(mail_for(new), at=parts.clock())
    parts.double.deliver(make_mail(f"probe+{'z' * 16}@else.example"))
    before = parts.double.state()
    await parts.service.step()
    assert (await parts.now(new)).state is MailTestState.ENDED
    assert (await parts.now(other)).state is MailTestState.WAITING
    assert parts.double.state() == before


async def test_a_mail_that_was_sent_just_in_time_still_counts(parts: MailTestParts) -> None:
    new = await parts.begin()
    parts.double.deliver(mail_for(new))
    parts.clock.ahead += timedelta(minutes=30, seconds=30)
    await parts.service.step()
    assert (await parts.now(new)).state is MailTestState.ARRIVED


async def test_a_mailbox_that_was_out_of_reach_ends_no_test_for_want_of_a_mail(
    parts: MailTestParts,
) -> None:
    in_time, none_sent = await parts.begin(), await parts.begin()
    parts.double.deliver(mail_for(in_time))
    parts.double.fault = MailboxFault.REFUSES
    parts.clock.ahead += timedelta(minutes=45)
    await parts.service.look_now()
    assert (await parts.now(none_sent)).state is MailTestState.WAITING
    parts.double.fault = MailboxFault.FINE
    await parts.service.look_now()
    assert (await parts.now(in_time)).passed
    assert (await parts.now(none_sent)).state is MailTestState.ENDED


async def test_after_long_it_is_said_that_nobody_could_look(parts: MailTestParts) -> None:
    new = await parts.begin()
    parts.double.deliver(mail_for(new))
    parts.double.fault = MailboxFault.REFUSES
    parts.clock.ahead += timedelta(hours=2)
    await parts.service.look_now()
    test = await parts.now(new)
    assert (test.state, test.fault) == (MailTestState.ENDED, MailTestFault.NOT_LOOKED)


async def test_a_mail_that_came_after_the_end_by_both_clocks_is_left(parts: MailTestParts) -> None:
    new = await parts.begin()
    late = parts.clock() + timedelta(minutes=35)
    parts.double.deliver(mail_for(new), at=late)
    before = parts.double.state()
    parts.clock.ahead += timedelta(minutes=40)
    await parts.service.step()
    assert (await parts.now(new)).state is MailTestState.ENDED
    assert parts.double.state() == before


async def test_the_subject_counts_where_the_address_has_lost_its_token(
    parts: MailTestParts,
) -> None:
    new = await parts.begin()
    raw = good_mail().replace(
        b"Subject: test", f"Subject: =?utf-8?q?=C3=BC_{new.subject}?=".encode()
    )
    parts.double.deliver(raw)
    # The double does not decode a subject when it searches, as other servers do.
    parts.double.deliver(good_mail().replace(b"Subject: test", f"Subject: {new.subject}".encode()))
    await parts.service.step()
    assert (await parts.now(new)).state is MailTestState.ARRIVED


async def test_a_mail_in_the_spam_folder_is_found_there(parts: MailTestParts) -> None:
    new = await parts.begin()
    before = parts.double.state()
    parts.double.deliver(mail_for(new), folder="Junk")
    await parts.service.step()
    test = await parts.now(new)
    assert (test.state, test.in_spam) == (MailTestState.ARRIVED, True)
    assert parts.double.state() == before


async def test_only_a_mail_of_the_domain_that_was_asked_for_counts(parts: MailTestParts) -> None:
    asked_for_another = await parts.begin(OTHER)
    parts.double.deliver(mail_for(asked_for_another))
    await parts.service.step()
    test = await parts.now(asked_for_another)
    assert (test.from_domain, test.is_foreign) == (FRIEND, True)
    assert (await parts.service.proof_of(FRIEND)).kind is MailProofKind.NONE
    assert (await parts.service.proof_of(OTHER)).kind is MailProofKind.NONE
    learned = await parts.begin(None)
    parts.double.deliver(mail_for(learned))
    await parts.service.step()
    assert (await parts.service.proof_of(FRIEND)).kind is MailProofKind.PASSED
    parts.clock.ahead += timedelta(days=8)
    assert (await parts.service.proof_of(FRIEND)).kind is MailProofKind.OLD


async def test_a_pass_counts_no_longer_where_the_clock_of_the_mailbox_is_ahead(
    parts: MailTestParts,
) -> None:
    new = await parts.begin()
    parts.double.deliver(mail_for(new), at=parts.clock() + timedelta(days=3))
    await parts.service.step()
    test = await parts.now(new)
    assert test.passed
    assert test.arrived_at is not None
    assert test.arrived_at <= parts.clock()
    parts.clock.ahead = timedelta(days=8)
    assert (await parts.service.proof_of(FRIEND)).kind is MailProofKind.OLD


async def test_a_mail_that_is_too_large_is_said_and_deleted_unread(
    parts: MailTestParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.probe.imap_session.LARGEST_MAIL", 1000)
    new = await parts.begin()
    before = parts.double.state()
    parts.double.deliver(mail_for(new))
    await parts.service.step()
    test = await parts.now(new)
    assert (test.state, test.fault) == (MailTestState.ARRIVED, MailTestFault.TOO_BIG)
    assert not any("BODY.PEEK[]" in command for command in parts.double.commands)
    assert parts.double.state() == before


# The commands after which a crash comes: found, its size asked, read, opened to delete it, marked.
STEPS = [("UID FETCH", 1), ("UID FETCH", 2), ("UID FETCH", 3), ("SELECT", 1), ("UID STORE", 1)]


@pytest.mark.parametrize(("command", "times"), STEPS)
async def test_after_a_crash_nothing_is_lost_or_judged_twice_or_left_behind(
    parts: MailTestParts, command: str, times: int
) -> None:
    before, news = parts.double.state(), MailTestNews(parts.database)
    new = await parts.begin()
    parts.double.deliver(mail_for(new))
    met = 0

    def end_all(name: str) -> None:
        nonlocal met
        met += name == command
        if met == times:
            raise OSError("the server is gone")

    parts.double.after_command = end_all
    with pytest.raises(ProbeError):
        await parts.service.step()
    parts.double.after_command = None
    parts.restart()
    await parts.begin(member_id=BEN)  # another test is open, so that the mailbox is looked into
    await parts.service.step()
    test = await parts.now(new)
    assert (test.state, test.passed, test.place) == (MailTestState.ARRIVED, True, None)
    assert parts.double.state() == before
    (post,) = await news.take_due(parts.clock(), timedelta(minutes=2), 8)
    assert post.request_id == new.test.id
    assert await news.take_due(parts.clock(), timedelta(minutes=2), 8) == ()


async def test_a_mail_that_was_deleted_by_hand_leaves_the_token_open(parts: MailTestParts) -> None:
    new = await parts.begin()
    uid = parts.double.deliver(mail_for(new))

    def take_away(name: str) -> None:
        if name == "UID FETCH":
            mails = parts.double.folders["INBOX"]
            mails[:] = [mail for mail in mails if mail.uid != uid]

    parts.double.after_command = take_away
    await parts.service.step()
    assert (await parts.now(new)).state is MailTestState.WAITING
    parts.double.after_command = None
    parts.double.deliver(mail_for(new))
    await parts.service.step()
    assert (await parts.now(new)).state is MailTestState.ARRIVED


async def test_a_mail_that_cannot_be_read_keeps_no_other_from_its_turn(
    parts: MailTestParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.probe.mailbox.LARGEST_MAIL", 0)  # so a mail of 2 MB is too much
    parts.double.flood = 2_000_000
    first, second = await parts.begin(), await parts.begin(member_id=BEN)
    parts.double.deliver(mail_for(first))
    parts.double.fault = MailboxFault.FLOODS
    with pytest.raises(ProbeError):
        await parts.service.step()
    parts.double.fault = MailboxFault.FINE
    parts.double.deliver(mail_for(second))
    await parts.service.step()
    assert [(await parts.now(new)).passed for new in (first, second)] == [True, True]
    third = await parts.begin()
    parts.double.deliver(mail_for(third))
    parts.double.fault = MailboxFault.FLOODS
    with pytest.raises(ProbeError):
        await parts.service.step()
    parts.clock.ahead += timedelta(hours=2)
    with pytest.raises(ProbeError):
        await parts.service.step()
    assert (await parts.now(third)).fault == MailTestFault.UNREADABLE


async def test_a_strangers_odd_subject_keeps_no_mail_from_its_turn(parts: MailTestParts) -> None:
    new = await parts.begin()
    odd = make_mail("probe+x@else.example", "=?\u00fc?q?cowbell-?=")
    parts.double.deliver(odd)
    before = parts.double.state()
    parts.double.deliver(mail_for(new))
    await parts.service.step()
    assert (await parts.now(new)).passed
    assert parts.double.state() == before


async def test_a_member_begins_six_tests_an_hour(parts: MailTestParts) -> None:
    for _ in range(6):
        await parts.begin()
    until = await parts.service.begin(ANN, FRIEND)
    assert isinstance(until, datetime)
    assert timedelta(minutes=59) < until - parts.clock() <= timedelta(hours=1)
    await parts.begin(member_id=BEN)
    parts.clock.ahead += timedelta(hours=1)
    await parts.begin()


async def test_those_who_press_at_once_share_a_look(parts: MailTestParts) -> None:
    new = await parts.begin()
    parts.double.deliver(mail_for(new))
    await asyncio.gather(*(parts.service.look_now() for _ in range(5)))
    assert (await parts.now(new)).passed
    assert parts.double.most_connections == 1
    assert sum(command == "LIST" for command in map(str, parts.double.commands)) <= 2


async def test_the_job_looks_as_soon_as_a_test_begins(
    parts: MailTestParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_testing, "BETWEEN_LOOKS", 0.05)
    deleted = asyncio.Event()
    parts.double.after_command = lambda name: deleted.set() if name == "UID EXPUNGE" else None
    job = asyncio.create_task(parts.service.run())
    try:
        new = await parts.begin()
        parts.double.deliver(mail_for(new))
        await asyncio.wait_for(deleted.wait(), MAX_WAIT)
        assert (await parts.now(new)).state is MailTestState.ARRIVED
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
