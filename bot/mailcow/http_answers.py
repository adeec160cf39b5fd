"""What each kind of HTTP answer of Mailcow means; the status alone says little."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.characters import echo
from bot.errors import MailcowError, MailcowRefused
from bot.mailcow.parse import Garbled, decode, read_refusal
from bot.mailcow.refusals import LOOK_AT_URL, no_answer, no_sense, refuse

if TYPE_CHECKING:
    from bot.mailcow.parse import Json

READ_ONLY = "read-only-key"  # the code where a key that may only read was to write

_FATAL = re.compile(rb"(?:Fatal|Parse) error|Uncaught ", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came; never shown, as it can hold secrets."""

    status: int
    body: bytes = field(repr=False)
    location: str


def judge(reply: Reply, route: str, *, writing: bool) -> Json | MailcowError:
    """Return what an answer holds, or what is wrong with it."""
    value = decode(reply.body)
    is_json = not isinstance(value, Garbled)
    status = reply.status
    if status == 200:
        return _judge_200(reply.body, value, route, writing=writing)
    if 300 <= status < 400:
        return MailcowRefused(
            "redirect",
            f"Mailcow sends me on to {echo(reply.location) or 'nowhere'}. Write the final address "
            "of its start page into MAILCOW_URL.",
        )
    if status == 400:
        return MailcowRefused(
            "bad-request",
            "Mailcow could not read my request (400). Look whether a proxy before it changes "
            "requests.",
        )
    if status == 403:
        if writing and is_json:
            return MailcowRefused(
                READ_ONLY,
                "The key in MAILCOW_API_KEY may only read. Write the read-write key of Mailcow's "
                "API settings into it.",
            )
        return MailcowRefused(
            "forbidden",
            "Mailcow, or a proxy before it, forbids my request (403). Look at its rules for "
            "/api/ and my address.",
        )
    if status == 404 and is_json:
        return MailcowRefused(
            "unknown-route",
            f"This Mailcow does not know the call {call_name(route)}. Update Mailcow; if it is "
            "up to date, this bot is too old for it.",
        )
    if status == 404:
        return MailcowRefused(
            "not-mailcow", f"There is no Mailcow API at MAILCOW_URL (404). {LOOK_AT_URL}"
        )
    if status == 429 or status >= 500:
        return no_answer(
            f"Mailcow, or a part of it, is down or overloaded ({status})",
            "Look whether all its containers run, then retry.",
            writing=writing,
        )
    return no_sense(
        f"Mailcow answers with HTTP status {status}, which its API never does",
        LOOK_AT_URL,
        writing=writing,
    )


def _judge_200(
    body: bytes, value: Json | Garbled, route: str, *, writing: bool
) -> Json | MailcowError:
    if not body.strip():
        if writing:
            return no_answer("Mailcow gave an empty answer", "", writing=True)
        return MailcowRefused(
            "no-key-arrived",
            "Mailcow saw no key in my request. Look whether a proxy before it takes the header "
            "X-API-Key away.",
        )
    if isinstance(value, Garbled):
        if _FATAL.search(body):
            return no_sense(
                "Mailcow's PHP stopped with an error",
                "Look into the log of its container php-fpm-mailcow, then retry.",
                writing=writing,
            )
        return no_sense(
            "Mailcow answers with something that is no JSON, such as a web page",
            f"{LOOK_AT_URL} If it is, look whether all its containers run.",
            writing=writing,
        )
    if not writing and (refusal := read_refusal(value)):
        return refuse(refusal, route.rpartition("/")[2].rpartition("@")[2])
    return value


def call_name(route: str) -> str:
    """Return a route without what it is about, which may be somebody's address."""
    return "/".join(route.split("/")[:2])
