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
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
    )
    try:
        async with asyncio.timeout(_LONGEST):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        return TlsVerdict(TlsState.FAILED, CertificateState.NONE)
    return read_findings(_findings(file))


def _findings(file: Path) -> dict[str, str]:
    """Return what it wrote, by the name of the finding; nothing where it came to no end."""
    try:
        rows = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return {row["id"]: row["finding"] for row in rows}


def read_findings(found: dict[str, str]) -> TlsVerdict:
    """Return what its findings, by their names, come to."""

    def has(versions: tuple[str, ...]) -> bool:
        return any(found.get(each, "").startswith("offered") for each in versions)

    tls = TlsState.WORKS if has(_TODAY) else TlsState.OLD if has(_OLD) else TlsState.FAILED
    chain = found.get("cert_chain_of_trust", "")
    trust = found.get("cert_trust", "")
    if not chain:
        return TlsVerdict(tls, CertificateState.NONE)
    states = (state for start, state in _CHAINS.items() if chain.startswith(start))
    state = next(states, CertificateState.UNUSABLE)
    if state is CertificateState.VALID and "does not match" in trust:
        state = CertificateState.OTHER_NAME
    return TlsVerdict(tls, state)
