from __future__ import annotations

import dns.name
import dns.rdata
import pytest
from dns.rdtypes.txtbase import TXTBase
from hypothesis import given
from hypothesis import strategies as st

from bot.records.presentation import (
    full_name,
    joined_value,
    quoted_parts,
    rdata_text,
    relative_name,
    txt_parts,
)

ZONE = dns.name.from_text("friend.example")


@pytest.mark.parametrize(
    ("owner", "typed"),
    [
        ("friend.example", "@"),
        ("FRIEND.example", "@"),
        ("mail.friend.example", "mail"),
        ("dkim._domainkey.friend.example", "dkim._domainkey"),
        ("friend.example.friend.example", "friend.example"),
        ("mail.cow.example", "mail.cow.example"),
        ("example", "example"),
    ],
)
def test_names_are_short_below_the_zone_and_full_elsewhere(owner: str, typed: str) -> None:
    assert relative_name(dns.name.from_text(owner), ZONE) == typed


def test_full_names_have_no_final_dot() -> None:
    assert full_name(dns.name.from_text("mail.friend.example")) == "mail.friend.example"


def test_priority_and_host_are_joined_by_a_blank() -> None:
    assert joined_value("mx1.cow.example.", 0) == "0 mx1.cow.example."
    assert joined_value("mx1.cow.example.") == "mx1.cow.example."


@pytest.mark.parametrize(
    ("length", "sizes"), [(0, [0]), (1, [1]), (255, [255]), (256, [255, 1]), (510, [255, 255])]
)
def test_text_is_split_at_255_octets(length: int, sizes: list[int]) -> None:
    assert [len(part) for part in txt_parts("x" * length)] == sizes


def test_quotes_backslashes_and_other_octets_are_escaped() -> None:
    assert quoted_parts('a"b\\c\n\u00e4') == '"a\\"b\\\\c\\010\\195\\164"'


def test_only_text_is_quoted() -> None:
    assert rdata_text("TXT", "v=spf1 -all") == '"v=spf1 -all"'
    assert rdata_text("MX", "mx1.cow.example.", 10) == "10 mx1.cow.example."
    assert rdata_text("CNAME", "mx1.cow.example.") == "mx1.cow.example."


@given(st.text(alphabet=st.characters(codec=None), max_size=700) | st.text("äx", min_size=240))
def test_any_text_is_the_same_after_a_parser_read_it(text: str) -> None:
    assert "".join(txt_parts(text)) == text
    rdata = dns.rdata.from_text("IN", "TXT", quoted_parts(text))
    assert isinstance(rdata, TXTBase)
    assert b"".join(rdata.strings) == text.encode(errors="surrogatepass")


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("a b~", '"a b~"'),
        ("\x7f\x1f", '"\\127\\031"'),
        ('"\\', '"\\"\\\\"'),
        ("\u00e4", '"\\195\\164"'),
        ("", '""'),
    ],
)
def test_only_printable_ascii_stands_in_a_zone_file_as_it_is(value: str, quoted: str) -> None:
    assert quoted_parts(value) == quoted
