"""Looking whether it is live, with the whole check over real sockets: DKIM, then DMARC."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import RequestError
from bot.net.certificate import Certificate
from bot.requests.model import RequestKind, State
from bot.services.domain_check import Checker
from bot.words import Medium, Words
from request_parts import ANN, COWHERD, FRIEND, PLACE, SERVER
from two_views import two_views, zone_text
from watched_requests import DKIM, MAIL, NONE, STRICT, WatchedSetup, watching

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from bot.demo.zone_server import ZoneServer
    from conftest import CaseFile

    Start = Callable[..., Awaitable[ZoneServer]]


async def test_dkim_and_then_strict_dmarc_go_live_once_they_are_published(
    tmp_path: Path, zone_server: Start, case_file: CaseFile
) -> None:
    server = await zone_server(case_file.with_zone(MAIL))
    async with watching(tmp_path, server) as parts:
        dkim = (await parts.requests.open(RequestKind.DKIM, FRIEND, PLACE, ANN)).request
        await parts.requests.approve(dkim.id, COWHERD)
        await parts.settle()
        parts.pass_time(minutes=2)
        await parts.settle()
        waiting = await parts.now_of(dkim)
        assert (waiting.state, waiting.seen) == (State.WAITING, "dkim-missing")
        assert waiting.due_at is not None
        assert timedelta(minutes=2) <= waiting.due_at - parts.time <= timedelta(hours=6)

        dmarc = (await parts.requests.open(RequestKind.DMARC, FRIEND, PLACE, ANN)).request
        early = await parts.check(FRIEND)
        with pytest.raises(RequestError, match="request-stage-too-early"):
            await parts.requests.approve(dmarc.id, COWHERD, stage="reject", report=early)
        assert (await parts.now_of(dmarc)).state is State.PENDING

        server.zones = case_file.with_zone(MAIL + DKIM)
        await parts.requests.look_now(dkim.id)
        await parts.settle()
        assert (await parts.now_of(dkim)).state is State.CLOSED

        ready = await parts.check(FRIEND)
        await parts.requests.approve(dmarc.id, COWHERD, stage="reject", report=ready)
        await parts.settle()
        assert (await parts.now_of(dmarc)).value == SERVER.dmarc
        server.zones = case_file.with_zone(MAIL + DKIM + NONE)
        await parts.requests.look_now(dmarc.id)
        await parts.settle()
        waiting = await parts.now_of(dmarc)
        assert (waiting.state, waiting.seen) == (State.WAITING, "dmarc-policy-none")
        server.zones = case_file.with_zone(MAIL + DKIM + STRICT)
        await parts.requests.look_now(dmarc.id)
        await parts.settle()
        assert (await parts.now_of(dmarc)).state is State.CLOSED


async def test_a_request_waits_for_caches_when_the_record_is_right_at_the_source(
    tmp_path: Path, case_file: CaseFile
) -> None:
    async with two_views(case_file) as views:
        before, after = MAIL.splitlines(), (MAIL + DKIM).splitlines()
        views.tell_world(zone_text(before, negative_ttl=1800))
        views.publish(zone_text(after, serial=2))
        parts = WatchedSetup(tmp_path)
        await parts.watch(views.ask)
        parts.checker = Checker(views.ask.ask, SERVER, parts.now, authorities=views.authorities)
        request = (await parts.requests.open(RequestKind.DKIM, FRIEND, PLACE, ANN)).request
        await parts.requests.approve(request.id, COWHERD)
        await parts.settle()
        parts.pass_time(minutes=2)
        await parts.settle()
        waiting = await parts.now_of(request)
        assert (waiting.state, waiting.seen) == (State.WAITING, "propagating-negative")
        assert waiting.due_at == parts.time + timedelta(minutes=30, seconds=2)
        due = int(waiting.due_at.timestamp())
        said = Words(Medium.DISCORD).sentence(
            "discord/member_look", {"state": "waiting", "seen": waiting.seen, "due": due}
        )
        assert said.startswith("You have typed it right")
        assert f"<t:{due}:t>" in said

        views.tell_world(zone_text(after, serial=2))
        parts.pass_time(minutes=31)
        await parts.settle()
        assert (await parts.now_of(request)).state is State.CLOSED
        await parts.close()


async def test_an_approved_p_none_is_live_as_that(
    tmp_path: Path, zone_server: Start, case_file: CaseFile
) -> None:
    server = await zone_server(case_file.with_zone(MAIL + NONE))
    async with watching(tmp_path, server) as parts:
        request = (await parts.requests.open(RequestKind.DMARC, FRIEND, PLACE, ANN)).request
        await parts.requests.approve(request.id, COWHERD, stage="none")
        await parts.settle()
        parts.pass_time(minutes=2)
        await parts.settle()
        assert (await parts.now_of(request)).state is State.CLOSED


async def test_a_broken_dns_is_no_proof_and_no_end(
    tmp_path: Path, zone_server: Start, case_file: CaseFile
) -> None:
    server = await zone_server(case_file.with_zone(MAIL + DKIM, servfail=("friend.example",)))
    async with watching(tmp_path, server) as parts:
        request = (await parts.requests.open(RequestKind.DKIM, FRIEND, PLACE, ANN)).request
        await parts.requests.approve(request.id, COWHERD)
        await parts.settle()
        parts.pass_time(minutes=2)
        await parts.settle()
        waiting = await parts.now_of(request)
        assert (waiting.state, waiting.seen) == (State.WAITING, "servfail")
        assert waiting.due_at == parts.time + timedelta(minutes=5)


async def test_webmail_is_live_when_alias_and_certificate_are_there(
    tmp_path: Path, zone_server: Start, case_file: CaseFile
) -> None:
    server = await zone_server(case_file.with_zone(MAIL))
    async with watching(tmp_path, server) as parts:
        request = (await parts.requests.open(RequestKind.WEBMAIL, FRIEND, PLACE, ANN)).request
        await parts.requests.approve(request.id, COWHERD)
        await parts.settle()
        assert (await parts.now_of(request)).seen == "optional-missing"
        server.zones = case_file.with_zone(MAIL + "mail CNAME mx1.cow.example.\n")
        parts.pass_time(minutes=5)
        await parts.settle()
        assert (await parts.now_of(request)).seen == "certificate-other-name"
        parts.certificate = Certificate.COVERS
        parts.pass_time(minutes=15)
        await parts.settle()
        assert (await parts.now_of(request)).state is State.CLOSED
