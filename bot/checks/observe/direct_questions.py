"""What one check asks of name servers themselves, counted among its questions and in its time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from bot.checks.observe.questions import KEPT_FREE

if TYPE_CHECKING:
    import dns.name

    from bot.checks.observe.questions import Questions
    from bot.dns.answer import DirectAnswer, Question
    from bot.dns.authority import Authorities, Connections


class DirectQuestions:
    """Asks name servers by their addresses; so many questions are left for others (`keep`).

    No server is asked at an address that `authorities` does not allow.
    """

    def __init__(
        self, questions: Questions, authorities: Authorities, connections: Connections
    ) -> None:
        self.keep = KEPT_FREE
        self.questions = questions
        self._authorities = authorities
        self._connections = connections
        self._reached: dict[str, bool] = {}  # by address

    def ask(
        self, address: str, question: Question, *, keep: int | None = None
    ) -> asyncio.Future[DirectAnswer | None]:
        """Return what a server says; None where there is no question or time left for it."""
        kept = self.keep if keep is None else keep
        if not self.may_reach(address) or not self.questions.spend(kept):
            return _nothing()
        return self.ask_counted(address, question)

    def ask_counted(self, address: str, question: Question) -> asyncio.Future[DirectAnswer | None]:
        """Return the same of a question that is counted, at an address that may be reached."""
        return self.questions.in_time(self._connections.ask(address, question))

    async def ask_zone(
        self, address: str, question: Question, zone: dns.name.Name, *, keep: int | None = None
    ) -> DirectAnswer | None:
        """Return the same, without what the server says of other zones."""
        direct = await self.ask(address, question, keep=keep)
        return None if direct is None else direct.within(zone)

    def try_tcp(self, address: str) -> asyncio.Future[bool | None]:
        """Return whether a server takes a connection over TCP; None where it was not tried.

        It counts as a question.
        """
        if not self.may_reach(address) or not self.questions.spend(self.keep):
            return _nothing()
        return self.questions.in_time(self._connections.try_tcp(address))

    def may_reach(self, address: str) -> bool:
        """Whether a server at this address may be asked; none may where there is no address."""
        may = self._reached.get(address)
        if may is None:
            may = bool(address) and self._authorities.may_reach(address)
            self._reached[address] = may
        return may


def _nothing() -> asyncio.Future[Any]:
    told: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    told.set_result(None)
    return told
