"""Calls to Mailcow over HTTP: with which key, and which calls are not made at all.

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
from bot.errors import (
    BackendCallFailed,
    BackendError,
    BackendLocked,
    BackendRefused,
    BackendUnclear,
    BackendUnreachable,
)
from bot.mailcow.api_keys import Key
from bot.mailcow.http_answers import SAYS_NOTHING, HttpReply, call_name, judge
from bot.mailcow.refusals import explain_401, is_address_refused, of_silence
from bot.net.tls import client_context
from bot.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.mailcow.parse import Json

    Body = Mapping[str, str] | Sequence[str]  # of a write: fields, or what is to be deleted

_log = logging.getLogger(__name__)

PROBE = "status/version"  # what every key may read
_LARGEST_ANSWER = 5_000_000  # octets


class Transport:
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
        return f"<transport to {self._url}>"

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
    def refusals(self) -> tuple[BackendLocked, ...]:
        """Why keys are locked, one error each."""
        keys = dict.fromkeys(key for key in (self._read, self._write) if key)
        return tuple(key.refusal for key in keys if key.refusal)

    def unlock(self) -> None:
        """Let refused keys be tried again."""
        for key in (self._read, self._write):
            if key is not None:
                key.forget()

    async def get(self, route: str) -> Json:
        """Return what Mailcow answers to `get/{route}`. Raises BackendError."""
        if self._read is None:
            raise _no_key("MAILCOW_READ_KEY")
        try:
            return await self._call(self._read, "GET", f"get/{route}", None)
        except BackendUnreachable as error:
            if error.code != SAYS_NOTHING or route == PROBE:
                raise
        # Nothing is said where no key arrived, and where PHP threw an exception, at this call or
        # at every one. What is answered to any key tells which.
        await self._call(self._read, "GET", f"get/{PROBE}", None)
        raise BackendCallFailed("mailcow-call-failed", call=call_name(f"get/{route}"))

    async def post(self, route: str, body: Body, *, with_read_key: bool = False) -> Json:
        """Return what Mailcow answers to a write, which may still be a refusal.

        `with_read_key` is to find out that it may not.

        Raises:
            BackendUnclear: nobody knows whether it happened.
            BackendError: it did not happen.

        """
        key = self._read if with_read_key else self._write
        if key is None:
            raise _no_key("MAILCOW_READ_KEY" if with_read_key else "MAILCOW_API_KEY")
        return await self._call(key, "POST", route, body)

    async def _call(self, key: Key, method: str, route: str, body: Body | None) -> Json:
        writing = body is not None
        async with key.turn(self._timeout):
            reply = await self._fetch(key, method, route, body)
            value: Json | BackendError
            if isinstance(reply, BackendError):
                value = reply
            elif reply.status == 401:
                value = self._lock(key, reply)
            else:
                value = judge(reply, route, writing=writing)
            if isinstance(value, BackendError):
                self._telemetry.count_call(value)
                raise value
            self._telemetry.count_call(None)
            key.prove()
            return value

    def _lock(self, key: Key, reply: HttpReply) -> BackendLocked:
        said = reply.body[:500].decode(errors="replace")
        locked = explain_401(said, key.variable)
        for refused in (self._read, self._write) if is_address_refused(said) else (key,):
            if refused is not None:
                refused.refusal = locked
        _log.warning("%s", locked)
        return locked

    async def _fetch(
        self, key: Key, method: str, route: str, body: Body | None
    ) -> HttpReply | BackendError:
        if self._session is None:
            raise RuntimeError("The transport to Mailcow is not open.")
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
            seconds = f"{self._timeout:g}"
            return of_silence(BackendUnreachable("mailcow-slow", writing=writing, seconds=seconds))
        except aiohttp.ClientConnectorError as error:
            return _explain(error, echo(self._url))
        except (aiohttp.InvalidURL, UnicodeError):  # no URL, or a host name that is none
            return BackendUnreachable("mailcow-url-unusable")
        except (aiohttp.ClientError, OSError):
            return of_silence(BackendUnreachable("mailcow-cut-off", writing=writing))
        _log.debug(
            "%s %s: %d, %d octets", method, call_name(route), response.status, len(octets or b"")
        )
        if octets is None:
            megabytes = _LARGEST_ANSWER // 1_000_000
            return BackendUnclear("mailcow-answer-too-long", writing=writing, megabytes=megabytes)
        return HttpReply(response.status, octets, location)


async def _read_body(response: aiohttp.ClientResponse) -> bytes | None:
    """Return the octets of an answer; None where they are too many."""
    octets = bytearray()
    async for part in response.content.iter_chunked(65_536):
        octets += part
        if len(octets) > _LARGEST_ANSWER:
            response.close()
            return None
    return bytes(octets)


def _no_key(variable: str) -> BackendRefused:
    return BackendRefused("mailcow-api-key-unset", variable=variable)


def _explain(error: aiohttp.ClientConnectorError, url: str) -> BackendUnreachable:
    """Return why there is no connection, so that nothing was asked either."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return BackendUnreachable("mailcow-certificate", url=url)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return BackendUnreachable("mailcow-host-not-found", url=url)
    return BackendUnreachable("mailcow-unreachable", url=url)
