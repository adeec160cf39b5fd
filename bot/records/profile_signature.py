"""Signs Apple profiles: CMS (RFC 5652) with a certificate that the devices trust.

The settings know these files, so every command of the console loads this module; the library that
reads certificates takes a while to load, and is wanted only where profiles are signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import pkcs7

_LONGEST_FILE = 1 << 20  # octets; a chain of certificates has some thousand


class SigningFileError(ValueError):
    """The certificate, or the key where `is_key`, cannot sign; the text says why, no secret.

    `is_of_time`: the files are right, and the certificate is not valid now.
    """

    def __init__(self, sentence: str, *, is_key: bool = False, is_of_time: bool = False) -> None:
        super().__init__(sentence)
        self.is_key = is_key
        self.is_of_time = is_of_time


@dataclass(frozen=True, slots=True)
class ProfileSigner:
    """Two files that sign: PEM with the certificate, then those between; PEM with its key.

    They are read anew at each use, because a certificate is renewed while the bot runs.
    """

    certificate: Path
    key: Path

    def sign(self, profile: bytes) -> bytes:
        """Return the profile with its signature, in DER. It reads files, so call it in a thread.

        Raises:
            SigningFileError: a file cannot be read, or the two cannot sign now.

        """
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - as above
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as above
            Encoding,
            pkcs7,
        )

        chain, key = self._read()
        builder = pkcs7.PKCS7SignatureBuilder().set_data(profile)
        builder = builder.add_signer(chain[0], key, hashes.SHA256())
        for between in chain[1:]:
            builder = builder.add_certificate(between)
        return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])

    def faults(self) -> tuple[SigningFileError, ...]:
        """Return what keeps the files from signing now, the certificate's first."""
        found = []
        for read, path in ((_read_chain, self.certificate), (_read_key, self.key)):
            try:
                read(path)
            except SigningFileError as error:
                found.append(error)
        if not found:
            try:
                self._read()
            except SigningFileError as error:
                found.append(error)
        return tuple(found)

    def _read(self) -> tuple[list[x509.Certificate], pkcs7.PKCS7PrivateKeyTypes]:
        chain, key = _read_chain(self.certificate), _read_key(self.key)
        if _public(key.public_key()) != _public(chain[0].public_key()):
            raise SigningFileError("This is not the key of the certificate.", is_key=True)
        now = datetime.now(UTC)
        if now > chain[0].not_valid_after_utc:
            ended = chain[0].not_valid_after_utc.date().isoformat()
            raise SigningFileError(f"The certificate has ended on {ended}.", is_of_time=True)
        if now < chain[0].not_valid_before_utc:
            raise SigningFileError("The certificate is not valid yet.", is_of_time=True)
        return chain, key


def _read_chain(path: Path) -> list[x509.Certificate]:
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        return x509.load_pem_x509_certificates(_read_file(path))
    except OSError as error:
        raise SigningFileError(f"The file cannot be read ({error.strerror}).") from None
    except ValueError:
        raise SigningFileError("The file holds no certificate in PEM form.") from None


def _read_key(path: Path) -> pkcs7.PKCS7PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as above
        load_pem_private_key,
    )

    fault = "The file holds no private key in PEM form."
    try:
        key = load_pem_private_key(_read_file(path), password=None)
    except OSError as error:
        fault = f"The file cannot be read ({error.strerror})."
    except TypeError:  # of the library, for a key that it needs a passphrase for
        fault = "The key has a passphrase, which nobody could type: take it off."
    except (ValueError, UnsupportedAlgorithm):
        pass
    else:
        if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            return key
        fault = "The key is neither RSA nor ECDSA, and no other can sign a profile."
    raise SigningFileError(fault, is_key=True)  # out here nothing chained holds the key


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LONGEST_FILE)


def _public(key: object) -> bytes:
    """Return a public key's form by which two are compared; empty for one that has none."""
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as above
        Encoding,
        PublicFormat,
    )

    encode = getattr(key, "public_bytes", None)
    return b"" if encode is None else encode(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
