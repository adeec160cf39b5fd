"""Questions in flight: equal ones are sent once, and they and their sockets are bounded."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import pytest

from bot.dns.answer import Outcome, Question
from bot.dns.authority import Connections
from bot.dns.message import Query
from bot.dns.resolver import Resolver
from bot.dns.udp import Port, Upstream
from max_wait import MAX_WAIT
from scripted_server import say_nothing, serve, tell, truncate, txt

if TYPE_CHECKING:
    from bot.dns.server_address import Server
    from bot.dns.udp import Datagram

pytest_plugins = ["resolver_fixtures"]


class IgnoringSender:
    """Whoever sends and does not care what comes of it."""

    def take_reply(self, datagram: Datagram, data: bytes) -> None:
        pass

    def take_refusal(self, datagram: Datagram) -> None:
        pass

    def set_timer(self) -> None:
        pass


def count_open_ports(server: Server) -> int:
    """Return how many sockets to a server this process has open."""
    ports = [thing for thing in gc.get_objects() if isinstance(thing, Port)]
    return sum(not port.closed for port in ports if port.upstream.server == server)


async def test_equal_questions_are_sent_once() -> None:
    async with serve(tell) as server, Resolver([server.server]) as resolver:
        asks = [resolver.ask(n, "TXT") for n in ("friend.example", "FRIEND.example.") * 20]
        answers = await asyncio.gather(*asks)
        assert all(answer.found for answer in answers)
        assert (resolver.queries, len(server.asked)) == (1, 1)
        await resolver.ask("friend.example", "TXT")
        assert resolver.queries == 2


async def test_question_is_sent_before_anybody_waits_for_its_answer() -> None:
    async with serve(tell) as server, Resolver([server.server]) as resolver:
        answer = resolver.ask("friend.example", "TXT")
        assert resolver.queries == 1
        assert not answer.done()
        came = asyncio.Event()
        answer.add_done_callback(lambda _: came.set())
        await asyncio.wait_for(came.wait(), MAX_WAIT)
        assert answer.result().texts() == (b"moo",)


async def test_one_who_leaves_does_not_take_the_answer_from_others() -> None:
    async with serve(tell) as server, Resolver([server.server]) as resolver:
        first, second = (
            asyncio.ensure_future(resolver.ask("friend.example", "TXT")) for _ in range(2)
        )
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).found
        assert first.cancelled()
        assert len(server.asked) == 1


async def test_question_that_all_have_left_gives_its_place_to_another() -> None:
    async with (
        serve(lambda query, count: [] if count == 1 else [txt(query)]) as server,
        Resolver([server.server], in_flight=1) as resolver,
    ):
        left = asyncio.ensure_future(resolver.ask("friend.example", "TXT"))
        queued = asyncio.ensure_future(resolver.ask("queued.example", "TXT"))
        await asyncio.sleep(0.01)
        assert len(server.asked) == 1
        queued.cancel()
        left.cancel()
        assert (await resolver.ask("cow.example", "TXT")).found
        assert resolver.queries == 2


async def test_questions_in_flight_are_bounded(black_hole: Server) -> None:
    async with Resolver([black_hole], in_flight=4, timeout=0.3) as resolver:
        asks = asyncio.gather(*(resolver.ask(f"n{number}.example", "TXT") for number in range(8)))
        await asyncio.sleep(0)  # all have begun to ask, and no time has passed
        assert resolver.queries == 4
        answers = await asks
        assert resolver.queries == 8
        assert {answer.outcome for answer in answers} == {Outcome.TIMEOUT}


async def test_sockets_are_replaced_after_two_hundred_questions() -> None:
    async with serve(tell) as server, Resolver([server.server]) as resolver:
        for start in range(0, 1000, 50):
            names = [f"n{start + number}.example" for number in range(50)]
            await asyncio.gather(*(resolver.ask(name, "TXT") for name in names))
        uses = {port: server.ports.count(port) for port in server.ports}
        assert max(uses.values()) <= 200
        assert len(uses) >= 5
        assert len({query.id for query in server.asked}) > 900


async def test_socket_is_spent_after_ten_seconds_and_closed_with_its_last_question() -> None:
    loop = asyncio.get_running_loop()
    async with serve(say_nothing) as server:
        port = Port(Upstream(server.server, loop), loop)
        query = Query(Question.of("friend.example", "TXT"))
        datagram = port.send(query, IgnoringSender(), loop.time(), edns=True)
        assert not port.is_spent(port.opened_at + 9.9)
        assert port.is_spent(port.opened_at + 10.0)
        port.retire()
        assert not port.closed
        datagram.forget()
        assert port.closed


async def test_closing_answers_timeout_to_all_who_wait(black_hole: Server) -> None:
    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serve(truncate, stay_silent) as silent:
        for server in (black_hole, silent.server):
            resolver = Resolver([server], in_flight=3)
            names = [f"n{number}.example" for number in range(6)]
            asks = [asyncio.ensure_future(resolver.ask(name, "TXT")) for name in names]
            await asyncio.sleep(0.05)
            await resolver.aclose()
            answers = await asyncio.gather(*asks)
            assert {answer.outcome for answer in answers} == {Outcome.TIMEOUT}
            assert (await resolver.ask("cow.example", "TXT")).outcome is Outcome.TIMEOUT
            await resolver.aclose()


@pytest.mark.parametrize("turns", range(1, 4))
async def test_no_socket_stays_open_where_closing_is_cancelled(turns: int) -> None:
    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serve(truncate, stay_silent) as server:
        connections = Connections(server.server.port)
        names = [f"n{number}.example" for number in range(6)]
        asks = [connections.ask("127.0.0.1", Question.of(name, "TXT")) for name in names]
        await asyncio.sleep(0.05)
        assert count_open_ports(server.server) > 0
        closing = asyncio.ensure_future(connections.__aexit__(None, None, None))
        for _ in range(turns):
            await asyncio.sleep(0)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        assert count_open_ports(server.server) == 0
        assert {(await ask).answer.outcome for ask in asks} == {Outcome.TIMEOUT}
