"""Ports of mail servers, set up well and badly, and how a look at each of them names it."""

from __future__ import annotations

import asyncio
import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dns.name
import pytest

from bot.checks.server.client_ports import judge_ports
from bot.checks.server.shown_certificates import judge_certificates
from bot.demo.zone_server import ZoneServer
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.net.connector import Connector
from bot.net.port_look import MX_PORT, CertificateState, Reached, TlsState
from bot.net.port_visit import look_at_port
from mail_server_double import Fault
from max_wait import MAX_WAIT
from server_certificates import HOST, ServerCertificates, Shown
from server_setups import (
    CODES,
    IMAP,
    IMAPS,
    POP,
    POPS,
    SETUPS,
    SIEVE,
    SMTPS,
    SUBMISSION,
    ServerSetup,
)

if TYPE_CHECKING:
    from bot.net.port_look import PortLook

    Named = tuple[Reached, TlsState, CertificateState | None]

# Seconds after which a look at a port that says nothing is given up; the dialog before that has
# to come to its end within them.
PATIENCE = 3.0
GOODBYES = (b"LOGOUT", b"QUIT")


@pytest.fixture(scope="module")
def certificates() -> ServerCertificates:
    return ServerCertificates()


@dataclass(frozen=True, slots=True)
class Looked:
    """A look at a set-up, and what was said to it meanwhile, line by line."""

    setup: ServerSetup
    look: PortLook
    heard: list[bytes]

    @property
    def named(self) -> Named:
        shown = self.look.certificate
        return self.look.reached, self.look.tls, None if shown is None else shown.state


async def look_at(setup: ServerSetup, certificates: ServerCertificates) -> Looked:
    """Set the port up, and look at it."""
    says_nothing = setup.reached is Reached.NO_ANSWER or setup.tls is TlsState.SILENT
    async with (
        setup.serving(certificates) as opened,
        ZoneServer({"cow.example": "mx1 A 127.0.0.1"}) as zones,
        Resolver((Server(*zones.address),)) as resolver,
    ):
        connector = Connector(allow_private=True, ports={setup.port.number: opened.number})
        look = await look_at_port(
            connector,
            await connector.find_host(resolver.ask, dns.name.from_text(HOST)),
            setup.port,
            seconds=PATIENCE if says_nothing else MAX_WAIT,
            authorities=certificates.authority,
        )
        return Looked(setup, look, opened.heard)


async def look_at_all(certificates: ServerCertificates) -> dict[str, Looked]:
    """Look at every set-up, all side by side."""
    looked = await asyncio.gather(*(look_at(setup, certificates) for setup in SETUPS))
    return {each.setup.name: each for each in looked}


async def test_every_set_up_is_named_rightly(certificates: ServerCertificates) -> None:
    looked = await look_at_all(certificates)
    assert len(looked) == len(SETUPS) >= 40
    wanted = {each.name: (each.reached, each.tls, each.certificate) for each in SETUPS}
    assert {name: each.named for name, each in looked.items()} == wanted
    good = looked["POP over TLS"].look, looked["ManageSieve"].look
    found = {name: first_code(each.look, good) for name, each in looked.items()}
    assert {name: code for name, code in found.items() if code is not None} == CODES


def first_code(look: PortLook, good: tuple[PortLook, ...]) -> str | None:
    """Return the first finding about a port of a host whose other port is one of the good ones."""
    beside = next(other for other in good if other.port != look.port)
    looks = look, beside
    verdicts = judge_ports(looks, pop=True), judge_certificates(looks, datetime.now(UTC))
    return next((finding.code for verdict in verdicts for finding in verdict.findings), None)


async def test_nothing_is_said_but_what_asks_for_abilities_and_tls(
    certificates: ServerCertificates,
) -> None:
    heard = set[bytes]()
    for port in (IMAPS, IMAP, SMTPS, SUBMISSION, POPS, POP, SIEVE):
        setup = ServerSetup("takes passwords", port, fault=Fault(clear_logins=True))
        heard.update((await look_at(setup, certificates)).heard)
    words = {re.sub(rb"^a\d ", b"", line).partition(b" ")[0] for line in heard}
    assert words <= {b"CAPABILITY", b"EHLO", b"CAPA", b"STARTTLS", b"STLS", *GOODBYES}
    assert {b"CAPABILITY", b"EHLO", b"CAPA", b"STARTTLS", b"STLS"} <= words


async def test_ways_to_log_in_are_told_before_tls_and_within_it(
    certificates: ServerCertificates,
) -> None:
    for port in (IMAP, SUBMISSION, POP, SIEVE):
        right = await look_at(ServerSetup("right", port), certificates)
        assert right.look.logins_before == ()
        assert set(right.look.logins_after) >= {"PLAIN", "LOGIN"}
        in_clear = ServerSetup("in clear", port, fault=Fault(clear_logins=True))
        assert "PLAIN" in (await look_at(in_clear, certificates)).look.logins_before
    between = await look_at(ServerSetup("between servers", MX_PORT), certificates)
    assert (between.look.logins_before, between.look.logins_after) == ((), ())


async def test_the_version_of_tls_is_told(certificates: ServerCertificates) -> None:
    versions = {
        None: "TLSv1.3",
        ssl.TLSVersion.TLSv1_2: "TLSv1.2",
        ssl.TLSVersion.TLSv1_1: "TLSv1.1",
        ssl.TLSVersion.TLSv1: "TLSv1",
    }
    for version, name in versions.items():
        setup = ServerSetup(name, SUBMISSION, version=version)
        assert (await look_at(setup, certificates)).look.tls_version == name


async def test_days_are_told_that_a_certificate_has_left(certificates: ServerCertificates) -> None:
    for shown, days in ((Shown.ENDS_SOON, 3), (Shown.EXPIRED, -4), (Shown.RIGHT, 59)):
        look = (await look_at(ServerSetup(shown, IMAPS, shown=shown), certificates)).look
        assert look.certificate is not None
        assert look.certificate.days_left(datetime.now(UTC)) == days


async def test_the_subject_of_a_certificate_is_no_name_of_it(
    certificates: ServerCertificates,
) -> None:
    """As with the mail programs of today (RFC 9525 section 2)."""
    setup = ServerSetup("subject", IMAPS, shown=Shown.SUBJECT_ONLY)
    look = (await look_at(setup, certificates)).look
    assert look.certificate is not None
    assert look.certificate.state is CertificateState.OTHER_NAME


async def test_own_words_of_a_server_that_refuses_are_kept(
    certificates: ServerCertificates,
) -> None:
    looked = {
        setup.name: (await look_at(setup, certificates)).look.said
        for setup in SETUPS
        if setup.reached is Reached.TURNED_AWAY or setup.tls is TlsState.REFUSED
    }
    assert looked == {
        "says goodbye at once": "* BYE Too many connections.",
        "busy": "421 4.3.2 Too many connections",
        "turns us away": "554 5.7.1 Go away",
        "STARTTLS refused": "454 4.7.0 TLS not available due to local problem",
        "STARTTLS refused, reading": "NO STARTTLS failed.",
    }
