"""DKIM key records: parses them, and says which key the mail server signs with, if known."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum

from bot.errors import InvalidKey
from bot.records.key_forms import identify_key, read_key
from bot.records.key_soundness import refuse_damaged
from bot.records.tag_list import FWS, TagList, parse_tags
from bot.records.txt_paste import read_pasted_records

KEY_TYPES = ("rsa", "ed25519")  # RFC 6376 section 3.3 and RFC 8463
LEAST_RSA_BITS = 1024  # receivers take no shorter key (RFC 8301 section 3.2)


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
        p = tags.get("p") or ""
        form = identify_key("".join(p.split()))
        if form is not None and form.key_type != key_type:
            if tags.get("k"):
                raise InvalidKey("key-of-other-type", meant=form.key_type, said=key_type)
            key_type = form.key_type  # of a key that says itself what it is, only k= was forgotten
        key, bits = read_key(p if form is None else form.published, key_type)
        typed = text if tags.get("k") is not None else _add_type(tags, text, key_type)
        record = cls(
            text=_fold(typed, key, key_type),
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


def _add_type(tags: TagList, text: str, key_type: str) -> str:
    """Return a value that has no `k=` with one, where that is not what holds without (RSA)."""
    if key_type == KEY_TYPES[0]:
        return text
    if tags.get("v") is None:
        return f"k={key_type};{text}"
    version, semicolon, rest = text.partition(";")
    return f"{version};k={key_type}{semicolon}{rest}"


def _fold(value: str, key: bytes, key_type: str) -> str:
    """Return a value on one line, single blanks in it, and its key as it is handed out."""
    return ";".join(_fold_part(part, key, key_type) for part in value.split(";")).strip(FWS)


def _fold_part(part: str, key: bytes, key_type: str) -> str:
    name, _, value = (each.strip(FWS) for each in part.partition("="))
    folded = " ".join(part.split())
    if name == "p":
        folded = f"p={base64.b64encode(key).decode()}"
    elif name == "k" and not value:
        folded = f"k={key_type}"
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
