"""Records pasted as quoted strings: where they were cut, and what stands around and behind them."""

from __future__ import annotations

import base64

import pytest

from bot.errors import InvalidKey
from bot.records.dkim_key import DkimRecord
from pasted_keys import MAILCOW_TAGS
from strategies import RSA_1024, RSA_2048

VALUE = f"{MAILCOW_TAGS}{RSA_2048}"
KEY = base64.b64decode(RSA_2048)


def refusal(pasted: str) -> InvalidKey:
    with pytest.raises(InvalidKey) as caught:
        DkimRecord.parse(pasted)
    return caught.value


@pytest.mark.parametrize("gap", [" ", "\n", ", "])
@pytest.mark.parametrize("at", [5, 14, len(MAILCOW_TAGS), 255, len(VALUE) - 23, len(VALUE) - 1])
def test_it_does_not_matter_where_the_strings_were_cut(at: int, gap: str) -> None:
    record = DkimRecord.parse(f'"{VALUE[:at]}"{gap}"{VALUE[at:]}"')
    assert (record.key, record.flags, record.services) == (KEY, ("s",), ("email",))


@pytest.mark.parametrize("equals", ["\\x3d", "\\x3D", "\\u003d", "\\\\u003D"])
def test_an_escaped_equals_sign_is_one(equals: str) -> None:
    record = DkimRecord.parse('"' + VALUE.replace("=", equals) + '"')
    assert (record.key, record.flags) == (KEY, ("s",))


def test_doubled_quote_marks_of_csv_join_what_was_cut_within_a_tag() -> None:
    record = DkimRecord.parse('dkim,TXT,"""v=DKIM1; t=y:"" ""s; p=' + RSA_2048 + '""",3600')
    assert (record.key, record.flags) == (KEY, ("y", "s"))


@pytest.mark.parametrize("column", ["3600", "A note.", "", "MIIB"])
def test_what_stands_in_a_further_column_is_no_part_of_the_key(column: str) -> None:
    assert DkimRecord.parse(f'"dkim","TXT","{VALUE}","{column}"').text == VALUE
    assert DkimRecord.parse(f'"{VALUE[:255]}" "{VALUE[255:]}","{column}"').text == VALUE


def test_tags_in_a_string_of_their_own_behind_the_key_are_kept() -> None:
    pasted = f'"v=DKIM1; p={RSA_2048}",\n"; t=s; s=email"'
    assert DkimRecord.parse(pasted).flags == ("s",)


def test_records_one_below_the_other_are_told_apart() -> None:
    assert DkimRecord.parse(f'"{VALUE}"\n"{VALUE}"').text == VALUE
    assert refusal(f'"{VALUE}"\n"v=DKIM1; p={RSA_1024}"').code == "key-and-another"


def test_a_revoked_key_in_quote_marks_is_called_that() -> None:
    assert refusal('"v=DKIM1; k=rsa; p="').code == "key-empty"


@pytest.mark.parametrize("strings", [f'"{VALUE}"', f'"{VALUE[:255]}" "{VALUE[255:]}"'])
def test_what_goes_on_behind_the_last_quote_mark_is_shown_by_its_place(strings: str) -> None:
    error = refusal(f"{strings} junk")
    assert error.code == "key-with-odd-quotes"
    assert error.facts["at"] == len(strings) + 1


@pytest.mark.parametrize("mark", ['"', "'", '\\"'])
def test_a_string_that_is_never_closed_is_shown_by_its_place(mark: str) -> None:
    error = refusal(f"x {mark}{VALUE[:255]}{mark} {mark}{VALUE[255:]}")
    assert error.code == "key-with-odd-quotes"
    assert error.facts["at"] == 4 + 255 + 2 * len(mark)
