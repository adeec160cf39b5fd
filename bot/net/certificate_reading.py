"""Reads the certificate that a server shows: for which names, by whom, until when (RFC 5280)."""

from __future__ import annotations

import sys
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bot.dns.address_guard import NAME_DIFFERS
from bot.net.port_look import CertificateState, ShownCertificate

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from cryptography import x509

_LARGEST: Final = 32 * 1024  # octets; usual ones have 1 to 3 KiB
_MOST_NAMES: Final = 10
_MOST_ABOVE: Final = 5  # certificates that were sent with it
_LONGEST_NAME: Final = 253
_LONGEST_ISSUER: Final = 100

# What OpenSSL says of a certificate that it refuses (X509_V_ERR_… in x509_vfy.h).
VERIFIED: Final = 0
_OF_ITSELF: Final = 18  # DEPTH_ZERO_SELF_SIGNED_CERT
_OF_NOBODY: Final = frozenset({2, 19, 20, 21, 24, 27})  # no way to an authority that we trust
_TIMES: Final = frozenset({9, 10})  # CERT_NOT_YET_VALID, CERT_HAS_EXPIRED: of any in the chain
_DER: Final = 2  # _ssl.ENCODING_DER
_NO_TIME: Final = datetime.fromtimestamp(0, UTC)


def shown_chain(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """Return the certificates as they were sent, the server's own first, in DER.

    Only for the thread of the connection: elsewhere OpenSSL may be at what comes in.
    """
    if sys.version_info >= (3, 13):
        return tuple(tls.get_unverified_chain())
    # Before 3.13, the same is there under a private name.
    chain = tls._sslobj.get_unverified_chain() or ()  # type: ignore[attr-defined]  # noqa: SLF001 - as above
    return tuple(one.public_bytes(_DER) for one in chain)


def read_certificate(
    chain: tuple[bytes, ...], refused: int, now: datetime
) -> ShownCertificate | None:
    """Return the certificate that a chain begins with; None where there is none.

    `refused` is OpenSSL's reason for refusing it, 0 where it does not; what is read is hostile.
    """
    if not chain:
        return None
    # A look at ports is rare, and the library takes a while to load.
    from cryptography import x509  # noqa: PLC0415 - as above
    from cryptography.utils import CryptographyDeprecationWarning  # noqa: PLC0415 - as above

    # What a stranger's certificate has odd is no warning to whoever runs the program.
    warnings.simplefilter("ignore", CryptographyDeprecationWarning)
    der = chain[0]
    above = tuple(one for one in chain[1:] if len(one) <= _LARGEST)[:_MOST_ABOVE]
    try:
        certificate = x509.load_der_x509_certificate(der if len(der) <= _LARGEST else b"")
        return _read(certificate, der, above, refused, now)
    except _faults():
        # The library is stricter than OpenSSL, which has read it for the handshake.
        state = CertificateState.UNUSABLE
        return ShownCertificate(state, (), "", _NO_TIME, _NO_TIME, der[:_LARGEST], above)


def _faults() -> tuple[type[Exception], ...]:
    """Return what the library raises where a certificate has not the form that it wants."""
    from cryptography import x509  # noqa: PLC0415 - it is loaded by now

    odd = x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType
    return ValueError, TypeError, *odd


def _read(
    certificate: x509.Certificate, der: bytes, above: tuple[bytes, ...], refused: int, now: datetime
) -> ShownCertificate:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    state = _state_of(certificate, refused)
    if state is not CertificateState.VALID:
        # A date is the cause that people can do something about, whatever is found first.
        if ends < now:
            state = CertificateState.EXPIRED
        elif begins > now:
            state = CertificateState.NOT_YET
    names = tuple(dict.fromkeys(name[:_LONGEST_NAME] for name in _names_of(certificate)))
    issuer = _issuer_of(certificate)
    return ShownCertificate(state, names[:_MOST_NAMES], issuer, begins, ends, der, above)


def _state_of(certificate: x509.Certificate, refused: int) -> CertificateState:
    if refused == VERIFIED:
        return CertificateState.VALID
    if refused == NAME_DIFFERS:
        return CertificateState.OTHER_NAME
    of_itself = certificate.issuer == certificate.subject
    if refused == _OF_ITSELF or (refused in _OF_NOBODY and of_itself):
        return CertificateState.SELF_SIGNED
    if refused in _OF_NOBODY | _TIMES:
        return CertificateState.UNTRUSTED
    return CertificateState.UNUSABLE


def _names_of(certificate: x509.Certificate) -> Iterator[str]:
    """Yield the names that a client compares, else the one that only old ones read (RFC 9525)."""
    from cryptography import x509  # noqa: PLC0415 - it is loaded by now
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 - it is loaded by now

    try:
        kind = x509.SubjectAlternativeName
        names = certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        yield from (str(attribute.value) for attribute in common)
        return
    yield from names.get_values_for_type(x509.DNSName)
    yield from map(str, names.get_values_for_type(x509.IPAddress))


def _issuer_of(certificate: x509.Certificate) -> str:
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 - it is loaded by now

    wanted = NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME
    parts = [
        str(attribute.value)
        for oid in wanted
        for attribute in certificate.issuer.get_attributes_for_oid(oid)[:1]
    ]
    return " ".join(parts)[:_LONGEST_ISSUER]
