"""Ends a process whose event loop stands still, so that it is started again.

An expression that runs for minutes holds Python's lock, so no thread of ours could notice. Two
others can: faulthandler's thread, which is none of Python's, and systemd (`WatchdogSec`).
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

STUCK = 30.0  # seconds; Discord has given up on every answer ten times by then
EVERY = 1.0  # seconds between two pulses of the loop

_log = logging.getLogger(__name__)


class ServiceManager:
    """Tells systemd how the process is, by the protocol of sd_notify(3); nothing without systemd.

    `watched_for` is for how many seconds it waits for a pulse before it ends the process; None
    where it does not wait for any.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # "@" stands for the abstract namespace of Linux.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        watched = environment.get("WATCHDOG_USEC", "")
        is_ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watched_for = int(watched) / 1e6 if watched.isdecimal() and is_ours else None

    def tell(self, state: str) -> None:
        """Send a state such as `READY=1`; where systemd does not take it, the log says so."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as out:
                out.sendto(state.encode("ascii"), self._address)
        except OSError as error:
            _log.warning("systemd cannot be told %s: %s", state, error.strerror)


@asynccontextmanager
async def watched_loop(stuck: float = STUCK) -> AsyncIterator[None]:
    """End the process with code 1 where its event loop stands still while the block lasts.

    After `stuck` seconds without a pulse the stack of each thread is written to stderr. systemd
    is told that the process is ready, and then of each pulse.
    """
    manager = ServiceManager(os.environ)
    faulthandler.dump_traceback_later(stuck, exit=True)  # before the first pulse too
    pulse = asyncio.create_task(_pulse(manager, stuck))
    manager.tell("READY=1")
    try:
        yield
    finally:
        pulse.cancel()
        await asyncio.gather(pulse, return_exceptions=True)
        faulthandler.cancel_dump_traceback_later()


async def _pulse(manager: ServiceManager, stuck: float) -> None:
    # systemd asks for a pulse twice as often as it would miss one.
    every = min(EVERY, stuck / 2, (manager.watched_for or 2 * EVERY) / 2)
    while True:
        faulthandler.dump_traceback_later(stuck, exit=True)
        if manager.watched_for is not None:
            manager.tell("WATCHDOG=1")
        await asyncio.sleep(every)
