"""What autoconfig and autodiscover say is read as programs read it, and nothing in it does harm."""

from __future__ import annotations

import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.optional.discovery_answers import (
    host_of_url,
    parse_autoconfig,
    parse_autodiscover,
    parse_autodiscover_json,
)
from bot.checks.optional.mail_config import (
    AskElsewhere,
    Encryption,
    Login,
    MailConfig,
    NamedServer,
    Spoken,
    UserName,
)
from bot.net.https import LARGEST
from discovery_world import autoconfig_file, autodiscover_answer
from examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS = "cowbell-check@friend.example"
WHOLE = autoconfig_file({}).encode()
POX = autodiscover_answer({}).encode()
PARSERS: tuple[Callable[[bytes], object], ...] = (
    lambda body: parse_autoconfig(body, ADDRESS),
    lambda body: parse_autodiscover(body, ADDRESS),
    parse_autodiscover_json,
)


def provider(inner: str) -> bytes:
    return f"<clientConfig><emailProvider>{inner}</emailProvider></clientConfig>".encode()


def server(way: str, kind: str, inner: str) -> str:
    return f'<{way}Server type="{kind}">{inner}</{way}Server>'


def incoming(inner: str) -> NamedServer | None:
    """Return the server that Thunderbird takes of a file with this one, and one for sending."""
    sent = server(
        "outgoing",
        "smtp",
        "<hostname>a.example</hostname><port>465</port><socketType>SSL</socketType>"
        "<username>%EMAILADDRESS%</username><authentication>plain</authentication>",
    )
    config = parse_autoconfig(provider(server("incoming", "imap", inner) + sent), ADDRESS)
    return config.incoming[0] if config else None


def test_the_file_of_mailcow_is_read_in_its_order() -> None:
    config = parse_autoconfig(WHOLE, ADDRESS)
    assert config is not None
    told = [(s.spoken, s.port, s.encryption) for s in (*config.incoming, *config.outgoing)]
    assert told == [
        (Spoken.IMAP, 993, Encryption.TLS),
        (Spoken.IMAP, 143, Encryption.STARTTLS),
        (Spoken.POP, 995, Encryption.TLS),
        (Spoken.SMTP, 465, Encryption.TLS),
        (Spoken.SMTP, 587, Encryption.STARTTLS),
    ]
    assert config.hosts == ("mx1.cow.example",)
    assert {(s.user_name, s.login) for s in config.incoming} == {(UserName.ADDRESS, Login.PASSWORD)}


def test_the_first_word_that_thunderbird_knows_counts() -> None:
    host = "<hostname>IMAP.%EMAILDOMAIN%.</hostname><port> 993 </port>"
    name = "<username>%EMAILLOCALPART%@%EMAILDOMAIN%</username>"
    sockets = "<socketType>QUIC</socketType><socketType>STARTTLS</socketType>"
    ways = "<authentication>OAuth2</authentication><authentication>plain</authentication>"
    assert incoming(host + name + sockets + ways) == NamedServer(
        Spoken.IMAP, "imap.friend.example", 993, Encryption.STARTTLS
    )
    only = "<authentication>OAuth2</authentication>"
    assert incoming(host + name + sockets + only) == NamedServer(
        Spoken.IMAP, "imap.friend.example", 993, Encryption.STARTTLS, login=Login.OTHER
    )


@pytest.mark.parametrize("left_out", ["hostname", "port", "socketType", "authentication"])
def test_a_server_that_lacks_what_thunderbird_needs_is_passed_over(left_out: str) -> None:
    parts = {
        "hostname": "a.example",
        "port": "993",
        "socketType": "SSL",
        "username": "%EMAILADDRESS%",
        "authentication": "password-cleartext",
    }
    whole = "".join(f"<{key}>{value}</{key}>" for key, value in parts.items())
    assert incoming(whole) is not None
    del parts[left_out]
    assert incoming("".join(f"<{key}>{value}</{key}>" for key, value in parts.items())) is None


@pytest.mark.parametrize(
    "host", ["", "imap", "a b.example", "a.example:993", "<b/>", "-.example", "a" * 64 + ".example"]
)
def test_what_is_no_name_of_a_host_is_no_server(host: str) -> None:
    told = f"<hostname>{host}</hostname><port>993</port><socketType>SSL</socketType>"
    rest = "<username>%EMAILADDRESS%</username><authentication>plain</authentication>"
    assert incoming(told + rest) is None


@pytest.mark.parametrize("port", ["0", "65536", "-1", "9" * 5000, "٩٩٣", "0x3e1"])
def test_what_is_no_port_is_no_server(port: str) -> None:
    told = f"<hostname>a.example</hostname><port>{port}</port><socketType>SSL</socketType>"
    rest = "<username>%EMAILADDRESS%</username><authentication>plain</authentication>"
    assert incoming(told + rest) is None


