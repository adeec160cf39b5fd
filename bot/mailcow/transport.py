"""Calls to Mailcow over HTTP: which key, when not at all, and what each kind of answer means.

No exception of aiohttp or of the JSON decoder becomes the cause or context of one of ours: the
first can hold the key, the second the whole answer.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING

import aiohttp

from bot.characters import echo
from bot.errors import MailcowError, MailcowLocked, MailcowRefused
from bot.mailcow.api_keys import Key
from bot.mailcow.http_answers import Reply, call_name, judge
from bot.mailcow.refusals import LOOK_AT_URL, explain_401, is_address_refused, no_answer, no_sense
from bot.net.tls import client_context
from bot.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.mailcow.parse import Json

_log = logging.getLogger(__name__)

_LARGEST_ANSWER = 5_000_000  # octets


class Wire:
    """Sends calls to Mailcow and gives back the JSON of its answers, without secrets."""

    def __init__(
        self,
        url: str,
        read_key: str | None,
        write_key: str | None,
        timeout: float,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._telemetry = telemetry or Telemetry()
        self._write = Key(write_key, "MAILCOW_API_KEY") if write_key else None
        self._read = Key(read_key, "MAILCOW_READ_KEY") if read_key else self._write
        self._session: aiohttp.ClientSession | None = None
        self.date: str | None = None  # the header of the latest answer

    def __repr__(self) -> str:
        return f"<wire to {self._url}>"

    async def open(self) -> None:
        """Get ready; call `close` in the end."""
        context = await asyncio.to_thread(client_context)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context),
            # A session cookie alone would stay admin there, whatever becomes of the key.
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._timeout),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def can_write(self) -> bool:
        """Whether there is a key for writing; whether Mailcow takes it is another question."""
        return self._write is not None

    @property
    def has_read_key(self) -> bool:
        """Whether there is a key for reading beside the one for writing, or alone."""
        return self._read is not self._write

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why keys are locked, one text each."""
        keys = dict.fromkeys(key for key in (self._read, self._write) if key)
        return tuple(key.refusal for key in keys if key.refusal)

    def unlock(self) -> None:
        """Let refused keys be tried again."""
        for key in (self._read, self._write):
            if key is not None:
                key.forget()

    async def get(self, route: str) -> Json:
        """Return what Mailcow answers to `get/{route}`. Raises MailcowError."""
        if self._read is None:
            raise _no_key("MAILCOW_READ_KEY")
        return await self._call(self._read, "GET", f"get/{route}", None)

    async def post(
        self, route: str, body: Mapping[str, str], *, with_read_key: bool = False
    ) -> Json:
        """Return what Mailcow answers to a write, which may still be a refusal.

        `with_read_key` is to find out that it may not.

        Raises:
            MailcowUnclear: nobody knows whether it happened.
            MailcowError: it did not happen.

        """
        key = self._read if with_read_key else self._write
        if key is None:
            raise _no_key("MAILCOW_READ_KEY" if with_read_key else "MAILCOW_API_KEY")
        return await self._call(key, "POST", route, body)

    async def _call(
        self, key: Key, method: str, route: str, body: Mapping[str, str] | None
    ) -> Json:
        writing = body is not None
        async with key.turn(self._timeout):
            reply = await self._fetch(key, method, route, body)
            value: Json | MailcowError
            if isinstance(reply, MailcowError):
                value = reply
            elif reply.status == 401:
                value = self._lock(key, reply)
            else:
                value = judge(reply, route, writing=writing)
            if isinstance(value, MailcowError):
                self._telemetry.count_call(value)
                raise value
            self._telemetry.count_call(None)
            key.prove()
            return value

    def _lock(self, key: Key, reply: Reply) -> MailcowLocked:
        said = reply.body[:500].decode(errors="replace")
        text = explain_401(said, key.variable)
        for refused in (self._read, self._write) if is_address_refused(said) else (key,):
            if refused is not None:
                refused.refusal = text
        _log.warning("%s", text)
        return MailcowLocked(text)

    async def _fetch(
        self, key: Key, method: str, route: str, body: Mapping[str, str] | None
    ) -> Reply | MailcowError:
        if self._session is None:
            raise RuntimeError("The wire to Mailcow is not open.")
        headers = {"X-API-Key": key.secret}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        writing = body is not None
        try:
            async with self._session.request(
                method,
                f"{self._url}/api/v1/{route}",
                data=data,
                headers=headers,
                allow_redirects=False,
            ) as response:
                octets = await _read_body(response)
                location = response.headers.get("Location", "")
                self.date = response.headers.get("Date")
        except TimeoutError:
            return no_answer(
                f"Mailcow did not answer within {self._timeout:g} seconds",
                "Look whether it is busy or a part of it hangs, then retry.",
                writing=writing,
            )
        except aiohttp.ClientConnectorError as error:
            return no_answer(*self._explain(error), writing=False)
        except (aiohttp.InvalidURL, UnicodeError):  # no URL, or a host name that is none
            return no_answer("MAILCOW_URL is no address to call", LOOK_AT_URL, writing=False)
        except (aiohttp.ClientError, OSError):
            return no_answer(
                "Mailcow closed the connection in the middle of its answer",
                "Look whether its containers nginx-mailcow and php-fpm-mailcow run, then retry.",
                writing=writing,
            )
        _log.debug(
            "%s %s: %d, %d octets", method, call_name(route), response.status, len(octets or b"")
        )
        if octets is None:
            return no_sense(
                f"Mailcow's answer is longer than {_LARGEST_ANSWER // 1_000_000} MB",
                LOOK_AT_URL,
                writing=writing,
            )
        return Reply(response.status, octets, location)

    def _explain(self, error: aiohttp.ClientConnectorError) -> tuple[str, str]:
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return (
                f"The certificate of {echo(self._url)} does not fit or is not valid",
                "Look at it in a browser, and whether MAILCOW_URL has the name in it.",
            )
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return (
                f"The host name in MAILCOW_URL ({echo(self._url)}) was not found",
                "Look at its spelling and at the DNS.",
            )
        return (
            f"Nothing answers at {echo(self._url)}",
            "Look whether Mailcow runs and lets my address in: its fail2ban bans for half an hour.",
        )


async def _read_body(response: aiohttp.ClientResponse) -> bytes | None:
    """Return the octets of an answer; None where they are too many."""
    octets = bytearray()
    async for part in response.content.iter_chunked(65_536):
        octets += part
        if len(octets) > _LARGEST_ANSWER:
            response.close()
            return None
    return bytes(octets)


def _no_key(variable: str) -> MailcowRefused:
    return MailcowRefused(
        "no-key", f"There is no key for that: {variable} is not set. Set it and start me again."
    )
