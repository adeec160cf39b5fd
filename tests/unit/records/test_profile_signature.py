"""Signed profiles, verified by the openssl of the machine, and the files that cannot sign."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from bot.records.profile_signature import ProfileSigner, SigningFileError
from signing_files import SigningFiles, make_signing_files, verify, with_openssl

if TYPE_CHECKING:
    from pathlib import Path

PROFILE = b'<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0"><dict/></plist>\n'


@pytest.fixture
def files(tmp_path: Path) -> SigningFiles:
    return make_signing_files(tmp_path)


@with_openssl
@pytest.mark.parametrize("rsa", [False, True])
def test_openssl_verifies_a_signed_profile_by_the_root_alone(tmp_path: Path, rsa: bool) -> None:
    files = make_signing_files(tmp_path, rsa=rsa)
    outcome = verify(ProfileSigner(files.certificate, files.key).sign(PROFILE), files.root)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout == PROFILE


@with_openssl
def test_openssl_refuses_a_profile_that_was_changed(files: SigningFiles) -> None:
    signed = ProfileSigner(files.certificate, files.key).sign(PROFILE)
    assert verify(signed.replace(b"<dict/>", b"<DICT/>"), files.root).returncode != 0


@with_openssl
def test_openssl_refuses_the_signature_of_somebody_else(
    files: SigningFiles, tmp_path: Path
) -> None:
    other = make_signing_files(tmp_path, name="other")
    signed = ProfileSigner(other.certificate, other.key).sign(PROFILE)
    assert verify(signed, files.root).returncode != 0


@with_openssl
def test_a_renewed_certificate_signs_without_a_restart(files: SigningFiles, tmp_path: Path) -> None:
    signer = ProfileSigner(files.certificate, files.key)
    signer.sign(PROFILE)
    renewed = make_signing_files(tmp_path, name="renewed")
    files.certificate.write_bytes(renewed.certificate.read_bytes())
    files.key.write_bytes(renewed.key.read_bytes())
    assert verify(signer.sign(PROFILE), renewed.root).returncode == 0


def fault_of(certificate: Path, key: Path) -> tuple[str, bool]:
    signer = ProfileSigner(certificate, key)
    (fault, *_) = signer.faults()
    with pytest.raises(SigningFileError, match=re.escape(str(fault))):
        signer.sign(PROFILE)
    return str(fault), fault.is_key


def test_a_certificate_that_has_ended_cannot_sign(tmp_path: Path) -> None:
    files = make_signing_files(tmp_path, ends_in=timedelta(days=-1))
    said, is_key = fault_of(files.certificate, files.key)
    assert said.startswith("The certificate has ended on 20")
    assert not is_key


def test_the_key_of_another_certificate_is_refused(files: SigningFiles, tmp_path: Path) -> None:
    other = make_signing_files(tmp_path, name="other")
    assert fault_of(files.certificate, other.key) == (
        "This is not the key of the certificate.",
        True,
    )


def test_a_file_that_is_not_there_is_named(files: SigningFiles, tmp_path: Path) -> None:
    absent = tmp_path / "absent.pem"
    fault = "The file cannot be read (No such file or directory)."
    assert fault_of(absent, files.key) == (fault, False)
    assert fault_of(files.certificate, absent) == (fault, True)


def test_the_files_in_each_others_place_are_refused(files: SigningFiles) -> None:
    faults = ProfileSigner(files.key, files.certificate).faults()
    assert [(str(fault), fault.is_key) for fault in faults] == [
        ("The file holds no certificate in PEM form.", False),
        ("The file holds no private key in PEM form.", True),
    ]


def test_a_key_that_nobody_could_open_is_refused(files: SigningFiles) -> None:
    key = load_pem_private_key(files.key.read_bytes(), None)
    files.key.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"moo"))
    )
    assert "has a passphrase" in fault_of(files.certificate, files.key)[0]


def test_a_key_of_a_kind_that_signs_no_profile_is_refused(files: SigningFiles) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert "neither RSA nor ECDSA" in fault_of(files.certificate, files.key)[0]
