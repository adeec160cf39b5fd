from __future__ import annotations

import base64
import re

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import InvalidKey
from bot.records.dkim_key import DkimRecord
from bot.records.key_forms import read_key
from bot.records.presentation import quoted_parts
from bot.records.txt_paste import LONGEST_PASTE
from bot.words import Words
from strategies import ED25519, KEY_VALUES, RSA_1024, RSA_2048, RSA_4096

VALUE = f"v=DKIM1;k=rsa;t=s;s=email;p={RSA_2048}"


def test_a_record_says_what_its_tags_say() -> None:
    record = DkimRecord.parse(f"v=DKIM1; k=rsa; t=y:s; s=email:*; h=sha1:sha256; p={RSA_2048}")
    assert record.key == base64.b64decode(RSA_2048)
    assert (record.key_type, record.bits) == ("rsa", 2048)
    assert record.flags == ("y", "s")
    assert record.services == ("email", "*")
    assert record.hashes == ("sha1", "sha256")


def test_version_and_key_type_may_be_left_out() -> None:
    record = DkimRecord.parse(f"p={RSA_4096}")
    assert (record.key_type, record.bits, record.flags) == ("rsa", 4096, ())


def test_an_ed25519_key_is_its_32_octets() -> None:
    record = DkimRecord.parse(f"v=DKIM1; k=ed25519; p={ED25519}")
    assert record.key == base64.b64decode(ED25519)
    assert (record.key_type, record.bits) == ("ed25519", 256)


WRAPPED = base64.b64encode(
    bytes.fromhex("302a300506032b6570032100") + base64.b64decode(ED25519)
).decode()


@pytest.mark.parametrize(
    ("given", "handed_out"),
    [
        (f"v=DKIM1; p={ED25519}", f"v=DKIM1;k=ed25519; p={ED25519}"),
        (f"p={ED25519}", f"k=ed25519;p={ED25519}"),
        (f"v=DKIM1; k=; t=s; p={WRAPPED}", f"v=DKIM1; k=ed25519; t=s; p={ED25519}"),
        (f"v=DKIM1; k=ed25519; p={WRAPPED}", f"v=DKIM1; k=ed25519; p={ED25519}"),
        (f"v=DKIM1; k=; p={RSA_2048}", f"v=DKIM1; k=rsa; p={RSA_2048}"),
    ],
)
def test_a_key_is_handed_out_in_the_form_and_of_the_type_that_verifiers_read(
    given: str, handed_out: str
) -> None:
    for record in (DkimRecord.parse(given), DkimRecord.read(given)):
        assert record.text == handed_out
        assert DkimRecord.read(handed_out) == record


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (f"v=DKIM1; k=rsa; p={ED25519}", "is of the type ed25519, and the value says k=rsa"),
        (f"v=DKIM1; k=rsa; p={WRAPPED}", "write k=ed25519"),
    ],
)
def test_a_key_of_another_type_than_the_value_says_is_refused_by_name(
    given: str, says: str
) -> None:
    with pytest.raises(InvalidKey, match="key-of-other-type") as caught:
        DkimRecord.parse(given)
    assert says in Words().error(caught.value)


HALVES = f'"{VALUE[:200]}" "{VALUE[200:]}"'


@pytest.mark.parametrize(
    "pasted",
    [
        VALUE,
        f"  {VALUE}\n",
        f'"{VALUE}"',
        HALVES,
        HALVES.replace('" "', '""'),
        HALVES.replace('" "', '"\r\n\t"'),
        f"({HALVES})",
        f"dkim._domainkey IN TXT ( {HALVES} )",
        f"dkim._domainkey\tIN\tTXT\t( {HALVES} )  ; ----- DKIM key dkim for friend.example",
        (
            f'dkim._domainkey.friend.example. 3600 IN TXT (\n  "{VALUE[:200]}" ; one\n'
            f'  "{VALUE[200:]}" ; two\n)\n'
        ),
        f"dkim._domainkey 3600 TXT {VALUE}",
        f"TXT {VALUE}",
        VALUE.replace(";", "\\;"),
        f'"{VALUE.replace(";", chr(92) + ";")}"',
        f'"{VALUE.replace(";", chr(92) + "059")}"',
        f"{VALUE[:150]}\n{VALUE[150:300]}\r\n   {VALUE[300:]}",
    ],
)
def test_every_way_of_pasting_gives_the_same_value(pasted: str) -> None:
    assert DkimRecord.parse(pasted).text == VALUE


def test_blanks_between_tags_stay_and_those_in_the_key_go() -> None:
    record = DkimRecord.parse(f"v=DKIM1;  k=rsa;\n\tp={RSA_2048[:9]} {RSA_2048[9:]};")
    assert record.text == f"v=DKIM1; k=rsa; p={RSA_2048};"


