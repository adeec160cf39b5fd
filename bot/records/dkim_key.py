"""DKIM key records: what is known of a domain's key, and how a record becomes one."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from bot.errors import InvalidKey
from bot.records.tag_list import FWS, FaultKind, TagList, parse_tags
from bot.records.txt_paste import LONGEST_PASTE, read_txt_value

if TYPE_CHECKING:
    from bot.records.tag_list import TagFault

KEY_TYPES = ("rsa", "ed25519")  # RFC 6376 section 3.3 and RFC 8463
EXAMPLE = "v=DKIM1;k=rsa;p=MIIBIjANBgkq…"
_ED25519_OCTETS = 32
_FAULTS = {
    FaultKind.NO_EQUALS: "it has a part without an equals sign",
    FaultKind.EMPTY_NAME: "it has an equals sign with no name before it",
    FaultKind.BAD_NAME: "it has a name with characters that do not belong there",
    FaultKind.BAD_VALUE: "it has characters that do not belong there",
    FaultKind.DUPLICATE: "it has one part twice",
    FaultKind.EMPTY_PART: "it has two semicolons with nothing between them",
}


@dataclass(frozen=True, slots=True)
class DkimRecord:
    """A sound DKIM key record (RFC 6376 section 3.6.1, RFC 8301, RFC 8463).

    How long an RSA key has to be is left to whoever judges it: `bits` says how long it is.
    """

    text: str  # the value on one line, without white space in the key
    key: bytes  # see `read_key`
    key_type: str  # "rsa" or "ed25519"
    bits: int
    flags: tuple[str, ...] = ()  # t=
    services: tuple[str, ...] = ()  # s=; none means all
    hashes: tuple[str, ...] = ()  # h=; none means all

    @classmethod
    def parse(cls, text: str) -> DkimRecord:
        """Return the record that somebody pasted.

        That may be the value alone, its quoted strings, or the whole line of a zone file.

        Raises:
            InvalidKey: it is none, or holds no usable public key; said in one sentence.

        """
        value = _fold(read_txt_value(text))
        tags = parse_tags(value)
        _refuse_faults(tags)
        key_type = tags.get("k") or "rsa"
        if key_type not in KEY_TYPES:
            raise InvalidKey(f'The key type (k=) has to be rsa or ed25519, as in "{EXAMPLE}".')
        key, bits = read_key(tags.get("p") or "", key_type)
        record = cls(
            text=value,
            key=key,
            key_type=key_type,
            bits=bits,
            flags=_split(tags.get("t")),
            services=_split(tags.get("s")),
            hashes=_split(tags.get("h")),
        )
        if record.hashes and "sha256" not in record.hashes:
            raise InvalidKey(
                "The value allows no signatures with sha256, the only ones that count (RFC 8301): "
                "leave h= out or write h=sha256."
            )
        if record.services and not {"*", "email"} & set(record.services):
            raise InvalidKey("The value is not for email: leave s= out or write s=email.")
        return record


class KeySource(StrEnum):
    """Who told of a key."""

    ARGUMENT = "--dkim"
    MAIL_SERVER = "mailcow"  # so in every database, whichever software the server runs
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class KnownKey:
    """The key that the mail server signs a domain's mail with, and who says so."""

    selector: str
    record: DkimRecord
    source: str  # a `KeySource`


@dataclass(frozen=True, slots=True)
class NoKeyYet:
    """The mail server says that it has no key for the domain."""


@dataclass(frozen=True, slots=True)
class KeyUnknown:
    """Nobody told what key the mail server signs the domain's mail with."""


DkimKnowledge = KnownKey | NoKeyYet | KeyUnknown


def read_key(p: bytes | str, key_type: str) -> tuple[bytes, int]:
    """Return the public key in a p= tag and its length in bits; white space in it is ignored.

    An RSA key comes as DER SubjectPublicKeyInfo also where the record holds the bare
    RSAPublicKey of RFC 6376 section 3.6.1, so that equal keys are equal octets; an Ed25519 key is
    its 32 octets (RFC 8463 section 4).

    Raises:
        InvalidKey: the tag is empty (a revoked key) or holds no key of that type.

    """
    text = p if isinstance(p, bytes) else p.encode(errors="replace")
    if len(text) > LONGEST_PASTE:
        raise InvalidKey(f"The key (p=) is longer than {LONGEST_PASTE} characters, so it is none.")
    text = text.translate(None, FWS.encode())
    if not text:
        raise InvalidKey(f'The value holds no public key: p= is empty, not as in "{EXAMPLE}".')
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidKey(
            "The key (p=) is not whole: it is no valid base64, so characters were lost or added "
            "on the way; copy the value once more."
        ) from None
    if key_type == "ed25519":
        return _read_ed25519(octets)
    return _read_rsa(octets)


def _read_ed25519(octets: bytes) -> tuple[bytes, int]:
    if len(octets) != _ED25519_OCTETS:
        raise InvalidKey(
            f"An ed25519 key (p=) has {_ED25519_OCTETS} octets, this one has {len(octets)}."
        )
    try:
        Ed25519PublicKey.from_public_bytes(octets)
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidKey("The key (p=) is no ed25519 public key.") from None
    return octets, 8 * _ED25519_OCTETS


def _read_rsa(octets: bytes) -> tuple[bytes, int]:
    try:
        key = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey):
        raise InvalidKey(
            "The key (p=) is no RSA public key: it may be cut short, or be of another type."
        )
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), key.key_size


def _fold(value: str) -> str:
    """Return a value on one line: no white space in the key, single blanks elsewhere."""
    return ";".join(_fold_part(part) for part in value.split(";")).strip(FWS)


def _fold_part(part: str) -> str:
    name, equals, rest = part.partition("=")
    is_key = name.strip(FWS) == "p"
    folded = f"p{equals}{''.join(rest.split())}" if is_key else " ".join(part.split())
    return f" {folded}" if folded and part[0] in FWS else folded


def _refuse_faults(tags: TagList) -> None:
    if tags.get("p") is None:
        raise InvalidKey(f'That is no DKIM value: it has no key (p=), as in "{EXAMPLE}".')
    if tags.faults:
        fault: TagFault = tags.faults[0]
        raise InvalidKey(f'That is no DKIM value like "{EXAMPLE}": {_FAULTS[fault.kind]}.')
    version = tags.get("v")
    if version is not None and (version != "DKIM1" or tags.pairs[0][0] != "v"):
        raise InvalidKey(f'A DKIM value begins with "v=DKIM1", as in "{EXAMPLE}".')


def _split(value: str | None) -> tuple[str, ...]:
    """Return the entries of a colon-separated tag such as `t=y:s`."""
    return tuple(entry for part in (value or "").split(":") if (entry := part.strip(FWS)))
