"""What the double answers, in the forms of Mailcow's PHP: lists of messages, errors, HTML."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

Message: TypeAlias = dict[str, Any]

SECRET_IN_LOG = "SECRET-THAT-MAILCOW-WROTE-INTO-LOG"  # noqa: S105 - made to be looked for
TASK_COMPLETED: Message = {"type": "success", "msg": "Task completed"}
_JSON, _HTML = "application/json", "text/html; charset=utf-8"


class PhpThrow(Exception):  # noqa: N818 - it is PHP's, and never reaches a caller
    """An exception that Mailcow's PHP does not catch: its handler answers 200 with nothing."""


@dataclass(frozen=True, slots=True)
class PhpAnswer:
    """An HTTP answer; `content_type` is the whole header."""

    status: int
    body: bytes
    content_type: str


def as_json(value: object) -> PhpAnswer:
    """Return an answer of 200."""
    return PhpAnswer(200, json.dumps(value).encode(), _JSON)


def as_list(items: Any) -> PhpAnswer:
    """Return a list; an empty one is an empty object with Mailcow."""
    return as_json(list(items) or {})


def as_html(status: int, text: str) -> PhpAnswer:
    """Return a page, or nothing, with the content type that PHP uses by itself."""
    return PhpAnswer(status, text.encode(), _HTML)


def as_error(status: int, text: str) -> PhpAnswer:
    """Return an error of the API; that of a wrong login alone is said to be HTML."""
    body = json.dumps({"type": "error", "msg": text}).replace("/", r"\/").encode()
    return PhpAnswer(status, body, _HTML if status == 401 else _JSON)


def is_down(part: str) -> PhpAnswer:
    """Return the page of a Mailcow that lacks a part: Redis, database or dockerapi container."""
    reported = "The following error was reported:<br/>SQLSTATE[HY000] [2002] No such file"
    return as_html(500, f"<center>Connection to {part} failed.<br /><br />{reported}</center>")


def success(msg: object, secret: str = "") -> Message:
    """Return the entry of what was done."""
    return _entry("success", msg, secret)


def danger(msg: object) -> Message:
    """Return the entry of what was refused."""
    return _entry("danger", msg)


def redis_refusals() -> list[Message]:
    """Return what every write says first where Redis takes none, and what it says itself."""
    trace = (
        "Redis: RedisException: MISCONF Redis is configured to save RDB snapshots, but it's "
        "currently unable to persist to disk. in /web/json_api.php:25\nStack trace:\n"
        f"#0 /web/json_api.php(25): Redis->lPush('API_LOG', '{SECRET_IN_LOG}')\n#1 {{main}}"
    )
    return [{"type": "danger", "msg": trace}, danger(["redis_error", {}])]


def _entry(kind: str, msg: object, secret: str = "") -> Message:
    """Return one entry; `log` repeats the request, secrets included."""
    log = ["dkim", "add", {"private_key": secret, "note": SECRET_IN_LOG}, None]
    return {"type": kind, "log": log, "msg": msg}
