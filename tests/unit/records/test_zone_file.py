from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdata
import dns.zonefile
from hypothesis import given
from hypothesis import strategies as st

from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KnownKey
from bot.records.expected import ExpectedRecord, Need, Purpose, expect
from bot.records.mail_server import MailServer
from bot.records.presentation import rdata_text
from bot.records.zone_file import record_line, render_zone
from strategies import KEY_VALUES, Configuration, configurations

if TYPE_CHECKING:
    from collections.abc import Iterable

SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example"),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject",
)
Line = tuple[dns.name.Name, int, dns.rdata.Rdata]


def read(zone: str) -> set[Line]:
    rrsets = dns.zonefile.read_rrsets(zone, rdclass=None)
    return {(rrset.name, rrset.ttl, rdata) for rrset in rrsets for rdata in rrset}


def lines(records: Iterable[ExpectedRecord]) -> set[Line]:
    return {
        (r.owner, r.ttl, dns.rdata.from_text("IN", r.type, rdata_text(r.type, r.value, r.priority)))
        for r in records
    }


def test_each_record_stands_on_one_line_below_its_comment() -> None:
    expected = expect(SERVER, Domain.from_ascii("friend.example"))
    zone = render_zone(expected.records[:2], lambda r: f"why {r.purpose}", "friend.example")
    assert zone == (
        "; friend.example\n"
        "\n"
        "; why mx\n"
        "friend.example. 3600 IN MX 10 mx1.cow.example.\n"
        "\n"
        "; why spf\n"
        'friend.example. 3600 IN TXT "v=spf1 include:_spf.cow.example -all"\n'
    )


def test_a_comment_is_folded_to_the_width_of_a_terminal() -> None:
    records = expect(SERVER, Domain.from_ascii("friend.example")).records[:1]
    zone = render_zone(records, lambda _: "x" * 200)
    assert [len(line) for line in zone.splitlines() if line.startswith(";")] == [80, 80, 46]


def test_long_text_is_split_into_strings() -> None:
    key = KnownKey("dkim", DkimRecord.parse(KEY_VALUES[0]), "admin")
    record = expect(SERVER, Domain.from_ascii("friend.example"), key).record(Purpose.DKIM)
    assert record is not None
    line = record_line(record)
    assert line.count('"') == 4
    assert f'"{KEY_VALUES[0][:255]}" "{KEY_VALUES[0][255:]}"' in line


@given(configurations(), st.text(max_size=200))
def test_a_zone_file_parses_back_to_the_same_records(
    configuration: Configuration, comment: str
) -> None:
    records = expect(*configuration).records
    assert read(render_zone(records, lambda _: comment, comment)) == lines(records)


EVIL = "; x\nevil.example. 1 IN A 192.0.2.1\r\x0b\x85\u2028evil.example. 1 IN A 192.0.2.1\x1b[2J"


def test_a_comment_cannot_become_a_record() -> None:
    records = expect(SERVER, Domain.from_ascii("friend.example")).records
    zone = render_zone(records, lambda _: EVIL, EVIL)
    assert read(zone) == lines(records)
    assert all(
        line.startswith((";", "friend", "_", "a", "mail")) for line in zone.split("\n") if line
    )
    assert all(line.isprintable() for line in zone.split("\n"))


@given(st.text(max_size=600))
def test_any_text_value_survives(value: str) -> None:
    owner = dns.name.from_text("friend.example")
    record = ExpectedRecord(Purpose.SPF, owner, "TXT", value, 60, Need.REQUIRED)
    zone = render_zone([record], lambda _: "")
    assert zone.count("\n") == 1
    ((_, ttl, rdata),) = read(zone)
    assert ttl == 60
    assert b"".join(getattr(rdata, "strings", ())) == value.encode()
