"""DKIM key records: parses them, and says which key the mail server signs with, if known."""

from __future__ import annotations

import base64
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
from bot.records.key_soundness import refuse_damaged
from bot.records.tag_list import FWS, TagList, parse_tags
from bot.records.txt_paste import read_pasted_records

KEY_TYPES = ("rsa", "ed25519")  # RFC 6376 section 3.3 and RFC 8463
LEAST_RSA_BITS = 1024  # receivers take no shorter key (RFC 8301 section 3.2)
_ED25519_OCTETS = 32
_LONGEST_KEY = 4096  # characters of base64; those of 4096 bits are 736


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
    def parse(cls, typed: str) -> DkimRecord:
        """Return the record that somebody pasted, in any form of `bot.records.txt_paste`.

        Raises:
            InvalidKey: it is none, holds no usable public key or two of them, or a damaged one.

        """
        records = [cls.read(text) for text in read_pasted_records(typed)]
        first, *others = records
        for other in others:
            if other.key != first.key:
                raise InvalidKey("key-and-another")
            if other.uses != first.uses:
                raise InvalidKey("key-with-other-tags")
        refuse_damaged(first.key, first.key_type)
        return first

    @classmethod
    def read(cls, text: str) -> DkimRecord:
        """Return the record with this value, which the bot keeps or a mail server told it.

        Raises:
            InvalidKey: it is none, or holds no usable public key.

        """
        tags = parse_tags(text)
        _refuse_faults(tags)
        key_type = tags.get("k") or "rsa"
        if key_type not in KEY_TYPES:
            raise InvalidKey("key-bad-type")
        key, bits = read_key(tags.get("p") or "", key_type)
        record = cls(
            text=_fold(text, key),
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

    @property
    def uses(self) -> tuple[tuple[str, ...], ...]:
        """What the record allows its key to be used for."""
        return self.flags, self.services, self.hashes


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
    if len(text) > _LONGEST_KEY:
        raise InvalidKey("key-too-long", most=_LONGEST_KEY)
    text = text.translate(None, FWS.encode())
    if not text:
        raise InvalidKey("key-empty")
    bare = len(text.rstrip(b"="))
    if len(text) != bare + -bare % 4:  # the decoder passes over further equals signs
        raise InvalidKey("key-not-base64")
    try:
        octets = base64.b64decode(text, validate=True)
    except ValueError:
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


def _fold(value: str, key: bytes) -> str:
    """Return a value on one line, single blanks in it, and its key as it is handed out."""
    return ";".join(_fold_part(part, key) for part in value.split(";")).strip(FWS)


def _fold_part(part: str, key: bytes) -> str:
    is_key = part.partition("=")[0].strip(FWS) == "p"
    folded = f"p={base64.b64encode(key).decode()}" if is_key else " ".join(part.split())
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
