"""Brings waiting requests forward by looks at their domains that somebody else had made."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.requests.kinds import KINDS
from bot.requests.model import State
from bot.requests.schedule import SOONEST_LOOK
from bot.requests.transitions import touch

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.requests.model import Change, Request
    from bot.requests.polling import WakeUp
    from bot.requests.protocols import LookSeen, Repositories

_MARGIN: Final = timedelta(seconds=1)  # a look began a little before its first question


class RequestsInWait:
    """Has requests that wait for their next look take one that was made for another reason.

    That is where it shows what is asked for to be live, or where their own would come within
    `SOONEST_LOOK`. It is made due before the look began, so that this look is the one that counts.
    A request keeps a time of its own all the same: it follows the TTL of the record that it is
    about, asks the mail server besides, and ends after some days.
    """

    def __init__(self, store: Repositories, now: Callable[[], datetime], wake_up: WakeUp) -> None:
        self._store = store.requests
        self._now = now
        self._wake_up = wake_up

    async def take(self, seen: LookSeen) -> None:
        """Bring requests for the domain forward, where this look is of use for them.

        Raises:
            StoreError: the store cannot be read or written.

        """
        report = seen.report
        began = report.checked_at - timedelta(milliseconds=report.elapsed_ms) - _MARGIN
        for request in await self._store.of_domain(report.domain):
            if not _is_of_use(request, seen, self._now()):
                continue

            def decide(now_so: Request, before: Request = request) -> Change | None:
                return touch(now_so, due_at=began) if now_so.version == before.version else None

            _, is_changed = await self._store.change(request.id, decide, self._now())
            if is_changed:
                self._wake_up.wake()


def _is_of_use(request: Request, seen: LookSeen, now: datetime) -> bool:
    """Whether a request waits for its next look, and this one may serve in its place.

    One whose time has come is looked at already.
    """
    if request.state is not State.WAITING or request.due_at is None or request.due_at <= now:
        return False
    soon = request.due_at - now <= SOONEST_LOOK
    return soon or KINDS[request.kind].is_shown_by(seen, request)
