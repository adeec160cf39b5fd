"""A DKIM-Signature field: its tags, and what is wrong with them by themselves (RFC 6376)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import dns.exception
import dns.name

from bot.checks.mail.mail_addresses import read_domain
from bot.records.tag_list import FaultKind, parse_tags

if TYPE_CHECKING:
    from bot.checks.mail.header_fields import HeaderField, MailHeader
    from bot.names import Domain

MOST_SIGNATURES: Final = 8  # of a mail that are looked at
MOST_SIGNED: Final = 200  # names in h=
_LONGEST: Final = 8192  # octets of one field
_LONGEST_BLANKS: Final = 100  # in a row, which the library's search takes the square of
_NAMED: Final = 100  # characters of d= and s= that are shown
_LEEWAY: Final = 36_000  # seconds that clocks may differ by

_FOLDS = re.compile(rb"\s{%d}" % (_LONGEST_BLANKS + 1))
_NUMBER = re.compile(r"[0-9]{1,20}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9_-]+)*")
_HEADER_NAME = re.compile(r"[\x21-\x39\x3c-\x7e]+")
_CANON: Final = ("simple", "relaxed")
ALGORITHMS: Final = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}  # RFC 8301, RFC 8463
OLD_ALGORITHM: Final = "rsa-sha1"  # RFC 8301 section 3.1: neither made nor taken any more
_GRAVE: Final = frozenset(FaultKind) - {FaultKind.EMPTY_PART, FaultKind.BAD_VALUE}


@dataclass(frozen=True, slots=True)
class SignatureField:
    """One signature as it stands in the header.

    `fault` is the code of what makes it useless whatever its key is, and empty where nothing does;
    `detail` is then the tag to blame. `domain` is None where `d=` is no domain. `number` is its
    place among the signatures of the mail, from the top.
    """

    number: int
    raw: HeaderField
    d: str
    s: str
    domain: Domain | None = None
    key_name: dns.name.Name | None = None
    algorithm: str = ""
    header_canon: str = "simple"
    body_canon: str = "simple"
    signed: tuple[str, ...] = ()  # h= in lower case
    body_hash: bytes = b""
    signature: bytes = b""
    identity: str = ""  # the domain of i=
    length: int | None = None  # l=
    made_at: int | None = None  # t=
    ends_at: int | None = None  # x=
    fault: str = ""
    detail: str = ""


def read_signatures(header: MailHeader, tested: Domain | None) -> tuple[SignatureField, ...]:
    """Return the signatures that are looked at, in their order; those of the tested domain first.

    More than `MOST_SIGNATURES` are not looked at, whoever put them there.
    """
    read = [_read(number, field) for number, field in enumerate(header.all("dkim-signature"))]
    read.sort(key=lambda one: tested is None or one.domain != tested)
    return tuple(sorted(read[:MOST_SIGNATURES], key=lambda one: one.number))


def find_time_fault(signature: SignatureField, now: int) -> str:
    """Return the code of why a signature does not hold at a time in seconds; empty if it does."""
    if signature.ends_at is not None and signature.ends_at < now:
        return "mail-signature-expired"
    if signature.made_at is not None and signature.made_at > now + _LEEWAY:
        return "mail-signature-future"
    return ""


def _read(number: int, field: HeaderField) -> SignatureField:
    if len(field.value) > _LONGEST or _FOLDS.search(field.value):
        return SignatureField(number, field, "", "", fault="mail-signature-odd", detail="size")
    tags = parse_tags(field.value)
    grave = next((fault for fault in tags.faults if fault.kind in _GRAVE), None)
    pairs = {name: "".join(value.split()) for name, value in reversed(tags.pairs)}
    d, s = pairs.get("d", "")[:_NAMED], pairs.get("s", "")[:_NAMED]
    domain = read_domain(pairs.get("d", ""))
    name = _find_key_name(pairs.get("s", ""), domain)
    fault, detail = "", "" if grave is None else grave.text[:_NAMED]
    if grave is not None:
        fault = "mail-signature-odd"
    elif pairs.get("a", "").lower() == OLD_ALGORITHM:
        fault = "mail-signature-sha1"
    elif detail := _find_odd_tag(pairs, domain, name):
        fault = "mail-signature-odd"
    elif "from" not in _split(pairs["h"]):  # section 5.4: From has to be signed
        fault = "mail-from-unsigned"
    if fault:
        return SignatureField(number, field, d, s, domain, name, fault=fault, detail=detail)
    header_canon, _, body_canon = pairs.get("c", "simple/simple").lower().partition("/")
    return SignatureField(
        number,
        field,
        d,
        s,
        domain,
        name,
        algorithm=pairs["a"].lower(),
        header_canon=header_canon,
        body_canon=body_canon or "simple",
        signed=_split(pairs["h"]),
        body_hash=_decode(pairs["bh"]),
        signature=_decode(pairs["b"]),
        identity=_read_identity(pairs),
        length=_read_number(pairs.get("l")),
        made_at=_read_number(pairs.get("t")),
        ends_at=_read_number(pairs.get("x")),
    )


def _find_odd_tag(pairs: dict[str, str], domain: Domain | None, name: dns.name.Name | None) -> str:
    """Return the first tag that keeps a signature from being read (section 3.5); "" for none."""
    canon = pairs.get("c", "simple/simple").lower().split("/")
    h = _split(pairs.get("h", ""))
    for tag in ("t", "x", "l"):
        if tag in pairs and not _NUMBER.fullmatch(pairs[tag]):
            return tag
    made, ends = _read_number(pairs.get("t")), _read_number(pairs.get("x"))
    sound = {
        "v": pairs.get("v") == "1",
        "a": pairs.get("a", "").lower() in ALGORITHMS,
        "d": domain is not None,
        "s": name is not None,
        "c": len(canon) <= 2 and all(one in _CANON for one in canon),
        "q": "dns/txt" in _split(pairs.get("q", "dns/txt")),
        "h": 0 < len(h) <= MOST_SIGNED and all(map(_HEADER_NAME.fullmatch, h)),
        "bh": bool(_decode(pairs.get("bh", ""))),
        "b": bool(_decode(pairs.get("b", ""))),
        "i": domain is None or _is_below(_read_identity(pairs), domain.ascii),
        "x": made is None or ends is None or made <= ends,
    }
    return next((tag for tag, is_sound in sound.items() if not is_sound), "")


def _is_below(identity: str, domain: str) -> bool:
    """Whether i= is of the domain or below it (section 3.5); not just with the same ending."""
    return identity == domain or identity.endswith(f".{domain}")


def _read_identity(pairs: dict[str, str]) -> str:
    said = pairs.get("i", "@" + pairs.get("d", ""))
    domain = read_domain(said.rpartition("@")[2]) if "@" in said else None
    return "" if domain is None else domain.ascii


def _find_key_name(selector: str, domain: Domain | None) -> dns.name.Name | None:
    if domain is None or not _SELECTOR.fullmatch(selector):
        return None
    try:
        return dns.name.from_text(f"{selector}._domainkey", domain.name)
    except dns.exception.DNSException:  # too long
        return None


def _split(value: str) -> tuple[str, ...]:
    return tuple(part.lower() for part in value.split(":") if part)


def _read_number(value: str | None) -> int | None:
    return int(value) if value and _NUMBER.fullmatch(value) else None


def _decode(value: str) -> bytes:
    """Return the octets of a base64 value without blanks; none where it is not one."""
    if not _BASE64.fullmatch(value) or len(value) % 4:
        return b""
    return base64.b64decode(value)
