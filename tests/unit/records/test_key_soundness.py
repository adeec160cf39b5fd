from __future__ import annotations

import base64
import math
from bisect import bisect_right

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidKey
from bot.records.key_soundness import _products, refuse_damaged
from bot.words import Words
from strategies import ED25519, RSA_1024, RSA_2048, RSA_4096

LOADED = load_der_public_key(base64.b64decode(RSA_2048))
assert isinstance(LOADED, RSAPublicKey)
MODULUS = LOADED.public_numbers().n
P = 2**255 - 19


def encode(exponent: int, modulus: int) -> bytes:
    key = RSAPublicNumbers(exponent, modulus).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def fault_of(key: bytes, key_type: str) -> object:
    with pytest.raises(InvalidKey) as caught:
        refuse_damaged(key, key_type)
    return caught.value.facts["what"]


@pytest.mark.parametrize("key", [RSA_1024, RSA_2048, RSA_4096])
def test_keys_that_a_program_made_are_sound(key: str) -> None:
    refuse_damaged(base64.b64decode(key), "rsa")


@pytest.mark.parametrize("exponent", [3, 5, 17, 35, 37, 257, 65537])
def test_exponents_that_programs_use_are_sound(exponent: int) -> None:
    refuse_damaged(encode(exponent, MODULUS), "rsa")


@pytest.mark.parametrize("exponent", [7, 33, 65539])
def test_other_exponents_are_damage(exponent: int) -> None:
    assert fault_of(encode(exponent, MODULUS), "rsa") == "exponent"


def test_a_size_that_is_no_number_of_octets_is_damage_and_named() -> None:
    with pytest.raises(InvalidKey) as caught:
        refuse_damaged(encode(65537, MODULUS >> 1 | 1), "rsa")
    assert "it has 2047 bits, which is no size of keys" in Words().error(caught.value)


@pytest.mark.parametrize("prime", [3, 7, 65537, 262_139])
def test_a_small_factor_is_damage(prime: int) -> None:
    modulus = MODULUS - MODULUS % prime
    modulus += prime * (modulus % 2 == 0)
    assert math.gcd(modulus, prime) == prime
    assert fault_of(encode(65537, modulus), "rsa") == "modulus"


def test_each_prime_below_2_to_18_is_tried_once_and_nothing_else() -> None:
    primes = [2]
    for number in range(3, 2**18, 2):
        root = math.isqrt(number)
        if all(number % prime for prime in primes[: bisect_right(primes, root)]):
            primes.append(number)
    assert math.prod(_products()) == math.prod(primes)


@given(st.binary(min_size=32, max_size=32))
def test_ed25519_keys_that_a_program_made_are_sound(seed: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    refuse_damaged(key.public_bytes(Encoding.Raw, PublicFormat.Raw), "ed25519")


@pytest.mark.parametrize(
    "number",
    [
        0,  # of order 4
        1,  # the neutral point
        P - 1,  # of order 2
        *range(P, 2**255),  # not reduced
        2,  # on no curve
        1 | 1 << 255,  # x is 0 and has a sign
    ],
)
def test_points_outside_the_group_are_damage(number: int) -> None:
    assert fault_of(number.to_bytes(32, "little"), "ed25519") == "point"


def test_the_other_sign_of_a_key_is_a_key() -> None:
    key = bytearray(base64.b64decode(ED25519))
    key[31] ^= 0x80  # the one change that no check can see
    refuse_damaged(bytes(key), "ed25519")
