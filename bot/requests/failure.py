"""Why a request failed: kept with it as a code and facts, and worded when somebody reads it.

Earlier versions kept the sentence itself, and a denial keeps the admin's own words: both are told
apart from a code by their form, and by the state of the request.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bot.errors import CodedError, TextError
from bot.requests.model import State

if TYPE_CHECKING:
    from bot.errors import CowbellError
    from bot.requests.model import Request
    from bot.words import Words


def dump_failure(error: CowbellError) -> str:
    """Return an error as it is kept: code and facts in one line of JSON, or its own text."""
    if not isinstance(error, CodedError):
        return str(error)
    return json.dumps({"code": error.code, "facts": error.facts})


def load_failure(text: str) -> CodedError | None:
    """Return what `dump_failure` wrote of an error with a code; None for any other text."""
    try:
        raw = json.loads(text)
        code, facts = raw["code"], raw["facts"]
        if not isinstance(code, str) or not isinstance(facts, dict):
            return None
    except (ValueError, LookupError, TypeError):
        return None
    return CodedError.of(code, {name: _read_fact(fact) for name, fact in facts.items()})


def say_reason(request: Request, words: Words) -> str:
    """Return why a request was denied or failed, in plain text; empty where there is no reason."""
    if request.state is State.DENIED:  # whatever an admin writes is theirs
        return request.reason
    return say_failure(request.reason, words)


def say_failure(text: str, words: Words) -> str:
    """Return what was kept of an error in words, and any other text as it is."""
    error = load_failure(text)
    if error is None:
        return text
    try:
        return words.plain.error(error)
    except TextError:  # another version of the program wrote a code that this one does not know
        return str(error)


def _read_fact(fact: object) -> str | int | bool | tuple[str, ...] | None:
    if isinstance(fact, list):
        return tuple(str(item) for item in fact)
    return fact if isinstance(fact, str | int | bool) else None