def test_outlooks_words_are_read_with_what_they_mean_where_they_are_left_out() -> None:
    body = b"""<Autodiscover><Response><Account>
        <Protocol><Type>POP3</Type><Server>Pop.old.example</Server></Protocol>
        <Protocol><Type>IMAP</Type><Server>a.example</Server><Port>143</Port><SSL>on</SSL>
            <Encryption>TLS</Encryption><LoginName>cowbell-check</LoginName></Protocol>
        <Protocol><Type>IMAP</Type><Server>b.example</Server><SSL>off</SSL><SPA>on</SPA></Protocol>
        <Protocol><Type>SMTP</Type><Server>c.example</Server><AuthRequired>off</AuthRequired>
        </Protocol><Protocol><Type>WEB</Type></Protocol>
        <Protocol><Type>CalDAV</Type><Server>https://d.example/SOGo/</Server></Protocol>
        </Account></Response></Autodiscover>"""
    assert parse_autodiscover(body, ADDRESS) == MailConfig(
        (
            NamedServer(Spoken.POP, "pop.old.example"),
            NamedServer(
                Spoken.IMAP, "a.example", 143, Encryption.STARTTLS, user_name=UserName.OTHER
            ),
            NamedServer(Spoken.IMAP, "b.example", encryption=Encryption.NONE, login=Login.OTHER),
        ),
        (NamedServer(Spoken.SMTP, "c.example", login=Login.NONE),),
    )


def test_an_answer_that_sends_elsewhere_says_where() -> None:
    moved = b"""<Autodiscover><Response><Account><Action>redirectUrl</Action>
        <RedirectUrl>https://a.example/x.xml</RedirectUrl></Account></Response></Autodiscover>"""
    assert parse_autodiscover(moved, ADDRESS) == AskElsewhere("https://a.example/x.xml")
    itself = moved.replace(b"RedirectUrl>", b"RedirectAddr>").replace(
        b"https://a.example/x.xml", b"other@friend.example"
    )
    assert parse_autodiscover(itself, ADDRESS) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!doctype html><title>Hello</title>",
        b"<html><response><account><protocol/></account></response></html>",
        b"<Autodiscover/>",
        b"<Autodiscover><Response><Error><ErrorCode>600</ErrorCode></Error></Response></Autodiscover>",
        b"<clientConfig/>",
        b"<clientConfig><emailProvider/></clientConfig>",
        b'{"ErrorCode":"InvalidProtocol"}',
        b'{"Url": 7}',
        b'{"Url": "https://[::1"}',
        b'["Url"]',
        b"null",
    ],
)
def test_what_names_no_server_is_no_answer(body: bytes) -> None:
    assert [parse(body) for parse in PARSERS] == [None, None, None]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Mx1.cow.example/Microsoft-Server-ActiveSync", "mx1.cow.example"),
        ("http://a.example:8080", "a.example"),
        ("https://user:password@a.example/", "a.example"),
        ("ftp://a.example/", ""),
        ("https://[::1]/", ""),
        ("//a.example", ""),
    ],
)
def test_the_host_of_an_address_is_a_name_or_none(url: str, host: str) -> None:
    assert host_of_url(url) == host


BOMBS = {
    "entities": b"<!DOCTYPE a ["
    + b"".join(
        b'<!ENTITY x%d "%s">' % (n, b"&x%d;" % (n - 1) * 10 if n else b"x" * 10) for n in range(20)
    )
    + b"]><clientConfig>&x19;</clientConfig>",
    "external": b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><clientConfig/>',
    "deep": b"<clientConfig>" + b"<a>" * 15_000,
    "deep and whole": b"<a>" * 9_000 + b"</a>" * 9_000,
    "wide": provider(server("incoming", "imap", "") * 1_700),
    "many protocols": b"<Autodiscover><Response><Account>"
    + b"<Protocol><Type>IMAP</Type><Server>a.example</Server></Protocol>" * 900
    + b"</Account></Response></Autodiscover>",
    "attributes": b"<a " + b" ".join(b"a%d='1'" % n for n in range(6_500)) + b"/>",
    "brackets": b"[" * LARGEST,
    "a long name": b"<Autodiscover><Response><Account><Protocol><Type>IMAP</Type><Server>"
    + b"a." * 32_000
    + b"</Server></Protocol></Account></Response></Autodiscover>",
    "an odd encoding": b"<?xml version='1.0' encoding='zlib_codec'?><clientConfig/>",
    "zeros": bytes(LARGEST),
}


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_a_page_made_to_do_harm_is_read_in_a_moment_and_in_little_room(body: bytes) -> None:
    body = body[:LARGEST]
    for parse in PARSERS:
        parse(b"<a/>")  # what is loaded at the first time
        tracemalloc.start()
        began = time.thread_time()
        parse(body)
        took = time.thread_time() - began
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert took < 0.5  # slowed by the tracing of memory
        assert peak < 40 * 1024 * 1024


@given(
    st.one_of(
        st.binary(max_size=400),
        st.builds(
            lambda whole, at, cut, put: whole[:at] + put + whole[at + cut :],
            st.sampled_from([WHOLE, POX, b'{"Url":"https://a.example/"}']),
            st.integers(0, max(len(WHOLE), len(POX))),
            st.integers(0, 80),
            st.one_of(
                st.binary(max_size=40),
                st.sampled_from(
                    [b"<![CDATA[", b"&amp;", b"&#0;", b"<!--", b"]]>", b"<?x?>", b"\xff"]
                ),
            ),
        ),
    )
)
@examples(5)
def test_whatever_a_page_holds_is_read_to_bounded_values(body: bytes) -> None:
    for parse in PARSERS:
        config = parse(body)
        if isinstance(config, MailConfig):
            assert len(config.hosts) <= 200
            assert all(host.isascii() and 0 < len(host) <= 253 for host in config.hosts)
        elif isinstance(config, AskElsewhere):
            assert len(config.url) <= 2000
