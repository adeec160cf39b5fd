"""What testssl.sh says of the TLS and the certificate at one port."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.net.port_look import CertificateState, Speaks, TlsState

if TYPE_CHECKING:
    from pathlib import Path

    from bot.net.port_look import ServicePort

PROTOCOLS: Final = {Speaks.IMAP: "imap", Speaks.SMTP: "smtp", Speaks.POP: "pop3"}
_LONGEST: Final = 90.0  # seconds
_TODAY, _OLD = ("TLS1_2", "TLS1_3"), ("SSLv2", "SSLv3", "TLS1", "TLS1_1")

# Its words for why no authority vouches for a certificate, by their beginning.
_CHAINS: Final = {
    "passed": CertificateState.VALID,
    "failed (expired": CertificateState.EXPIRED,
    "failed (not yet valid": CertificateState.NOT_YET,
    "failed (self signed)": CertificateState.SELF_SIGNED,
    "failed (self signed CA in chain)": CertificateState.UNTRUSTED,
    "failed (chain incomplete": CertificateState.UNTRUSTED,
}


@dataclass(frozen=True, slots=True)
class TlsVerdict:
    """What both tools can be asked: whether TLS of today works, and the certificate's state."""

    tls: TlsState  # WORKS, OLD or FAILED
    certificate: CertificateState  # NONE where none was seen
    words: str = ""  # testssl.sh's own


def can_judge(port: ServicePort) -> bool:
    """Whether testssl.sh knows the protocol of a port; with STARTTLS it knows no ManageSieve."""
    return not port.starttls or port.speaks in PROTOCOLS


async def ask_testssl(
    name: str, place: tuple[str, int], port: ServicePort, *, authority: Path, folder: Path
) -> TlsVerdict:
    """Return its verdict on a port of a host of this name, at this address and number."""
    address, number = place
    file = folder / f"{address}-{number}.json"
    command = (
        *("/usr/bin/testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none"),
        *("--protocols", "--server-defaults", "--connect-timeout", "5", "--openssl-timeout", "5"),
        *("--add-ca", str(authority), "--jsonfile", str(file), "--ip", address),
        *(("--starttls", PROTOCOLS[port.speaks]) if port.starttls else ()),
        f"{name}:{number}",
    )
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
    )
    try:
        async with asyncio.timeout(_LONGEST):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return TlsVerdict(TlsState.FAILED, CertificateState.NONE, "no end in time")
    found = _findings(file)
    return _judge(found) if found.keys() & {*_TODAY, *_OLD} else _nothing(found, said)


def _findings(file: Path) -> dict[str, str]:
    """Return what it wrote, by the name of the finding; nothing where it came to no end."""
    try:
        rows = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return {row["id"]: row["finding"] for row in rows}


def _nothing(found: dict[str, str], said: bytes) -> TlsVerdict:
    problem = found.get("scanProblem") or " ".join(said.decode(errors="replace").split())[-120:]
    return TlsVerdict(TlsState.FAILED, CertificateState.NONE, problem)


def _judge(found: dict[str, str]) -> TlsVerdict:
    def has(versions: tuple[str, ...]) -> bool:
        return any(found.get(each, "").startswith("offered") for each in versions)

    tls = TlsState.WORKS if has(_TODAY) else TlsState.OLD if has(_OLD) else TlsState.FAILED
    chain = found.get("cert_chain_of_trust", "")
    trust = found.get("cert_trust", "")
    words = f"{chain} {trust}".strip()
    if not chain:
        return TlsVerdict(tls, CertificateState.NONE, words)
    state = next(
        (
            _CHAINS[start]
            for start in sorted(_CHAINS, key=len, reverse=True)
            if chain.startswith(start)
        ),
        CertificateState.UNUSABLE,
    )
    if state is CertificateState.VALID and "does not match" in trust:
        state = CertificateState.OTHER_NAME
    return TlsVerdict(tls, state, words)
