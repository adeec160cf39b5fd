"""Reads Mailcow's HTTP answers: JSON or an error; the HTTP status alone does not tell which."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.characters import echo
from bot.errors import BackendError, BackendRefused, BackendUnclear, BackendUnreachable
from bot.mailcow.parse import NotJson, decode, read_refusal
from bot.mailcow.refusals import explain_refusal, is_redis_refusal, of_silence

if TYPE_CHECKING:
    from bot.mailcow.parse import Json

READ_ONLY = "mailcow-key-read-only"  # the code where a key that may only read was to write
SAYS_NOTHING = "mailcow-saw-no-key"  # the code of an empty answer to a read

_DOWN = re.compile(rb"Connection to (Redis|database|dockerapi)\b", re.IGNORECASE)
_FATAL = re.compile(rb"(?:Fatal|Parse) error|Uncaught ", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An answer as it came; never shown, as it can hold secrets."""

    status: int
    body: bytes = field(repr=False)
    location: str


def judge(reply: HttpReply, route: str, *, writing: bool) -> Json | BackendError:
    """Return what an answer holds, or what is wrong with it."""
    value = decode(reply.body)
    is_json = not isinstance(value, NotJson)
    status = reply.status
    if status == 200:
        return _judge_200(reply.body, value, route, writing=writing)
    if 300 <= status < 400:
        return BackendRefused("mailcow-redirects", location=echo(reply.location))
    if status == 400:
        return BackendRefused("mailcow-request-unread")
    if status == 403:
        if writing and is_json:
            return BackendRefused("mailcow-key-read-only")
        return BackendRefused("mailcow-forbids")
    if status == 404 and is_json:
        return BackendRefused("mailcow-call-unknown", call=call_name(route))
    if status == 404:
        return BackendRefused("mailcow-not-there")
    if status == 429 or status >= 500:
        return of_silence(
            BackendUnreachable(
                "mailcow-down", writing=writing, status=status, part=_part_down(reply.body)
            )
        )
    return BackendUnclear("mailcow-odd-status", writing=writing, status=status)


def _judge_200(
    body: bytes, value: Json | NotJson, route: str, *, writing: bool
) -> Json | BackendError:
    if not body.strip():
        if writing:
            return BackendUnclear("mailcow-empty-answer")
        return BackendUnreachable("mailcow-saw-no-key")
    if isinstance(value, NotJson):
        if is_redis_refusal(body[:100].decode(errors="replace")):
            return BackendUnclear("mailcow-redis-refuses")
        if _FATAL.search(body):
            return BackendUnclear("mailcow-php-error", writing=writing)
        return BackendUnclear("mailcow-no-json", writing=writing)
    if not writing and (refusal := read_refusal(value)):
        return explain_refusal(refusal, route.rpartition("/")[2].rpartition("@")[2])
    return value


def _part_down(page: bytes) -> str:
    """Return which part of Mailcow is down by its own words, in lower case; empty: it says none."""
    found = _DOWN.search(page[:10_000])
    return found[1].decode().lower() if found else ""


def call_name(route: str) -> str:
    """Return a route without what it is about, which may be somebody's address."""
    return "/".join(route.split("/")[:2])
