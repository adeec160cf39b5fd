"""An SMTP server on a loopback address that takes mails and passes none on (RFC 5321)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final, Self

_LONGEST: Final = 64 * 1024  # octets of a line, and of a mail
_END: Final = b"\r\n.\r\n"
_ANSWERS: Final = {
    "EHLO": "250 mx.else.example",
    "HELO": "250 mx.else.example",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "RSET": "250 2.0.0 Ok",
    "NOOP": "250 2.0.0 Ok",
    "DATA": "354 End with a dot on a line of its own",
    "QUIT": "221 2.0.0 Bye",
}


class MailRelay:
    """The server of an `async with`; `mails` are those that it took, the oldest first."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._turns: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0, limit=_LONGEST)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is None:
            return
        self._server.close()
        for turn in self._turns:
            turn.cancel()
        await asyncio.gather(*self._turns, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Where mails are handed in, as PROBE_SMTP_URL takes it: without a login."""
        return f"smtp://127.0.0.1:{self.port}"

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        turn = asyncio.create_task(self._serve(reader, writer))
        self._turns.add(turn)
        # Who breaks off, or sends more than fits, has no mail taken.
        broken = (OSError, EOFError, ValueError, asyncio.LimitOverrunError)
        with suppress(*broken, asyncio.CancelledError):
            await turn
        self._turns.discard(turn)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx.else.example ESMTP\r\n")
        while line := await reader.readline():
            command = line[:4].decode("ascii", "replace").upper()
            said = _ANSWERS.get(command, "502 5.5.2 Command not recognized")
            writer.write(f"{said}\r\n".encode())
            if command == "QUIT":
                await writer.drain()
                return
            if command == "DATA":
                mail = await reader.readuntil(_END)
                self.mails.append(mail.removesuffix(_END[2:]).replace(b"\r\n..", b"\r\n."))
                writer.write(b"250 2.0.0 Ok: taken\r\n")
            await writer.drain()
