"""The DNS and the mail server of the soak, in a process of their own: both fail now and then.

It prints the port of the DNS and then that of Mailcow, and ends with its input.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from benchmarks.breakages import KEY, KINDS
from benchmarks.year_script import Extent, YearScript, make_zones
from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble, MailcowFault
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.demo.zone_server import ReplyLoss, ZoneServer

if TYPE_CHECKING:
    from aiohttp import web

LOSS: Final = 0.02  # of the DNS's datagrams
FAILING: Final = 0.05  # of the calls to Mailcow
WRITE_KEY, READ_KEY = "write-key", "read-key"
DOMAINS: Final = Extent(365, 500, 0, 0, 0, 0, 0, 0, timedelta(0), 1)  # in which nothing happens
_DELAY: Final = 0.01  # seconds
_FAULTS: Final = (
    MailcowFault.BAD_GATEWAY,
    MailcowFault.BROKEN,
    MailcowFault.NO_REDIS,
    MailcowFault.EMPTY,
    MailcowFault.CUT,
)


class FlakyMailcow(MailcowDouble):
    """Fails a share of its calls, each in another way, and keeps no list of them."""

    chance: random.Random

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        fails = self.chance.random() < FAILING
        self.mood = self.chance.choice(_FAULTS) if fails else MailcowFault.FINE
        self.calls.clear()
        return await super()._reply(request)


async def main() -> None:
    """Serve until the input ends."""
    script = YearScript(DOMAINS, seed=1)
    keys = {WRITE_KEY: ApiKey(may_write=True), READ_KEY: ApiKey(may_write=False)}
    mailcow = FlakyMailcow(keys=keys)
    mailcow.chance = random.Random(2)
    pair = DkimPair("dkim", KEY.partition("p=")[2], "a private key that nobody reads here")
    zones = make_zones(script)
    for name, kind in zip(list(script.zones)[::10], itertools.cycle(KINDS), strict=False):
        zones[name] = KINDS[kind](zones[name]) or ""
    for name in script.zones:
        mailcow.add_domain(name)
        mailcow.dkim[name] = pair
    async with (
        ZoneServer(zones, delay=_DELAY, lose=ReplyLoss(LOSS, 3)) as server,
        mailcow,
    ):
        print(server.address[1], flush=True)
        print(mailcow.url.rpartition(":")[2], flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
