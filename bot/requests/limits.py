"""What an admin wants a new mail domain to be allowed, as it is typed and kept with the request."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from bot.characters import echo
from bot.errors import RequestError
from bot.requests.backend import DomainLimits

if TYPE_CHECKING:
    from collections.abc import Mapping

_MIB_A_GIB = 1024
_COUNTS = frozenset({"mailboxes", "aliases"})  # all others are sizes, typed in GiB
_NUMBER = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,3})?")


def parse_limits(typed: Mapping[str, str]) -> DomainLimits:
    """Return limits by what was typed for each field of `DomainLimits`; empty is as it is usual.

    Sizes are typed in GiB, such as 10 or 0.5.

    Raises:
        RequestError: it is no number, or 0 where a size has to be.

    """
    return DomainLimits(
        **{name: _parse(name, text.strip()) for name, text in typed.items() if text.strip()}
    )


def dump_limits(limits: DomainLimits) -> str:
    """Return limits as they are kept; empty where none was set."""
    given = {name: value for name, value in asdict(limits).items() if value is not None}
    return json.dumps(given) if given else ""


def load_limits(text: str) -> DomainLimits:
    """Return what `dump_limits` wrote; what cannot be read is left to the mail server."""
    try:
        raw = json.loads(text) if text else {}
        given = {field.name: raw.get(field.name) for field in fields(DomainLimits)}
    except (ValueError, AttributeError):
        return DomainLimits()
    return DomainLimits(**{name: v for name, v in given.items() if isinstance(v, int)})


def _parse(name: str, text: str) -> int:
    is_size = name not in _COUNTS
    if not _NUMBER.fullmatch(text) or (not is_size and not text.isdigit()):
        raise RequestError("request-bad-limit", field=name, typed=echo(text))
    number = round(float(text.replace(",", ".")) * (_MIB_A_GIB if is_size else 1))
    if is_size and not number:
        raise RequestError("request-bad-limit", field=name, typed=echo(text))
    return number
