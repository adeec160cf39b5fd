"""An SMTP server on a loopback address that takes mails and passes none on (RFC 5321)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.demo.loopback_server import LoopbackServer

if TYPE_CHECKING:
    import asyncio

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


class MailRelay(LoopbackServer):
    """The server; `mails` are those that it took, the oldest first."""

    def __init__(self) -> None:
        super().__init__(longest=_LONGEST)
        self.mails: list[bytes] = []

    @property
    def url(self) -> str:
        """Where mails are handed in, as PROBE_SMTP_URL takes it: without a login."""
        return f"smtp://127.0.0.1:{self.number}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take mails of one client; who breaks off, or sends more than fits, has none taken."""
        writer.write(b"220 mx.else.example ESMTP\r\n")
        while line := await reader.readline():
            command = line[:4].decode("ascii", "replace").upper()
            said = _ANSWERS.get(command, "502 5.5.2 Command not recognized")
            writer.write(f"{said}\r\n".encode())
            if command == "QUIT":
                return
            if command == "DATA":
                mail = await reader.readuntil(_END)
                self.mails.append(mail.removesuffix(_END[2:]).replace(b"\r\n..", b"\r\n."))
                writer.write(b"250 2.0.0 Ok: taken\r\n")
            await writer.drain()
