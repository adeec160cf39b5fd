"""Asks at the domain itself first, so that a zone of which nobody answers costs one deadline.

Where the resolver has no answer, the name servers to which the zone above refers are tried. A zone
is only called silent, never missing; what is below it is then not asked for.
"""

from __future__ import annotations

import asyncio
import time
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

import dns.name
import dns.rdatatype

from bot.checks.authority_view import NameServerState
from bot.checks.observe.direct_questions import DirectQuestions
from bot.checks.observe.name_server_reader import NameServerReader
from bot.checks.observe.parent_zone import look_above
from bot.dns.answer import Answer, Outcome, Question
from bot.public_suffix import is_public_suffix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.checks.observe.questions import Questions
    from bot.dns.authority import Authorities

PATIENCE: Final = 1.0  # seconds until the name servers are tried beside the resolver
KEPT: Final = 60.0  # seconds for which a name server that did not answer is not asked again
MOST_SERVERS: Final = 8  # of a zone; of more it is not proven that all are silent


class SilentServers:
    """The addresses of name servers that did not answer in the last minute.

    Many domains have the same name servers, which then need not be waited for once a domain.
    """

    def __init__(self) -> None:
        self._until: dict[str, float] = {}  # by the monotonic clock

    def note(self, address: str, *, is_silent: bool) -> None:
        """Note whether a server let a question go unanswered just now."""
        now = time.monotonic()
        if is_silent:
            self._until = {a: until for a, until in self._until.items() if until > now}
            self._until[address] = now + KEPT
        else:
            self._until.pop(address, None)

    def __contains__(self, address: str) -> bool:
        """Whether a server was silent a moment ago."""
        return self._until.get(address, 0.0) > time.monotonic()


class Voice(Enum):
    """Whether any of a zone's name servers says anything."""

    HEARD = auto()
    SILENT = auto()  # all of them, as far as the zone above names any
    UNKNOWN = auto()  # nobody tells which they are, or not all could be asked


class ZoneVoice:
    """Finds out whether anybody answers for a domain; `at_apex` is what is asked of it first."""

    def __init__(
        self,
        questions: Questions,
        domain: dns.name.Name,
        at_apex: Sequence[Question],
        authorities: Authorities | None,
        silent: SilentServers,
    ) -> None:
        self._questions = questions
        self._domain = domain
        self._at_apex = at_apex
        self._authorities = authorities
        self._silent = silent

    async def is_heard(self, note_silence: Callable[[], None]) -> bool:
        """Whether anybody answers; as soon as one good answer is there.

        If not, that is after the deadline of one question, or sooner where all name servers let
        our own questions go unanswered too. `note_silence` is called where it takes longer than a
        usual answer.
        """
        self._questions.start(self._at_apex)
        resolver = asyncio.create_task(self._wait_for_answer())
        servers: asyncio.Task[Voice] | None = None
        try:
            await asyncio.wait([resolver], timeout=PATIENCE)
            if resolver.done() and resolver.result():
                return True
            note_silence()
            self._questions.start([Question.of(dns.name.root, dns.rdatatype.NS)])
            servers = asyncio.create_task(self._hear_servers())
            await asyncio.wait([resolver, servers], return_when=asyncio.FIRST_COMPLETED)
            if servers.done() and servers.result() is not Voice.UNKNOWN:
                heard = servers.result() is Voice.HEARD
            else:
                heard = await resolver or await servers is Voice.HEARD
            self._questions.make_room()  # all of it is asked now, of the name servers too
        finally:
            resolver.cancel()
            if servers is not None:
                servers.cancel()
                await asyncio.gather(servers, return_exceptions=True)
        return heard

    def as_unanswered(self) -> list[Answer]:
        """Return what has come by now, and a failure for each question that still waits."""
        known = self._questions.so_far()
        there = {answer.question for answer in known}
        waiting = (question for question in self._at_apex if question not in there)
        return [*known, *(Answer(question, Outcome.TIMEOUT) for question in waiting)]

    async def _wait_for_answer(self) -> bool:
        """Return True at the first good answer, or an alias; False where all have failed."""
        asking = [asyncio.ensure_future(self._questions(*question)) for question in self._at_apex]
        try:
            for answer in asyncio.as_completed(asking):
                told = await answer
                if not told.failed or told.chain:
                    return True
            return False
        finally:
            for task in asking:
                task.cancel()

    async def _hear_servers(self) -> Voice:
        """Return whether the name servers say anything to which the zone above refers.

        Where a server of that zone answered, our own way to name servers is open.
        """
        zone = _registered(self._domain)
        if self._authorities is None or zone is None:
            return Voice.UNKNOWN
        async with self._authorities.open() as connections:
            direct = DirectQuestions(self._questions, self._authorities, connections)
            above = await look_above(direct, zone)
            if above.delegation is None or above.intercepted:
                return Voice.UNKNOWN
            names = above.delegation.names
            if len(names) > MOST_SERVERS:
                return Voice.UNKNOWN
            heard = await asyncio.gather(*(self._hear(direct, zone, name) for name in names))
        return _join(heard)

    async def _hear(
        self, direct: DirectQuestions, zone: dns.name.Name, name: dns.name.Name
    ) -> Voice | None:
        """Return whether one name server says anything; None where its name has no address."""
        reader = NameServerReader(direct, zone, (), ())
        server = await reader.locate(name)
        if server.condition is NameServerState.NO_ADDRESS:
            return None
        if server.address in self._silent:
            return Voice.SILENT
        told = await direct.ask(server.address, reader.soa, keep=0)
        if told is None:
            return Voice.UNKNOWN
        self._silent.note(server.address, is_silent=told.is_silent)
        return Voice.SILENT if told.is_silent else Voice.HEARD


def _registered(domain: dns.name.Name) -> dns.name.Name | None:
    """Return the name right below a registry's that a domain lies in; None where it is one."""
    if is_public_suffix(domain):
        return None
    while not is_public_suffix(domain.parent()):
        domain = domain.parent()
    return domain


def _join(heard: Iterable[Voice | None]) -> Voice:
    voices = {voice for voice in heard if voice is not None}
    for voice in (Voice.HEARD, Voice.UNKNOWN):
        if voice in voices:
            return voice
    return Voice.SILENT if voices else Voice.UNKNOWN
