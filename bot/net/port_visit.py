"""Looks at one port of a mail server as a mail program does, up to the login and no further."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from bot.dns.address_guard import AddressFault
from bot.net.certificate_reading import VERIFIED, read_certificate, shown_chain
from bot.net.connection import TooLongError
from bot.net.connector import ConnectFault, FoundHost
from bot.net.dialogs import DIALOGS, OddAnswerError, TurnedAwayError
from bot.net.port_look import PortLook, Reached, TlsState
from bot.net.tls import old_context, program_context, unverified_context

if TYPE_CHECKING:
    from bot.net.connection import OpenConnection
    from bot.net.connector import Connector
    from bot.net.dialogs import Dialog
    from bot.net.port_look import ServicePort

LONGEST: Final = 9.0  # seconds of one look, so that all side by side end within ten
_LONGEST_SAID: Final = 200  # characters of a server's own words
_NEWEST, _STILL_GOOD = "TLSv1.3", "TLSv1.2"  # RFC 8996 has retired those before

_UNFOUND: Final = {
    AddressFault.NO_ADDRESS: Reached.NO_ADDRESS,
    AddressFault.PRIVATE: Reached.PRIVATE,
    AddressFault.NO_ANSWER: Reached.NO_DNS,
}
_UNREACHED: Final = {
    ConnectFault.REFUSED: Reached.CLOSED,
    ConnectFault.NO_ANSWER: Reached.NO_ANSWER,
    ConnectFault.BLOCKED: Reached.BLOCKED,
}


async def look_at_port(
    connector: Connector,
    host: FoundHost | AddressFault,
    port: ServicePort,
    *,
    seconds: float = LONGEST,
    authorities: str | None = None,
) -> PortLook:
    """Return what a mail program meets at a port of a host; never raises, after `seconds` at most.

    `host` is what the connector found. Trusted are these `authorities` (PEM), else the system's.
    """
    if isinstance(host, AddressFault):
        return PortLook(port, _UNFOUND[host])
    visit = _Visit(connector, host, port, authorities)
    try:
        async with asyncio.timeout(seconds):
            await visit.run()
    except TimeoutError:
        visit.end(Reached.NO_ANSWER, TlsState.SILENT)
    return visit.look


class _Phase(Enum):
    CONNECT = auto()
    CLEAR = auto()  # what is said before STARTTLS
    HANDSHAKE = auto()  # STARTTLS has been asked for, or TLS begins with the first octet
    SECURED = auto()


class _Visit:
    """One look under way: `look` is what has been found out so far."""

    def __init__(
        self, connector: Connector, host: FoundHost, port: ServicePort, authorities: str | None
    ) -> None:
        self.look = PortLook(port, Reached.NO_ANSWER)
        self._connector = connector
        self._host = host
        self._port = port
        self._authorities = authorities
        self._started = time.perf_counter()
        self._phase = _Phase.CONNECT
        self._refused = VERIFIED  # why OpenSSL refuses the certificate
        self._is_old = False  # no handshake with what programs of today speak

    async def run(self) -> None:
        """Do as programs do; where TLS fails, do it again so as to see why."""
        # Reading the authorities takes a while, the first time.
        context = await asyncio.to_thread(program_context, self._authorities)
        self._started = time.perf_counter()
        error = await self._try(context)
        if error is not None and not isinstance(error, ssl.SSLCertVerificationError):
            self._is_old = True
            error = await self._try(await asyncio.to_thread(old_context, self._authorities))
        if isinstance(error, ssl.SSLCertVerificationError):
            self._refused = error.verify_code
            await self._try(unverified_context())

    async def _try(self, context: ssl.SSLContext) -> Exception | None:
        """Visit the port once; return why the handshake failed, where it did."""
        connection = await self._connector.connect(self._host, self._port.number)
        if isinstance(connection, ConnectFault):
            if self._phase is _Phase.CONNECT:
                self._note(reached=_UNREACHED[connection])
            return None
        self._host = replace(self._host, addresses=(connection.address,))
        self._note(address=connection.address)
        try:
            return await self._speak(connection, context)
        except TurnedAwayError as error:
            self.end(Reached.TURNED_AWAY, TlsState.FAILED, str(error))
        except OddAnswerError as error:
            self.end(Reached.ODD, TlsState.FAILED, str(error))
        except (TooLongError, EOFError, OSError):
            self.end(Reached.ODD, TlsState.FAILED)
        finally:
            connection.close()
        return None

    async def _speak(self, connection: OpenConnection, context: ssl.SSLContext) -> Exception | None:
        dialog = DIALOGS[self._port.speaks](connection, self._host.text)
        if self._port.starttls and not await self._ask_for_tls(connection, dialog):
            return None
        self._phase = _Phase.HANDSHAKE
        try:
            await connection.start_tls(context, self._host.text)
        except (OSError, EOFError) as error:
            self.end(Reached.OPEN, TlsState.FAILED)
            return error
        self._phase = _Phase.SECURED
        await self._note_tls(connection)
        if not self._port.starttls:
            await dialog.hear_greeting()
        can = await dialog.ask_abilities()
        self._note(reached=Reached.OPEN, can_after=can.words, logins_after=can.logins)
        dialog.say_goodbye()
        return None

    async def _ask_for_tls(self, connection: OpenConnection, dialog: Dialog) -> bool:
        """Go through what comes before TLS; whether the server agrees to begin it."""
        self._phase = _Phase.CLEAR
        await dialog.hear_greeting()
        can = await dialog.ask_abilities()
        self._note(reached=Reached.OPEN, can_before=can.words, logins_before=can.logins)
        if not can.starttls:
            self._note(tls=TlsState.NOT_OFFERED)
            dialog.say_goodbye()
            return False
        self._phase = _Phase.HANDSHAKE
        said = await dialog.ask_for_tls()
        if said is not None:
            tls = TlsState.REFUSED if can.words else TlsState.NOT_OFFERED
            self._note(tls=tls, said=said[:_LONGEST_SAID])
            dialog.say_goodbye()
            return False
        if connection.has_more:
            # What came before TLS would be taken for what the server says within it.
            self._note(tls=TlsState.MIXED)
            return False
        return True

    async def _note_tls(self, connection: OpenConnection) -> None:
        if connection.tls is None:
            return
        chain, now = shown_chain(connection.tls), datetime.now(UTC)
        shown = await asyncio.to_thread(read_certificate, chain, self._refused, now)
        version = (connection.tls.version() or "")[:_LONGEST_SAID]
        tls = TlsState.WORKS
        if self._is_old and version != _NEWEST:  # which fails by chance alone, and not by age
            # With the one before, it is the ciphers or keys that are too weak.
            tls = TlsState.FAILED if version == _STILL_GOOD else TlsState.OLD
        self._note(tls=tls, tls_version=version, certificate=shown)

    def end(self, reached: Reached, tls: TlsState, said: str = "") -> None:
        """Note that the dialog ended before its time; what was known before stays known."""
        begins_secured = not self._port.starttls
        if self._phase is _Phase.CLEAR and self.look.reached is not Reached.OPEN:
            self._note(reached=reached, said=said[:_LONGEST_SAID])
        elif self._phase is _Phase.HANDSHAKE and self.look.tls is TlsState.NOT_TRIED:
            reached = reached if begins_secured else Reached.OPEN
            self._note(reached=reached, tls=tls, said=said[:_LONGEST_SAID])
        elif self._phase is _Phase.SECURED and begins_secured:
            self._note(reached=reached, said=said[:_LONGEST_SAID])
        elif self._phase is _Phase.SECURED:
            self._note(tls=tls, said=said[:_LONGEST_SAID])

    def _note(self, **known: Any) -> None:
        """Take over fields of the look; silence is no answer, so that it takes no time."""
        if not {Reached.NO_ANSWER, TlsState.SILENT}.intersection(known.values()):
            known["elapsed_ms"] = round((time.perf_counter() - self._started) * 1000)
        self.look = replace(self.look, **known)
