"""The certificate of the demo's mail host, of an authority that the demo alone trusts."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

_AUTHORITY: Final = "Cow Mail demo CA"
_LASTS: Final = timedelta(days=90)
_BEFORE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class HostCertificate:
    """What a mail host needs to show a certificate, and who looks at it to trust it."""

    chain: Path  # PEM
    key: Path  # PEM
    authority: str  # PEM

    def context(self) -> ssl.SSLContext:
        """Return the context of the server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


def make_certificate(host: str, folder: Path) -> HostCertificate:
    """Write a certificate for a host into a folder; it lasts for 90 days."""
    signer, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = (
        _begin(_AUTHORITY, _AUTHORITY, signer)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(signer, hashes.SHA256())
    )
    signed = (
        _begin(host, _AUTHORITY, key)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(signer, hashes.SHA256())
    )
    made = HostCertificate(
        folder / "host.pem", folder / "host-key.pem", root.public_bytes(Encoding.PEM).decode()
    )
    made.chain.write_bytes(signed.public_bytes(Encoding.PEM))
    made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made


def _begin(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + _LASTS)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
