"""Compares TLSA records with the certificate that the MX port shows (RFC 6698, RFC 7672)."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bot.net.port_look import CertificateState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography import x509
    from dns.rdtypes.ANY.TLSA import TLSA

    from bot.net.port_look import ShownCertificate

DANE_TA: Final = 2  # the record is of an authority that has to be among those that are sent
DANE_EE: Final = 3  # the record is of the server's own; its names and dates count no more
_WHOLE, _KEY = 0, 1  # selectors
_DIGESTS: Final = {1: hashlib.sha256, 2: hashlib.sha512}  # by matching type; 0 is the whole

_UNREADABLE: Final = (ValueError, TypeError, UnsupportedAlgorithm)

# What an authority has to be right about too (RFC 7671 section 5.2).
_WRONG: Final = frozenset(
    {CertificateState.EXPIRED, CertificateState.NOT_YET, CertificateState.OTHER_NAME}
)


class TlsaMatch(Enum):
    """What comparing came to."""

    MATCHES = auto()  # one record fits, which is enough
    DIFFERS = auto()
    UNUSABLE = auto()  # all are of kinds that mail servers take no notice of
    UNREADABLE = auto()  # the certificate could not be read well enough to say so


@dataclass(frozen=True, slots=True)
class _Parts:
    """A certificate, and the octets of it that records are of."""

    certificate: x509.Certificate
    whole: bytes
    key: bytes


def compare(records: Iterable[TLSA], shown: ShownCertificate) -> TlsaMatch:
    """Return whether the certificate that was shown is one that the records name."""
    usable = [record for record in records if _is_usable(record)]
    if not usable:
        return TlsaMatch.UNUSABLE
    chain = _read_chain(shown)
    if not chain:
        return TlsaMatch.UNREADABLE
    own, *above = chain
    named = {DANE_EE: [own], DANE_TA: [] if shown.state in _WRONG else above}
    fits = any(_fits(record, one) for record in usable for one in named[record.usage])
    return TlsaMatch.MATCHES if fits else TlsaMatch.DIFFERS


def record_for(shown: ShownCertificate) -> str | None:
    """Return the value that RFC 7672 section 3.1.1 recommends for a certificate: 3 1 1."""
    own = _read(shown.der)
    return None if own is None else f"3 1 1 {hashlib.sha256(own.key).hexdigest()}"


def _is_usable(record: TLSA) -> bool:
    """Whether mail servers take notice of a record (RFC 7672 section 3.1)."""
    known = record.mtype == 0 or record.mtype in _DIGESTS
    return record.usage in {DANE_TA, DANE_EE} and record.selector in {_WHOLE, _KEY} and known


def _fits(record: TLSA, parts: _Parts) -> bool:
    octets = parts.whole if record.selector == _WHOLE else parts.key
    digest = _DIGESTS.get(record.mtype)
    return bool(record.cert == (octets if digest is None else digest(octets).digest()))


def _read_chain(shown: ShownCertificate) -> list[_Parts]:
    """Return the server's own certificate and those above it, as far as each signed the one before.

    In which order they were sent is nothing to those who check. Nothing where the first cannot be
    read.
    """
    own = _read(shown.der)
    if own is None:
        return []
    others = [one for one in map(_read, shown.above) if one is not None]
    chain = [own]
    while above := next((one for one in others if _signed(chain[-1], one)), None):
        others.remove(above)
        chain.append(above)
    return chain


def _read(der: bytes) -> _Parts | None:
    # Reading certificates is rare, and its library takes a while to load.
    from cryptography import x509  # noqa: PLC0415 - as above
    from cryptography.utils import CryptographyDeprecationWarning  # noqa: PLC0415 - as above

    # What a stranger's certificate has odd is no warning to whoever runs the program.
    warnings.simplefilter("ignore", CryptographyDeprecationWarning)
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (*_UNREADABLE, x509.InvalidVersion):
        return None
    return _Parts(certificate, der, key)


def _signed(before: _Parts, one: _Parts) -> bool:
    """Whether the certificate before was signed with the key of this one."""
    try:
        before.certificate.verify_directly_issued_by(one.certificate)
    except (*_UNREADABLE, InvalidSignature):
        return False
    return True
