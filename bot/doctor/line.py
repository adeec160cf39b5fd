"""A line of `/mailadmin setup` or `doctor`: the state of one part that the bot needs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.checks.finding import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.errors import CowbellError, Fact


@dataclass(frozen=True, slots=True)
class Line:
    """The state of one part that the bot needs, such as a resolver or the database.

    `code` chooses the sentence, into which `error` is put in its own words. `about` tells parts
    of the same kind apart, such as resolvers. `silent`: nobody answered, which may as well be the
    fault of this machine's network.
    """

    part: str
    status: Status
    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    error: CowbellError | None = None
    about: str = ""
    silent: bool = False


# Said from the configuration and this machine's own files; all others need an answer of somebody.
# A database server is near, and says nothing about the way to everybody else.
_ASKS_NOBODY = frozenset(
    {"admins", "database", "database_server", "processes", "watch", "files", "profile"}
)


def blame_network(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Return the lines; if nobody at all answered, the network is blamed and not each part."""
    given = tuple(lines)
    if any(line.silent for line in given) and not _anybody_answered(given):
        return tuple(replace(ln, status=Status.UNKNOWN) if ln.silent else ln for ln in given)
    return given


def found_nothing_out(lines: Iterable[Line]) -> bool:
    """Whether something was asked of others, and nothing of it could be found out."""
    asked = [
        ln.status for ln in lines if ln.part not in _ASKS_NOBODY and ln.status is not Status.INFO
    ]
    return bool(asked) and all(status is Status.UNKNOWN for status in asked)


def _anybody_answered(lines: Iterable[Line]) -> bool:
    return any(
        not line.silent
        and line.part not in _ASKS_NOBODY
        and line.status not in {Status.INFO, Status.UNKNOWN}
        for line in lines
    )
