"""Certificates of mail servers, right ones and wrong ones, and what a server needs to show them."""

from __future__ import annotations

import ssl
import tempfile
import warnings
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bot.net.tls import client_context

if TYPE_CHECKING:
    from collections.abc import Callable

HOST: Final = "mx1.cow.example"
ENDS_SOON: Final = timedelta(days=3)


class Shown(StrEnum):
    """Which certificate a server shows; each is for `HOST` unless it says something else."""

    RIGHT = "right"  # ECDSA
    RSA = "RSA"
    WILDCARD = "wildcard"
    CHAIN = "with the certificate between"
    ENDS_SOON = "ends in three days"
    EXPIRED = "expired"
    NOT_YET = "not valid yet"
    OTHER_NAME = "for another name"
    SUBJECT_ONLY = "with the name as its subject alone"
    SELF_SIGNED = "self-signed"
    UNKNOWN = "of an unknown authority"
    NO_CHAIN = "without the certificate between"


class ServerCertificates:
    """One authority that is trusted, and a certificate of each kind, made when it is asked for."""

    def __init__(self) -> None:
        self._authority = trustme.CA()
        self._made: dict[Shown, bytes] = {}

    @property
    def authority(self) -> str:
        """The certificate of the authority that is trusted, as PEM."""
        return self._authority.cert_pem.bytes().decode()

    def trusting(self) -> ssl.SSLContext:
        """Return the context of a client that trusts the authority."""
        return client_context(self.authority)

    def pem(self, shown: Shown) -> bytes:
        """Return private key and chain, in the order in which a server reads them."""
        if shown not in self._made:
            make = _MAKERS.get(shown)
            self._made[shown] = _self_signed() if make is None else make(self._authority)
        return self._made[shown]

    def for_name(self, name: str) -> bytes:
        """Return private key and certificate of another server, as `pem` does."""
        return _whole(self._authority.issue_cert(name))

    def context(
        self, shown: Shown = Shown.RIGHT, *, tls: ssl.TLSVersion | None = None
    ) -> ssl.SSLContext:
        """Return the context of a server that speaks TLS 1.2 and 1.3, or this version alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:
            file.write(self.pem(shown))
            file.flush()
            context.load_cert_chain(file.name)
        if tls is not None:
            # OpenSSL 3 has TLS 1.0 only without demands, and Python warns of it.
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
                context.minimum_version = context.maximum_version = tls
        return context


def _whole(leaf: trustme.LeafCert) -> bytes:
    return leaf.private_key_and_cert_chain_pem.bytes()


def _until(leave: timedelta) -> Callable[[trustme.CA], bytes]:
    """Return what makes a certificate that began long ago and ends so much from now."""

    def make(authority: trustme.CA) -> bytes:
        now = datetime.now(UTC)
        began, ends = now - timedelta(days=90), now + leave
        return _whole(authority.issue_cert(HOST, not_before=began, not_after=ends))

    return make


def _not_yet(authority: trustme.CA) -> bytes:
    begins = datetime.now(UTC) + timedelta(days=2)
    ends = begins + timedelta(days=90)
    return _whole(authority.issue_cert(HOST, not_before=begins, not_after=ends))


def _without_chain(authority: trustme.CA) -> bytes:
    leaf = authority.create_child_ca().issue_cert(HOST)
    return leaf.private_key_pem.bytes() + leaf.cert_chain_pems[0].bytes()


def _self_signed() -> bytes:
    """Return a key and a certificate that it signed itself; trustme makes none."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


_MAKERS: Final[dict[Shown, Callable[[trustme.CA], bytes]]] = {
    Shown.RIGHT: _until(timedelta(days=60)),
    Shown.RSA: lambda ca: _whole(ca.issue_cert(HOST, key_type=trustme.KeyType.RSA)),
    Shown.WILDCARD: lambda ca: _whole(ca.issue_cert("*.cow.example")),
    Shown.CHAIN: lambda ca: _whole(ca.create_child_ca().issue_cert(HOST)),
    Shown.ENDS_SOON: _until(ENDS_SOON + timedelta(hours=1)),
    Shown.EXPIRED: _until(-timedelta(days=3)),
    Shown.NOT_YET: _not_yet,
    Shown.OTHER_NAME: lambda ca: _whole(ca.issue_cert("www.elsewhere.example")),
    Shown.SUBJECT_ONLY: lambda ca: _whole(ca.issue_cert("192.0.2.1", common_name=HOST)),
    Shown.UNKNOWN: lambda _: _whole(trustme.CA().issue_cert(HOST)),
    Shown.NO_CHAIN: _without_chain,
}
