"""Looks at ports and mails of real servers, beside what testssl.sh and rspamd say of the same.

`make servers`; it needs root and the Debian packages that it names, and installs nothing. All runs
in a network of its own, from which nothing leaves this machine. What no real server does, such as
falling silent, the stand-ins of the tests do.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import dns.name

from benchmarks.debian_servers import DovecotHost, dovecot, missing_packages, network, postfix
from benchmarks.fault_mails import judge_faults, show_faults
from benchmarks.real_mail import send_mails, show_mails
from benchmarks.testssl import TlsVerdict, ask_testssl, can_judge
from bot.net.connector import Connector, FoundHost
from bot.net.port_look import MX_PORT, CertificateState, TlsState
from bot.net.port_visit import look_at_port
from server_certificates import HOST, ServerCertificates, Shown
from server_setups import IMAP, IMAPS, POP, POPS, SETUPS, SIEVE, SMTPS, SUBMISSION, ServerSetup

if TYPE_CHECKING:
    from bot.net.port_look import PortLook, ServicePort

_AT_ONCE: Final = 4  # testssl.sh waits half of its time
_PATIENCE: Final = 9.0  # seconds of a look
_NETWORK: Final = "198.51.100"

_STAND_INS: Final = (
    "webmail",
    "STARTTLS stripped",
    "closes after the go-ahead",
    "plain text after the go-ahead",
    "plain text in one piece with the go-ahead",
    "silent after the go-ahead",
    "a web server without TLS",
    "a web server with TLS",
    "turns us away",
    "silent",
    "an octet a second",
    "a line without end",
    "closed",
)

# Why the two may differ in these.
_REASONS: Final = {
    "plain text in one piece with the go-ahead": (
        "testssl.sh throws away what follows the go-ahead; a program that reads it takes it for "
        "what the server says under TLS, so we call the port unsafe"
    ),
}


@dataclass(frozen=True, slots=True)
class RealSetup:
    """One port of a real server, and what has to be found there; `options` are Postfix's own."""

    name: str
    port: ServicePort
    shown: Shown | None = Shown.RIGHT
    tls: TlsState = TlsState.WORKS
    certificate: CertificateState = CertificateState.VALID
    lines: tuple[str, ...] = ()  # of Dovecot
    options: tuple[tuple[str, str], ...] = ()  # of Postfix


