"""The requests of the tour: asked, decided and brought to their end, with no Discord between."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.demo.publishing import line_of_request, publish, waiting_records
from bot.mailcow.api import Mailcow
from bot.mailcow.mailcow_backend import MailcowBackend
from bot.net.certificate import Certificate
from bot.requests.dmarc_readiness import judge_readiness
from bot.requests.failure import say_reason
from bot.requests.model import MessageKind, RequestKind
from bot.requests.outbox_worker import Delivered, OutboxWorker
from bot.requests.polling import WakeUp
from bot.requests.service import Requests
from bot.requests.verification import DomainVerifier
from bot.requests.work import Tools
from bot.requests.worker import Worker
from bot.services.domain_looks import DomainLooks
from bot.services.request_evidence import RequestEvidence
from bot.store.repositories.for_requests import RequestStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import dns.name
    from rich.console import Console

    from bot.config.settings import Settings
    from bot.demo.zone_server import ZoneServer
    from bot.names import Domain
    from bot.requests.model import OutboxMessage, Request
    from bot.services.core import Core
    from bot.store.engine.database import Database

_ANN, _CLEO = 1, 2  # whatever their ids are in Discord
_PLACE = (3, 4)
_SHOWN = 60  # characters of a record
_EDITS = {MessageKind.ADMIN_EDIT, MessageKind.MEMBER_EDIT, MessageKind.MEMBER_SUPERSEDED}


class RequestTour:
    """Plays requests: Ann asks, Cleo decides; made by `open_request_tour`."""

    def __init__(
        self,
        console: Console,
        core: Core,
        requests: Requests,
        worker: Worker,
        outbox: OutboxWorker[Request],
    ) -> None:
        self._console = console
        self._core = core
        self._requests = requests
        self._worker = worker
        self._outbox = outbox

    async def play(self, kind: RequestKind, domain: Domain, server: ZoneServer) -> None:
        """Ask for a record, approve it, publish it in the server's world, and have it seen."""
        self._say("ask", domain, kind)
        request = (await self._requests.open(kind, domain, _PLACE, _ANN)).request
        await self._work()
        if kind is RequestKind.DMARC:
            report = await self._core.check(domain)
            stage = judge_readiness(report).stages[-1]  # the strictest that the domain is ready for
            self._say("approve", domain, kind, stage)
            await self._requests.approve(request.id, _CLEO, stage=stage, report=report)
        else:
            self._say("approve", domain, kind)
            await self._requests.approve(request.id, _CLEO)
        await self._work()
        self._say("publish", domain, kind)
        waiting = await waiting_records(self._requests, domain)
        server.zones = publish(server.zones, domain, map(line_of_request, waiting))
        await self._requests.look_now(request.id)
        await self._work()

    async def _work(self) -> None:
        while await self._worker.step() + await self._outbox.step():
            pass

    def _say(self, step: str, domain: Domain, kind: RequestKind, stage: str = "") -> None:
        facts = {"step": step, "domain": domain.ascii, "kind": kind.value, "stage": stage}
        text = self._core.words.sentence("demo/step", facts)
        self._console.print(f"$ {text}", style="dim", markup=False, highlight=False)


class _Printer:
    """Prints what the bot would write to Discord; see `bot.requests.outbox_worker.Deliver`."""

    def __init__(self, console: Console, core: Core) -> None:
        self._console = console
        self._words = core.words

    async def __call__(self, post: OutboxMessage, request: Request) -> Delivered:
        """Print one message."""
        if post.what not in _EDITS:
            facts = {
                "what": post.what.value,
                "id": request.id,
                "domain": request.domain.ascii,
                "kind": request.kind.value.upper(),
                "reason": say_reason(request, self._words),
            }
            self._print(f"  {self._words.sentence('demo/post', facts)}")
        if post.what is MessageKind.MEMBER_RECORD:
            line = line_of_request(request)
            self._print(f"    {line if len(line) <= _SHOWN else line[: _SHOWN - 1] + '…'}")
        return Delivered(channel_id=_PLACE[1], message_id=post.id)

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)


@asynccontextmanager
async def open_request_tour(
    console: Console, config: Settings, core: Core, database: Database
) -> AsyncIterator[RequestTour]:
    """Yield the tour of requests over a core and the store behind it.

    Raises:
        ValueError: the settings name no Mailcow that can be written to.

    """
    if config.mailcow_url is None or config.mailcow_api_key is None:
        raise ValueError("The tour needs a Mailcow that can be written to.")
    store, wake_up = RequestStore.of(database), WakeUp()
    key = config.mailcow_api_key.get_secret_value()
    selector = core.server.dkim_selector
    async with (
        Mailcow(config.mailcow_url, read_key=None, write_key=key, settling=0.0) as mailcow,
    ):
        backend = MailcowBackend(mailcow, selector)
        requests = Requests(store, _now, wake_up, selector, backend.capabilities)
        look = DomainVerifier(
            DomainLooks(core, _now).check,
            backend,
            certificate=_see_none,
            webmail_label=core.server.webmail_label,
            describe=RequestEvidence(core, requests.kinds_asked),
        )
        yield RequestTour(
            console,
            core,
            requests,
            Worker(store, Tools(core.server, backend, look), _now, wake_up),
            OutboxWorker(store, _Printer(console, core), _now, wake_up),
        )


async def _see_none(_: dns.name.Name) -> Certificate:
    return Certificate.NOT_ASKED  # the tour asks for no webmail alias


def _now() -> datetime:
    return datetime.now(UTC)
