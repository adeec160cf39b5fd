"""Switches by plain calls while every write to Redis is slow: mails that leave unsigned are seen.

Between the selector and the private key under it there is nothing to sign with. Usually that lasts
some ten thousandths of a second; here it is as long as we like, so the count has to find mails.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from benchmarks.rotations_mail import KEY_HEAD, WRITE_KEY, SendersProcess, mail_server
from bot.demo.mailcow_double.mailcow_state import DkimPair

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.rotations_dns import MemberZones

_REST: Final = 0.05  # seconds between two switches


async def measure_gap(
    folder: Path, zones: MemberZones, *, mails: int, pause: float, seed: int
) -> tuple[int, dict[str, Any]]:
    """Return how many switches there were, and what became of the mails meanwhile.

    `pause` is for how many seconds each command to Redis waits. Each switch is to a selector that
    its domain never had.
    """
    pair = await asyncio.to_thread(DkimPair.make, "next")
    switches = 0
    async with (
        mail_server(folder, zones, pause=pause) as server,
        SendersProcess.running(zones, seed) as senders,
        aiohttp.ClientSession(headers={"X-API-Key": WRITE_KEY}) as session,
    ):
        senders.tell(to=mails)
        while senders.sent < mails:
            domain = zones.domains[switches % len(zones.domains)]
            selector = f"cb{switches:06}"
            zones.publish(domain, selector, f"{KEY_HEAD}{pair.public}")
            server.mailcow.dkim["next.invalid"] = DkimPair(selector, pair.public, pair.private)
            senders.tell(hot=[domain])
            await _copy(session, server.mailcow.url, "next.invalid", domain)
            switches += 1
            await asyncio.sleep(_REST)
        result = await senders.finish()
        result["in a gap"] = server.redis.count_in_gaps(result["unsigned"])
        return switches, result


async def _copy(session: aiohttp.ClientSession, url: str, source: str, target: str) -> None:
    names = {"from_domain": source, "to_domain": target}
    async with session.post(f"{url}/api/v1/add/dkim_duplicate", json=names) as reply:
        said = await reply.json()
    if said[0]["type"] != "success":
        raise RuntimeError(f"{target} was not switched: {said[0]['msg']}")
