"""Sends test mails through real mail servers, and judges what arrives; see `real_servers`.

A member logs in at a Postfix, rspamd signs as Mailcow has it, the mail goes by the DNS to another
Postfix with an rspamd of its own, into a Dovecot, and the bot reads it there over IMAP.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import time
import zlib
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, make_msgid
from typing import TYPE_CHECKING, Final

from benchmarks.debian_rspamd import rspamd
from benchmarks.debian_servers import (
    PASSWORD,
    DovecotHost,
    dovecot,
    name_server,
    network,
    postfix,
)
from bot.by_hand import ByHandBackend
from bot.checks.mail.verdict_store import load_verdict
from bot.config.loading import load_settings
from bot.config.mail_urls import MailUrl
from bot.demo import world
from bot.demo.dkim_keys import private_pem
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones, parse_zone
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain, MailAddress
from bot.probe.mailbox import ProbeMailbox
from bot.requests.polling import WakeUp
from bot.services.domain_facts import DomainFacts
from bot.services.mail_testing import MailTesting, NewMailTest
from bot.services.mail_verdicts import MailVerdicts
from bot.store.engine.database import Database
from bot.store.repositories.known_keys import KnownKeys
from bot.store.repositories.mail_tests import MailTests
from server_certificates import HOST, ServerCertificates, Shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from benchmarks.debian_servers import Service
    from bot.checks.mail.mail_verdict import MailVerdict

# The mail host, the other provider, a server of neither, and where the mailbox is read.
OURS, THEIRS, OTHERS, MAILBOX = "198.51.100.25", "203.0.113.90", "203.0.113.77", "10.0.0.90"
_IMAP_HOST: Final = "imap.else.example"
_RECEIVER: Final = "mx.else.example"
_PROBE: Final = MailAddress.parse("probe@else.example")
_PATIENCE: Final = 30.0  # seconds until a mail is there
_BETWEEN: Final = 0.5  # seconds between two looks


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail, what it has to come to, and what it came to."""

    name: str
    wanted: str  # "passed", or the code of the first cause
    verdict: MailVerdict | None

    @property
    def ours(self) -> str:
        """What we say."""
        if self.verdict is None:
            return "did not arrive"
        return "passed" if self.verdict.passed else self.verdict.causes[0].code

    @property
    def theirs(self) -> str:
        """What the receiver's rspamd says."""
        said = dict(self.verdict.receiver_says) if self.verdict else {}
        return ", ".join(f"{name} {result}" for name, result in said.items())


@dataclass(frozen=True, slots=True)
class RealMail:
    """A mail that is sent: by a member of the mail host, unless `outside`."""

    name: str
    wanted: str
    sender: str  # of the envelope
    author: str  # in From
    body: bytes = b"Does this arrive?\r\n"
    outside: bool = False  # sent by another server than the mail host


_MAILS: Final = (
    RealMail("signed by the mail server", "passed", "ann@friend.example", "ann@friend.example"),
    RealMail(
        "8-bit text and long lines",
        "passed",
        "ann@friend.example",
        "ann@friend.example",
        body="Grüße aus Norwegen. ".encode() * 45 + b"\r\n\r\n \t \r\n",
    ),
    RealMail("no key on the server", "mail-unsigned", "ann@loyal.example", "ann@loyal.example"),
    RealMail(
        "its key has another selector", "mail-key-missing", "ann@mover.example", "ann@mover.example"
    ),
    RealMail(
        "another key is published",
        "mail-header-changed",
        "a@stranger.example",
        "a@stranger.example",
    ),
    RealMail(
        "From of another domain", "mail-alias-domain", "ann@friend.example", "a@twice.example"
    ),
    RealMail(
        "by another server",
        "mail-other-server",
        "ann@friend.example",
        "ann@friend.example",
        outside=True,
    ),
)
# What the mail server signs with, by selector and domain.
_KEYS: Final = {
    "dkim.friend.example": "friend",
    "old.mover.example": "mover",
    "dkim.stranger.example": "stranger",
}


async def send_mails(folder: Path) -> list[MailRow]:
    """Set the servers up, send a mail of each kind, and return what they came to."""
    certificates = ServerCertificates()
    pem, imap = folder / "mail.pem", folder / "imap.pem"
    pem.write_bytes(certificates.pem(Shown.RIGHT))
    imap.write_bytes(certificates.for_name(_IMAP_HOST))
    keys = {place: private_pem(label) for place, label in _KEYS.items()}
    with network((OURS, THEIRS, OTHERS, MAILBOX)), name_server(folder, _RECEIVER):
        async with (
            ZoneServer(_zones(), port=53) as zones,
            rspamd(folder / "rspamd", keys),
            dovecot(folder / "mailbox", [DovecotHost(MAILBOX, imap)]),
            postfix(folder / "ours", *_sending(folder, pem)),
            postfix(folder / "theirs", *_receiving(pem)),
            _open_testing(folder, zones, certificates) as testing,
        ):
            return [await _try(testing, mail) for mail in _MAILS]


