"""DKIM key records: parses them, and says which key the mail server signs with, if known."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from bot.errors import InvalidKey
from bot.records.tag_list import FWS, TagList, parse_tags
from bot.records.txt_paste import LONGEST_PASTE, read_txt_value

KEY_TYPES = ("rsa", "ed25519")  # RFC 6376 section 3.3 and RFC 8463
LEAST_RSA_BITS = 1024  # receivers take no shorter key (RFC 8301 section 3.2)
_ED25519_OCTETS = 32


@dataclass(frozen=True, slots=True)
class DkimRecord:
    """A sound DKIM key record (RFC 6376 section 3.6.1, RFC 8301, RFC 8463).

    How long an RSA key has to be is left to whoever judges it: `bits` says how long it is.
    """

    text: str  # the value on one line, the key in its usual form and without white space
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
            InvalidKey: it is none, or holds no usable public key.

        """
        value = _fold(read_txt_value(text))
        tags = parse_tags(value)
        _refuse_faults(tags)
        key_type = tags.get("k") or "rsa"
        if key_type not in KEY_TYPES:
            raise InvalidKey("key-bad-type")
        p = tags.get("p") or ""
        key, bits = read_key(p, key_type)
        if not is_usual_form(p, key_type):
            value = value.replace(p, base64.b64encode(key).decode())
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
            raise InvalidKey("key-without-sha256")
        if record.services and not {"*", "email"} & set(record.services):
            raise InvalidKey("key-not-for-email")
        return record


class KeySource(StrEnum):
    """Where a key was learned from."""

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
    """It is not known which key the mail server signs the domain's mail with."""


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
        raise InvalidKey("key-too-long", most=LONGEST_PASTE)
    text = text.translate(None, FWS.encode())
    if not text:
        raise InvalidKey("key-empty")
    bare = len(text.rstrip(b"="))
    if len(text) != bare + -bare % 4:  # the decoder passes over further equals signs
        raise InvalidKey("key-not-base64")
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidKey("key-not-base64") from None
    if key_type == "ed25519":
        return _read_ed25519(octets)
    return _read_rsa(octets)


def is_usual_form(p: str, key_type: str) -> bool:
    """Whether a key that `read_key` can read, without white space, has the form for verifiers.

    An RSA key is to come as DER SubjectPublicKeyInfo. RFC 6376 section 3.6.1 names the bare
    RSAPublicKey, but its examples and the common verifiers (OpenDKIM, rspamd, Mail::DKIM) do not.
    """
    if key_type != "rsa":
        return True
    return base64.b64decode(p) == read_key(p, key_type)[0]


def _read_ed25519(octets: bytes) -> tuple[bytes, int]:
    if len(octets) != _ED25519_OCTETS:
        raise InvalidKey("key-wrong-size", expected=_ED25519_OCTETS, octets=len(octets))
    try:
        Ed25519PublicKey.from_public_bytes(octets)
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidKey("key-not-ed25519") from None
    return octets, 8 * _ED25519_OCTETS


def _read_rsa(octets: bytes) -> tuple[bytes, int]:
    try:
        key = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey):
        raise InvalidKey("key-not-rsa")
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
        raise InvalidKey("key-missing")
    if tags.faults:
        raise InvalidKey("key-bad-tags", fault=tags.faults[0].kind.value)
    version = tags.get("v")
    if version is not None and (version != "DKIM1" or tags.pairs[0][0] != "v"):
        raise InvalidKey("key-bad-version")


def _split(value: str | None) -> tuple[str, ...]:
    """Return the entries of a colon-separated tag such as `t=y:s`."""
    return tuple(entry for part in (value or "").split(":") if (entry := part.strip(FWS)))
