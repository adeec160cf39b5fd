"""Certificates as strangers may send them: read without a fault of ours, and bounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import example, given
from hypothesis import strategies as st

from bot.checks.server.tlsa_records import record_for
from bot.net.certificate_reading import VERIFIED, read_certificate
from bot.net.port_look import CertificateState, ShownCertificate
from examples import examples
from server_certificates import HOST

NOW = datetime.now(UTC)


@cache
def right() -> bytes:
    leaf = trustme.CA().issue_cert(HOST).cert_chain_pems[0].bytes()
    return x509.load_pem_x509_certificate(leaf).public_bytes(Encoding.DER)


def made(*names: str, issuer: str = "Cow CA", organisation: str = "") -> bytes:
    """Return a certificate for these names, or without any."""
    key = ec.generate_private_key(ec.SECP256R1())
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, issuer)]
    if organisation:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    built = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old.example")]))
        .issuer_name(x509.Name(attributes))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=9, hours=1))
    )
    if names:
        alternatives = x509.SubjectAlternativeName(list(map(x509.DNSName, names)))
        built = built.add_extension(alternatives, critical=False)
    return built.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def read(*chain: bytes, refused: int = VERIFIED) -> ShownCertificate:
    shown = read_certificate(chain, refused, NOW)
    assert shown is not None
    return shown


def test_names_issuer_and_days_are_read() -> None:
    shown = read(made(HOST, "mail.cow.example", organisation="Let's Encrypt", issuer="R11"))
    assert shown.state is CertificateState.VALID
    assert shown.names == (HOST, "mail.cow.example")
    assert shown.issuer == "Let's Encrypt R11"
    assert shown.days_left(NOW) == 9


def test_a_certificate_without_alternative_names_is_told_by_its_common_name() -> None:
    assert read(made()).names == ("old.example",)


def test_of_many_names_a_few_are_kept_and_none_is_long() -> None:
    shown = read(made(*(f"{n}.example" for n in range(900)), "x" * 5000), refused=62)
    assert len(shown.names) == 10
    assert shown.state is CertificateState.OTHER_NAME
    assert max(map(len, read(made("x" * 5000)).names)) == 253
    assert len(read(made(HOST, issuer="x" * 64, organisation="y" * 64)).issuer) == 100


def test_a_certificate_of_a_megabyte_is_not_read() -> None:
    shown = read(right() + b"\0" * 1_000_000)
    assert shown.state is CertificateState.UNUSABLE
    assert len(shown.der) < 100_000


def test_of_those_that_are_sent_with_it_a_few_are_kept() -> None:
    above = [made(f"{n}.example") for n in range(20)]
    assert len(read(right(), *above, b"x" * 100_000).above) == 5


def test_where_none_was_sent_there_is_none() -> None:
    assert read_certificate((), VERIFIED, NOW) is None


@pytest.mark.parametrize(
    ("refused", "state"),
    [
        (18, CertificateState.SELF_SIGNED),
        (19, CertificateState.UNTRUSTED),
        (20, CertificateState.UNTRUSTED),
        (10, CertificateState.UNTRUSTED),  # one above it has ended, and not itself
        (62, CertificateState.OTHER_NAME),
        (26, CertificateState.UNUSABLE),  # it is not for servers
        (66, CertificateState.UNUSABLE),  # its key is too short
    ],
)
def test_what_openssl_refuses_is_named(refused: int, state: CertificateState) -> None:
    assert read(right(), refused=refused).state is state


@given(st.binary(max_size=2000))
@examples(0.5)
def test_any_octets_are_read_without_a_fault(octets: bytes) -> None:
    shown = read(octets or b"\0")
    assert shown.state is CertificateState.UNUSABLE
    assert record_for(shown) is None


@given(st.integers(0, 10_000), st.integers(0, 255), st.sampled_from([VERIFIED, 10, 18, 20, 62]))
@example(15, 128, VERIFIED)  # a negative serial number, of which the library warns
@examples(1)
def test_a_certificate_with_an_octet_changed_is_read_without_a_fault(
    place: int, octet: int, refused: int
) -> None:
    der = bytearray(right())
    der[place % len(der)] = octet
    shown = read(bytes(der), refused=refused)
    assert len(shown.names) <= 10
    record_for(shown)
