"""Chains of aliases that a server cuts: asked on, under one deadline, and not without end."""

from __future__ import annotations

import asyncio

import dns.message
import dns.name
import pytest

from bot.dns.answer import Outcome, Question
from bot.dns.resolver import Resolver
from max_wait import MAX_WAIT
from scripted_server import refuse, respond, rrset, serve, tell, txt


async def test_chain_that_the_server_cuts_is_asked_on() -> None:
    def link(query: dns.message.Message, count: int) -> list[bytes]:
        targets = {"friend": "b.example.", "b": "c.example."}
        owner = query.question[0].name
        target = targets.get(owner[0].decode())
        return [respond(query, rrset(owner.to_text(), "CNAME", target)) if target else txt(query)]

    async with serve(link) as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.texts() == (b"moo",)
        assert [name.to_text() for name in answer.chain] == ["b.example.", "c.example."]
        assert answer.question.name == dns.name.from_text("friend.example")
        assert resolver.queries == 3


async def test_chain_of_cut_aliases_has_one_deadline_for_all_its_questions() -> None:
    def answer_late(query: dns.message.Message, count: int) -> list[bytes]:
        owner = query.question[0].name.to_text()
        reply = respond(query, rrset(owner, "CNAME", f"n{count}.example."))
        loop = asyncio.get_running_loop()
        address = (server.server.address, server.ports[-1])
        loop.call_later(0.55, server.transport.sendto, reply, address)
        return []

    async with serve(answer_late) as server, Resolver([server.server], timeout=1.0) as resolver:
        answer = await resolver.ask("a.example", "TXT")
        await asyncio.sleep(0.6)  # until the server has sent all that it meant to send
    assert answer.outcome is Outcome.TIMEOUT
    assert answer.question == Question.of("a.example", "TXT")
    assert resolver.queries <= 2  # of nine that a chain may take


async def test_chain_cut_before_a_name_that_is_refused_is_refused() -> None:
    def know_one(query: dns.message.Message, count: int) -> list[bytes]:
        if count > 1:
            return refuse(query, count)
        return [respond(query, rrset("friend.example.", "CNAME", "cow.example."))]

    async with serve(know_one) as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.outcome is Outcome.REFUSED
        assert answer.chain == (dns.name.from_text("cow.example"),)


@pytest.mark.parametrize("at_once", [True, False])
async def test_alias_loop_is_found(at_once: bool) -> None:
    links = {"a.example.": "b.example.", "b.example.": "c.example.", "c.example.": "b.example."}

    def circle(query: dns.message.Message, count: int) -> list[bytes]:
        owner = query.question[0].name.to_text()
        owners = list(links) if at_once else [owner]
        return [respond(query, *(rrset(owner, "CNAME", links[owner]) for owner in owners))]

    async with serve(circle) as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("a.example", "TXT")
        assert answer.outcome is Outcome.SERVFAIL
        assert answer.alias_loop
        assert resolver.queries <= 3


async def test_chain_without_end_is_a_failure_after_some_questions() -> None:
    def lengthen(query: dns.message.Message, count: int) -> list[bytes]:
        owner = query.question[0].name.to_text()
        return [respond(query, rrset(owner, "CNAME", f"n{count}.example."))]

    async with serve(lengthen) as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("a.example", "TXT")
        assert answer.outcome is Outcome.SERVFAIL
        assert not answer.alias_loop
        assert resolver.queries <= 9


async def test_chain_that_ends_with_the_last_question_it_may_take_is_answered() -> None:
    def lengthen(query: dns.message.Message, count: int) -> list[bytes]:
        owner = query.question[0].name.to_text()
        link = respond(query, rrset(owner, "CNAME", f"n{count}.example."))
        return [link if count <= 8 else txt(query)]

    async with serve(lengthen) as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("a.example", "TXT")
        assert answer.texts() == (b"moo",)
        assert len(answer.chain) == 8
        assert resolver.queries == 9


async def test_one_who_leaves_in_the_middle_of_a_chain_is_asked_for_no_more() -> None:
    def link(query: dns.message.Message, count: int) -> list[bytes]:
        if count > 1:
            came.set()
            return []  # nobody answers for the target
        return [respond(query, rrset("friend.example.", "CNAME", "cow.example."))]

    came = asyncio.Event()
    async with serve(link) as server, Resolver([server.server], in_flight=1) as resolver:
        left = resolver.ask("friend.example", "TXT")
        await asyncio.wait_for(came.wait(), MAX_WAIT)
        server.behave = tell
        left.cancel()
        assert (await resolver.ask("friend.example", "A")).absent
        assert left.cancelled()
        assert resolver.queries == 3
