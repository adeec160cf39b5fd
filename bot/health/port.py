"""A port on the loopback addresses, and on no others, that says whether a process is well."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from bot.errors import ConfigError, StoreError
from bot.health.loop_lag import LoopLag
from bot.health.metrics import CONTENT_TYPE, StoreFigures
from bot.process_name import Duty

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    from aiohttp.typedefs import Handler

    from bot.health.metrics import Metrics
    from bot.health.running_process import RunningProcess
    from bot.requests.model import State
    from bot.rotations.rotation import RotationState
    from bot.watch.watch_overview import WatchTally

_LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
_NOT_HERE = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}  # a machine without IPv6
_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<name>[^:\[\]]+))(?::[0-9]*)?")
_STORE_TIMEOUT = 2.0  # seconds for the database
_EXAMPLE = "Example: HEALTH_PORT=9464"


class Tallies(Protocol):
    """The part of the store that the metrics use; its methods raise StoreError."""

    async def ping(self) -> None:
        """Return when the store has answered."""
        ...

    async def requests_by_state(self) -> Mapping[State, int]:
        """Return how many requests are in each state."""
        ...

    async def stuck_rotations(self) -> int:
        """How many changes of keys do not get on."""
        ...

    async def rotations_by_state(self) -> Mapping[RotationState, int]:
        """Return how many changes of keys are in each state."""
        ...

    async def messages_left(self) -> int:
        """Return how many messages are to be delivered."""
        ...

    async def watch(self, now: datetime, /) -> WatchTally:
        """Return how far the watch is."""
        ...


class HealthPort:
    """Answers whether the process is alive and ready, and with its figures."""

    def __init__(
        self, process: RunningProcess, tallies: Tallies, metrics: Metrics, lag: LoopLag
    ) -> None:
        self._process = process
        self._tallies = tallies
        self._metrics = metrics
        self._lag = lag

    def routes(self) -> list[web.RouteDef]:
        """Return the three addresses."""
        return [
            web.get("/healthz", self._answer_health),
            web.get("/readyz", self._answer_readiness),
            web.get("/metrics", self._answer_metrics),
        ]

    async def _answer_health(self, _: web.Request) -> web.Response:
        fault = self._lag.find_fault()
        return _answer([fault] if fault else [])

    async def _answer_readiness(self, _: web.Request) -> web.Response:
        faults = self._find_faults(is_store_well=await self._try_store())
        # A standby that is well does all that it is there for: nobody is sent to it by this word.
        return _answer(faults, "standby" if self._process.duty is Duty.STANDBY else "ok")

    async def _answer_metrics(self, _: web.Request) -> web.Response:
        figures, is_store_well = None, False
        if self._process.leads:
            figures = await self._ask_store()
            is_store_well = figures is not None
        else:
            is_store_well = await self._try_store()
        is_ready = not self._find_faults(is_store_well=is_store_well)
        body = self._metrics.render(figures, self._process, ready=is_ready)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})

    def _find_faults(self, *, is_store_well: bool) -> list[str]:
        return [*self._process.find_faults(), *([] if is_store_well else ["database"])]

    async def _try_store(self) -> bool:
        """Whether the store answers."""
        try:
            async with asyncio.timeout(_STORE_TIMEOUT):
                await self._tallies.ping()
        except (StoreError, TimeoutError):
            return False
        return True

    async def _ask_store(self) -> StoreFigures | None:
        """Return the store's figures; None where it cannot be asked."""
        tallies = self._tallies
        try:
            async with asyncio.timeout(_STORE_TIMEOUT):
                return StoreFigures(
                    await tallies.requests_by_state(),
                    await tallies.rotations_by_state(),
                    await tallies.stuck_rotations(),
                    await tallies.messages_left(),
                    await tallies.watch(self._process.now()),
                )
        except (StoreError, TimeoutError):
            return None


@web.middleware
async def refuse_other_hosts(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 421 to whoever came by a name that is none of this machine's loopback.

    A page in a browser of this machine gets here by a name of its own that it lets lead to
    127.0.0.1 (DNS rebinding), and could read the answer.
    """
    if _is_loopback(request.headers.get("Host", "")):
        return await handler(request)
    return web.Response(text="Ask for localhost.\n", status=421)


def _is_loopback(host: str) -> bool:
    """Whether a Host header names this machine, or is none, as browsers never send it."""
    name = _HOST.fullmatch(host)
    if name is None:
        return not host
    text = (name["v6"] or name["name"]).lower().rstrip(".")
    try:
        return ip_address(text).is_loopback
    except ValueError:
        return text == "localhost"


@asynccontextmanager
async def serving_health(
    port: int, process: RunningProcess, tallies: Tallies, metrics: Metrics
) -> AsyncIterator[None]:
    """Answer on the loopback addresses at `port` while the block lasts.

    Raises:
        ConfigError: the port cannot be had.

    """
    sockets = open_loopback(port)
    lag = LoopLag(metrics.observe_lag)
    app = web.Application(middlewares=[refuse_other_hosts])
    app.add_routes(HealthPort(process, tallies, metrics, lag).routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    for listening in sockets:
        await web.SockSite(runner, listening).start()
    measuring = asyncio.create_task(lag.measure())
    try:
        yield
    finally:
        measuring.cancel()
        await asyncio.gather(measuring, return_exceptions=True)
        await runner.cleanup()


def open_loopback(port: int) -> tuple[socket.socket, ...]:
    """Return a listening socket for each loopback address that this machine has.

    Raises:
        ConfigError: the port cannot be had.

    """
    sockets: list[socket.socket] = []
    for family, address in _LOOPBACK:
        try:
            sockets.append(socket.create_server((address, port), family=family))
        except OSError as error:
            if family is socket.AF_INET6 and error.errno in _NOT_HERE:
                continue
            for opened in sockets:
                opened.close()
            raise ConfigError((_explain(error, port),)) from error
    return tuple(sockets)


def _explain(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"HEALTH_PORT: Another program listens at port {port}; stop it, or choose another "
            f"port. {_EXAMPLE}"
        )
    if error.errno == errno.EACCES:
        return (
            f"HEALTH_PORT: Port {port} may be had by root alone; choose one above 1023. {_EXAMPLE}"
        )
    return f"HEALTH_PORT: Port {port} cannot be had ({error.strerror}). {_EXAMPLE}"


def _answer(faults: list[str], well: str = "ok") -> web.Response:
    """Return 200 and the word for all being well, or 503 and a line with a word for each fault."""
    return web.Response(text="\n".join(faults or [well]) + "\n", status=503 if faults else 200)
