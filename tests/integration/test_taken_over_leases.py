"""What a process frees when it takes the place at Discord: what nobody else can be at."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.app.bot_root import open_client_over
from bot.app.shared_parts import utc_now
from bot.config.loading import load_settings
from bot.demo.world import DEMO_ENVIRONMENT
from bot.names import Domain
from bot.requests.model import RequestKind
from bot.requests.worker import STILL_AT_IT
from bot.rotations.rotation import NewRotation
from bot.store.repositories.rotations import StoredRotations
from request_parts import ANN, COWHERD, PLACE
from rotation_parts import ADMIN as ROTATING_ADMIN
from rotation_parts import OLD

if TYPE_CHECKING:
    from request_parts import Setup

pytest_plugins = ["request_fixtures", "store_fixtures"]

FRIEND = Domain.from_ascii("friend.example")
LEASE = timedelta(minutes=3)
CHANNEL = {"REQUEST_CHANNEL_ID": "100000000000000005", "DNS_SERVERS": "127.0.0.1:9"}


async def test_messages_are_free_and_requests_only_where_no_other_process_can_be_at_them(
    parts: Setup,
) -> None:
    asked = await parts.requests.open(RequestKind.DKIM, FRIEND, PLACE, ANN)
    await parts.requests.approve(asked.request.id, COWHERD)
    requests, outbox = parts.store.requests, parts.store.outbox
    assert len(await requests.take_due(parts.time, LEASE, 9)) == 1
    assert await outbox.take_due(parts.time, LEASE, 9)
    settings = load_settings({**DEMO_ENVIRONMENT, **CHANNEL})
    async with open_client_over(parts.database, settings) as client:
        assert not await outbox.take_due(parts.time, LEASE, 9)
        await client.take_over()
        await client.close()
    assert await outbox.take_due(parts.time, LEASE, 9)
    is_free = len(await requests.take_due(parts.time, LEASE, 9)) == 1
    assert is_free is parts.database.has_one_process


async def test_a_change_of_a_key_is_free_seconds_later_as_its_call_may_go_on(
    parts: Setup,
) -> None:
    store = StoredRotations(parts.database)
    asked = NewRotation(FRIEND, OLD, 2048, by_hand=False, actor=ROTATING_ADMIN)
    now = utc_now()
    await store.open(asked, frozenset(), now)
    assert len(await store.take_due(now, LEASE, 9)) == 1
    settings = load_settings({**DEMO_ENVIRONMENT, **CHANNEL})
    async with open_client_over(parts.database, settings) as client:
        assert client.rotations is not None
        await client.take_over()
        await client.close()
    assert not await store.take_due(now, LEASE, 9)
    later = utc_now() + STILL_AT_IT
    is_free = len(await store.take_due(later, LEASE, 9)) == 1
    assert is_free is parts.database.has_one_process
