"""Certificates and keys that sign profiles, right and wrong ones, as files in PEM form."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import trustme

if TYPE_CHECKING:
    from pathlib import Path

HOST = "mx1.cow.example"


@dataclass(frozen=True, slots=True)
class SigningFiles:
    """The files of one certificate below an authority in between; `root` is what is trusted."""

    certificate: Path
    key: Path
    root: Path


def make_signing_files(
    folder: Path, *, rsa: bool = False, ends_in: timedelta = timedelta(days=30), name: str = "cow"
) -> SigningFiles:
    """Write the files into a folder, and return where they are."""
    kind = trustme.KeyType.RSA if rsa else trustme.KeyType.ECDSA
    root = trustme.CA(key_type=kind)
    issued = root.create_child_ca(key_type=kind).issue_cert(
        HOST, key_type=kind, not_after=datetime.now(UTC) + ends_in
    )
    files = SigningFiles(*(folder / f"{name}-{part}.pem" for part in ("cert", "key", "root")))
    files.certificate.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    files.key.write_bytes(issued.private_key_pem.bytes())
    files.root.write_bytes(root.cert_pem.bytes())
    return files


# A bare Debian, where the tests run too, has no openssl; files that cannot sign are found out all
# the same.
with_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="there is no openssl, which verifies the signature"
)


def verify(signed: bytes, root: Path) -> subprocess.CompletedProcess[bytes]:
    """Ask openssl, for any purpose: its usual one is mail, and people have those of servers."""
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any"]
    return subprocess.run(
        [*command, "-CAfile", str(root)], input=signed, capture_output=True, check=False
    )
