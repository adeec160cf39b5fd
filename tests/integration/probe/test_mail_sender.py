"""Handing in a mail: taken, refused, failed or unclear, and never more than once."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from authority import Authority
from bot.config.mail_urls import read_smtp_url
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server as Resolving
from bot.errors import ProbeError
from bot.names import MailAddress
from bot.probe.mail_sender import Handed, Handover, MailSender
from probe_mails import PROBE, ask_nobody
from smtp_server import Takes, serving

if TYPE_CHECKING:
    from pathlib import Path

    from aiosmtpd.smtp import Envelope, Session

ANN = MailAddress.parse("ann@friend.example")
PASSWORD = "for sending only"


def check_login(_: SMTP, __: Session, ___: Envelope, ____: str, given: Any) -> AuthResult:
    known = isinstance(given, LoginPassword) and given.password == PASSWORD.encode()
    return AuthResult(success=known, handled=False)


def sender_of(
    port: int, url: str = "smtp://127.0.0.1:{}", password: str = PASSWORD, **options: Any
) -> MailSender:
    return MailSender(PROBE, read_smtp_url(url.format(port)), password, ask_nobody, **options)


def make_mail() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = str(PROBE), str(ANN), "A test"
    mail.set_content("Moo.")
    return mail


async def test_a_mail_is_handed_in_once_for_one_recipient() -> None:
    handler = Takes()
    async with serving(handler) as port:
        assert await sender_of(port).send(make_mail(), ANN) == Handed(Handover.TAKEN)
    (mail,) = handler.mails
    assert (mail.mail_from, mail.rcpt_tos) == (str(PROBE), [str(ANN)])
    assert isinstance(mail.content, bytes)
    assert b"Subject: A test\r\n" in mail.content


async def test_a_refusal_is_said_in_the_servers_words_on_one_line() -> None:
    for handler, words in (
        (Takes(rcpt="550 5.1.1 nobody\x07 here"), "550 5.1.1 nobody"),
        (Takes(data="554 5.7.1 looks like spam"), "554 5.7.1 looks like spam"),
    ):
        async with serving(handler) as port:
            handed = await sender_of(port).send(make_mail(), ANN)
        assert handed.outcome is Handover.REFUSED
        assert handed.said.startswith(words)
        assert handed.said.isprintable()


async def test_an_end_in_the_middle_of_the_mail_is_unclear_and_not_tried_again() -> None:
    handler = Takes(data="hang up")
    async with serving(handler) as port:
        handed = await sender_of(port).send(make_mail(), ANN)
    assert handed.outcome is Handover.UNCLEAR
    assert len(handler.mails) == 1


async def test_nobody_there_is_a_failure() -> None:
    async with serving(Takes()) as port:
        pass
    handed = await sender_of(port).send(make_mail(), ANN)
    assert handed.outcome is Handover.FAILED
    assert "probe-unreachable" in handed.said


async def test_a_server_that_drips_holds_no_thread() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"2")
                await writer.drain()
                await asyncio.sleep(0.02)
        finally:
            writer.transport.abort()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        started = time.monotonic()
        handed = await sender_of(port, seconds=0.3).send(make_mail(), ANN)
        assert time.monotonic() - started < 3
    assert handed.outcome is Handover.FAILED
    assert "probe-too-slow" in handed.said


async def test_endless_lines_are_not_read_to_their_end() -> None:
    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"220-" + b"x" * 1000 + b"\r\n")
                await writer.drain()
        finally:
            writer.transport.abort()

    async with await asyncio.start_server(flood, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        handed = await sender_of(port).send(make_mail(), ANN)
    assert (handed.outcome, "probe-cut-off" in handed.said) == (Handover.FAILED, True)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_a_login_goes_over_tls_alone(authority: Authority) -> None:
    handler = Takes()
    secured: dict[str, Any] = {"authenticator": check_login, "tls": authority.serving("localhost")}
    async with serving(handler, auth_require_tls=False, **secured) as port:
        trusting: dict[str, Any] = {"context": authority.trusting()}
        url = "smtps://probe@localhost:{}"
        assert (await sender_of(port, url, **trusting).send(make_mail(), ANN)).outcome is (
            Handover.TAKEN
        )
        await sender_of(port, url, **trusting).check()
        with pytest.raises(ProbeError, match="probe-login-refused") as caught:
            await sender_of(port, url, password="another one", **trusting).check()
        assert "another one" not in str(caught.value)
        with pytest.raises(ProbeError, match="probe-certificate"):
            await sender_of(port, url).check()
        await sender_of(port, url, **trusting).check()
    assert len(handler.mails) == 1


async def test_starttls_is_demanded_of_every_other_machine(authority: Authority) -> None:
    handler = Takes()
    # The address is another machine's; the connection leads to this one.
    url = replace(read_smtp_url("smtp://probe@localhost"), is_local=False)
    async with serving(handler) as port:
        sender = sender_of(port, context=authority.trusting())
        sender.url = replace(url, host="127.0.0.1", port=port)
        assert "probe-no-starttls" in (await send_there(sender)).said
    secured: dict[str, Any] = {
        "authenticator": check_login,
        "tls_context": authority.serving("smtp.else.example"),
    }
    async with serving(handler, **secured) as port:
        sender = sender_of(port, context=authority.trusting())
        sender.url = replace(url, host="127.0.0.1", port=port)
        assert (await send_there(sender)).outcome is Handover.TAKEN
    assert len(handler.mails) == 1


async def send_there(sender: MailSender) -> Handed:
    """Send by a host that is looked up in the DNS, which leads to this machine."""
    zones = Zones.of({"smtp.else.example": "@ A 127.0.0.1"})
    async with ZoneServer(zones) as server, Resolver((Resolving(*server.address),)) as resolver:
        sender._ask = resolver.ask
        sender.url = replace(sender.url, host="smtp.else.example")
        return await sender.send(make_mail(), ANN)
