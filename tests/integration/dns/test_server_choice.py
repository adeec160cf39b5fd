"""Several servers: which of them is asked, and whose answer counts."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from bot.dns import round_trip
from bot.dns.answer import ExtendedError, Outcome
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from max_wait import MAX_WAIT
from scripted_server import NEVER, fail, refuse, respond, rrset, say_nothing, serve, tell, txt

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted_server import Behave, ScriptedServer

pytest_plugins = ["resolver_fixtures"]


def note_first(first: dict[str, str], server: str, behave: Behave) -> Behave:
    """Return a server's behaviour that notes it at each name for which it is asked first."""

    def behave_and_note(query: dns.message.Message, count: int) -> list[bytes]:
        first.setdefault(query.question[0].name.to_text(), server)
        return behave(query, count)

    return behave_and_note


def look_up(server_of: Callable[[], ScriptedServer]) -> Behave:
    """Return the behaviour of a server that answers names beginning with "slow" after a while."""
    loop = asyncio.get_running_loop()

    def look_slow_up(query: dns.message.Message, count: int) -> list[bytes]:
        if not query.question[0].name[0].startswith(b"slow"):
            return tell(query, count)
        server = server_of()
        address = (server.server.address, server.ports[-1])
        loop.call_later(0.15, server.transport.sendto, txt(query), address)
        return []

    return look_slow_up


async def test_server_may_have_an_ipv6_address() -> None:
    async with serve(tell, host="::1") as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.found
        assert answer.server == f"[::1]:{server.server.port}"


async def test_server_where_nobody_listens_is_not_waited_for(
    closed_port: Server, patient: None
) -> None:
    async with serve(tell) as server, Resolver([closed_port, server.server]) as resolver:
        for number in range(5):
            answer = await resolver.ask(f"n{number}.friend.example", "TXT")
            assert answer.found
            assert answer.server == str(server.server)


async def test_silent_first_server_is_asked_first_by_the_first_question_only() -> None:
    first: dict[str, str] = {}
    names = [f"n{number}.friend.example." for number in range(6)]
    async with (
        serve(note_first(first, "silent", say_nothing)) as silent,
        serve(note_first(first, "good", tell)) as good,
        Resolver([silent.server, good.server]) as resolver,
    ):
        for name in names:
            assert (await resolver.ask(name, "TXT")).found
    assert [first[name] for name in names] == ["silent", *["good"] * 5]


async def test_all_that_is_under_way_leaves_a_server_with_the_first_that_it_left_unanswered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(round_trip, "FIRST_WAIT", 1.0)
    async with (
        serve(say_nothing) as silent,
        serve(tell) as good,
        Resolver([silent.server, good.server]) as resolver,
    ):
        first = resolver.ask("friend.example", "TXT")
        await asyncio.sleep(0.9)
        second = resolver.ask("cow.example", "TXT")
        assert (await first).found
        began = time.monotonic()
        assert (await second).found
        assert time.monotonic() - began < 0.5  # and not 0.9 for as long a wait of its own


async def test_server_that_falls_silent_is_soon_asked_after_the_others() -> None:
    first: dict[str, str] = {}

    def fall_silent(query: dns.message.Message, count: int) -> list[bytes]:
        return tell(query, count) if count == 1 else []

    async with (
        serve(note_first(first, "silent", fall_silent)) as silent,
        serve(note_first(first, "good", tell)) as good,
        Resolver([silent.server, good.server]) as resolver,
        asyncio.timeout(MAX_WAIT),
    ):
        while list(first.values())[-3:] != ["good"] * 3:
            assert (await resolver.ask(f"n{len(first)}.friend.example", "TXT")).found
    assert list(first.values())[:2] == ["silent"] * 2