DOVECOT: Final = (
    RealSetup("IMAP over TLS", IMAPS),
    RealSetup("IMAP with STARTTLS, RSA", IMAP, Shown.RSA),
    RealSetup("POP over TLS, certificate between", POPS, Shown.CHAIN),
    RealSetup("POP with STLS, wildcard", POP, Shown.WILDCARD),
    RealSetup("ManageSieve", SIEVE),
    RealSetup("ends soon", IMAPS, Shown.ENDS_SOON),
    RealSetup("expired", IMAPS, Shown.EXPIRED, certificate=CertificateState.EXPIRED),
    RealSetup("not valid yet", IMAP, Shown.NOT_YET, certificate=CertificateState.NOT_YET),
    RealSetup("for another name", POPS, Shown.OTHER_NAME, certificate=CertificateState.OTHER_NAME),
    RealSetup("self-signed", IMAPS, Shown.SELF_SIGNED, certificate=CertificateState.SELF_SIGNED),
    RealSetup(
        "of an unknown authority", IMAP, Shown.UNKNOWN, certificate=CertificateState.UNTRUSTED
    ),
    RealSetup(
        "without the one between", IMAPS, Shown.NO_CHAIN, certificate=CertificateState.UNTRUSTED
    ),
    RealSetup("no STARTTLS", IMAP, None, TlsState.NOT_OFFERED, CertificateState.NONE),
    RealSetup("passwords without TLS", IMAP, lines=("disable_plaintext_auth = no",)),
)
_OLD_TLS: Final = (("smtpd_tls_protocols", "TLSv1"), ("smtpd_tls_mandatory_protocols", "TLSv1"))
_TLS_1_2: Final = (("smtpd_tls_protocols", "TLSv1.2"),)
_AT_START: Final = (("smtpd_tls_wrappermode", "yes"),)
POSTFIX: Final = (
    RealSetup("submission with STARTTLS", SUBMISSION),
    RealSetup("submission over TLS", SMTPS, options=_AT_START),
    RealSetup("the port between servers", MX_PORT, Shown.CHAIN),
    RealSetup("expired, sending", SUBMISSION, Shown.EXPIRED, certificate=CertificateState.EXPIRED),
    RealSetup(
        "for another name, sending",
        SMTPS,
        Shown.OTHER_NAME,
        certificate=CertificateState.OTHER_NAME,
        options=_AT_START,
    ),
    RealSetup(
        "self-signed, between servers",
        MX_PORT,
        Shown.SELF_SIGNED,
        certificate=CertificateState.SELF_SIGNED,
    ),
    RealSetup("TLS 1.2 alone", SUBMISSION, options=_TLS_1_2),
    RealSetup("TLS 1.0 alone", SUBMISSION, tls=TlsState.OLD, options=_OLD_TLS),
    RealSetup("TLS 1.0 alone, at once", SMTPS, tls=TlsState.OLD, options=(*_AT_START, *_OLD_TLS)),
    RealSetup(
        "no STARTTLS, sending",
        SUBMISSION,
        None,
        TlsState.NOT_OFFERED,
        CertificateState.NONE,
        options=(("smtpd_tls_security_level", "none"),),
    ),
    RealSetup(
        "STARTTLS refused: no certificate",
        SUBMISSION,
        None,
        TlsState.REFUSED,
        CertificateState.NONE,
    ),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """One set-up, by us and by testssl.sh; `theirs` is None where it does not know the protocol."""

    name: str
    server: str
    port: ServicePort
    wanted: tuple[TlsState, CertificateState]
    look: PortLook
    theirs: TlsVerdict | None

    @property
    def ours(self) -> tuple[TlsState, CertificateState]:
        """What we found."""
        shown = self.look.certificate
        return self.look.tls, CertificateState.NONE if shown is None else shown.state

    @property
    def is_right(self) -> bool:
        """Whether that is what is there."""
        return self.ours == self.wanted

    @property
    def agrees(self) -> bool:
        """Whether both say the same, as far as both have a word for it."""
        tls, certificate = self.ours
        known = tls if tls in {TlsState.WORKS, TlsState.OLD} else TlsState.FAILED
        return self.theirs is not None and (self.theirs.tls, self.theirs.certificate) == (
            known,
            certificate,
        )


class Comparison:
    """Looks at ports and has testssl.sh look at them."""

    def __init__(self, folder: Path, certificates: ServerCertificates) -> None:
        self._folder = folder
        self._certificates = certificates
        self._authority = folder / "authority.pem"
        self._authority.write_text(certificates.authority)
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def real(self, setup: RealSetup, server: str, address: str) -> Compared:
        """Compare a port of a real server at an address."""
        look, theirs = await self._ask(setup.port, address, setup.port.number)
        wanted = setup.tls, setup.certificate
        return Compared(setup.name, server, setup.port, wanted, look, theirs)

    async def stand_in(self, setup: ServerSetup) -> Compared:
        """Compare a port of the tests' stand-ins."""
        async with setup.serving(self._certificates) as opened:
            look, theirs = await self._ask(setup.port, "127.0.0.1", opened.number)
        wanted = setup.tls, setup.certificate or CertificateState.NONE
        return Compared(setup.name, "stand-in", setup.port, wanted, look, theirs)

    async def _ask(
        self, port: ServicePort, address: str, number: int
    ) -> tuple[PortLook, TlsVerdict | None]:
        async with self._turn:
            look = await look_at_port(
                Connector(ports={port.number: number}),
                FoundHost(dns.name.from_text(HOST), (address,)),
                port,
                seconds=_PATIENCE,
                authorities=self._certificates.authority,
            )
            if not can_judge(port):
                return look, None
            theirs = await ask_testssl(
                HOST, (address, number), port, authority=self._authority, folder=self._folder
            )
            return look, theirs


async def compare(folder: Path) -> list[Compared]:
    """Set all servers up, and return what was found at each port."""
    certificates = ServerCertificates()
    pems = {shown: folder / f"{shown.name.lower()}.pem" for shown in Shown}
    for shown, path in pems.items():
        path.write_bytes(certificates.pem(shown))
    comparison = Comparison(folder, certificates)
    real = [(setup, "Dovecot") for setup in DOVECOT] + [(setup, "Postfix") for setup in POSTFIX]
    places = {setup: f"{_NETWORK}.{number}" for number, (setup, _) in enumerate(real, 1)}
    hosts = [
        DovecotHost(places[setup], pems[setup.shown] if setup.shown else None, setup.lines)
        for setup in DOVECOT
    ]
    services = [
        (
            places[setup],
            setup.port.number,
            dict(setup.options)
            | ({"smtpd_tls_chain_files": str(pems[setup.shown])} if setup.shown else {}),
        )
        for setup in POSTFIX
    ]
    stand_ins = [setup for setup in SETUPS if setup.name in _STAND_INS]
    with network(places.values()):
        async with (
            dovecot(folder / "dovecot", hosts),
            postfix(folder / "postfix", {"myhostname": HOST}, services),
        ):
            return await asyncio.gather(
                *(comparison.real(setup, server, places[setup]) for setup, server in real),
                *(comparison.stand_in(setup) for setup in stand_ins),
            )


def show(rows: list[Compared]) -> int:
    """Print the table, as Markdown; return how many are named wrongly or differ unexplained."""
    print("| set-up | server | port | we say | testssl.sh says | |\n|---|---|---|---|---|---|")
    for row in rows:
        theirs = "does not know the protocol"
        if row.theirs is not None:
            theirs = f"{row.theirs.tls}, {row.theirs.certificate}"
        mark = "" if row.theirs is None else "same" if row.agrees else "**differs**"
        ours = ", ".join(row.ours) + ("" if row.is_right else " **wrong**")
        cells = row.name, row.server, str(row.port.number), ours, theirs, mark
        print(f"| {' | '.join(cells)} |")
    asked = [row for row in rows if row.theirs is not None]
    differ = [row for row in asked if not row.agrees]
    wrong = [row for row in rows if not row.is_right]
    print(f"\nOf {len(rows)} ports, {len(rows) - len(wrong)} are named rightly. testssl.sh can be")
    print(f"asked about {len(asked)}, and says the same of {len(asked) - len(differ)}.\n")
    for row in differ:
        print(f"- {row.name}: {_REASONS.get(row.name, 'not explained')}.")
    return len(wrong) + sum(row.name not in _REASONS for row in differ)


def _inside() -> int:
    with tempfile.TemporaryDirectory(prefix="cowbell-servers-") as name:
        Path(name).chmod(0o755)  # the servers give their rights up
        print("## Ports\n", flush=True)
        wrong = show(asyncio.run(compare(_folder(name, "ports"))))
        print("\n## Mails\n", flush=True)
        wrong += show_mails(asyncio.run(send_mails(_folder(name, "mails"))))
        print("\n## Faulty mails\n", flush=True)
        wrong += show_faults(asyncio.run(judge_faults(_folder(name, "faults"))))
    return 1 if wrong else 0


def _folder(parent: str, name: str) -> Path:
    folder = Path(parent, name)
    folder.mkdir()
    return folder


def main() -> int:
    """Run all of it in namespaces of its own; 2 where something is missing for that."""
    if "--inside" in sys.argv:
        return _inside()
    missing = missing_packages()
    if missing or os.geteuid() != 0:
        packages = f", and from Debian: {' '.join(missing)}" if missing else ""
        print(f"This needs root{packages}.", file=sys.stderr)
        return 2
    command = [sys.executable, "-m", "benchmarks.real_servers", "--inside"]
    spaces = ("--net", "--mount", "--uts")
    return subprocess.run(["unshare", *spaces, "--", *command], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
