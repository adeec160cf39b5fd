"""Which names are a registry's, by the public suffix list."""

from __future__ import annotations

import subprocess
import sys

import dns.name
import pytest

from bot.public_suffix import is_public_suffix


@pytest.mark.parametrize(
    "name",
    [".", "uk.", "co.uk.", "CO.UK.", "example.", "github.io.", "anything.ck.", "公司.cn."],
)
def test_a_name_under_which_anybody_registers_is_a_registrys(name: str) -> None:
    assert is_public_suffix(dns.name.from_text(name, idna_codec=dns.name.IDNA_2008))


@pytest.mark.parametrize(
    "name",
    ["friend.co.uk.", "friend.example.", "club.friend.example.", "www.ck.", "食狮.公司.cn."],
)
def test_a_name_that_somebody_registered_is_not(name: str) -> None:
    assert not is_public_suffix(dns.name.from_text(name, idna_codec=dns.name.IDNA_2008))


@pytest.mark.parametrize("label", [b"xn--", b"xn--\xff", b"a.b", b"\xff", b"", b"_dmarc"])
def test_no_label_raises(label: bytes) -> None:
    name = dns.name.Name([label, b"friend", b"example", b""] if label else [b""])
    assert is_public_suffix(name) is (not label)


def test_the_list_is_not_read_before_it_is_needed() -> None:
    program = (
        "import dns.name, bot.public_suffix as p\n"
        "assert p.is_public_suffix(dns.name.from_text('uk.'))\n"
        "assert p._load_list.cache_info().currsize == 0\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
