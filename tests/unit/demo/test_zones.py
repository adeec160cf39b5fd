"""What the zones of the demo and the tests answer: one rule of the DNS a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rcode
import dns.rdatatype
import pytest

from bot.demo import world
from bot.demo.zones import MAX_CHAIN, ZoneReply, Zones, parse_zone
from bot.dns.answer import ExtendedError

if TYPE_CHECKING:
    from conftest import Case, CaseFile

WORLD = Zones.of(
    {
        "friend.example": r"""
            ; a comment
            @ A 203.0.113.80
            @ MX 10 mx1.cow.example.
            @ MX 20 backup
            @ TXT "v=spf1 -all"
            short 60 A 203.0.113.81
            old SPF "v=spf1 -all"
            mail CNAME mx1.cow.example.
            both CNAME mx1.cow.example.
            both TXT "beside"
            deep.er.down A 203.0.113.82
            *.wild TXT "wild"
            here.wild A 203.0.113.83
            below.ent.wild A 203.0.113.84
            *.alias CNAME mx1.cow.example.
            lost CNAME nowhere.cow.example.
            away CNAME host.elsewhere.test.
            nothing CNAME cow.example.
            ring1 CNAME ring2
            ring2 CNAME ring1
            self CNAME self
            failing CNAME www.broken.example.
            typed MX 0 10\032mx1.cow.example.
            dash TXT "\226\128\147all" "two"
            up CNAME Mail
            moved DNAME cow.example.
            below.moved A 203.0.113.85
            circle DNAME here.circle.friend.example.
        """,
        "cow.example": "mx1 A 198.51.100.25\nmx1 AAAA 2001:db8:25::25",
        "broken.example": "@ A 203.0.113.90\nwww A 203.0.113.90",
        "inner.below.friend.example": "@ A 203.0.113.91",
        "long.example": "\n".join(f"a{n} CNAME a{n + 1}" for n in range(MAX_CHAIN + 4)),
    },
    servfail={"broken.example": ExtendedError(9, "no DNSKEY")},
)


def ask(name: str, rdtype: str, zones: Zones = WORLD) -> ZoneReply:
    return zones.look_up(dns.name.from_text(name), dns.rdatatype.from_text(rdtype))


def answer_of(reply: ZoneReply) -> list[str]:
    return [f"{records.owner} {rdata}" for records in reply.answer for rdata in records.rdataset]


def denied_by(reply: ZoneReply) -> str:
    (soa,) = reply.authority
    assert soa.rdataset.rdtype == dns.rdatatype.SOA
    return str(soa.owner)


def is_nodata(reply: ZoneReply) -> bool:
    return reply.rcode == dns.rcode.NOERROR and not reply.answer and bool(reply.authority)


def test_all_records_of_the_type_are_answered_with_names_made_absolute() -> None:
    assert answer_of(ask("friend.example", "MX")) == [
        "friend.example. 10 mx1.cow.example.",
        "friend.example. 20 backup.friend.example.",
    ]
    assert not ask("friend.example", "MX").authority


def test_names_are_looked_up_without_case() -> None:
    assert answer_of(ask("FRIEND.Example", "TXT")) == ['FRIEND.Example. "v=spf1 -all"']


def test_ttl_is_an_hour_unless_the_line_says_otherwise() -> None:
    assert ask("friend.example", "A").answer[0].rdataset.ttl == 3600
    assert ask("short.friend.example", "A").answer[0].rdataset.ttl == 60


def test_type_99_is_a_type_of_its_own() -> None:
    assert answer_of(ask("old.friend.example", "SPF")) == ['old.friend.example. "v=spf1 -all"']
    assert is_nodata(ask("old.friend.example", "TXT"))


def test_escapes_in_names_and_texts_are_octets() -> None:
    (mx,) = ask("typed.friend.example", "MX").answer[0].rdataset
    assert mx.exchange.labels[0] == b"10 mx1"
    (txt,) = ask("dash.friend.example", "TXT").answer[0].rdataset
    assert txt.strings == ("–all".encode(), b"two")


def test_another_type_at_a_name_is_no_data_with_the_soa_of_the_zone() -> None:
    reply = ask("friend.example", "AAAA")
    assert is_nodata(reply)
    assert denied_by(reply) == "friend.example."
    assert reply.authority[0].rdataset[0].minimum == 3600


def test_a_name_that_is_not_there_is_nxdomain_with_the_soa_of_the_zone() -> None:
    reply = ask("_dmarc.friend.example", "TXT")
    assert reply.rcode == dns.rcode.NXDOMAIN
    assert denied_by(reply) == "friend.example."


def test_a_name_with_names_below_it_is_no_data() -> None:
    assert is_nodata(ask("er.down.friend.example", "A"))
    assert is_nodata(ask("down.friend.example", "A"))


def test_a_name_outside_every_zone_is_denied_by_the_root() -> None:
    reply = ask("host.elsewhere.test", "A")
    assert reply.rcode == dns.rcode.NXDOMAIN
    assert denied_by(reply) == "."


def test_a_name_outside_every_zone_is_refused_where_asked_for() -> None:
    zones = Zones.of({"cow.example": ""}, outside="refused")
    assert ask("host.elsewhere.test", "A", zones).rcode == dns.rcode.REFUSED
    assert ask("cow.example", "SOA", zones).rcode == dns.rcode.NOERROR


def test_names_above_a_zone_exist() -> None:
    assert is_nodata(ask("example", "A"))
    assert is_nodata(ask("below.friend.example", "A"))
    assert denied_by(ask("below.friend.example", "A")) == "friend.example."


def test_the_longest_zone_answers() -> None:
    assert denied_by(ask("x.inner.below.friend.example", "A")) == "inner.below.friend.example."


def test_every_zone_has_soa_and_name_servers_with_addresses() -> None:
    assert ask("friend.example", "SOA").answer[0].rdataset.rdtype == dns.rdatatype.SOA
    (servers,) = ask("friend.example", "NS").answer
    for server in servers.rdataset:
        assert answer_of(ask(str(server.target), "A")) == [f"{server.target} 127.0.0.1"]


def test_name_servers_that_the_zone_names_are_left_alone() -> None:
    zones = Zones.of({"friend.example": "@ NS ns1.exmaple."})
    assert answer_of(ask("friend.example", "NS", zones)) == ["friend.example. ns1.exmaple."]
    assert ask("friend.example", "SOA", zones).answer


def test_an_alias_is_followed_through_all_zones() -> None:
    assert answer_of(ask("up.friend.example", "A")) == [
        "up.friend.example. Mail.friend.example.",
        "Mail.friend.example. mx1.cow.example.",
        "mx1.cow.example. 198.51.100.25",
    ]


def test_asking_for_the_alias_itself_follows_nothing() -> None:
    assert answer_of(ask("mail.friend.example", "CNAME")) == [
        "mail.friend.example. mx1.cow.example."
    ]


def test_a_record_beside_an_alias_is_answered_as_it_stands() -> None:
    assert answer_of(ask("both.friend.example", "TXT")) == ['both.friend.example. "beside"']
    assert len(answer_of(ask("both.friend.example", "A"))) == 2


def test_an_alias_to_a_name_without_the_type_is_no_data_of_the_target() -> None:
    reply = ask("nothing.friend.example", "MX")
    assert reply.rcode == dns.rcode.NOERROR
    assert answer_of(reply) == ["nothing.friend.example. cow.example."]
    assert denied_by(reply) == "cow.example."


@pytest.mark.parametrize(("name", "zone"), [("lost", "cow.example."), ("away", ".")])
def test_an_alias_to_no_name_is_nxdomain_with_the_chain(name: str, zone: str) -> None:
    reply = ask(f"{name}.friend.example", "A")
    assert reply.rcode == dns.rcode.NXDOMAIN
    assert len(reply.answer) == 1
    assert denied_by(reply) == zone


def test_an_alias_loop_is_answered_once_round() -> None:
    assert len(ask("ring1.friend.example", "A").answer) == 2
    assert len(ask("self.friend.example", "A").answer) == 1


def test_an_alias_chain_has_an_end() -> None:
    assert len(ask("a0.long.example", "A").answer) == MAX_CHAIN


def test_a_wildcard_answers_several_labels_deep_with_the_name_asked() -> None:
    assert answer_of(ask("a.b.wild.friend.example", "TXT")) == ['a.b.wild.friend.example. "wild"']


def test_a_wildcard_says_no_data_for_other_types() -> None:
    assert is_nodata(ask("a.wild.friend.example", "MX"))


def test_a_wildcard_does_not_answer_for_the_name_above_it() -> None:
    assert is_nodata(ask("wild.friend.example", "TXT"))


def test_a_wildcard_does_not_apply_where_the_name_exists() -> None:
    assert is_nodata(ask("here.wild.friend.example", "TXT"))
    assert is_nodata(ask("ent.wild.friend.example", "TXT"))


def test_a_wildcard_does_not_apply_below_an_existing_name() -> None:
    assert ask("x.here.wild.friend.example", "TXT").rcode == dns.rcode.NXDOMAIN
    assert ask("x.ent.wild.friend.example", "TXT").rcode == dns.rcode.NXDOMAIN


def test_a_wildcard_alias_is_followed() -> None:
    assert answer_of(ask("x.alias.friend.example", "A")) == [
        "x.alias.friend.example. mx1.cow.example.",
        "mx1.cow.example. 198.51.100.25",
    ]


def test_any_is_answered_with_all_records() -> None:
    types = {records.rdataset.rdtype for records in ask("both.friend.example", "ANY").answer}
    assert types == {dns.rdatatype.CNAME, dns.rdatatype.TXT}


@pytest.mark.parametrize("name", ["broken.example", "www.broken.example", "x.y.broken.example"])
def test_a_failing_name_fails_with_everything_below_it(name: str) -> None:
    reply = ask(name, "SOA")
    assert reply == ZoneReply(dns.rcode.SERVFAIL, extended=ExtendedError(9, "no DNSKEY"))


def test_an_alias_into_a_failing_zone_fails() -> None:
    assert ask("failing.friend.example", "A").rcode == dns.rcode.SERVFAIL


def test_putting_a_zone_in_changes_that_zone_only_and_mends_it() -> None:
    mended = WORLD.with_zone(parse_zone("broken.example", "@ A 203.0.113.99"))
    assert answer_of(ask("broken.example", "A", mended)) == ["broken.example. 203.0.113.99"]
    assert ask("www.broken.example", "A", mended).rcode == dns.rcode.NXDOMAIN
    assert ask("friend.example", "MX", mended) == ask("friend.example", "MX")
    assert ask("broken.example", "A").rcode == dns.rcode.SERVFAIL


@pytest.mark.parametrize(
    "line",
    ["@ A", "@ A 300.1.1.1", "@ NOTYPE x", "x.other.example. A 192.0.2.1", "@ 60 A", "a..b A 1"],
)
def test_a_line_that_is_no_record_is_named(line: str) -> None:
    with pytest.raises(ValueError, match=r"no record of friend\.example\."):
        parse_zone("friend.example", line)


def test_every_zone_of_the_cases_loads(case: Case, case_file: CaseFile) -> None:
    zones = case_file.zones(case)
    reply = ask(case_file.domain, "SOA", zones)
    expected = dns.rcode.SERVFAIL if case.servfail else dns.rcode.NOERROR
    assert reply.rcode == expected


def test_the_demo_has_domains_in_different_states() -> None:
    zones = world.zones()
    assert len(world.DOMAINS) >= 10
    assert len({domain.about for domain in world.DOMAINS.values()}) == len(world.DOMAINS)
    assert ask("broken.example", "MX", zones).rcode == dns.rcode.SERVFAIL
    assert ask("broken.example", "MX", zones).extended is not None
    assert is_nodata(ask("newcomer.example", "MX", zones))


@pytest.mark.parametrize("name", world.DOMAINS)
def test_a_mended_demo_domain_publishes_the_key_of_the_mail_server(name: str) -> None:
    zones = world.zones().with_zone(world.mend(name))
    (txt,) = ask(f"dkim._domainkey.{name}", "TXT", zones).answer[0].rdataset
    assert b"".join(txt.strings).decode() == world.DOMAINS[name].dkim
    (mx,) = ask(name, "MX", zones).answer[0].rdataset
    assert str(mx) == f"10 {world.DEMO_ENVIRONMENT['MAIL_HOST']}."


def test_a_name_below_a_dname_is_an_alias_and_has_nothing_of_its_own() -> None:
    assert answer_of(ask("mx1.moved.friend.example", "A")) == [
        "moved.friend.example. cow.example.",
        "mx1.moved.friend.example. mx1.cow.example.",
        "mx1.cow.example. 198.51.100.25",
    ]
    assert ask("below.moved.friend.example", "A").rcode == dns.rcode.NXDOMAIN


def test_the_owner_of_a_dname_is_no_alias_itself() -> None:
    assert answer_of(ask("moved.friend.example", "DNAME")) == ["moved.friend.example. cow.example."]
    assert is_nodata(ask("moved.friend.example", "A"))


def test_who_asks_for_the_alias_below_a_dname_is_told_it_alone() -> None:
    assert answer_of(ask("x.moved.friend.example", "CNAME"))[1:] == [
        "x.moved.friend.example. x.cow.example."
    ]


def test_a_dname_ends_where_the_new_name_would_be_too_long_or_goes_on_for_ever() -> None:
    long = ".".join(["a" * 60] * 3)
    zones = Zones.of({"friend.example": f"d DNAME {'b' * 60}.{'c' * 60}.example."})
    reply = ask(f"{long}.d.friend.example", "A", zones)
    assert reply.rcode == dns.rcode.YXDOMAIN
    assert [str(records.owner) for records in reply.answer] == ["d.friend.example."]
    assert len(ask("a.circle.friend.example", "A").answer) >= MAX_CHAIN