async def test_server_that_takes_its_time_for_some_names_stays_the_first(patient: None) -> None:
    first: dict[str, str] = {}

    async with (
        serve(note_first(first, "good", look_up(lambda: good))) as good,
        serve(note_first(first, "other", say_nothing)) as other,
        Resolver([good.server, other.server]) as resolver,
    ):
        assert (await resolver.ask("friend.example", "TXT")).found
        slow = [resolver.ask(f"slow{number}.friend.example", "TXT") for number in range(6)]
        await asyncio.sleep(0.1)  # they are late by now
        for number in range(6):
            assert (await resolver.ask(f"n{number}.friend.example", "TXT")).found
        assert all(answer.found for answer in await asyncio.gather(*slow))
    assert set(first.values()) == {"good"}


@pytest.mark.parametrize("fails_first", [True, False])
async def test_server_that_looks_a_name_up_is_waited_for_where_the_other_fails(
    fails_first: bool,
) -> None:
    async with serve(look_up(lambda: good)) as good, serve(fail) as bad:
        servers = (bad.server, good.server) if fails_first else (good.server, bad.server)
        async with Resolver(servers) as resolver:
            for number in range(30):  # the one that does not fail is known to be fast
                assert (await resolver.ask(f"n{number}.friend.example", "TXT")).found
            answer = await resolver.ask("slow.friend.example", "TXT")
            assert answer.server == str(good.server)
            assert answer.found


async def test_server_that_cannot_be_reached_is_passed_over() -> None:
    nowhere = Server("fe80::1")  # link-local without a link: connecting fails at once
    async with serve(tell) as server, Resolver([nowhere, server.server]) as resolver:
        assert (await resolver.ask("friend.example", "TXT")).found


@pytest.mark.parametrize("bad", [fail, refuse])
async def test_second_server_is_asked_where_the_first_fails(bad: Behave, patient: None) -> None:
    async with (
        serve(bad) as first,
        serve(tell) as second,
        Resolver([first.server, second.server]) as resolver,
    ):
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.found
        assert answer.server == str(second.server)
        assert resolver.queries == 1


async def test_first_failure_is_the_answer_where_no_server_does_better() -> None:
    async with (
        serve(refuse) as first,
        serve(fail) as second,
        Resolver([first.server, second.server]) as resolver,
    ):
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.outcome is Outcome.REFUSED
        assert answer.server == str(first.server)
        assert len(second.asked) == 1


async def test_failure_with_a_reason_goes_before_one_without() -> None:
    def explain(query: dns.message.Message, count: int) -> list[bytes]:
        option = dns.edns.EDEOption(dns.edns.EDECode.DNSSEC_BOGUS, "no keys \x1b[31m")
        return [respond(query, rcode=dns.rcode.SERVFAIL, options=(option,))]

    async with (
        serve(fail) as first,
        serve(explain) as second,
        Resolver([first.server, second.server]) as resolver,
    ):
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.outcome is Outcome.SERVFAIL
        assert answer.extended == (ExtendedError(6, "no keys \x1b[31m"),)
        assert answer.names_dnssec


async def test_failure_is_told_before_the_deadline_where_the_other_server_is_silent(
    black_hole: Server,
) -> None:
    async with (
        serve(fail) as server,
        Resolver([server.server, black_hole], timeout=NEVER) as resolver,
        asyncio.timeout(MAX_WAIT),
    ):
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.outcome is Outcome.SERVFAIL


async def test_server_that_only_refers_elsewhere_has_refused() -> None:
    def refer(query: dns.message.Message, count: int) -> list[bytes]:
        authority = (rrset("example.", "NS", "ns1.cow.example."),)
        return [respond(query, authority=authority, flags=dns.flags.QR)]

    async with serve(refer) as lame:
        async with Resolver([lame.server]) as resolver:
            assert (await resolver.ask("friend.example", "TXT")).outcome is Outcome.REFUSED
        async with serve(tell) as good, Resolver([lame.server, good.server]) as resolver:
            assert (await resolver.ask("friend.example", "TXT")).found


async def test_resolver_without_servers_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one server"):
        Resolver([])
