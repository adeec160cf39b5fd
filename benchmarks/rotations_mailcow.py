"""A double of Mailcow that knows which step of a rotation calls it, and tells when it does so."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from benchmarks.rotations_mail import KEY_HEAD
from bot.demo.mailcow_double.double_server import MailcowDouble
from bot.mailcow.workshop_names import WORKSHOP
from bot.rotations.rotation import IN_WORKSHOP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp import web

    from benchmarks.rotations_dns import MemberZones
    from benchmarks.rotations_time import RotationSeen, RotationTimes

_BELOW: Final = f".{WORKSHOP.ascii}"
_AFTER: Final = 0.02  # seconds, at most, from an answer to the last moment of its call


class CallMoment(StrEnum):
    """A moment of a call."""

    ARRIVED = "before it is done"
    DONE = "done and not answered"
    ANSWERED = "just after the answer"


@dataclass(kw_only=True)
class SteppedMailcow(MailcowDouble):
    """Tells `at` of each call's moments, and looks after each call at what signs mail."""

    zones: MemberZones
    times: RotationTimes
    at: Callable[[CallMoment, RotationSeen], None]
    choose_pause: Callable[[float], float]  # a time of at most so many seconds
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._under_way = 0
        self._rests = asyncio.Event()
        self._rests.set()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self._under_way += 1
        self._rests.clear()
        try:
            return await self._handle_of(request)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._rests.set()

    async def finish_calls(self) -> None:
        """Return when no call is under way; one goes on where nobody waits for it any more."""
        await self._rests.wait()

    async def _handle_of(self, request: web.Request) -> web.StreamResponse:
        said = f"{request.path} {(await request.read()).decode()}"
        caller = await self._find_caller(said)
        if caller is None:
            return await super()._handle(request)
        self.at(CallMoment.ARRIVED, caller)
        response = await super()._handle(request)
        self.faults += self.find_unsigned()
        self.at(CallMoment.DONE, caller)
        pause = self.choose_pause(_AFTER)
        asyncio.get_running_loop().call_later(pause, self.at, CallMoment.ANSWERED, caller)
        return response

    async def _find_caller(self, said: str) -> RotationSeen | None:
        """Return the rotation whose step makes a call; None where it is not made for one."""
        working = [one for one in await self.times.all() if one.step and one.lease_until]
        named = [one for one in working if one.domain in said]
        return next(iter(named or [one for one in working if one.step in IN_WORKSHOP]), None)

    def find_unsigned(self) -> Iterator[str]:
        """Yield the domains whose mail is unsigned now, or signed with what nobody can verify."""
        for domain in self.zones.domains:
            pair = self.dkim.get(domain)
            if pair is None or not pair.private:
                yield f"{domain} signs with nothing"
            elif self.zones.published(domain).get(pair.selector) != f"{KEY_HEAD}{pair.public}":
                yield f"{domain} signs with {pair.selector}, which is not published"

    def kept_names(self) -> list[str]:
        """Return the names in the workshop and below it that have a key."""
        return [name for name in self.dkim if name == WORKSHOP.ascii or name.endswith(_BELOW)]
