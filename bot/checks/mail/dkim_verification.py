"""Verifies the DKIM signatures of a mail with keys that were asked for before (RFC 6376 section 6).

The library does the canonical form of the header and the mathematics. What it is lax in, such as
`l=`, a From that is not signed, `i=`, and its own clock, is judged here.
"""

from __future__ import annotations

import base64
import dataclasses
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.checks.mail.body_hash import BodyHashes, hash_body
from bot.checks.mail.dkim_signature import ALGORITHMS, find_time_fault
from bot.checks.mail.mail_verdict import AuthResult
from bot.checks.mail.signing_key import SigningKey, read_signing_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import dns.name

    from bot.checks.mail.dkim_signature import SignatureField
    from bot.checks.mail.header_fields import HeaderField, MailHeader
    from bot.dns.answer import Answer

_SILENT: Final = logging.getLogger(f"{__name__}.library")  # it would log what stands in the mail
_SILENT.setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """What a signature came to; `fault` is the code of what is wrong, empty where it verifies.

    `counts_part`: octets stand in the body behind what `l=` counts.
    """

    field: SignatureField
    outcome: AuthResult
    fault: str = ""
    key: SigningKey = SigningKey()  # noqa: RUF009 - a frozen value
    counts_part: bool = False


def verify_signatures(
    raw: bytes,
    header: MailHeader,
    signatures: Sequence[SignatureField],
    keys: Mapping[dns.name.Name, Answer],
    now: int,
) -> tuple[VerifiedSignature, ...]:
    """Return what each signature of a mail came to at a time in seconds since 1970."""
    sound = [one for one in signatures if not one.fault]
    bodies = {
        canon: hash_body(
            raw,
            header.body_at,
            canon,
            [s.length for s in sound if s.body_canon == canon and s.length is not None],
            has_crlf=header.has_crlf,
        )
        for canon in {one.body_canon for one in sound}
    }
    fields = [_as_sent(field) for field in header.fields]
    return tuple(_verify(one, fields, bodies, keys, now) for one in signatures)


def _verify(
    signature: SignatureField,
    fields: list[tuple[bytes, bytes]],
    bodies: Mapping[str, BodyHashes],
    keys: Mapping[dns.name.Name, Answer],
    now: int,
) -> VerifiedSignature:
    if signature.fault:
        outcome = (
            AuthResult.POLICY if signature.fault == "mail-from-unsigned" else AuthResult.PERMERROR
        )
        return VerifiedSignature(signature, outcome, signature.fault)
    if fault := find_time_fault(signature, now):
        return VerifiedSignature(signature, AuthResult.FAIL, fault)
    name = signature.key_name
    key = read_signing_key(None if name is None else keys.get(name))
    if key.fault:
        return VerifiedSignature(signature, key.outcome, key.fault, key)
    if key.key_type != ALGORITHMS[signature.algorithm]:
        key = dataclasses.replace(key, what="type")
        return VerifiedSignature(signature, AuthResult.PERMERROR, "mail-key-broken", key)
    body = bodies[signature.body_canon]
    length = signature.length
    if length is not None and length > body.octets:
        return VerifiedSignature(signature, AuthResult.FAIL, "mail-body-changed", key)
    counts_part = length is not None and length < body.octets
    digest = body.whole if length is None else body.parts[length]
    if digest != signature.body_hash:
        fault = "mail-body-changed"
    elif not _is_header_signed(signature, fields, key):
        fault = "mail-header-changed"
    elif key.is_strict and (
        signature.domain is None or signature.identity != signature.domain.ascii
    ):
        fault = "mail-signature-odd"  # t=s: section 3.6.1
    else:
        fault = "mail-length" if counts_part else "mail-key-testing" if key.is_testing else ""
        outcome = AuthResult.POLICY if fault else AuthResult.PASS
        return VerifiedSignature(signature, outcome, fault, key, counts_part)
    return VerifiedSignature(signature, AuthResult.FAIL, fault, key, counts_part)


def _is_header_signed(
    signature: SignatureField, fields: list[tuple[bytes, bytes]], key: SigningKey
) -> bool:
    """Whether the signature is that of the signed fields, by the key."""
    # It brings an HTTP client along, and most bots judge no mail.
    import dkim  # noqa: PLC0415 - 6 MB and 0.1 s that only a test mail is worth

    canon = f"{signature.header_canon}/{signature.body_canon}"
    tags = {
        b"a": signature.algorithm.encode(),
        b"c": canon.encode(),
        b"b": base64.b64encode(signature.signature),
        b"d": signature.d.encode(),
        b"s": signature.s.encode(),
    }  # without bh=, so that the library leaves the body alone
    # The record is written anew: how strictly one is read, and what it allows, is judged elsewhere.
    record = f"k={key.key_type}; p={base64.b64encode(key.octets).decode()}".encode()
    verifier = dkim.DKIM(logger=_SILENT)
    verifier.headers = fields
    names = [name.encode() for name in signature.signed]
    try:
        return bool(
            verifier.verify_sig(
                tags, names, _as_sent(signature.raw), lambda _name, **_timeout: record
            )
        )
    # What else than its own it raises where a signature and a key do not fit each other.
    except (dkim.DKIMException, ArithmeticError, AssertionError, TypeError, ValueError):
        return False


def _as_sent(field: HeaderField) -> tuple[bytes, bytes]:
    """Return a field's name and value with the line ends that it was sent with."""
    lines = field.value.replace(b"\r\n", b"\n").removesuffix(b"\n")
    return field.name, lines.replace(b"\n", b"\r\n") + b"\r\n"
