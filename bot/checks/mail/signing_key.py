"""The key of a signature, as the DNS answers for it (RFC 6376 section 3.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from bot.checks.dkim.text import read_pairs, split_list
from bot.checks.mail.mail_verdict import AuthResult
from bot.errors import InvalidKey
from bot.records.dkim_key import KEY_TYPES, LEAST_RSA_BITS
from bot.records.key_forms import read_key
from bot.records.tag_list import FaultKind, parse_tags

if TYPE_CHECKING:
    from bot.dns.answer import Answer
    from bot.records.tag_list import TagList

MOST_RSA_BITS: Final = 4096  # RFC 8301 section 3.2: no verifier has to take more
_MOST_EXPONENT: Final = 2**33  # a longer one has no use, and takes long


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What an answer holds: a usable key, or the code of what is wrong and what it comes to.

    `what` says more of a record that is broken. `octets` are as `bot.records.key_forms.read_key`
    gives them. `is_testing` and `is_strict` are the flags `y` and `s` of `t=`.
    """

    octets: bytes = b""
    key_type: str = ""
    bits: int = 0
    is_testing: bool = False
    is_strict: bool = False
    fault: str = ""
    what: str = ""
    outcome: AuthResult = AuthResult.PASS


def read_signing_key(answer: Answer | None) -> SigningKey:
    """Return the key of an answer to TXT at a selector; None is one that was not asked."""
    if answer is None or answer.failed:
        return SigningKey(fault="mail-key-unknown", outcome=AuthResult.TEMPERROR)
    if answer.absent:
        return SigningKey(fault="mail-key-missing", outcome=AuthResult.PERMERROR)
    records = [tags for tags in map(parse_tags, answer.texts()) if tags.get("p") is not None]
    if len(records) > 1:
        return SigningKey(fault="mail-key-several", outcome=AuthResult.PERMERROR)
    if not records:
        return _broken("none")
    return _read(records[0])


def _broken(what: str) -> SigningKey:
    return SigningKey(fault="mail-key-broken", what=what, outcome=AuthResult.PERMERROR)


def _read(tags: TagList) -> SigningKey:
    pairs = read_pairs(tags)
    key_type = pairs.get("k", "rsa")
    if any(fault.kind is FaultKind.DUPLICATE for fault in tags.faults):
        return _broken("repeated")
    if pairs.get("v", "DKIM1") != "DKIM1":
        return _broken("version")
    if not "".join(pairs["p"].split()):
        return SigningKey(fault="mail-key-revoked", outcome=AuthResult.PERMERROR)
    if key_type not in KEY_TYPES:
        return _broken("type")
    if "h" in pairs and "sha256" not in split_list(pairs["h"]):
        return _broken("hash")
    if not split_list(pairs.get("s", "*")) & {"*", "email"}:
        return _broken("service")
    try:
        octets, bits = read_key(pairs["p"], key_type)
    except InvalidKey:
        return _broken("key")
    if key_type == "rsa" and bits < LEAST_RSA_BITS:  # RFC 8301 section 3.2
        return SigningKey(bits=bits, fault="mail-key-weak", outcome=AuthResult.PERMERROR)
    if key_type == "rsa" and (bits > MOST_RSA_BITS or not _has_usual_exponent(octets)):
        return _broken("long")
    flags = split_list(pairs.get("t", ""))
    return SigningKey(octets, key_type, bits, "y" in flags, "s" in flags)


def _has_usual_exponent(octets: bytes) -> bool:
    key = load_der_public_key(octets)
    return isinstance(key, RSAPublicKey) and key.public_numbers().e < _MOST_EXPONENT
