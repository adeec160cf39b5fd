"""The test mails of the tour: sent to the mailbox of the demo, read there and judged."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from bot.app.shared_parts import make_mailbox
from bot.checks.export.wording import say_cause
from bot.checks.mail.verdict_store import load_verdict
from bot.demo.demo_mails import MailFate, write_mail
from bot.dns.resolver import Resolver
from bot.requests.polling import WakeUp
from bot.services.key_proofs import note_proven_key
from bot.services.mail_testing import MailTesting, NewMailTest
from bot.services.mail_verdicts import MailVerdicts
from bot.store.repositories.mail_tests import MailTests

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from rich.console import Console

    from bot.checks.mail.mail_verdict import MailVerdict
    from bot.config.settings import Settings
    from bot.demo.demo_servers import DemoServers
    from bot.errors import Fact
    from bot.names import Domain
    from bot.rotations.rotation_service import Rotations
    from bot.services.core import Core
    from bot.store.engine.database import Database

_ANN = 1  # whatever her id is in Discord


class MailTour:
    """Plays test mails: Ann asks for an address and sends to it; made by `open_mail_tour`."""

    def __init__(
        self,
        console: Console,
        core: Core,
        servers: DemoServers,
        testing: MailTesting,
        now: Callable[[], datetime],
    ) -> None:
        self._console = console
        self._core = core
        self._servers = servers
        self._testing = testing
        self._now = now

    async def play(self, domain: Domain, fate: MailFate) -> None:
        """Send one mail from a domain of the demo, and print what it comes to.

        Raises:
            ValueError: too many were sent, or it cannot be judged.

        """
        facts: dict[str, Fact] = {"domain": domain.ascii, "changed": fate is MailFate.CHANGED}
        text = self._core.words.sentence("demo/mail_step", facts)
        self._console.print(f"$ {text}", style="dim", markup=False, highlight=False)
        begun = await self._testing.begin(_ANN, domain)
        verdict = await self._send(begun, fate) if isinstance(begun, NewMailTest) else None
        if verdict is None:
            raise ValueError("The test mail came to nothing.")
        for line in self._say(verdict):
            self._console.print(f"  {line}", markup=False, highlight=False)

    async def _send(self, begun: NewMailTest, fate: MailFate) -> MailVerdict | None:
        if begun.test.domain is None:
            return None
        domain, servers = begun.test.domain.ascii, self._servers
        world = servers.zones.zones, servers.mailcow
        at = self._now()
        mail = await asyncio.to_thread(write_mail, fate, domain, begun.address, *world, at=at)
        servers.mailbox.deliver(mail, at=at)
        await self._testing.step()
        test = await self._testing.get(begun.test.id)
        return load_verdict(test.verdict) if test is not None else None

    def _say(self, verdict: MailVerdict) -> list[str]:
        """Return how it went and, where it went wrong, the first cause."""
        words, server = self._core.words, self._core.server
        said = [say_cause(cause, verdict, server, words) for cause in verdict.causes[:1]]
        return [words.sentence("discord/mail_headline", verdict.outline), *said]


@asynccontextmanager
async def open_mail_tour(
    console: Console,
    config: Settings,
    core: Core,
    servers: DemoServers,
    database: Database,
    *,
    now: Callable[[], datetime],
    rotations: Rotations,
) -> AsyncIterator[MailTour]:
    """Yield the tour of test mails over a core and the store behind it.

    `rotations` are told which keys the mails were signed with.

    Raises:
        ValueError: the settings name no mailbox for test mails.

    """
    async with Resolver(config.dns_servers) as resolver:
        mailbox = make_mailbox(config, resolver.ask)
        if mailbox is None:
            raise ValueError("The tour needs a mailbox for test mails.")
        address, read_at = mailbox.address, mailbox.url.host
        verdicts = MailVerdicts(resolver.ask, core.server, address, read_at, core.domain_facts)
        tests = MailTests(database)
        note = partial(note_proven_key, rotations)
        testing = MailTesting(tests, mailbox, verdicts, now, WakeUp(), note_proven=note)
        yield MailTour(console, core, servers, testing, now)
