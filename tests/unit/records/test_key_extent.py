from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.records.key_extent import decode, find_extent, is_private, read_size, unwrap_ed25519
from bot.records.placed_text import PlacedText
from strategies import ED25519, RSA_1024, RSA_2048, RSA_4096


@pytest.mark.parametrize("key", [RSA_1024, RSA_2048, RSA_4096])
@pytest.mark.parametrize("behind", ["", "A", " AAAA", ";", "\n3600", "!", "=="])
def test_a_key_ends_where_it_says(key: str, behind: str) -> None:
    extent = find_extent(PlacedText.of(f"p={key}{behind}"), 2)
    assert extent.is_whole
    assert extent.published == key
    assert f"p={key}{behind}"[2 : extent.end].rstrip("=") == key.rstrip("=")


@pytest.mark.parametrize("length", [9, 100, len(RSA_2048) - 1])
def test_a_key_that_is_cut_is_not_whole(length: int) -> None:
    extent = find_extent(PlacedText.of(RSA_2048[:length]), 0)
    assert (len(extent.characters), extent.wanted, extent.is_whole) == (length, 392, False)


def test_an_ed25519_key_has_32_octets() -> None:
    extent = find_extent(PlacedText.of(f"{ED25519} AAAA"), 0, ed25519=True)
    assert (extent.published, extent.end) == (ED25519, len(ED25519))
    assert find_extent(PlacedText.of(ED25519), 0).wanted is None


@pytest.mark.parametrize(
    ("octets", "size"),
    [
        ("30820122", 0x126),
        ("30819f30", 0xA2),
        ("302a3005", 0x2C),
        ("31820122", None),
        ("30800000", None),
        ("30830000", None),
        ("307f0000", 0x81),
        ("3082", None),
        ("308201", None),
    ],
)
def test_der_says_how_long_it_is(octets: str, size: int | None) -> None:
    assert read_size(bytes.fromhex(octets)) == size


@given(st.binary(min_size=1, max_size=60))
def test_both_alphabets_are_read_with_and_without_padding(octets: bytes) -> None:
    for text in (base64.b64encode(octets).decode(), base64.urlsafe_b64encode(octets).decode()):
        assert decode(text) == decode(text.rstrip("=")) == octets


@pytest.mark.parametrize("text", ["A", "AAAAA", "A!AA", "\u00e4"])
def test_what_is_no_base64_has_no_octets(text: str) -> None:
    assert decode(text) is None


def test_only_what_is_wrapped_is_unwrapped() -> None:
    wrapped = bytes.fromhex("302a300506032b6570032100") + base64.b64decode(ED25519)
    assert unwrap_ed25519(wrapped) == base64.b64decode(ED25519)
    assert unwrap_ed25519(wrapped[:-1]) is None
    assert unwrap_ed25519(b"\x31" + wrapped[1:]) is None


@pytest.mark.parametrize(
    ("start", "private"),
    [
        ("MIIEvQIBADANBgkq", True),  # PKCS#8 of RSA
        ("MIIEpAIBAAKCAQEA", True),  # PKCS#1 of RSA
        ("MIIEvQIBADANBgkqh", True),  # cut within four characters
        ("MC4CAQAwBQYDK2Vw", True),  # PKCS#8 of Ed25519
        ("MHcCAQEEIAAAAAAA", True),  # SEC 1
        ("MIIBIjANBgkqhkiG", False),
        ("MIIBCgKCAQEAzWt2", False),
        ("MCowBQYDK2VwAyEA", False),
        ("AAAAAAAA", False),
        ("", False),
    ],
)
def test_private_keys_begin_with_a_version(start: str, private: bool) -> None:
    assert is_private(start) == private
