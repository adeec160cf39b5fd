"""What tests of requests share: a mail server and a messenger in files, and all around a store."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dns.name

from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KeySource, KnownKey
from bot.records.mail_server import MailServer
from bot.requests.backend import Capabilities, DomainLimits, MailHosting, ServerDomain
from bot.requests.limits import dump_limits
from bot.requests.model import RequestKind
from bot.requests.outbox_worker import Delivered, OutboxWorker, Postponed, Undeliverable
from bot.requests.polling import WakeUp
from bot.requests.protocols import Verification, Verifier
from bot.requests.server_view import judge_key
from bot.requests.service import Requests
from bot.requests.work import Tools
from bot.requests.worker import Worker
from bot.store.engine.database import Database
from bot.store.repositories.for_requests import RequestStore
from bot.store.repositories.known_keys import KnownKeys
from bot.store.repositories.tallies import StoredTallies
from empty_store import empty_store_url
from strategies import RSA_1024

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from bot.errors import BackendError
    from bot.requests.model import OutboxMessage, Request

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FRIEND = Domain.from_ascii("friend.example")
MOVER = Domain.from_ascii("mover.example")
KEY = f"v=DKIM1;k=rsa;p={RSA_1024}"
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example",
)
ANN, BEN, COWHERD, DAIRYMAID = 1, 2, 11, 12
PLACE = (100, 200)
ALL = Capabilities(can_tell_domains=True, can_make_keys=True, can_add_domains=True)


class FileMail:
    """A mail server that outlives the bot: a file for each key and domain, a line for each call.

    `pause` is awaited with the name of each point that a crash may come at.
    """

    name = "File Mail"
    capabilities = ALL
    refusals: tuple[BackendError, ...] = ()

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self.refusal: BackendError | None = None
        self.silence: BackendError | None = None  # why it does not tell what it has
        self.switched_off: set[str] = set()  # domains that are there, and take no mail
        self.pause: Callable[[str], Awaitable[None]] | None = None

    def unlock(self) -> None:
        """Do nothing: it locks nobody out."""

    async def look_up(self, domain: Domain) -> ServerDomain:
        """Return what the files of the domain and of its key are."""
        self._note("asked", domain.ascii)
        if self.silence is not None:
            raise self.silence
        if domain.ascii in self.switched_off:
            return ServerDomain(MailHosting.OFF, self.key_of(domain))
        there = (self._folder / f"domain-{domain.ascii}").exists()
        return ServerDomain(MailHosting.ON if there else MailHosting.ABSENT, self.key_of(domain))

    def key_of(self, domain: Domain) -> KnownKey | None:
        """Return the key where its file is there."""
        path = self._folder / f"key-{domain.ascii}"
        selector, _, value = path.read_text().partition(" ") if path.exists() else ("", "", "")
        if not value:
            return None
        return KnownKey(selector, DkimRecord.parse(value), KeySource.MAIL_SERVER)

    def put_key(self, domain: Domain, selector: str, value: str) -> None:
        """Make a key in place of the one that there is, as somebody does on the server itself."""
        (self._folder / f"key-{domain.ascii}").write_text(f"{selector} {value}")

    def put_domain(self, domain: Domain) -> None:
        """Have the domain on the server."""
        (self._folder / f"domain-{domain.ascii}").touch()

    def drop_domain(self, domain: Domain) -> None:
        """Take the domain off the server, as somebody does there."""
        (self._folder / f"domain-{domain.ascii}").unlink()

    async def find_or_make_key(self, domain: Domain, selector: str) -> KnownKey:
        """Find the key's file, or make it."""
        await self._do("key", domain, f"{selector} {KEY}")
        key = self.key_of(domain)
        assert key is not None
        return key

    async def domains(self) -> tuple[Domain, ...]:
        """Return those that have a file."""
        files = sorted(self._folder.glob("domain-*"))
        return tuple(Domain.from_ascii(path.name.removeprefix("domain-")) for path in files)

    async def usual_limits(self) -> DomainLimits:
        """Return that none are known."""
        return DomainLimits()

    async def add_domain(self, domain: Domain, limits: DomainLimits) -> None:
        """Find the domain's file, or make it."""
        await self._do("domain", domain, dump_limits(limits))

    def lines(self, name: str) -> list[str]:
        """Return what was done: `asked`, `calls` or `made`."""
        path = self._folder / name
        return path.read_text().splitlines() if path.exists() else []

    async def _do(self, what: str, domain: Domain, content: str) -> None:
        path = self._folder / f"{what}-{domain.ascii}"
        self._note("calls", path.name)
        await self._reach(f"called {path.name}")
        if self.refusal is not None:
            raise self.refusal.of(self.refusal.code, self.refusal.facts)
        if not path.exists():
            path.write_text(content)
            self._note("made", path.name)
        await self._reach(f"made {path.name}")

    async def _reach(self, point: str) -> None:
        await asyncio.sleep(0)
        if self.pause is not None:
            await self.pause(point)

    def _note(self, name: str, line: str) -> None:
        with (self._folder / name).open("a") as file:
            file.write(f"{line}\n")
            file.flush()
            os.fsync(file.fileno())


