"""What is looked at of the mail server: its addresses, names and zone, and never too many."""

from __future__ import annotations

import dns.name
import dns.rdata
import pytest

from bot.checks.server.server_observation import (
    find_apex,
    probes_of,
    ptr_names,
    server_names,
    sort_addresses,
)
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from observed_server import HOST, IP4, IP6, WORLD, observe

HOST_NAME = dns.name.from_text(HOST)
ZONE_NAME = dns.name.from_text("cow.example")


def answered(name: str, rdtype: str, *texts: str) -> Answer:
    rdatas = tuple(dns.rdata.from_text("IN", rdtype, text) for text in texts)
    return Answer(Question.of(name, rdtype), Outcome.RECORDS, rdatas, 3600)


def test_ipv4_comes_first_and_eight_addresses_are_enough() -> None:
    assert sort_addresses([IP6, IP4, IP6]) == (IP4, IP6)
    many = [f"192.0.2.{number}" for number in range(10, 19)]
    assert sort_addresses([IP6, *reversed(many)]) == tuple(many[:8])


def test_five_names_of_an_address_and_eight_name_servers_are_looked_at() -> None:
    reverse = [f"mx{number}.cow.example." for number in range(6, 0, -1)]
    names = ptr_names(answered("25.100.51.198.in-addr.arpa", "PTR", *reverse))
    assert [str(name) for name in names] == [f"mx{number}.cow.example." for number in range(1, 6)]
    servers = [f"ns{number}.cow.example." for number in range(9, 0, -1)]
    found = server_names(answered("cow.example", "NS", *servers))
    assert [str(name) for name in found] == [f"ns{number}.cow.example." for number in range(1, 9)]


@pytest.mark.parametrize(
    ("address", "reached"),
    [(IP4, True), ("8.8.8.8", True), ("10.0.0.1", False), ("fd00::1", False), (IP6, True)],
)
def test_the_internet_reaches_public_addresses_and_those_of_examples(
    address: str, *, reached: bool
) -> None:
    kind = "AAAA" if ":" in address else "A"
    other = "A" if ":" in address else "AAAA"
    text = f"{HOST} {kind} {address}\n{HOST} {other} -\n"
    assert observe(text).addresses == (address,)
    assert observe(text).reachable == ((address,) if reached else ())


def test_the_zone_is_named_by_the_denial_of_its_soa() -> None:
    none = Answer(Question.of(HOST, "SOA"), Outcome.NODATA, zone=ZONE_NAME)
    assert find_apex(none, HOST_NAME) == ZONE_NAME
    assert find_apex(None, HOST_NAME) == HOST_NAME
    own = answered(HOST, "SOA", "ns.x. a.x. 1 7200 3600 1209600 900")
    assert find_apex(own, HOST_NAME) == HOST_NAME
    foreign = Answer(Question.of(HOST, "SOA"), Outcome.NODATA, zone=dns.name.from_text("x.example"))
    assert find_apex(foreign, HOST_NAME) == HOST_NAME
    led = Answer(Question.of(HOST, "SOA"), Outcome.NODATA, chain=(HOST_NAME,), zone=ZONE_NAME)
    assert find_apex(led, HOST_NAME) == HOST_NAME
    assert observe(WORLD).zone == ZONE_NAME


def test_a_made_up_domain_is_tried_beside_each_member_as_well() -> None:
    made_up = Domain.from_ascii("test-1.example")
    members = [Domain.from_ascii(name) for name in ("friend.no", "herd.no", "other.se")]
    assert [str(name) for name in probes_of(made_up, members)] == [
        "test-1.example.",
        "friend.no.",
        "test-1.no.",
        "herd.no.",
        "other.se.",
        "test-1.se.",
    ]
    assert probes_of(made_up, ()) == (made_up.name,)
