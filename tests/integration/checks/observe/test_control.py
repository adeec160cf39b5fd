"""Control of a domain by what its zone's name servers say, all of them; real sockets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from bot.checks.control_answers import ControlFault, ControlVerdict, judge_control
from bot.checks.observe.control import look_at_control
from bot.demo.zone_server import ZoneServer
from bot.dns.authority import Authorities
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.records.control_token import TokenState, make_control_text, read_control_text
from name_server_world import HOSTED, from_cache, name_servers

if TYPE_CHECKING:
    from conftest import CaseFile
    from name_server_world import NameServerDouble, Twist, World

pytest_plugins = ["name_server_fixtures"]

SECRET = bytes(range(32))
FRIEND = Domain.from_ascii("friend.example")
ANN, BEN = 300000000000000007, 300000000000000008
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def text_for(member: int = ANN, domain: Domain = FRIEND, *, ago: timedelta = timedelta(0)) -> str:
    return make_control_text(SECRET, domain, member, NOW - ago)


def line_of(text: str, owner: str = "_cowbell") -> str:
    return f'{owner} TXT "{text}"'


def publish(world: World, *lines: str) -> None:
    """Type these records at all name servers; the resolver still has what was there before."""
    for server in world.servers:
        server.lines += lines


async def look(world: World, domain: Domain = FRIEND, *, secret: bytes = SECRET) -> ControlVerdict:
    answers = await look_at_control(world.ask, world.authorities, domain)

    def read(text: str) -> TokenState:
        return read_control_text(text, secret, domain, ANN, NOW)

    return judge_control(answers, read)


def fail_at(label: str, rcode: dns.rcode.Rcode = dns.rcode.SERVFAIL) -> Twist:
    """Return what becomes of the answers about one name: a failure."""

    def twist(query: dns.message.Message, reply: bytes) -> list[bytes]:
        if not query.question[0].name.to_text().startswith(label):
            return [reply]
        failure = dns.message.make_response(query)
        failure.set_rcode(rcode)
        return [failure.to_wire()]

    return twist


def asked_for(server: NameServerDouble, label: str) -> int:
    return sum(q.question[0].name.to_text().startswith(label) for q in server.asked)


async def test_a_text_at_all_name_servers_shows_control(world: World) -> None:
    publish(world, line_of(text_for()))
    assert await look(world) == ControlVerdict()
    assert [asked_for(server, "_cowbell.") for server in world.servers] == [1, 1]


async def test_nothing_there_is_said_to_be_missing(world: World) -> None:
    verdict = await look(world)
    assert verdict.fault is ControlFault.MISSING
    assert verdict.at_fault == (f"ns1.{HOSTED}", f"ns2.{HOSTED}")
    assert not verdict.elsewhere


async def test_one_of_two_servers_that_lacks_it_is_named(world: World) -> None:
    world.servers[0].lines.append(line_of(text_for()))
    verdict = await look(world)
    assert verdict == ControlVerdict(ControlFault.MISSING, (f"ns2.{HOSTED}",), elsewhere=True)


async def test_another_members_text_shows_nothing(world: World) -> None:
    publish(world, line_of(text_for(BEN)))
    assert (await look(world)).fault is ControlFault.OTHER


async def test_another_domains_text_shows_nothing(world: World) -> None:
    publish(world, line_of(text_for(domain=Domain.from_ascii("mover.example"))))
    assert (await look(world)).fault is ControlFault.OTHER


async def test_an_expired_text_is_said_to_be_expired(world: World) -> None:
    publish(world, line_of(text_for(ago=timedelta(days=40))))
    assert (await look(world)).fault is ControlFault.EXPIRED


async def test_after_the_secret_has_changed_an_old_text_shows_nothing(world: World) -> None:
    publish(world, line_of(text_for()))
    assert (await look(world, secret=bytes(32))).fault is ControlFault.OTHER


async def test_a_wildcard_that_has_the_text_shows_nothing(world: World) -> None:
    publish(world, line_of(text_for(), "*"))
    assert (await look(world)).fault is ControlFault.WILDCARD


async def test_a_wildcard_that_has_the_text_beside_the_record_shows_nothing(world: World) -> None:
    publish(world, line_of(text_for(), "*"), line_of(text_for()))
    assert (await look(world)).fault is ControlFault.WILDCARD


async def test_a_wildcard_with_another_text_is_in_nobodys_way(world: World) -> None:
    publish(world, line_of("v=spf1 -all", "*"), line_of(text_for()))
    assert await look(world) == ControlVerdict()


async def test_an_alias_is_not_followed(world: World) -> None:
    publish(world, "_cowbell CNAME proof", line_of(text_for(), "proof"))
    assert (await look(world)).fault is ControlFault.ALIAS


async def test_an_alias_out_of_the_zone_is_not_followed(world: World) -> None:
    publish(world, "_cowbell CNAME proof.elsewhere.example.")
    assert (await look(world)).fault is ControlFault.ALIAS


async def test_a_text_in_two_strings_is_one_text(world: World) -> None:
    text = text_for()
    publish(world, f'_cowbell TXT "{text[:30]}" "{text[30:]}"')
    assert await look(world) == ControlVerdict()


async def test_one_text_among_several_is_enough(world: World) -> None:
    old = line_of(text_for(ago=timedelta(days=40)))
    publish(world, line_of("google-site=1"), line_of(text_for(BEN)), old, line_of(text_for()))
    assert await look(world) == ControlVerdict()


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ('\\"{}\\"', None),  # quotation marks that the provider's page took for a part of it
        (" {} ", None),
        ("cowbell={}", ControlFault.OTHER),
        ("v=spf1 {}", ControlFault.MISSING),
    ],
)
async def test_slips_around_the_text(world: World, typed: str, fault: ControlFault | None) -> None:
    publish(world, line_of(typed.format(text_for())))
    assert (await look(world)).fault is fault


async def test_a_text_in_upper_case_is_another(world: World) -> None:
    publish(world, line_of(text_for().upper()))
    assert (await look(world)).fault is ControlFault.OTHER


async def test_the_owner_name_is_the_same_in_upper_case(world: World) -> None:
    publish(world, line_of(text_for(), "_COWBELL"))
    assert await look(world) == ControlVerdict()


async def test_a_server_that_fails_proves_nothing_and_is_asked_twice(world: World) -> None:
    publish(world, line_of(text_for()))
    world.servers[1].twist = fail_at("_cowbell.")
    verdict = await look(world)
    assert verdict == ControlVerdict(ControlFault.FAILS, (f"ns2.{HOSTED}",), elsewhere=True)
    assert asked_for(world.servers[1], "_cowbell.") == 2


async def test_a_failure_beside_the_record_may_hide_a_wildcard(world: World) -> None:
    publish(world, line_of(text_for()))
    world.servers[0].twist = lambda query, reply: (
        [reply]
        if query.question[0].name.to_text().startswith(("_cowbell.", "friend."))
        else fail_at("_")(query, reply)
    )
    assert (await look(world)).fault is ControlFault.FAILS


async def test_a_silent_server_proves_nothing(world: World) -> None:
    publish(world, line_of(text_for()))
    world.servers[1].twist = lambda _query, _reply: []
    verdict = await look(world)
    assert verdict == ControlVerdict(ControlFault.SILENT, (f"ns2.{HOSTED}",), elsewhere=True)


async def test_a_server_that_does_not_hold_the_zone_proves_nothing(world: World) -> None:
    publish(world, line_of(text_for()))
    world.servers[1].holds = False
    assert (await look(world)).fault is ControlFault.FAILS


async def test_an_answer_out_of_a_cache_proves_nothing(world: World) -> None:
    publish(world, line_of(text_for()))
    for server in world.servers:
        server.twist = from_cache
    assert (await look(world)).fault is ControlFault.FAILS


async def test_a_server_without_an_address_proves_nothing(world: World) -> None:
    publish(world, line_of(text_for()))
    world.nowhere = (2,)
    world.tell_resolver()
    verdict = await look(world)
    assert verdict == ControlVerdict(ControlFault.UNREACHABLE, (f"ns2.{HOSTED}",), elsewhere=True)


async def test_no_server_at_a_private_address_is_asked(world: World) -> None:
    publish(world, line_of(text_for()))
    world.authorities = Authorities(allow_private=False, port=world.authorities.port)
    assert (await look(world)).fault is ControlFault.UNREACHABLE
    assert [server.asked for server in world.servers] == [[], []]


async def test_what_the_resolver_alone_has_counts_for_nothing(world: World) -> None:
    world.tell_resolver(lines=[*world.lines, line_of(text_for())])
    assert (await look(world)).fault is ControlFault.MISSING


async def test_a_resolver_that_denies_it_changes_nothing(world: World) -> None:
    publish(world, line_of(text_for()))
    world.tell_resolver(lines=world.lines)
    assert await look(world) == ControlVerdict()


async def test_a_server_that_the_registry_alone_names_has_to_have_it_too(three: World) -> None:
    publish(three, line_of(text_for()))
    names = [server.name for server in three.servers]
    for server in three.servers:
        server.others = names[:2]
    three.tell_resolver()
    three.servers[2].lines = list(three.lines)
    verdict = await look(three)
    assert verdict == ControlVerdict(ControlFault.MISSING, (f"ns3.{HOSTED}",), elsewhere=True)


async def test_a_truncated_answer_is_asked_for_over_tcp(world: World) -> None:
    publish(world, *(line_of(f"other-{number}-" + "x" * 200) for number in range(12)))
    publish(world, line_of(text_for()))
    assert await look(world) == ControlVerdict()
    assert asked_for(world.servers[0], "_cowbell.") == 2


async def test_a_truncated_answer_without_tcp_proves_nothing(case_file: CaseFile) -> None:
    async with name_servers(case_file, without_tcp=(1, 2)) as world:
        publish(world, *(line_of(f"other-{number}-" + "x" * 200) for number in range(12)))
        publish(world, line_of(text_for()))
        assert (await look(world)).fault is ControlFault.FAILS


async def test_a_domain_below_another_is_shown_at_its_own_name(world: World) -> None:
    club = Domain.from_ascii("club.friend.example")
    publish(world, "club A 203.0.113.9", line_of(text_for(domain=club)))
    world.tell_resolver()
    assert (await look(world, club)).fault is ControlFault.MISSING
    publish(world, line_of(text_for(domain=club), "_cowbell.club"))
    assert await look(world, club) == ControlVerdict()
    assert (await look(world)).fault is ControlFault.OTHER


async def test_a_name_that_is_handed_to_other_servers_proves_nothing(world: World) -> None:
    publish(world, "_cowbell NS ns.elsewhere.example.")
    for server in world.servers:
        server.twist = refer_at("_cowbell.")
    assert (await look(world)).fault is ControlFault.FAILS


def refer_at(label: str) -> Twist:
    """Return what becomes of the answers about one name: a referral, which has no AA flag."""

    def twist(query: dns.message.Message, reply: bytes) -> list[bytes]:
        if not query.question[0].name.to_text().startswith(label):
            return [reply]
        referral = dns.message.make_response(query)
        referral.flags &= ~dns.flags.AA
        name = query.question[0].name.to_text()
        referral.authority = [dns.rrset.from_text(name, 3600, "IN", "NS", "ns.elsewhere.example.")]
        return [referral.to_wire()]

    return twist


async def test_a_domain_with_letters_of_its_own_is_shown_by_its_form_in_ascii() -> None:
    typed = Domain.parse("bücher.example").domain
    zones = {typed.ascii: line_of(text_for(domain=typed))}
    async with ZoneServer(zones) as server, Resolver([Server(*server.address)]) as resolver:
        authorities = Authorities(allow_private=True, port=server.address[1])
        answers = await look_at_control(resolver.ask, authorities, typed)
    verdict = judge_control(answers, lambda text: read_control_text(text, SECRET, typed, ANN, NOW))
    assert verdict == ControlVerdict()
