"""Keys by their octets: what they are, and how much is there of one that is broken."""

from __future__ import annotations

import base64

import pytest

from bot.records.key_forms import KeyForm, KeyLength, identify_key, measure_key
from pasted_keys import pkcs1
from strategies import ED25519, RSA_1024, RSA_2048, RSA_4096

WRAPPED = base64.b64encode(
    bytes.fromhex("302a300506032b6570032100") + base64.b64decode(ED25519)
).decode()
BARE = base64.b64encode(pkcs1(RSA_2048)).decode()
RSA_KEYS = [RSA_1024, RSA_2048, RSA_4096]


@pytest.mark.parametrize(
    ("p", "key_type", "bits", "form", "published"),
    [
        (RSA_2048, "rsa", 2048, "usual", RSA_2048),
        (BARE, "rsa", 2048, "bare", RSA_2048),
        (ED25519, "ed25519", 256, "usual", ED25519),
        (WRAPPED, "ed25519", 256, "wrapped", ED25519),
    ],
)
def test_a_key_says_what_it_is_and_how_it_is_to_be_published(
    p: str, key_type: str, bits: int, form: str, published: str
) -> None:
    found = identify_key(p)
    assert found == KeyForm(key_type, base64.b64decode(published), bits, form)
    assert found.published == published


@pytest.mark.parametrize(
    "p", ["", "AAAA", ED25519[:-1], RSA_2048[:-4], base64.b64encode(bytes(32)).decode()]
)
def test_what_is_no_key_is_none(p: str) -> None:
    assert identify_key(p) is None


@pytest.mark.parametrize("key", [*RSA_KEYS, BARE])
def test_a_key_that_lost_its_end_or_middle_tells_how_long_it_was(key: str) -> None:
    have, want = len(key) - 8, len(key)
    assert measure_key(key[:-8], "rsa") == KeyLength(have, want, "end")
    assert measure_key(key[:100] + key[108:], "rsa") == KeyLength(have, want, "middle")
    assert measure_key(key[:40], "rsa") == KeyLength(40, want, "end")


@pytest.mark.parametrize("key", [*RSA_KEYS, BARE])
def test_a_key_that_has_too_many_characters_tells_that(key: str) -> None:
    longer = KeyLength(len(key) + 4, len(key), added="some")
    assert measure_key(f"{key[:100]}AAAA{key[100:]}", "rsa") == longer
    assert measure_key(f"{key}AAAA", "rsa") == longer


@pytest.mark.parametrize("key", RSA_KEYS)
@pytest.mark.parametrize("count", [1, 3])
def test_characters_that_are_lost_in_front_are_counted(key: str, count: int) -> None:
    lost = KeyLength(len(key) - count, None, "front", count=count)
    assert measure_key(key[count:], "rsa") == lost


@pytest.mark.parametrize("key", RSA_KEYS)
@pytest.mark.parametrize("count", [1, 20])
def test_characters_that_stand_before_a_key_are_counted(key: str, count: int) -> None:
    more = KeyLength(len(key) + count, None, added="front", count=count)
    assert measure_key("A" * count + key, "rsa") == more


@pytest.mark.parametrize("p", [*RSA_KEYS, "A" * 21 + RSA_2048, BARE[3:], RSA_2048[:4], "", "!!!!"])
def test_where_nothing_is_lost_or_nothing_is_announced_no_length_is_told(p: str) -> None:
    assert measure_key(p, "rsa") is None


@pytest.mark.parametrize(
    ("p", "length"),
    [
        (ED25519, None),
        (ED25519[:-5], KeyLength(39, 44, "some")),
        (f"{ED25519}AAAA", KeyLength(48, 44, added="some")),
    ],
)
def test_an_ed25519_key_has_44_characters(p: str, length: KeyLength | None) -> None:
    assert measure_key(p, "ed25519") == length


def test_a_long_key_is_measured_as_rsa_whatever_type_its_record_says() -> None:
    have, want = len(RSA_2048) - 8, len(RSA_2048)
    assert measure_key(RSA_2048[:-8], "ed25519") == KeyLength(have, want, "end")
    assert measure_key(RSA_2048[3:], "ed25519") == measure_key(RSA_2048[3:], "rsa")


def test_lengths_that_do_not_fit_each_other_are_no_keys() -> None:
    octets = bytearray(base64.b64decode(RSA_2048))
    octets[3] += 1  # the length of all
    assert measure_key(base64.b64encode(octets).decode()[:-8], "rsa") is None
    octets = bytearray(pkcs1(RSA_2048))
    octets[3] += 1
    assert measure_key(base64.b64encode(octets).decode()[:-8], "rsa") is None


def test_a_wrapped_ed25519_key_is_no_rsa_key_that_lost_something() -> None:
    assert measure_key(WRAPPED, "rsa") is None
    assert measure_key(WRAPPED[:-4], "rsa") is None
