"""A certificate authority that tests trust, and what its servers and clients need."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bot.net.tls import client_context

if TYPE_CHECKING:
    from pathlib import Path

_USAGE_OF_AUTHORITY = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class Authority:
    """Somebody that browsers trust, in this test.

    With `bare`, certificates have no key identifiers and do not say what their keys are for, as
    those of many an authority that people make for themselves: RFC 5280 wants both.
    """

    def __init__(self, folder: Path, *, bare: bool = False, above: Authority | None = None) -> None:
        self._folder = folder
        self._bare = bare
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name_of("Authority below" if above else "Authority")
        signer = above or self
        built = signer._begin(self._name, self._key.public_key(), timedelta(days=9))
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        if not bare:
            built = built.add_extension(_USAGE_OF_AUTHORITY, critical=True)
        self._certificate = signer._sign(built)

    @property
    def pem(self) -> str:
        """Its own certificate."""
        return self._certificate.public_bytes(Encoding.PEM).decode()

    def trusting(self) -> ssl.SSLContext:
        return client_context(self.pem)

    def serving(self, *names: str, lasts: timedelta = timedelta(days=1)) -> ssl.SSLContext:
        """Return what a server with a certificate for these names and 127.0.0.1 needs."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName(
            [*map(x509.DNSName, names), x509.IPAddress(IPv4Address("127.0.0.1"))]
        )
        built = self._begin(_name_of(names[0]), key.public_key(), lasts)
        signed = self._sign(built.add_extension(alternatives, critical=False))
        path = self._folder / "server.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(signed.public_bytes(Encoding.PEM) + private)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path)
        return context

    def _begin(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, lasts: timedelta
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=8))
            .not_valid_after(now + lasts)
        )
        if self._bare:
            return built
        own = self._key.public_key()
        return built.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key), critical=False
        ).add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(own), critical=False)

    def _sign(self, built: x509.CertificateBuilder) -> x509.Certificate:
        return built.sign(self._key, hashes.SHA256())


def _name_of(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
