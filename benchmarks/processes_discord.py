"""Discord as several processes meet it: who is at the gateway, and what comes too late."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from discord_stand_in import reply
from sent_interaction import LONGEST_WAIT
from slow_channels import SlowChannels

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from aiohttp import web

_DIRECT: Final = 500_000_000_000_000_000  # what is added to a member's id for their channel
_UNKNOWN: Final = {"message": "Unknown interaction", "code": 10062}


@dataclass(frozen=True, slots=True)
class Presence:
    """That a process was connected to the gateway; times are of the monotonic clock."""

    pid: int  # 0: it ended before anybody could see which one it was
    since: float
    until: float | None = None


class SoakDiscord(SlowChannels):
    """Gives each member a channel of their own, and takes no first answer after three seconds."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.presences: list[Presence] = []
        self.pids: set[int] = set()  # of the processes that may connect

    @property
    def connected(self) -> int | None:
        """The process that is connected, the one that came last."""
        here = (one.pid for one in reversed(self.presences) if one.until is None)
        return next(here, None)

    async def _open_direct(self, request: web.Request) -> web.Response:
        recipient = {"id": str((await request.json())["recipient_id"]), "username": "ann"}
        user = {**recipient, "discriminator": "0", "avatar": None}
        channel = direct_channel(int(recipient["id"]))
        return reply({"id": str(channel), "type": 1, "recipients": [user]})

    async def _first(self, request: web.Request) -> web.Response:
        sent = self.clicks[request.match_info["token"]]
        if sent.first is None and time.monotonic() - sent.sent_at > LONGEST_WAIT:
            return reply(_UNKNOWN, 404)
        return await super()._first(request)

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        peer = request.transport.get_extra_info("peername") if request.transport else None
        pid = 0 if peer is None else find_process(peer[1], self.pids)
        place, since = len(self.presences), time.monotonic()
        self.presences.append(Presence(pid, since))
        try:
            return await super()._gateway(request)
        finally:
            self.presences[place] = Presence(pid, since, time.monotonic())


def direct_channel(member: int) -> int:
    """Return the channel of direct messages with a member."""
    return _DIRECT + member


def find_process(port: int, pids: Iterable[int]) -> int:
    """Return which of some processes has a TCP connection from a port of its own; 0: none."""
    rows = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    ours = f":{port:04X}"
    inodes = {row.split()[9] for row in rows if row.split()[1].endswith(ours)}
    sockets = {f"socket:[{inode}]" for inode in inodes}
    for pid in pids:
        try:
            files = [str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:  # it has ended, or closed a file just now
            continue
        if not sockets.isdisjoint(files):
            return pid
    return 0
