"""What one question has come to with each server that it may be sent to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.dns.udp import Upstream

_REFUSALS: Final = 3  # by every server, until nobody is expected to be there any more
_TRIES_AFTER_FAILURE: Final = 2  # of the other servers, where one has answered that it failed


class Attempts:
    """How often a question was sent to one server, and what came of it."""

    __slots__ = ("edns", "refusals", "tries", "upstream", "useless")

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.tries = 0
        self.refusals = 0
        self.useless = False  # the server has answered, to no avail
        self.edns = True  # it is asked with EDNS


def find_left(every: list[Attempts]) -> list[Attempts]:
    """Return those at servers whose answer could still help."""
    return [attempts for attempts in every if not attempts.useless]


def find_next(left: list[Attempts]) -> Attempts:
    """Return that at the server to ask next: the first of those that were asked least."""
    return min(left, key=lambda attempts: attempts.tries)


def are_all_refused(left: list[Attempts]) -> bool:
    """Whether every server has refused often enough."""
    return all(attempts.refusals >= _REFUSALS for attempts in left)


def are_all_tried(left: list[Attempts]) -> bool:
    """Whether the others were asked often enough, where one server has failed."""
    return all(attempts.tries >= _TRIES_AFTER_FAILURE for attempts in left)