class FileMessenger:
    """A Discord that outlives the bot: each message is a line with its nonce."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answer: Postponed | Undeliverable | None = None
        self.pause: Callable[[str], Awaitable[None]] | None = None

    async def __call__(
        self, post: OutboxMessage, request: Request
    ) -> Delivered | Postponed | Undeliverable:
        """Send a message, looking for it first where it was tried before."""
        await self._reach(f"called {post.what}")
        if self.answer is not None:
            return self.answer
        sent = self.sent()
        nonces = [line.split()[-1] for line in sent]
        if post.attempts > 1 and post.nonce in nonces:
            return Delivered(300, 1 + nonces.index(post.nonce))
        with self.path.open("a") as file:
            file.write(f"{post.request_id} {request.state} {post.what} {post.nonce}\n")
            file.flush()
            os.fsync(file.fileno())
        await self._reach(f"sent {post.what}")
        return Delivered(300, 1 + len(sent))

    def sent(self) -> list[str]:
        """Return the messages: request, its state then, what it was, nonce."""
        return self.path.read_text().splitlines() if self.path.exists() else []

    def said(self, request_id: int) -> list[str]:
        """Return what was said of one request."""
        lines = (line.split() for line in self.sent())
        return [what for number, _, what, _ in lines if int(number) == request_id]

    async def _reach(self, point: str) -> None:
        await asyncio.sleep(0)
        if self.pause is not None:
            await self.pause(point)


class Setup:
    """Requests over a store in a folder; it can be closed and opened again at any time."""

    def __init__(self, folder: Path, *, by_hand: bool = False, url: str | None = None) -> None:
        self.folder = folder
        self.url = url or empty_store_url(folder / "bot.db")
        self.time = NOON
        self.mail = FileMail(folder / "mail")
        self.messenger = FileMessenger(folder / "discord")
        self.live: set[str] = set()  # domains whose records are published
        self.ttl: int | None = None
        self.verifier: Verifier = self.look
        self.mail.capabilities = Capabilities() if by_hand else ALL
        self.database: Database
        self.store: RequestStore
        self.requests: Requests
        self.worker: Worker
        self.outbox: OutboxWorker[Request]

    async def open(self) -> Setup:
        """Open the store and put everything around it, as a start does."""
        self.database = await Database.open(self.url)
        self.store = RequestStore.of(self.database)
        self.keys = KnownKeys(self.database)
        self.wake_up = wake_up = WakeUp()
        self.requests = Requests(self.store, self.now, wake_up, "dkim", self.mail.capabilities)
        tools = Tools(SERVER, self.mail, self.verify)
        self.worker = Worker(self.store, tools, self.now, wake_up)
        self.outbox = OutboxWorker(self.store, self.messenger, self.now, wake_up)
        return self

    async def close(self) -> None:
        """Close the store."""
        await self.database.aclose()

    async def restart(self) -> None:
        """Come back after a crash: what was taken is free again."""
        await self.close()
        await self.open()
        await self.store.requests.release_leases()
        await self.store.requests.release_messages()

    def now(self) -> datetime:
        """Return the time as the test has it."""
        return self.time

    def pass_time(self, **time: float) -> None:
        """Let time pass."""
        self.time += timedelta(**time)

    async def verify(self, request: Request) -> Verification:
        """Look as the test has it."""
        return await self.verifier(request)

    async def look(self, request: Request) -> Verification:
        """Look what the test published."""
        await asyncio.sleep(0)
        if request.kind is RequestKind.MAILDOMAIN:
            server = await self.mail.look_up(request.domain)
            return Verification(live=server.hosting is MailHosting.ON)
        if request.kind is RequestKind.DKIM and not request.by_hand:
            server = ServerDomain(MailHosting.ON, self.mail.key_of(request.domain))
            if changed := judge_key(server, request, self.mail.name):
                return changed
        live = request.domain.ascii in self.live
        return Verification(live=live, seen="" if live else "dkim-missing", ttl=self.ttl)

    async def messages_left(self) -> int:
        """Return how many messages were neither delivered nor given up."""
        return await StoredTallies(self.database).messages_left()

    async def settle(self) -> None:
        """Do all that can be done at this time."""
        while await self.worker.step() + await self.outbox.step():
            pass
