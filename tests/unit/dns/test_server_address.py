"""Addresses of DNS servers, as people write them and as the system keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.dns.server_address import Server, system_servers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "server", "shown"),
    [
        ("9.9.9.9", Server("9.9.9.9", 53), "9.9.9.9:53"),
        (" 127.0.0.1:5353 ", Server("127.0.0.1", 5353), "127.0.0.1:5353"),
        ("[::1]:53", Server("::1", 53), "[::1]:53"),
        ("[2001:DB8::1]", Server("2001:db8::1", 53), "[2001:db8::1]:53"),
        ("2001:db8::1", Server("2001:db8::1", 53), "[2001:db8::1]:53"),
        ("[fe80::1%eth0]:5353", Server("fe80::1%eth0", 5353), "[fe80::1%eth0]:5353"),
    ],
)
def test_address_is_read_with_or_without_port(text: str, server: Server, shown: str) -> None:
    assert Server.parse(text) == server
    assert str(server) == shown
    assert Server.parse(shown) == server


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dns.cow.example",
        "dns.cow.example:53",
        "9.9.9",
        "9.9.9.9:",
        "9.9.9.9:0",
        "9.9.9.9:65536",
        "9.9.9.9:" + "9" * 10_000,
        "9.9.9.9:\u0665\u0663",
        "9.9.9.9:-1",
        "[9.9.9.9",
        "::1]:53",
        "[::1]53",
        "9.9.9.9\x1b[31m",
        "9" * 10_000,
    ],
)
def test_what_is_no_address_is_refused_in_one_printable_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="an example is") as raised:
        Server.parse(text)
    sentence = str(raised.value)
    assert sentence.isprintable()
    assert len(sentence) < 300


def test_system_servers_are_those_of_resolv_conf_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text(
        "# nameserver 192.0.2.9\nsearch friend.example\nnameserver 192.0.2.1\n"
        "nameserver\nnameserver cow.example\n  nameserver 2001:db8::1 # second\n"
        "nameserver 192.0.2.1\n"
    )
    assert system_servers(path) == (Server("192.0.2.1"), Server("2001:db8::1"))


def test_the_local_host_is_asked_where_the_system_names_no_server(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    assert system_servers(path) == (Server("127.0.0.1"),)
    path.write_bytes(b"options edns0\n\xff\xfe\n")
    assert system_servers(path) == (Server("127.0.0.1"),)
