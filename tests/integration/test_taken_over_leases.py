"""What a process frees when it takes the place at Discord: what nobody else can be at."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.app.bot_root import open_client_over
from bot.config.loading import load_settings
from bot.demo.world import DEMO_ENVIRONMENT
from bot.names import Domain
from bot.requests.model import RequestKind
from request_parts import ANN, COWHERD, PLACE

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
