"""Mailcow's client where keys are refused, parts are down and answers make no sense."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble, MailcowFault
from bot.errors import (
    BackendError,
    BackendLocked,
    BackendRefused,
    BackendUnclear,
    BackendUnreachable,
    ConfigError,
)
from bot.mailcow.api import Mailcow
from bot.names import MailAddress
from mailcow_helpers import JSON, LIMITS, READ, WRITE, A, B, connect, fail, say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

pytest_plugins = ["mailcow_fixtures"]


@pytest.mark.parametrize("disabled", [False, True])
async def test_wrong_key_locks_until_an_admin_says_go_on(
    cow: MailcowDouble, client: Mailcow, disabled: bool
) -> None:
    key = cow.keys.pop(READ)
    if disabled:
        cow.keys[READ] = ApiKey(may_write=False, active=False)
    first = await fail(cow, client.version())
    assert isinstance(first, BackendLocked)
    assert "MAILCOW_READ_KEY" in say(first)
    again = await fail(cow, client.dkim(A))
    assert isinstance(again, BackendLocked)
    assert len(cow.calls) == 1
    assert [say(refusal) for refusal in client.refusals] == [say(first)]
    await client.check_write_key()  # the other key is its own
    cow.keys[READ] = key
    client.unlock()
    assert await client.version()
    assert not client.refusals


async def test_refused_address_is_named_and_locks_both_keys(
    cow: MailcowDouble, client: Mailcow
) -> None:
    cow.keys[READ].addresses = ("192.0.2.1",)
    error = await fail(cow, client.version())
    assert isinstance(error, BackendLocked)
    assert "127.0.0.1" in say(error)
    assert isinstance(await fail(cow, client.check_write_key()), BackendLocked)
    assert len(cow.calls) == 1


async def test_many_calls_with_a_wrong_key_do_not_get_us_banned(cow: MailcowDouble) -> None:
    async with connect(cow, read="WRONG0-0KEY00") as client:
        results = await asyncio.gather(
            *(client.find_domain(A) for _ in range(50)), return_exceptions=True
        )
    assert {type(result) for result in results} == {BackendLocked}
    assert len(cow.calls) == 1
    assert not cow.is_banning


async def test_key_that_stops_working_among_many_calls_does_not_get_us_banned(
    cow: MailcowDouble, client: Mailcow
) -> None:
    await client.version()
    del cow.keys[READ]
    await asyncio.gather(*(client.find_domain(A) for _ in range(50)), return_exceptions=True)
    assert len(cow.calls) <= 5
    assert not cow.is_banning


async def test_other_login_is_told_from_a_wrong_key(cow: MailcowDouble, client: Mailcow) -> None:
    cow.says["get"] = (401, "text/html", b"<h1>401 Authorization Required</h1>")
    error = await fail(cow, client.version())
    assert isinstance(error, BackendLocked)
    assert "proxy" in say(error)


async def test_banned_caller_is_told_of_fail2ban(cow: MailcowDouble) -> None:
    for _ in range(10):
        async with connect(cow, read="WRONG0-0KEY00") as client:
            await fail(cow, client.version())
    assert cow.is_banning
    async with connect(cow) as client:
        assert isinstance(await fail(cow, client.version()), BackendUnreachable)


async def test_read_only_key_cannot_write(cow: MailcowDouble) -> None:
    async with connect(cow, write=READ) as client:
        for asking in (client.find_or_make_dkim(A, "dkim"), client.check_write_key()):
            error = await fail(cow, asking)
            assert isinstance(error, BackendRefused)
            assert error.code == "mailcow-key-read-only"


async def test_write_key_is_checked_without_changing_anything(
    cow: MailcowDouble, client: Mailcow
) -> None:
    before = (dict(cow.dkim), dict(cow.domains))
    await client.check_write_key()
    assert (dict(cow.dkim), cow.domains) == before
    assert cow.calls[0].key == WRITE


async def test_missing_keys_are_named(cow: MailcowDouble) -> None:
    async with connect(cow, read=None, write=None) as client:
        assert not client.can_write
        assert "MAILCOW_READ_KEY" in str(await fail(cow, client.version()))
    async with connect(cow, write=None) as client:
        error = await fail(cow, client.find_or_make_dkim(A, "dkim"))
        assert "MAILCOW_API_KEY" in say(error)


@pytest.mark.parametrize("key", ["two\nlines", "a b", "é", "x" * 300])
def test_key_that_is_none_is_a_fault_of_the_configuration(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Mailcow("http://localhost", read_key=key, write_key=None)
    assert key not in str(caught.value)


async def test_nothing_shows_its_secrets(cow: MailcowDouble, client: Mailcow) -> None:
    cow.dkim["a.test"] = cow.dkim["kept.test"]
    shown = repr(
        [client, client._transport, vars(client), vars(client._transport), await client.dkim(A)]
    )
    assert not [secret for secret in cow.secrets() if secret in shown]


# ── every other answer ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("mood", "kind", "part"),
    [
        (MailcowFault.BAD_GATEWAY, BackendUnreachable, "502"),
        (MailcowFault.BROKEN, BackendUnreachable, "500"),
        (MailcowFault.FATAL, BackendUnclear, "PHP"),
        (MailcowFault.NO_REDIS, BackendUnreachable, "redis-mailcow"),
        (MailcowFault.NO_DATABASE, BackendUnreachable, "mysql-mailcow"),
        (MailcowFault.NO_DOCKERAPI, BackendUnreachable, "dockerapi-mailcow"),
        (MailcowFault.EMPTY, BackendUnreachable, "X-API-Key"),
        (MailcowFault.SILENT, BackendUnreachable, "within 1.5 seconds"),
        (MailcowFault.CUT, BackendUnreachable, "closed the connection"),
    ],
)
async def test_each_way_of_being_down_has_its_sentence(
    cow: MailcowDouble, mood: MailcowFault, kind: type[BackendError], part: str
) -> None:
    cow.mood = mood
    async with connect(cow, seconds=1.5) as client:
        error = await fail(cow, client.version())
        assert type(error) is kind
        assert part in say(error)
        cow.mood = MailcowFault.FINE
        assert await client.version()


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (404, b'{"type":"error","msg":"route not found"}', "mailcow-call-unknown"),
        (404, b"<h1>Not Found</h1>", "mailcow-not-there"),
        (
            400,
            b'{"type":"error","msg":"Request body doesn\'t contain valid json!"}',
            "mailcow-request-unread",
        ),
        (403, b"<h1>Forbidden</h1>", "mailcow-forbids"),
        (302, b"", "mailcow-redirects"),
        (
            200,
            b'{"type":"error","msg":"Cannot find attributes in post data"}',
            "mailcow-refused",
        ),
        (200, b'[{"type":"danger","log":[],"msg":"access_denied"}]', "mailcow-refused"),
    ],
)
async def test_each_refused_read_has_its_code(
    cow: MailcowDouble, client: Mailcow, status: int, body: bytes, code: str
) -> None:
    cow.says["get"] = (status, "text/html", body)
    error = await fail(cow, client.dkim(A))
    assert isinstance(error, BackendRefused)
    assert error.code == code


async def test_redirect_is_not_followed(cow: MailcowDouble, client: Mailcow) -> None:
    cow.says["get"] = (301, "text/html", b"")
    await fail(cow, client.version())
    assert len(cow.calls) == 1


async def test_endless_answer_is_cut_off(cow: MailcowDouble, client: Mailcow) -> None:
    cow.says["get"] = (200, JSON, b"[" + b'"x",' * 1_400_000 + b'"x"]')
    error = await fail(cow, client.version())
    assert "5 MB" in say(error)


async def test_slow_server_keeps_nobody_waiting_for_long(cow: MailcowDouble) -> None:
    cow.mood = MailcowFault.SILENT
    async with connect(cow, seconds=0.3) as client, asyncio.timeout(3):
        results = await asyncio.gather(
            *(client.find_domain(A) for _ in range(30)), return_exceptions=True
        )
    assert {type(result) for result in results} == {BackendUnreachable}


async def test_server_that_is_not_there_is_unreachable(cow: MailcowDouble) -> None:
    for url, part in (
        ("https://127.0.0.1:1", "Nothing answers"),
        (f"http://{'a.' * 140}test", "was not found"),  # too long to be looked up anywhere
        ("http://a..test", "no address"),
        ("http://127.0.0.1:99999", "no address"),
        ("junk", "no address"),
    ):
        async with Mailcow(url, read_key=READ, write_key=None) as client:
            error = await fail(cow, client.version())
            assert isinstance(error, BackendUnreachable)
            assert part in say(error)


async def test_certificate_that_nobody_signed_is_named(cow: MailcowDouble, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        certificate.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=tls)
    async with server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with Mailcow(url, read_key=READ, write_key=WRITE) as client:
            for asking in (client.version(), client.check_write_key()):
                error = await fail(cow, asking)
                assert isinstance(error, BackendUnreachable)
                assert "certificate" in say(error)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\njunk",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\njunk",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: \xe2\x80\xae\xff\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_an_error_of_ours(cow: MailcowDouble, raw: bytes) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with Mailcow(f"http://127.0.0.1:{port}", read_key=READ, write_key=WRITE) as client:
            await fail(cow, client.version())
    await server.wait_closed()


# ── odd JSON ────────────────────────────────────────────────────────────────────────────────────

ODD: list[bytes] = [
    b"null",
    b"true",
    b"false",
    b"0",
    b"-1e999",
    b"NaN",
    b'""',
    b'"text"',
    b"[]",
    b"{}",
    b"[[]]",
    b"[{}]",
    b"[null]",
    b"[1,2,3]",
    b"{",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b"[" * 200_000,
    b'{"a":' * 100_000,
    b"9" * 10_000,
    b'"\\ud800"',
    b'{"type":null,"msg":null}',
    b'{"type":"danger"}',
    b'{"type":"danger","msg":{}}',
    b'{"type":["danger"],"msg":"x"}',
    b'[{"type":"danger","msg":[[["x"]]]}]',
    b'[{"type":"danger","msg":"\\u202e\\ud800\\u0000{about}{said}%s"}]',
    b'[{"type":"success"},{"type":"danger","msg":""}]',
    b'[{"type":"warning","msg":"domain_added_sogo_failed"}]',
    b'{"version":null}',
    b'{"version":{"a":1}}',
    b'{"domain_name":null}',
    b'{"domain_name":5}',
    b'{"domain_name":""}',
    b'{"domain_name":"https://a.test/"}',
    b'{"domain_name":"..."}',
    b'{"domain_name":"\\ud800.test","active":{}}',
    b'{"domain_name":"a.test","active":[1]}',
    b'{"pubkey":null}',
    b'{"pubkey":[],"dkim_selector":"dkim","dkim_txt":{}}',
    b'{"pubkey":"AAAA","dkim_selector":"dkim","dkim_txt":"v=DKIM1"}',
    b'{"pubkey":"AAAA","dkim_selector":"","dkim_txt":""}',
    b'{"pubkey":"AAAA","dkim_selector":{"x":1}}',
    b'{"pubkey":"\\ud800","dkim_selector":"dkim"}',
    b'[{"alias_domain":1,"target_domain":"a.test"}]',
    b'[{"alias_domain":"ad.test"}]',
    b'{"username":"x"}',
    b'{"username":7,"active":"yes"}',
    b'[{"username":"me@a.test","domain":"a.test","active":"\xc2\xb2"}]',
    b'[{"domain":"a.test"},{"domain":null},5,null]',
    b'{"log":{"log":[]},"privkey":{}}',
]


@pytest.mark.parametrize("body", ODD, ids=lambda body: body[:40].decode("latin-1"))
@pytest.mark.parametrize("status", [200, 401, 403, 404, 500])
async def test_odd_answers_raise_nothing_but_our_own(
    cow: MailcowDouble, body: bytes, status: int
) -> None:
    cow.says[""] = (status, JSON, body)
    questions: list[Callable[[Mailcow], Awaitable[object]]] = [
        lambda m: m.version(),
        lambda m: m.find_domain(A),
        lambda m: m.domains(),
        lambda m: m.alias_domains(),
        lambda m: m.dkim(A),
        lambda m: m.mailbox(MailAddress.parse("me@a.test")),
        lambda m: m.mailboxes(A),
        lambda m: m.check_write_key(),
        lambda m: m.find_or_make_dkim(A, "dkim"),
        lambda m: m.add_domain(A, LIMITS),
    ]
    async with Mailcow(cow.url, read_key=READ, write_key=WRITE, waits=(0.0,)) as client:
        for ask in questions:
            client.unlock()
            with suppress(BackendError):
                await ask(client)


@pytest.mark.parametrize("body", ODD, ids=lambda body: body[:40].decode("latin-1"))
async def test_odd_answers_to_writes_raise_nothing_but_our_own(
    cow: MailcowDouble, body: bytes
) -> None:
    cow.says["add"] = (200, JSON, body)
    async with Mailcow(cow.url, read_key=READ, write_key=WRITE, waits=(0.0,)) as client:
        for asking in (client.find_or_make_dkim(A, "dkim"), client.add_domain(B, LIMITS)):
            text = str(await fail(cow, asking))
            assert text.isprintable()
            assert text.encode()