@pytest.mark.parametrize(
    ("pasted", "says"),
    [
        ("", "has no key"),
        ("hello", "has no key"),
        ("v=spf1 mx -all", "has no key"),
        ("v=DMARC1; p=none", "begins with"),
        ("v=DKIM1; k=rsa; p=", "p= is empty"),
        (f"v=DKIM1; k=rsa; p={RSA_2048[:-30]}", "no RSA public key|not whole"),
        (f"v=DKIM1; k=rsa; p={RSA_2048[:-31]}", "not whole"),
        (f"v=DKIM1; k=rsa; p={RSA_2048}!", "not whole"),
        (f"v=DKIM1; k=dsa; p={RSA_2048}", "rsa or ed25519"),
        (f"v=DKIM1; k=ed25519; p={RSA_2048}", "32 octets"),
        (f"v=DKIM1; k=rsa; p={ED25519}", "is of the type ed25519"),
        (f"v=dkim1; p={RSA_2048}", "begins with"),
        (f"k=rsa; v=DKIM1; p={RSA_2048}", "begins with"),
        (f"v=DKIM1; p={RSA_2048}; p={RSA_2048}", "twice"),
        (f"v=DKIM1; p={RSA_2048}; junk", "equals sign"),
        (f"v=DKIM1;; p={RSA_2048}", "semicolons"),
        (f"v=DKIM1; h=sha1; p={RSA_2048}", "sha256"),
        (f"v=DKIM1; s=tlsrpt; p={RSA_2048}", "not for email"),
        (f"v=DKIM1; n=\u00e4; p={RSA_2048}", "no plain ASCII"),
        (f"v=DKIM1; n=\x1b[2J; p={RSA_2048}", "no plain ASCII"),
        (f'v=DKIM1; p="{RSA_2048}"', "quote mark"),
        (f'"{VALUE}', "quote marks"),
        (f'"{VALUE}" junk', "quote marks"),
        ("x" * (LONGEST_PASTE + 1), "longer than"),
    ],
)
def test_what_is_no_sound_record_is_refused_in_one_sentence(pasted: str, says: str) -> None:
    with pytest.raises(InvalidKey) as caught:
        DkimRecord.parse(pasted)
    said = Words().error(caught.value)
    assert re.search(says, said)
    assert said.endswith(".")
    assert pasted[:40] not in said or not pasted


@pytest.mark.parametrize("kind", ["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED private key"])
def test_a_private_key_is_refused_and_not_repeated(kind: str) -> None:
    secret = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
    with pytest.raises(InvalidKey) as caught:
        DkimRecord.parse(f"-----BEGIN {kind}-----\n{secret}\n-----END {kind}-----")
    assert "private key" in Words().error(caught.value)
    assert secret[:8] not in str(caught.value)


def bare(key: str) -> bytes:
    loaded = load_der_public_key(base64.b64decode(key))
    assert isinstance(loaded, RSAPublicKey)
    return loaded.public_bytes(Encoding.DER, PublicFormat.PKCS1)


def test_a_bare_rsa_key_equals_the_wrapped_one() -> None:
    assert read_key(base64.b64encode(bare(RSA_2048)), "rsa") == read_key(RSA_2048, "rsa")


def der(tag: int, octets: bytes) -> bytes:
    return bytes([tag, *((0x81,) if len(octets) > 127 else ()), len(octets)]) + octets


def der_integer(number: int) -> bytes:
    return der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


@pytest.mark.parametrize("bits", [384, 512, 768, 1000])
def test_short_keys_are_read_so_that_somebody_can_say_how_short(bits: int) -> None:
    octets = der(0x30, der_integer((1 << (bits - 1)) + 12345) + der_integer(65537))
    assert read_key(base64.b64encode(octets), "rsa")[1] == bits


def test_a_key_of_1024_bits_is_sound_here() -> None:
    assert DkimRecord.parse(f"p={RSA_1024}").bits == 1024


@given(st.binary(max_size=400), st.sampled_from(["rsa", "ed25519", "x"]))
def test_no_octets_raise_anything_else(octets: bytes, key_type: str) -> None:
    for p in (octets, base64.b64encode(octets)):
        try:
            _, bits = read_key(p, key_type)
        except InvalidKey:
            continue
        assert bits > 0


@given(st.integers(0, 293), st.integers(0, 255), st.booleans())
@example(0, 0, True)
def test_no_bent_key_raises_anything_else(place: int, octet: int, cut: bool) -> None:
    octets = bytearray(base64.b64decode(RSA_2048))
    octets[place] = octet
    if cut:
        del octets[place:]
    try:
        read_key(base64.b64encode(octets), "rsa")
    except InvalidKey:
        return


@given(st.text() | st.text(alphabet='vp=;DKIM1TXT" \\()\n09A', max_size=60))
def test_no_paste_raises_anything_else(text: str) -> None:
    for pasted in (text, f"v=DKIM1; p={text}", f'"v=DKIM1; {text} p={ED25519}"'):
        try:
            DkimRecord.parse(pasted)
        except InvalidKey:
            continue


@pytest.mark.parametrize("value", KEY_VALUES)
def test_what_is_published_reads_back_as_the_same_record(value: str) -> None:
    record = DkimRecord.parse(value)
    assert DkimRecord.parse(record.text) == record
    assert DkimRecord.parse(quoted_parts(record.text)) == record
