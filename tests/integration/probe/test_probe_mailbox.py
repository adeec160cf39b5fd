"""The mailbox for test mails over real sockets: what is looked at, read, and deleted."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from authority import Authority
from bot.config.mail_urls import read_imap_url
from bot.demo.mailbox_double import MailboxDouble, MailboxFault
from bot.errors import ProbeError
from bot.probe import imap_session
from bot.probe.bounded_connection import BoundedConnection
from bot.requests.mail_proof import MailPlace
from max_wait import MAX_WAIT
from probe_mails import mailbox_of, make_mail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TODAY = datetime.now(UTC).date()
NOTHING: dict[tuple[str, int], int] = {}
MARK = "cowbell-"


@pytest.fixture
async def double() -> AsyncIterator[MailboxDouble]:
    async with MailboxDouble() as double:
        double.deliver(make_mail("boss@else.example", "Salaries"))
        double.folders["INBOX"][0].flags.add("\\Flagged")
        double.deliver(make_mail("probe@else.example", "Newsletter"))
        yield double


async def look(double: MailboxDouble, since: date = TODAY) -> list[tuple[str, int]]:
    seen = await mailbox_of(double).look(since, MARK, NOTHING)
    return [(mail.place.folder, mail.place.uid) for mail in seen]


async def test_only_mails_for_a_token_are_found_wherever_it_stands(double: MailboxDouble) -> None:
    to = double.deliver(make_mail("Probe <probe+aaaabbbbccccdddd@else.example>"))
    delivered = double.deliver(
        make_mail(head="Delivered-To: probe+aaaabbbbccccdddd@else.example"), folder="Junk"
    )
    subject = double.deliver(make_mail(subject="A test cowbell-aaaabbbbccccdddd"))
    assert await look(double) == [("INBOX", to), ("INBOX", subject), ("Junk", delivered)]


async def test_of_other_mails_not_even_the_header_is_read(double: MailboxDouble) -> None:
    wanted = double.deliver(make_mail("probe+aaaabbbbccccdddd@else.example"))
    before = double.state()
    await look(double)
    fetched = [command for command in double.commands if command.startswith("UID FETCH")]
    assert len(fetched) == 1
    assert fetched[0].startswith(f"UID FETCH {wanted} (INTERNALDATE BODY.PEEK[HEADER.FIELDS (")
    assert not any(command.startswith("SELECT") for command in double.commands)
    assert double.state() == before


async def test_what_is_older_or_was_looked_at_is_not_looked_at(double: MailboxDouble) -> None:
    old = datetime.now(UTC) - timedelta(days=3)
    double.deliver(make_mail("probe+aaaabbbbccccdddd@else.example"), at=old)
    assert await look(double) == []
    new = double.deliver(make_mail("probe+aaaabbbbccccdddd@else.example"))
    (seen,) = await mailbox_of(double).look(TODAY, MARK, NOTHING)
    assert seen.place.uid == new
    assert b"probe+aaaabbbbccccdddd" in seen.fields
    assert await mailbox_of(double).look(TODAY, MARK, {("INBOX", 1): new}) == ()
    assert await mailbox_of(double).look(TODAY, MARK, {("INBOX", 7): new}) == (seen,)


async def test_a_flood_is_looked_at_a_part_at_a_time(
    double: MailboxDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_session, "MOST_LOOKED_AT", 5)
    for number in range(12):
        double.deliver(make_mail(f"probe+{number}@else.example"))
    after, sizes = NOTHING, []
    while seen := await mailbox_of(double).look(TODAY, MARK, after):
        sizes.append(len(seen))
        after = {("INBOX", 1): seen[-1].place.uid}
    assert sizes == [5, 5, 2]


async def test_a_flood_in_all_folders_is_not_more_than_is_read_at_once(
    double: MailboxDouble,
) -> None:
    large = "".join(f"X-Original-To: {'x' * 900}\r\n" for _ in range(70))
    for folder in ("INBOX", "Junk"):
        for _ in range(80):
            double.deliver(make_mail("probe+x@else.example", head=large), folder=folder)
    first = await mailbox_of(double).look(TODAY, MARK, NOTHING)
    assert len(first) == 100
    after = {(mail.place.folder, mail.place.validity): mail.place.uid for mail in first}
    assert len(await mailbox_of(double).look(TODAY, MARK, after)) == 60


async def test_a_mail_is_read_octet_for_octet_and_stays_unread(double: MailboxDouble) -> None:
    raw = make_mail(body="8-bit: \u00fc\r\n.\r\n\r\nFrom here\r\n)\r\n")
    at = datetime(2026, 11, 29, 12, 0, 5, tzinfo=UTC)
    uid = double.deliver(raw, at=at)
    before = double.state()
    mail = await mailbox_of(double).fetch(MailPlace("INBOX", 1, uid))
    assert mail is not None
    assert (mail.raw, mail.arrived_at) == (raw, at)
    assert double.state() == before


async def test_the_size_is_asked_before_the_octets(
    double: MailboxDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_session, "LARGEST_MAIL", 1000)
    uid = double.deliver(make_mail(body="x" * 1001))
    mail = await mailbox_of(double).fetch(MailPlace("INBOX", 1, uid))
    assert mail is not None
    assert mail.raw is None
    assert not any("BODY" in command for command in double.commands)


async def test_a_mail_that_is_larger_than_was_said_is_not_read_to_its_end(
    double: MailboxDouble,
) -> None:
    uid = double.deliver(make_mail())
    double.fault = MailboxFault.FLOODS
    with pytest.raises(ProbeError, match="probe-cut-off"):
        await mailbox_of(double).fetch(MailPlace("INBOX", 1, uid))


@pytest.mark.parametrize("place", [MailPlace("INBOX", 1, 999), MailPlace("INBOX", 7, 2)])
async def test_a_mail_that_is_gone_is_nobody_elses(double: MailboxDouble, place: MailPlace) -> None:
    before = double.state()
    assert await mailbox_of(double).fetch(place) is None
    assert await mailbox_of(double).delete(place)
    assert double.state() == before


@pytest.mark.parametrize("has_uidplus", [True, False])
async def test_exactly_one_mail_is_deleted(double: MailboxDouble, *, has_uidplus: bool) -> None:
    double.has_uidplus = has_uidplus
    before = double.state()
    uid = double.deliver(make_mail("probe+aaaabbbbccccdddd@else.example"))
    assert await mailbox_of(double).delete(MailPlace("INBOX", 1, uid))
    assert double.state() == before


async def test_a_mail_stays_marked_where_others_would_go_with_it(double: MailboxDouble) -> None:
    double.has_uidplus = False
    double.folders["INBOX"][0].flags.add("\\Deleted")
    before = double.state()
    uid = double.deliver(make_mail())
    assert not await mailbox_of(double).delete(MailPlace("INBOX", 1, uid))
    left = double.state()["INBOX"]
    assert left[:-1] == before["INBOX"]
    assert left[-1][2] == {"\\Deleted"}


async def test_a_refused_login_is_said_without_the_password(double: MailboxDouble) -> None:
    with pytest.raises(ProbeError) as caught:
        await mailbox_of(double, password="not-this-one").check()
    assert caught.value.code == "probe-login-refused"
    assert "not-this-one" not in str(caught.value)
    assert await mailbox_of(double).check() == 2


async def test_no_letter_of_a_password_is_said_that_the_login_cannot_carry(
    double: MailboxDouble,
) -> None:
    double.has_plain = False
    assert await mailbox_of(double).check() == 2
    with pytest.raises(ProbeError) as caught:
        await mailbox_of(double, password="pass\u00fcord").check()
    assert str(caught.value) == "probe-login-refused (host='127.0.0.1')"


@pytest.mark.parametrize("fault", [MailboxFault.SILENT, MailboxFault.DRIPS])
async def test_a_server_without_end_holds_no_thread(
    double: MailboxDouble, fault: MailboxFault
) -> None:
    double.fault = fault
    mailbox = mailbox_of(double, seconds=0.3)
    started = time.monotonic()
    with pytest.raises(ProbeError, match="probe-too-slow"):
        await mailbox.check()
    assert time.monotonic() - started < 3
    double.fault = MailboxFault.FINE
    assert await mailbox.check() == 2


async def test_what_is_cut_before_it_begins_connects_to_nobody(double: MailboxDouble) -> None:
    connection = BoundedConnection(read_imap_url(double.url), ("127.0.0.1",), most=1)
    connection.cut()
    with pytest.raises(ProbeError, match="probe-too-slow"):
        await asyncio.to_thread(connection.open)
    assert double.most_connections == 0


async def test_who_stops_meanwhile_leaves_no_conversation_behind(double: MailboxDouble) -> None:
    double.fault = MailboxFault.DRIPS
    task = asyncio.create_task(mailbox_of(double).check())
    await asyncio.wait_for(double.busy.wait(), MAX_WAIT)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(double.idle.wait(), MAX_WAIT)


async def test_a_server_that_hangs_up_is_said(double: MailboxDouble) -> None:
    double.fault = MailboxFault.HANGS_UP
    for command in ("AUTHENTICATE", "EXAMINE"):
        double.breaks_at = command
        with pytest.raises(ProbeError, match="probe-cut-off"):
            await mailbox_of(double).check()


async def test_one_conversation_at_a_time(double: MailboxDouble) -> None:
    mailbox = mailbox_of(double)
    await asyncio.gather(*(mailbox.check() for _ in range(5)))
    assert double.most_connections == 1


async def test_nobody_there_is_said_with_the_port(double: MailboxDouble) -> None:
    mailbox = mailbox_of(double)
    await double.__aexit__(None, None, None)
    with pytest.raises(ProbeError) as caught:
        await mailbox.check()
    assert caught.value.code == "probe-unreachable"
    assert caught.value.facts["port"] == double.number


async def test_the_certificate_has_to_be_of_somebody_who_is_trusted_and_for_the_host(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    trusting = authority.trusting()
    async with MailboxDouble(context=authority.serving("localhost")) as double:
        assert await mailbox_of(double, context=trusting).check() == 0
        with pytest.raises(ProbeError) as caught:
            await mailbox_of(double).check()
        assert caught.value.facts == {"host": "localhost", "differs": False}
    async with MailboxDouble(context=authority.serving("other.example")) as double:
        with pytest.raises(ProbeError) as caught:
            await mailbox_of(double, context=trusting).check()
        assert caught.value.facts == {"host": "localhost", "differs": True}
        assert double.commands == []


async def test_a_server_that_speaks_no_tls_gets_no_password() -> None:
    async with MailboxDouble() as double:
        plain = double.url.replace("imap://probe@127.0.0.1", "imaps://probe@localhost")
        mailbox = mailbox_of(double)
        mailbox.url = read_imap_url(plain)
        with pytest.raises(ProbeError, match="probe-no-tls"):
            await mailbox.check()
        assert double.password not in str(double.commands)
