"""Keys pasted without a record around them: PEM files and bare base64, whole or not at all."""

from __future__ import annotations

import base64

import pytest

from bot.errors import InvalidKey
from bot.records.dkim_key import DkimRecord
from pasted_keys import MAILCOW_TAGS, pem
from strategies import ED25519, RSA_1024, RSA_2048

KEY = base64.b64decode(RSA_2048)
WRAPPED = base64.b64encode(
    bytes.fromhex("302a300506032b6570032100") + base64.b64decode(ED25519)
).decode()


def refusal(pasted: str) -> InvalidKey:
    with pytest.raises(InvalidKey) as caught:
        DkimRecord.parse(pasted)
    return caught.value


@pytest.mark.parametrize("key", [RSA_1024, RSA_2048, WRAPPED])
def test_a_file_may_end_without_a_line_break(key: str) -> None:
    record = DkimRecord.parse(pem(key).strip())
    assert record.text.endswith(ED25519 if key == WRAPPED else key)


def test_a_short_word_that_begins_as_a_key_is_passed_over() -> None:
    record = DkimRecord.parse(f"A key begins with MIIB or MIICIjAN, as ours:\n{RSA_2048}")
    assert record.text == f"v=DKIM1;k=rsa;p={RSA_2048}"


@pytest.mark.parametrize("more", ["AB", "A"])
def test_what_goes_on_behind_a_whole_key_is_shown_by_its_place(more: str) -> None:
    error = refusal(f"ours: {RSA_2048}{more}")
    assert (error.code, error.facts["at"]) == ("key-with-more", len(f"ours: {RSA_2048}") + 1)


def test_a_bare_key_that_is_cut_says_how_much_is_there() -> None:
    error = refusal(f"our key: {RSA_2048[:100]}")
    assert (error.code, error.facts["characters"]) == ("key-cut", 100)
    assert error.facts["announced"] == len(RSA_2048)


def test_a_file_with_more_than_its_key_is_refused() -> None:
    error = refusal(pem(f"{RSA_2048}AAAA"))
    assert error.code == "key-with-more"
    assert refusal(pem(RSA_2048[:-8])).code == "key-cut"
    assert refusal(pem("AAAA" * 20)).code == "key-not-rsa"


def test_a_file_and_the_record_of_its_key_are_one_key() -> None:
    assert DkimRecord.parse(f"{pem(KEY)}\n{MAILCOW_TAGS}{RSA_2048}").flags == ("s",)
    assert refusal(f"{pem(KEY)}\n{pem(RSA_1024)}").code == "key-and-another"
    assert refusal(f"{RSA_2048}\n\n{pem(RSA_1024)}").code == "key-and-another"


def test_too_long_ed25519_keys_are_told_their_size() -> None:
    error = refusal(f"v=DKIM1; k=ed25519; p={RSA_2048}")
    assert (error.code, error.facts["octets"], error.facts["expected"]) == (
        "key-wrong-size",
        len(KEY),
        32,
    )
    assert refusal(f"v=DKIM1; k=ed25519; p={WRAPPED}AAAA").code == "key-with-more"


def test_a_cut_key_in_the_second_alphabet_is_shown_where_it_leaves_the_first() -> None:
    key = RSA_2048.translate({43: "-", 47: "_"})
    at = min(key.index("-"), key.index("_"))
    error = refusal(f"v=DKIM1; p={key[:-8]}")
    assert (error.code, error.facts["at"]) == (
        "key-with-bad-character",
        len("v=DKIM1; p=") + at + 1,
    )
