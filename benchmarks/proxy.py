"""A way to a DNS server that takes its time and loses datagrams: a program of its own.

It prints its port, answers each line of its input with the number of questions since the last
one, and ends with its input. UDP replies come late by the delay; over TCP the connection and each
reply do, as on a real way. Dead delegations (`dead_names.py`) have no server behind it.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import selectors
import socket
import sys
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.child import HOST, start_child
from benchmarks.dead_names import DeadNames

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Iterator

BUFFER = 4 * 1024 * 1024  # octets: a sweep's questions come in bursts
CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running proxy: the port to ask, for UDP and TCP."""

    port: int
    process: subprocess.Popen[str]

    def count(self) -> int:
        """Return how many questions came since the last call."""
        if self.process.stdin is None or self.process.stdout is None:
            return 0
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def run_proxy(
    upstream: int, delay: float, loss: float = 0.0, seed: int = 0, *, dead: DeadNames | None = None
) -> Iterator[Proxy]:
    """Run a proxy before a server's port on this machine, until the block ends.

    `delay` is the whole round trip in seconds, the server's part in it included; `loss` the
    share of datagrams that are lost, each way, the same ones for the same seed and order. Of
    `dead` delegations the server is not asked; the servers that they lead to are there, at the
    same port, and say nothing.
    """
    options = [str(upstream), f"--delay={delay}", f"--loss={loss}", f"--seed={seed}"]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if dead is not None:
            path = Path(folder, "dead.json")
            path.write_text(dead.to_json(), encoding="utf-8")
            options.append(f"--dead={path}")
        with start_child("benchmarks.proxy", *options) as (process, port):
            yield Proxy(port, process)


class _Asker(NamedTuple):
    """Who asked, under which message id, and when the reply is due."""

    message_id: bytes
    address: tuple[str, int]
    due: float


class _Way:
    """Both directions of UDP: one socket to the server, told apart by message ids of our own."""

    def __init__(
        self,
        delay: float,
        loss: float,
        seed: int,
        dead: DeadNames,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.loop = loop
        self.delay = delay
        self.questions = 0
        self.front: asyncio.DatagramTransport | None = None
        self.back: asyncio.DatagramTransport | None = None
        self._dead = dead
        self._loss = loss
        self._random = random.Random(seed)
        self._askers: dict[bytes, _Asker] = {}
        self._last_id = 0

    def take_question(self, data: bytes, asker: tuple[str, int]) -> None:
        self.questions += 1
        if len(data) < 2 or self._is_lost() or self.back is None:
            return
        if self._dead.is_about(data):
            reply = self._dead.reply_to(data)
            if reply is not None:
                self.loop.call_later(self.delay, self._send, reply, asker)
            return
        self._last_id = (self._last_id + 1) % 65_536
        own_id = self._last_id.to_bytes(2, "big")
        self._askers[own_id] = _Asker(data[:2], asker, self.loop.time() + self.delay)
        self.back.sendto(own_id + data[2:])

    def take_reply(self, data: bytes) -> None:
        asker = self._askers.pop(data[:2], None)
        if asker is not None and not self._is_lost():
            # The server's time and ours are part of the round trip.
            self.loop.call_at(asker.due, self._send, asker.message_id + data[2:], asker.address)

    def _send(self, data: bytes, address: tuple[str, int]) -> None:
        if self.front is not None:
            self.front.sendto(data, address)

    def _is_lost(self) -> bool:
        return self._loss > 0 and self._random.random() < self._loss


class _Front(asyncio.DatagramProtocol):
    """The side of those who ask."""

    def __init__(self, way: _Way) -> None:
        self._way = way

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._way.take_question(data, addr)


class _Back(asyncio.DatagramProtocol):
    """The side of the server."""

    def __init__(self, way: _Way) -> None:
        self._way = way

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        self._way.take_reply(data)


class _Streams:
    """TCP: each connection is passed on, and what comes back is held up."""

    def __init__(self, upstream: int, way: _Way) -> None:
        self._upstream = upstream
        self._way = way

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._way.questions += 1  # who asks for more over one connection is counted short
        with suppress(OSError):
            server_reader, server_writer = await asyncio.open_connection(HOST, self._upstream)
            await asyncio.sleep(self._way.delay)  # what the handshake takes
            back = asyncio.create_task(self._hold_up(server_reader, writer))
            while data := await reader.read(CHUNK):
                server_writer.write(data)
            server_writer.close()
            back.cancel()
        writer.close()

    async def _hold_up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            self._way.loop.call_later(self._way.delay, writer.write, data)


async def _serve(upstream: int, way: _Way, silent: Iterable[str]) -> None:
    streams = await asyncio.start_server(_Streams(upstream, way).serve, HOST, 0)
    port = streams.sockets[0].getsockname()[1]
    way.front, _ = await way.loop.create_datagram_endpoint(
        lambda: _Front(way), local_addr=(HOST, port)
    )
    way.back, _ = await way.loop.create_datagram_endpoint(
        lambda: _Back(way), remote_addr=(HOST, upstream)
    )
    for transport in (way.front, way.back):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    for address in silent:
        await way.loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=(address, port)
        )
    print(port, flush=True)
    ended = asyncio.Event()

    def count() -> None:
        if not sys.stdin.readline():
            ended.set()
            return
        print(way.questions, flush=True)
        way.questions = 0

    way.loop.add_reader(sys.stdin.fileno(), count)
    await ended.wait()


def main() -> None:
    """Run until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("upstream", type=int)
    parser.add_argument("--delay", type=float, required=True)
    parser.add_argument("--loss", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dead", type=Path)
    options = parser.parse_args()
    dead = DeadNames({})
    if options.dead is not None:
        dead = DeadNames.from_json(options.dead.read_text("utf-8"))
    # select() waits to the microsecond, epoll() to the millisecond after: too coarse here.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    way = _Way(options.delay, options.loss, options.seed, dead, loop)
    loop.run_until_complete(_serve(options.upstream, way, dead.addresses))


if __name__ == "__main__":
    main()