def _zones() -> Zones:
    text = f"""
        @ MX 10 {_RECEIVER}.
        mx A {THEIRS}
        imap A {MAILBOX}
    """
    return world.zones().with_zone(parse_zone("else.example", text))


def _sending(folder: Path, pem: Path) -> tuple[dict[str, str], list[Service]]:
    """Return how the mail host takes mail of members and hands it on."""
    settings = {
        "myhostname": HOST,
        "inet_interfaces": OURS,
        "smtpd_milters": "inet:127.0.0.1:9900",
        "milter_mail_macros": "i {mail_addr} {client_addr} {client_name} {auth_authen}",
    }
    options = {
        "smtpd_tls_chain_files": str(pem),
        "smtpd_tls_auth_only": "yes",
        "smtpd_sasl_auth_enable": "yes",
        "smtpd_sasl_type": "dovecot",
        "smtpd_sasl_path": str(folder / "mailbox" / "login"),
        "smtpd_relay_restrictions": "permit_sasl_authenticated,reject",
    }
    return settings, [(OURS, 587, options)]


def _receiving(pem: Path) -> tuple[dict[str, str], list[Service]]:
    """Return how the other provider takes mail and puts it into the mailbox."""
    settings = {
        "myhostname": _RECEIVER,
        "inet_interfaces": THEIRS,
        "smtpd_tls_received_header": "yes",
        "smtpd_milters": "inet:127.0.0.1:9900",
        "virtual_mailbox_domains": "else.example",
        "virtual_transport": "lmtp:inet:127.0.0.1:24",
        "recipient_delimiter": "+",
    }
    return settings, [(THEIRS, 25, {"smtpd_tls_chain_files": str(pem)})]


@asynccontextmanager
async def _open_testing(
    folder: Path, zones: ZoneServer, certificates: ServerCertificates
) -> AsyncIterator[MailTesting]:
    """Yield the bot's own service for test mails, with a store."""
    server = load_settings(dict(world.DEMO_ENVIRONMENT)).mail_server()
    url = MailUrl(_IMAP_HOST, 993, str(_PROBE), tls=True)
    async with (
        Resolver((Server(*zones.address),)) as resolver,
        await Database.open(f"sqlite+aiosqlite:///{folder / 'bot.db'}") as database,
    ):
        facts = DomainFacts(KnownKeys(database), _now, backend=ByHandBackend(server.name))
        mailbox = ProbeMailbox(_PROBE, url, PASSWORD, resolver.ask, context=certificates.trusting())
        verdicts = MailVerdicts(resolver.ask, server, _PROBE, _IMAP_HOST, facts)
        yield MailTesting(MailTests(database), mailbox, verdicts, _now, WakeUp())


async def _try(testing: MailTesting, mail: RealMail) -> MailRow:
    """Begin a test, send its mail, and return what came of it."""
    domain = Domain.from_ascii(mail.author.rpartition("@")[2])
    member = zlib.crc32(mail.name.encode())
    new = await testing.begin(member, domain)
    if not isinstance(new, NewMailTest):
        raise TypeError(new)  # each has a member of its own, who began no other
    await asyncio.to_thread(_send, mail, new.address)
    test, ends = new.test, time.monotonic() + _PATIENCE
    while not test.is_over and time.monotonic() < ends:
        await testing.step()
        test = await testing.get(test.id) or test
        await asyncio.sleep(_BETWEEN)
    return MailRow(mail.name, mail.wanted, load_verdict(test.verdict) if test.verdict else None)


def _send(mail: RealMail, to: str) -> None:
    """Send it as a mail program does, or as another server."""
    message = b"".join(
        (
            f"From: Ann <{mail.author}>\r\nTo: {to}\r\nSubject: A test\r\n".encode(),
            f"Date: {format_datetime(_now())}\r\nMessage-ID: {make_msgid()}\r\n".encode(),
            b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n",
            b"Content-Transfer-Encoding: 8bit\r\n\r\n",
            mail.body,
        )
    )
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # this is about the mail
    place, source = ((THEIRS, 25), OTHERS) if mail.outside else ((OURS, 587), "127.0.0.1")
    with smtplib.SMTP(*place, local_hostname="there.example", source_address=(source, 0)) as smtp:
        smtp.starttls(context=context)
        if not mail.outside:
            smtp.login(mail.sender, PASSWORD)
        smtp.sendmail(mail.sender, [to], message, mail_options=["BODY=8BITMIME"])


def _now() -> datetime:
    return datetime.now(UTC)


def show_mails(rows: list[MailRow]) -> int:
    """Print the table, as Markdown; return how many are wrong."""
    print("| mail | we say | the receiver's rspamd says | |\n|---|---|---|---|")
    for row in rows:
        mark = "" if row.ours == row.wanted else "**wrong**"
        print(f"| {row.name} | {row.ours} | {row.theirs} | {mark} |")
    return sum(row.ours != row.wanted for row in rows)
