from __future__ import annotations

import csv
import io
import json

import dns.name
import pytest
from hypothesis import given

from bot.names import Domain
from bot.records.expected import ExpectedRecord, Purpose, expect
from bot.records.mail_server import MailServer
from bot.records.record_export import rows, to_csv, to_json
from strategies import Configuration, configurations

SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example"),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject",
)
EXPECTED = expect(SERVER, Domain.from_ascii("friend.example"))


def why(record: ExpectedRecord) -> str:
    return f'Because of "{record.purpose}", says somebody.'


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_json_keeps_letters_of_other_languages_readable() -> None:
    assert "så är det" in to_json(EXPECTED, lambda _: "så är det")


def test_json_has_a_line_for_each_field_and_ends_one() -> None:
    text = to_json(EXPECTED, why)
    assert text.startswith('[\n  {\n    "purpose": "mx",\n    "name": "@",\n')
    assert text.endswith("  }\n]\n")


def test_json_has_both_spellings_of_names_and_values() -> None:
    mx, *_, srv = json.loads(to_json(EXPECTED, why))
    assert mx == {
        "purpose": "mx",
        "name": "@",
        "full_name": "friend.example",
        "type": "MX",
        "priority": 10,
        "value": "mx1.cow.example.",
        "joined_value": "10 mx1.cow.example.",
        "ttl": 3600,
        "need": "required",
        "why": 'Because of "mx", says somebody.',
    }
    assert srv["name"] == "_autodiscover._tcp"
    assert srv["priority"] is None
    assert srv["joined_value"] == srv["value"] == "0 1 443 mx1.cow.example."


def test_names_are_short_below_the_zone_that_holds_the_domain() -> None:
    zone = dns.name.from_text("friend.example")
    expected = expect(SERVER, Domain.from_ascii("team.friend.example"))
    assert [row.name for row in rows(expected, why, zone)][:3] == ["team", "team", "_dmarc.team"]


def test_csv_has_a_header_and_the_name_to_type() -> None:
    text = to_csv(EXPECTED, why)
    assert text.splitlines()[0] == (
        "purpose,name,full_name,type,priority,value,joined_value,ttl,need,why"
    )
    mx = read_csv(text)[0]
    assert (mx["name"], mx["priority"], mx["joined_value"]) == ("@", "10", "10 mx1.cow.example.")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    cells = [row["why"] for row in read_csv(to_csv(EXPECTED, lambda _: text))]
    assert cells == [f"'{text}"] * len(EXPECTED.records)


@given(configurations())
def test_json_and_csv_hold_every_record(configuration: Configuration) -> None:
    expected = expect(*configuration)
    listed = json.loads(to_json(expected, why))
    table = read_csv(to_csv(expected, why))
    assert [row["value"] for row in listed] == [record.value for record in expected.records]
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in listed] == table
    assert [Purpose(row["purpose"]) for row in table] == [r.purpose for r in expected.records]
