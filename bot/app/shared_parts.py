"""The parts that both composition roots make in the same way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.by_hand import ByHandBackend
from bot.checks.observe.optional_records import OptionalSources
from bot.checks.observe.ports import ServerPorts
from bot.dns.authority import Authorities
from bot.net.connector import Connector
from bot.net.https import HttpsFetcher
from bot.services.live_ports import LivePorts

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AsyncExitStack

    import dns.rdatatype

    from bot.config.settings import Settings
    from bot.dns.answer import Answer, Ask
    from bot.dns.owner_name import AnyName
    from bot.dns.resolver import Resolver
    from bot.health.metrics import Metrics
    from bot.mailcow.api import Mailcow
    from bot.probe.mail_sender import MailSender
    from bot.probe.mailbox import ProbeMailbox
    from bot.requests.backend import MailBackend
    from bot.rotations.key_rotator import KeyRotator
    from bot.services.server_faults import ServerFaults
    from bot.telemetry import Telemetry

NO_TOKEN = (
    "DISCORD_TOKEN: It is not set, and the bot connects to Discord with it.",
    "Make a bot at https://discord.com/developers/applications, and write its token into .env.",
    "To try the bot without a token, call: make demo",
)


def make_authorities(settings: Settings) -> Authorities:
    """Return what asks a domain's own name servers."""
    return Authorities(settings.dns_allow_private, settings.dns_port)


def make_sources(
    settings: Settings, resolver: Resolver, *, trusted: bool = True
) -> OptionalSources:
    """Return what a check may use beside the resolver; DNS_TRUST_AD is about DNS_SERVERS alone."""
    return OptionalSources(
        unchecked=resolver.ask_unchecked,
        fetch=HttpsFetcher(allow_private=settings.dns_allow_private),
        trust_ad=settings.dns_trust_ad and trusted,
    )


def make_live_ports(
    settings: Settings,
    ask: Ask,
    *,
    ports: ServerPorts | None = None,
    faults: ServerFaults | None = None,
    now: Callable[[], datetime] | None = None,
) -> LivePorts:
    """Return what looks at the mail server's ports: those given, else those of the settings."""
    server = settings.mail_server()
    if ports is None:
        allow_private = settings.dns_allow_private
        connector = Connector(allow_private=allow_private, configured=(server.host,))
        ports = ServerPorts(connector, server.host)
    return LivePorts(ports, ask, server, now or utc_now, faults=faults)


async def open_mailcow(
    settings: Settings,
    stack: AsyncExitStack,
    *,
    seconds: float = 10.0,
    telemetry: Telemetry | None = None,
) -> Mailcow | None:
    """Return Mailcow's API, closed with the stack; None where it is not configured.

    `seconds` are those that one call may take.
    """
    if settings.mailcow_url is None:
        return None
    from bot.mailcow.api import Mailcow  # noqa: PLC0415 - its HTTP client loads slowly, few need it

    read, write = settings.mailcow_read_key, settings.mailcow_api_key
    mailcow = Mailcow(
        settings.mailcow_url,
        read_key=read.get_secret_value() if read else None,
        write_key=write.get_secret_value() if write else None,
        timeout=seconds,
        telemetry=telemetry,
    )
    return await stack.enter_async_context(mailcow)


def make_mailbox(settings: Settings, ask: Ask) -> ProbeMailbox | None:
    """Return the mailbox for test mails; None where none is configured."""
    address, url = settings.probe_address, settings.probe_imap_url
    password = settings.probe_imap_password
    if address is None or url is None or password is None:
        return None
    from bot.probe.mailbox import ProbeMailbox  # noqa: PLC0415 - IMAP's client, which few need

    return ProbeMailbox(address, url, password.get_secret_value(), ask)


def make_sender(settings: Settings, ask: Ask) -> MailSender | None:
    """Return what sends mails to members; None where that is not configured."""
    address, url = settings.probe_address, settings.probe_smtp_url
    if address is None or url is None:
        return None
    from bot.probe.mail_sender import MailSender  # noqa: PLC0415 - SMTP's, which few need

    password = settings.probe_smtp_password
    return MailSender(address, url, password.get_secret_value() if password else None, ask)


def choose_backend(
    settings: Settings, mailcow: Mailcow | None, unlock_others: Callable[[], None] | None = None
) -> MailBackend:
    """Return the mail server that is configured; without one, an admin works by hand.

    `unlock_others` has the other processes call it again after it refused; None without others.
    """
    server = settings.mail_server()
    if mailcow is None:
        return ByHandBackend(server.name)
    from bot.mailcow.mailcow_backend import MailcowBackend  # noqa: PLC0415 - as above

    return MailcowBackend(mailcow, server.dkim_selector, unlock_others)


def make_rotator(mailcow: Mailcow | None) -> KeyRotator | None:
    """Return what changes keys at the mail server; None where an admin has to do it by hand."""
    if mailcow is None or not mailcow.can_write:
        return None
    from bot.mailcow.key_rotation import MailcowRotator  # noqa: PLC0415 - as above

    return MailcowRotator(mailcow)


def make_metrics(settings: Settings) -> Metrics | None:
    """Return what counts, where somebody may read it."""
    if settings.health_port is None:
        return None
    from bot.health.metrics import Metrics  # noqa: PLC0415 - it and its library are rarely wanted

    return Metrics()


def count_answers(ask: Ask, telemetry: Telemetry) -> Ask:
    """Return an `ask` that has each answer counted."""

    def ask_and_count(
        name: AnyName, rdtype: str | dns.rdatatype.RdataType
    ) -> asyncio.Future[Answer]:
        answer = asyncio.ensure_future(ask(name, rdtype))
        answer.add_done_callback(count)
        return answer

    def count(answer: asyncio.Future[Answer]) -> None:
        if not answer.cancelled():
            telemetry.count_answer(answer.result())

    return ask_and_count


def utc_now() -> datetime:
    """Return the time, which all parts are handed as their clock."""
    return datetime.now(UTC)
