"""What each name server has of two key records, asked directly; real sockets."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rrset
import pytest

from bot.checks.dkim.server_records import RecordState, ServerRecords
from bot.checks.observe.key_servers import look_at_keys
from bot.demo.zone_server import AUTHORITY, ZoneServer
from bot.demo.zones import Zones, parse_zone
from bot.dns.authority import Authorities
from dkim_zones import KEY, OTHER
from name_server_world import HOSTED, from_cache
from rotation_parts import FRIEND, NEW, OLD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from name_server_world import Twist, World

pytest_plugins = ["name_server_fixtures"]

R = RecordState
NS1, NS2, NS3 = (f"ns{number}.{HOSTED}" for number in (1, 2, 3))
NEW_VALUE, OLD_VALUE = NEW.record.text, OLD.record.text
NEGATIVE = 900  # seconds, by the SOA of the zone


def line_of(text: str, selector: str = NEW.selector, *, ttl: int = 3600, each: int = 200) -> str:
    strings = (text[at : at + each] for at in range(0, len(text), each))
    return " ".join([f"{selector}._domainkey {ttl} TXT", *(f'"{part}"' for part in strings)])


def publish(world: World, *lines: str) -> None:
    """Type these records at all name servers; the resolver still has what was there before."""
    for server in world.servers:
        kept = [line for line in server.lines if "_domainkey" not in line]
        server.lines = [*kept, line_of(OLD_VALUE, OLD.selector), *lines]


async def look(world: World) -> ServerRecords:
    asking = world.ask, world.authorities
    return await look_at_keys(*asking, FRIEND, OLD, NEW.selector, NEW_VALUE)


def states(records: ServerRecords) -> list[tuple[str, RecordState, RecordState]]:
    return [(each.server, each.new, each.old) for each in records.servers]


def asked_of(world: World, label: str) -> int:
    queries = (query for server in world.servers for query in server.asked)
    return sum(q.question[0].name.to_text().startswith(label) for q in queries)


async def test_both_records_at_all_name_servers(world: World) -> None:
    publish(world, line_of(NEW_VALUE))
    records = await look(world)
    assert states(records) == [(NS1, R.RIGHT, R.RIGHT), (NS2, R.RIGHT, R.RIGHT)]
    assert records.is_everywhere
    assert (records.keeps, records.old_keeps) == (NEGATIVE, NEGATIVE)


async def test_nothing_at_the_new_name_is_missing(world: World) -> None:
    publish(world)
    records = await look(world)
    assert states(records) == [(NS1, R.MISSING, R.RIGHT), (NS2, R.MISSING, R.RIGHT)]
    assert not records.is_somewhere
    assert records.keeps == NEGATIVE


async def test_one_server_that_lacks_it_is_told(world: World) -> None:
    publish(world)
    world.servers[0].lines.append(line_of(NEW_VALUE))
    records = await look(world)
    assert [each.new for each in records.servers] == [R.RIGHT, R.MISSING]
    assert records.is_somewhere
    assert not records.is_everywhere


async def test_an_old_record_that_was_taken_out_is_told(world: World) -> None:
    publish(world, line_of(NEW_VALUE))
    world.servers[1].lines = [x for x in world.servers[1].lines if not x.startswith("dkim._dom")]
    records = await look(world)
    assert records.is_everywhere
    assert records.lacking_old == (NS2,)


@pytest.mark.parametrize(
    "text",
    [
        OLD_VALUE,
        NEW_VALUE.replace("v=DKIM1", "v=DKIM2"),
        NEW_VALUE.replace("t=s", "t=y:s"),
        NEW_VALUE.replace("s=email", "s=other"),
        NEW_VALUE.replace("k=rsa", "k=rsa;h=sha1"),
        NEW_VALUE.replace("k=rsa", "k=ed25519"),
        NEW_VALUE.replace(OTHER, ""),
        NEW_VALUE[:-40],
        f"{NEW_VALUE};;p={KEY}",
        f"\\\\{NEW_VALUE}",
        OTHER,
        "v=spf1 -all",
    ],
)
async def test_what_is_not_the_key_fit_for_use_is_something_else(world: World, text: str) -> None:
    publish(world, line_of(text))
    assert [each.new for each in (await look(world)).servers] == [R.OTHER, R.OTHER]


@pytest.mark.parametrize(
    "text",
    [
        NEW_VALUE,
        NEW_VALUE.replace(";", "; "),
        f"v=DKIM1; p={OTHER}",
        f"p={OTHER}",
        NEW_VALUE.replace("t=s;", ""),
        NEW_VALUE.replace("s=email", "s=*"),
        NEW_VALUE.replace(OTHER, f"{OTHER[:60]} {OTHER[60:]}"),
    ],
)
async def test_the_same_key_may_be_written_otherwise(world: World, text: str) -> None:
    publish(world, line_of(text))
    assert (await look(world)).is_everywhere


async def test_a_second_text_beside_the_key_is_something_else(world: World) -> None:
    publish(world, line_of(NEW_VALUE), line_of("v=spf1 -all"))
    assert [each.new for each in (await look(world)).servers] == [R.OTHER, R.OTHER]


async def test_the_same_text_cut_in_two_ways_is_one(world: World) -> None:
    publish(world, line_of(NEW_VALUE), line_of(NEW_VALUE, each=150))
    assert (await look(world)).is_everywhere


async def test_a_text_that_is_too_long_to_be_read_is_something_else(world: World) -> None:
    publish(world, line_of("x" * 5000))
    assert [each.new for each in (await look(world)).servers] == [R.OTHER, R.OTHER]


async def test_another_record_is_kept_as_long_as_its_ttl_says(world: World) -> None:
    publish(world, line_of(OLD_VALUE, ttl=7200))
    world.servers[1].lines = [x.replace(" 7200 ", " 86400 ") for x in world.servers[1].lines]
    assert (await look(world)).keeps == 86400


async def test_a_wildcard_at_the_new_name_is_another_record(world: World) -> None:
    publish(world, '*._domainkey 40000 TXT "v=spf1 -all"')
    records = await look(world)
    assert [each.new for each in records.servers] == [R.OTHER, R.OTHER]
    assert records.keeps == 40000


async def test_the_server_that_denies_for_longest_counts(world: World) -> None:
    publish(world, line_of(NEW_VALUE))
    world.servers[1].twist = deny_for(3000)
    assert (await look(world)).keeps == 3000


def deny_for(seconds: int) -> Twist:
    """Return what becomes of an SOA record: another minimum."""

    def twist(_query: dns.message.Message, reply: bytes) -> list[bytes]:
        text = dns.message.from_wire(reply).to_text().replace("1209600 900", f"1209600 {seconds}")
        return [dns.message.from_text(text).to_wire()]

    return twist


async def test_a_silent_server_is_unanswered(world: World) -> None:
    publish(world, line_of(NEW_VALUE))
    world.servers[1].twist = lambda _query, _reply: []
    records = await look(world)
    assert states(records)[1] == (NS2, R.UNANSWERED, R.UNANSWERED)
    assert records.is_somewhere
    assert not records.is_everywhere
    assert records.lacking_old == ()


async def test_an_answer_out_of_a_cache_says_nothing(world: World) -> None:
    publish(world, line_of(NEW_VALUE))
    world.servers[0].twist = from_cache
    assert states(await look(world))[0] == (NS1, R.UNANSWERED, R.UNANSWERED)


async def test_a_server_that_does_not_hold_the_zone_says_nothing(world: World) -> None:
    publish(world, line_of(NEW_VALUE))
    world.servers[0].holds = False
    assert [each.new for each in (await look(world)).servers] == [R.UNANSWERED, R.RIGHT]


async def test_a_server_without_an_address_is_unanswered(world: World) -> None:
    publish(world, line_of(NEW_VALUE))
    world.nowhere = (2,)
    world.tell_resolver()
    assert [each.new for each in (await look(world)).servers] == [R.RIGHT, R.UNANSWERED]


async def test_no_server_at_a_private_address_is_asked(world: World) -> None:
    publish(world, line_of(NEW_VALUE))
    world.authorities = Authorities(allow_private=False, port=world.authorities.port)
    assert [each.new for each in (await look(world)).servers] == [R.UNANSWERED] * 2
    assert asked_of(world, NEW.selector) == 0


async def test_of_two_addresses_of_a_server_the_worst_counts(three: World) -> None:
    publish(three, line_of(NEW_VALUE))
    for server in three.servers:
        server.others = [NS1, NS2]
    three.delegated = [NS1, NS2]
    three.servers[2].lines = [x for x in three.lines if "_domainkey" not in x]
    three.tell_resolver()
    addresses = [server.address for server in three.servers]
    hosts = zip(("ns1", "ns2", "ns2"), addresses, strict=True)
    lines = "\n".join(f"{name} A {address}" for name, address in hosts)
    three.resolver.zones = three.resolver.zones.with_zone(parse_zone(HOSTED, lines))
    records = await look(three)
    assert states(records) == [(NS1, R.RIGHT, R.RIGHT), (NS2, R.MISSING, R.MISSING)]


async def test_a_server_that_the_registry_alone_names_is_asked_too(three: World) -> None:
    publish(three, line_of(NEW_VALUE))
    for server in three.servers:
        server.others = [NS1, NS2]
    three.tell_resolver()
    three.servers[2].lines = list(three.lines)
    assert [each.new for each in (await look(three)).servers] == [R.RIGHT, R.RIGHT, R.MISSING]


async def test_what_the_resolver_alone_has_counts_for_nothing(world: World) -> None:
    publish(world)
    world.tell_resolver(lines=[*world.lines, line_of(NEW_VALUE)])
    assert not (await look(world)).is_somewhere


async def test_the_resolver_is_not_asked_for_the_names_of_keys(world: World) -> None:
    publish(world)
    world.resolver.forget()
    await look(world)
    names = [question.name.to_text() for question in world.resolver.asked]
    assert not [name for name in names if "_domainkey" in name]


async def test_nobody_knows_which_servers_there_are(world: World) -> None:
    world.tell_resolver(broken=True)
    world.delegated = []
    records = await look(world)
    assert records == ServerRecords()
    assert not records.is_everywhere


async def test_an_alias_within_the_zone_is_what_it_leads_to(world: World) -> None:
    publish(world, f"{NEW.selector}._domainkey CNAME keys", "keys TXT " + text_of(NEW_VALUE))
    assert (await look(world)).is_everywhere


async def test_an_alias_within_the_zone_to_nothing_is_missing_for_as_long_as_it_is_kept(
    world: World,
) -> None:
    publish(world, f"{NEW.selector}._domainkey 5000 CNAME keys")
    records = await look(world)
    assert [each.new for each in records.servers] == [R.MISSING, R.MISSING]
    assert records.keeps == 5000


def text_of(value: str) -> str:
    return line_of(value).partition(" TXT ")[2]


ELSEWHERE = ("127.0.0.45", "127.0.0.46")


@asynccontextmanager
async def zone_elsewhere(
    world: World, *texts: str, name: str = "keys.example"
) -> AsyncIterator[None]:
    """Have a zone served by two servers, each with its own text, or both with the same."""
    names = [f"ns{number}.{name}." for number in (1, 2)]
    head = f"@ SOA {names[0]} hostmaster.{name}. 1 7200 3600 1209600 1200"
    hosts = "\n".join(f"ns{at} A {address}" for at, address in enumerate(ELSEWHERE, 1))
    apex = "\n".join((head, *(f"@ NS {each}" for each in names), hosts))
    world.elsewhere = {name: apex}
    world.tell_resolver()
    async with AsyncExitStack() as stack:
        for at, address in enumerate(ELSEWHERE):
            zones = Zones.of({name: f"{apex}\n{texts[at % len(texts)]}"}, outside="refused")
            port = world.authorities.port
            server = ZoneServer(zones, host=address, port=port, role=AUTHORITY)
            await stack.enter_async_context(server)
        yield


ALIAS = f"{NEW.selector}._domainkey 5000 CNAME friend.key.keys.example."


async def test_an_alias_out_of_the_zone_is_right_where_all_servers_there_have_it(
    world: World,
) -> None:
    publish(world, ALIAS)
    async with zone_elsewhere(world, f"friend.key TXT {text_of(NEW_VALUE)}"):
        records = await look(world)
    assert states(records) == [(NS1, R.RIGHT, R.RIGHT), (NS2, R.RIGHT, R.RIGHT)]
    assert records.keeps == 1200


async def test_an_alias_out_of_the_zone_lacks_what_one_server_there_lacks(world: World) -> None:
    publish(world, ALIAS)
    async with zone_elsewhere(world, f"friend.key TXT {text_of(NEW_VALUE)}", "key TXT x"):
        records = await look(world)
    assert [each.new for each in records.servers] == [R.MISSING, R.MISSING]
    assert records.keeps == 5000


async def test_an_alias_to_where_nobody_answers_is_unanswered(world: World) -> None:
    publish(world, ALIAS)
    records = await look(world)
    assert [each.new for each in records.servers] == [R.UNANSWERED, R.UNANSWERED]


async def test_aliases_that_lead_on_and_on_are_unanswered(world: World) -> None:
    publish(world, ALIAS)
    back = f"friend.key CNAME {NEW.selector}._domainkey.friend.example."
    async with zone_elsewhere(world, back):
        records = await look(world)
    assert [each.new for each in records.servers] == [R.UNANSWERED, R.UNANSWERED]


async def test_keys_in_a_zone_of_their_own_are_asked_for_there(world: World) -> None:
    below = "_domainkey.friend.example"
    publish(world)
    for server in world.servers:
        server.lines = [x for x in server.lines if "_domainkey" not in x]
        server.twist = refer(below, "ns1." + below)
    records = [f"{key.selector} TXT {text_of(key.record.text)}" for key in (OLD, NEW)]
    async with zone_elsewhere(world, "\n".join(records), name=below):
        found = await look(world)
    assert [each.server for each in found.servers] == [f"ns1.{below}", f"ns2.{below}"]
    assert found.is_everywhere


def refer(below: str, server: str) -> Twist:
    """Return what becomes of answers about names below a zone cut: a referral, without AA."""

    def twist(query: dns.message.Message, reply: bytes) -> list[bytes]:
        if not query.question[0].name.to_text().endswith(f"{below}."):
            return [reply]
        referral = dns.message.make_response(query)
        referral.flags &= ~dns.flags.AA
        servers = dns.rrset.from_text(f"{below}.", 3600, "IN", "NS", f"{server}.")
        referral.authority = [servers]
        return [referral.to_wire()]

    return twist
