"""A host name where a key should be: told from keys, other records and mere words."""

from __future__ import annotations

import pytest

from bot.checks.dkim.host_text import host_in


@pytest.mark.parametrize(
    "text",
    [
        "friend.dkim.cow.example.",
        "friend.dkim.cow.example",
        "Friend.DKIM.cow.example",
        ' "friend.dkim.cow.example." ',
        "CNAME friend.dkim.cow.example.",
        "IN CNAME friend.dkim.cow.example.",
        "cname: friend.dkim.cow.example",
        "CNAME = friend.dkim.cow.example.",
    ],
)
def test_a_host_is_read_out_of_a_text(text: str) -> None:
    host = host_in(text)
    assert host is not None
    assert host.to_text() == "friend.dkim.cow.example."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "v=DKIM1; p=",
        "v=spf1 a:friend.example -all",
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA",
        "203.0.113.80",
        "friend.example is mine",
        "site-verification=abc123",
        "-friend.example",
        f"{'a' * 64}.example",
        ".".join(["a" * 60] * 5),
        "a." * 200 + "example",
    ],
)
def test_other_texts_name_no_host(text: str) -> None:
    assert host_in(text) is None
