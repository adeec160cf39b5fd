"""A resolver that says of every answer that it validated it: a server's, with the AD flag set."""

from __future__ import annotations

import asyncio
from typing import Self

from bot.dns.server_address import Server

_AD = 0x20  # in the fourth octet of a message (RFC 4035 section 3.2.3)


class ValidatingRelay(asyncio.DatagramProtocol):
    """Listens on a loopback address while the `async with` block lasts."""

    def __init__(self, behind: tuple[str, int]) -> None:
        self._behind = behind
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self.server = Server(*self._transport.get_extra_info("sockname")[:2])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.create_task(self._pass_on(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, data: bytes, addr: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()

        class Once(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, _: tuple[str, int]) -> None:
                answer.set_result(data)

        asking, _ = await loop.create_datagram_endpoint(Once, remote_addr=self._behind)
        try:
            asking.sendto(data)
            heard = bytearray(await answer)
        finally:
            asking.close()
        heard[3] |= _AD
        self._transport.sendto(bytes(heard), addr)
