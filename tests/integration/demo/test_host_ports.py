"""The demo's mail host, as the clients of Python's own library meet it."""

from __future__ import annotations

import asyncio
import imaplib
import poplib
import smtplib
import socket
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from bot.demo.host_ports import HostPort, MailHost
from bot.net.port_look import ALL_PORTS, ServicePort, Speaks
from max_wait import MAX_WAIT
from server_certificates import HOST, ServerCertificates

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping


@pytest.fixture(scope="module")
def certificates() -> ServerCertificates:
    return ServerCertificates()


async def test_reading_is_offered_passwords_under_tls_alone(
    certificates: ServerCertificates,
) -> None:
    async with MailHost(HOST, certificates.context()) as host:
        await asyncio.to_thread(_read_mail, host.numbers, _lenient(certificates))


def _read_mail(numbers: Mapping[int, int], context: ssl.SSLContext) -> None:
    with imaplib.IMAP4("127.0.0.1", numbers[143], timeout=MAX_WAIT) as imap:
        assert {"STARTTLS", "LOGINDISABLED"} <= set(imap.capabilities)
        imap.starttls(context)
        assert "AUTH=PLAIN" in imap.capabilities
        assert "STARTTLS" not in imap.capabilities
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            imap.login("ann@friend.example", "secret")
    with imaplib.IMAP4_SSL(
        "127.0.0.1", numbers[993], ssl_context=context, timeout=MAX_WAIT
    ) as imap:
        assert "AUTH=PLAIN" in imap.capabilities
    pop = poplib.POP3("127.0.0.1", numbers[110], timeout=MAX_WAIT)
    assert "USER" not in pop.capa()
    pop.stls(context)
    assert pop.capa()["SASL"] == ["PLAIN", "LOGIN"]
    pop.quit()
    pop = poplib.POP3_SSL("127.0.0.1", numbers[995], context=context, timeout=MAX_WAIT)
    assert "USER" in pop.capa()
    pop.quit()


async def test_sending_is_offered_passwords_under_tls_and_never_between_servers(
    certificates: ServerCertificates,
) -> None:
    async with MailHost(HOST, certificates.context()) as host:
        await asyncio.to_thread(_send_mail, host.numbers, _lenient(certificates))


def _send_mail(numbers: Mapping[int, int], context: ssl.SSLContext) -> None:
    for port in (587, 25):
        with smtplib.SMTP("127.0.0.1", numbers[port], timeout=MAX_WAIT) as smtp:
            smtp.ehlo()
            assert (smtp.has_extn("starttls"), smtp.has_extn("auth")) == (True, False)
            smtp.starttls(context=context)
            smtp.ehlo()
            assert smtp.has_extn("auth") == (port == 587)
    with smtplib.SMTP_SSL("127.0.0.1", numbers[465], context=context, timeout=MAX_WAIT) as smtp:
        smtp.ehlo()
        assert smtp.has_extn("auth")


async def test_filters_are_told_again_under_tls(certificates: ServerCertificates) -> None:
    async with HostPort(
        ServicePort(Speaks.SIEVE, 4190, starttls=True), HOST, certificates.context()
    ) as port:
        before, after = await asyncio.to_thread(_ask_sieve, port.number, _lenient(certificates))
    assert b'"STARTTLS"' in before
    assert b'"SASL" ""' in before
    assert b'"SASL" "PLAIN LOGIN"' in after
    assert b'"STARTTLS"' not in after


def _ask_sieve(number: int, context: ssl.SSLContext) -> tuple[bytes, bytes]:
    with socket.create_connection(("127.0.0.1", number), MAX_WAIT) as plain:
        before = plain.recv(1000)
        plain.sendall(b"STARTTLS\r\n")
        assert plain.recv(1000).startswith(b"OK")
        with context.wrap_socket(plain) as secured:
            return before, secured.recv(1000)


async def test_webmail_has_a_page(certificates: ServerCertificates) -> None:
    async with HostPort(ServicePort(Speaks.HTTPS, 443), HOST, certificates.context()) as port:
        url = f"https://127.0.0.1:{port.number}/"
        assert b"Webmail" in await asyncio.to_thread(_get, url, _lenient(certificates))


def _get(url: str, context: ssl.SSLContext) -> bytes:
    with urllib.request.urlopen(url, context=context, timeout=MAX_WAIT) as page:  # noqa: S310 - https
        body: bytes = page.read()
        return body


async def test_every_port_that_is_looked_at_is_there_and_ends_with_the_host(
    certificates: ServerCertificates,
) -> None:
    async with MailHost(HOST, certificates.context()) as host:
        numbers = dict(host.numbers)
        waiting, writer = await asyncio.open_connection("127.0.0.1", numbers[143])
        assert (await waiting.readline()).startswith(b"* OK")
    assert set(numbers) == {port.number for port in ALL_PORTS}
    assert len(set(numbers.values())) == len(numbers)
    with suppress(ConnectionResetError):
        assert await waiting.read() == b""
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", numbers[993])


def _lenient(certificates: ServerCertificates) -> ssl.SSLContext:
    """Return a context that trusts the authority and takes any name: here all are 127.0.0.1."""
    context = certificates.trusting()
    context.check_hostname = False
    return context
