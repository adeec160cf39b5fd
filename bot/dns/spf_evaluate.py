"""Evaluates SPF over an `Ask`: the answers that come in carry the evaluations on."""

from __future__ import annotations

import asyncio
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Final

from bot.dns.answer import Question
from bot.dns.spf_client import SpfClient
from bot.dns.spf_evaluation import MAX_LOOKUPS, MAX_QUESTIONS, MAX_TEXT, MAX_VOIDS, Evaluation
from bot.dns.spf_lookahead import LookAhead
from bot.dns.spf_reply import MOST_TERMS, read_reply
from bot.dns.spf_result import SpfCause, SpfEvaluation, SpfStep, policies_of
from bot.dns.spf_target import target_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from bot.dns.answer import Answer, Ask
    from bot.dns.spf_reply import SpfReply

__all__ = [
    "MAX_LOOKUPS",
    "MAX_QUESTIONS",
    "MAX_TEXT",
    "MAX_VOIDS",
    "MOST_TERMS",
    "STRANGER",
    "SpfCause",
    "SpfEvaluation",
    "SpfStep",
    "evaluate",
    "evaluate_all",
    "evaluate_each",
    "policies_of",
]

STRANGER: Final = "240.0.0.1"  # reserved (RFC 1112 section 4): no sender has it, so none may pass


async def evaluate(
    ask: Ask, address: str, domain: str, *, sender: str | None = None, helo: str = ""
) -> SpfEvaluation:
    """Return what SPF says of mail from `address` for `domain` (RFC 7208 section 4, check_host).

    The sender is postmaster@domain unless given, and so is its local part where it has none
    (sections 2.4 and 4.3); the HELO name is the domain unless given. Records are read ahead,
    so it takes about as long as the longest chain of includes; how long that may be is `ask`'s
    matter. Raises ValueError where `address` is none.
    """
    with closing(_Evaluations(ask)) as evaluations:
        return await evaluations.start(SpfClient.of(address, domain, sender, helo), domain)


async def evaluate_each(
    ask: Ask, addresses: Iterable[str], domain: str, helo: str
) -> tuple[SpfEvaluation, ...]:
    """Return the evaluations of several addresses, in their order, as `evaluate` has them."""
    with closing(_Evaluations(ask)) as evaluations:
        clients = [SpfClient.of(address, domain, None, helo) for address in addresses]
        started = [evaluations.start(client, domain) for client in clients]
        return tuple([await each for each in started])


async def evaluate_all(
    ask: Ask, find_addresses: Callable[[], Awaitable[Iterable[str]]], domain: str, helo: str
) -> tuple[SpfEvaluation, ...]:
    """Return the evaluations of the addresses, in their order, and of `STRANGER` as the last.

    All give the same HELO name, which is the mail host's (RFC 7208 section 2.3): a record may hang
    on it (`%{h}`). A record that lets the stranger pass lets everybody pass. Its evaluation starts
    at once, so the records are on their way while the addresses are still being asked for.
    """
    with closing(_Evaluations(ask)) as evaluations:
        stranger = evaluations.start(SpfClient.of(STRANGER, domain, None, helo), domain)
        addresses = await find_addresses()
        clients = [SpfClient.of(address, domain, None, helo) for address in addresses]
        started = [evaluations.start(client, domain) for client in clients]
        return tuple([await each for each in (*started, stranger)])


class _Evaluations:
    """Evaluations under way that share what is asked for and read; answers carry them on.

    There is no task but where `ask` gives a coroutine.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._replies: dict[Question, SpfReply] = {}
        self._waiting: dict[Question, list[Callable[[SpfReply], None]]] = {}
        self._tasks: list[asyncio.Future[Answer]] = []
        self._started: list[asyncio.Future[SpfEvaluation]] = []

    def start(self, client: SpfClient, domain: str) -> asyncio.Future[SpfEvaluation]:
        """Begin an evaluation; the future gets what it comes to."""
        done = asyncio.get_running_loop().create_future()
        self._started.append(done)
        LookAhead(client, self).read(target_of(domain))
        self._carry_on(Evaluation(client, domain), done)
        return done

    def when(self, question: Question, then: Callable[[SpfReply], None]) -> None:
        """Have a function called with the reply to a question: now where it is there already."""
        if question in self._replies:
            then(self._replies[question])
        elif question in self._waiting:
            self._waiting[question].append(then)
        else:
            asked = self._ask(*question)
            future = asyncio.ensure_future(asked)
            self._waiting[question] = [then]  # nobody waits for what could not be asked
            if future is not asked:
                self._tasks.append(future)
            # Also where the answer is there: others have their turn before each that is read.
            future.add_done_callback(partial(self._take, question))

    def close(self) -> None:
        """Wait for nothing more. Futures that `ask` gave may be others' as well, and stay."""
        self._waiting.clear()
        for task in self._tasks:
            task.cancel()
        for done in self._started:
            if done.done() and not done.cancelled():
                done.exception()  # nobody reads that of the others where one has raised

    def _take(self, question: Question, future: asyncio.Future[Answer]) -> None:
        """Read an answer and hand it to whoever waits for it, look-aheads first."""
        waiting = self._waiting.pop(question, ())
        try:
            if waiting:
                reply = self._replies[question] = read_reply(future.result())
                for then in waiting:
                    then(reply)
        except asyncio.CancelledError:
            for done in self._started:
                done.cancel()
        except Exception as error:  # noqa: BLE001  # raised to whoever awaits, not to the loop
            for done in self._started:
                if not done.done():
                    done.set_exception(error)

    def _carry_on(
        self,
        evaluation: Evaluation,
        done: asyncio.Future[SpfEvaluation],
        reply: SpfReply | None = None,
    ) -> None:
        """Take an evaluation as far as it comes by what is known."""
        step = evaluation.advance(reply)
        while isinstance(step, Question) and step in self._replies:
            step = evaluation.advance(self._replies[step])
        if isinstance(step, Question):
            self.when(step, partial(self._carry_on, evaluation, done))
        elif not done.done():
            done.set_result(step)
