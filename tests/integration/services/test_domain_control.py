"""Control of a domain as members and admins ask for it: handed out, seen, kept, forgotten."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest_asyncio

from bot.checks.control_answers import ControlFault
from bot.checks.observe.control import look_at_control
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.authority import Authorities
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.requests.control_proof import BY_DNS, Control, ControlKind, ControlProof
from bot.services.domain_control import DomainControl
from bot.store.engine.database import Database
from bot.store.repositories.control_proofs import ControlProofs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

FRIEND = Domain.from_ascii("friend.example")
ANN, BEN = 300000000000000007, 300000000000000008
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

pytest_plugins = ["store_fixtures"]


class Owner:
    """The service over a real store and name server, and the hand that changes the zone."""

    def __init__(self, zones: ZoneServer, resolver: Resolver, database: Database) -> None:
        self.time = NOON
        self.proofs = ControlProofs(database)
        self._zones = zones
        authorities = Authorities(allow_private=True, port=zones.address[1])
        look = partial(look_at_control, resolver.ask, authorities)
        self.control = DomainControl(self.proofs, look, lambda: self.time)

    def publish(self, *texts: str) -> None:
        lines = "\n".join(f'_cowbell TXT "{text}"' for text in texts)
        self._zones.zones = Zones.of({"friend.example": lines})


@asynccontextmanager
async def open_owner(url: str) -> AsyncIterator[Owner]:
    async with (
        ZoneServer({"friend.example": ""}) as zones,
        Resolver([Server(*zones.address)]) as resolver,
        await Database.open(url) as database,
    ):
        yield Owner(zones, resolver, database)


@pytest_asyncio.fixture
async def owner(database_url: str) -> AsyncIterator[Owner]:
    async with open_owner(database_url) as opened:
        yield opened


async def test_what_is_published_is_seen_and_kept(owner: Owner) -> None:
    control = owner.control
    assert (await control.prove(ANN, FRIEND)).verdict.fault is ControlFault.MISSING
    assert not await control.is_proven(ANN, FRIEND)
    owner.publish(await control.token(ANN, FRIEND))
    assert (await control.prove(ANN, FRIEND)).proof == ControlProof(FRIEND, ANN, BY_DNS, NOON)
    assert await control.is_proven(ANN, FRIEND)


async def test_it_stays_proven_after_the_record_is_gone_and_is_no_proof_anew(owner: Owner) -> None:
    control = owner.control
    owner.publish(await control.token(ANN, FRIEND))
    await control.prove(ANN, FRIEND)
    owner.publish()
    again = await control.prove(ANN, FRIEND)
    assert (again.proof, again.verdict.fault) == (None, ControlFault.MISSING)
    assert await control.is_proven(ANN, FRIEND)


async def test_one_members_record_proves_nothing_for_another(owner: Owner) -> None:
    owner.publish(await owner.control.token(ANN, FRIEND))
    assert (await owner.control.prove(BEN, FRIEND)).verdict.fault is ControlFault.OTHER
    assert not await owner.control.is_proven(BEN, FRIEND)


async def test_two_members_can_both_have_their_record_there(owner: Owner) -> None:
    owner.publish(*[await owner.control.token(member, FRIEND) for member in (ANN, BEN)])
    for member in (ANN, BEN):
        assert (await owner.control.prove(member, FRIEND)).proof is not None


async def test_a_record_of_long_ago_has_expired(owner: Owner) -> None:
    owner.publish(await owner.control.token(ANN, FRIEND))
    owner.time += timedelta(days=22)
    assert (await owner.control.prove(ANN, FRIEND)).verdict.fault is ControlFault.EXPIRED


async def test_after_another_database_was_put_in_place_old_records_count_no_more(
    owner: Owner, tmp_path: Path
) -> None:
    text = await owner.control.token(ANN, FRIEND)
    async with open_owner(f"sqlite+aiosqlite:///{tmp_path}/other.db") as other:
        other.publish(text)
        assert (await other.control.prove(ANN, FRIEND)).verdict.fault is ControlFault.OTHER


async def test_who_was_forgotten_has_shown_nothing(owner: Owner) -> None:
    owner.publish(await owner.control.token(ANN, FRIEND))
    await owner.control.prove(ANN, FRIEND)
    await owner.proofs.forget(ANN)
    assert not await owner.control.is_proven(ANN, FRIEND)
    assert await owner.control.weigh(-7, FRIEND, None) == Control()


async def test_anothers_proof_is_weighed_too(owner: Owner) -> None:
    owner.publish(await owner.control.token(ANN, FRIEND))
    await owner.control.prove(ANN, FRIEND)
    assert await owner.control.weigh(ANN, FRIEND, None) == Control(ControlKind.PROVEN, NOON)
    assert await owner.control.weigh(BEN, FRIEND, None) == Control(ControlKind.OTHER, NOON)
