"""Builds test mails: composed, signed with throw-away keys, delivered, and judged."""

from __future__ import annotations

import asyncio
import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Final

import dkim
import dkim.canonicalization
import dkim.crypto
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from nacl.signing import SigningKey

from bot.checks.mail.received_mail import ReceivedMail
from bot.checks.observe.arriving_mail import receive_mail
from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KeyUnknown, KnownKey
from observed_domain import SERVER
from zone_reports import LinesAsk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.checks.mail.mail_verdict import MailVerdict
    from bot.dns.answer import Outcome
    from bot.records.dkim_key import DkimKnowledge
    from bot.records.key_change import KeyChange

AT: Final = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
NOW: Final = int(AT.timestamp())
FRIEND: Final = Domain.from_ascii("friend.example")
OURS: Final = "198.51.100.25"  # the mail host's address
OTHER: Final = "203.0.113.77"  # another server's
SIGNED: Final = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type")


# A throw-away key of 768 bits: short ones are not made any more.
_WEAK: Final = b"""\
-----BEGIN RSA PRIVATE KEY-----
MIIByQIBAAJhAOEVFb9r5n8jtOsMIP4+1WjxhJSFzF4EWBYAQfohp+5JkXddF19X
W0uEOBax9lX5W43abAqfjQ7+BPrQIE7FKfNGZj39OviQ2yGs5ZSvtxHGqMMT7p8l
YpucCYCkpx2ahwIDAQABAmBmdnzB+VKiihSv84OJef0Ymump2wbfvcaDrXZbcbrK
xP7NgblEE7ZhuDz4R+dF2A81ABbBL9/Yu5tZ9aue9LfrPsA1p3CZw57MV8Jxdloh
MnDd2x7EG1aaHWhzDVNovkECMQDzU0N85x3e44pQgjR/LOZloci2LFt5tiSzsPvF
pKj3uiFZSB2a5iPeAehNGXBHNfECMQDszo2J8IJ47MbrB35Qecb+mFl2y2nXnMV/
cyVDaMufGSADDLMB7ej4tOWhH2sGf/cCMFCPZq65zjf3Wdnh4gOhF/7aG5vE/9xC
I9Cibhk3tQGfzF7E85hPTdy5APJV08if4QIwCdFCYu6aqiK+2G2WGgYCbvmn89nZ
CHxSX8dJSzMkBfOHtTiojzLqzqzJPFXOHRXfAjA2WNL46hhOfk5kY2kGEjCCR+uV
Ry0HFdDWW8ELdqL6+05I2wsF7rm41kNxKomPpec=
-----END RSA PRIVATE KEY-----
"""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A throw-away key: what signs, and what is published."""

    private: rsa.RSAPrivateKey

    @property
    def pem(self) -> bytes:
        """The private half as dkimpy reads it."""
        form = (Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        return self.private.private_bytes(*form)

    @property
    def record(self) -> str:
        """The value that is published."""
        key = self.private.public_key()
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


class EdwardsKey:
    """A throw-away Ed25519 key (RFC 8463)."""

    def __init__(self) -> None:
        self.private = SigningKey(bytes(range(32)))
        public = base64.b64encode(bytes(self.private.verify_key)).decode()
        self.record = f"v=DKIM1; k=ed25519; p={public}"


@cache
def key_pair(name: str = "server") -> KeyPair:
    """Return the key of this name, the same each time."""
    return KeyPair(rsa.generate_private_key(65537, 2048))


def weak_key() -> KeyPair:
    """Return a key of 768 bits."""
    key = load_pem_private_key(_WEAK, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return KeyPair(key)


def txt(owner: str, value: str) -> str:
    """Return the line of a zone with a text of any length."""
    parts = " ".join(f'"{value[at : at + 250]}"' for at in range(0, len(value), 250))
    return f"{owner}. TXT {parts}\n"


def key_line(domain: str, selector: str = "dkim", key: KeyPair | None = None) -> str:
    """Return the line of a zone that publishes a key."""
    return txt(f"{selector}._domainkey.{domain}", (key or key_pair()).record)


def zone(
    *more: str,
    key: str | None = None,
    spf: str = "v=spf1 ip4:198.51.100.25 -all",
    dmarc: str = "v=DMARC1; p=none",
) -> str:
    """Return the lines of a world in which all is right, but for what is given."""
    lines = [f"mx1.cow.example. A {OURS}\n", "mx1.cow.example. AAAA 2001:db8::25\n"]
    lines.append(key_line("friend.example") if key is None else key)
    lines += [txt("friend.example", spf)] if spf else []
    lines += [txt("_dmarc.friend.example", dmarc)] if dmarc else []
    return "".join((*lines, *more))


def compose(
    body: bytes = b"A test.\r\n",
    *,
    sender: str = "Ann <ann@friend.example>",
    more: str = "",
) -> bytes:
    """Return a mail as a program hands it in."""
    head = (
        f"From: {sender}\r\nTo: probe@else.example\r\nSubject: test\r\n"
        "Date: Sun, 29 Nov 2026 11:59:58 +0000\r\nMessage-ID: <1@friend.example>\r\n"
        f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n{more}"
    )
    return head.encode() + b"\r\n" + body


def sign(
    message: bytes,
    *,
    domain: str = "friend.example",
    selector: str = "dkim",
    key: KeyPair | EdwardsKey | None = None,
    canon: str = "relaxed/relaxed",
    signed: tuple[str, ...] = SIGNED,
    tags: Mapping[str, str] | None = None,
    length: int | None = None,
    algorithm: str = "rsa-sha256",
) -> bytes:
    """Return a mail with a signature on top; `tags` are put in as they stand."""
    key = key or key_pair()
    if isinstance(key, EdwardsKey):
        algorithm, pk = "ed25519-sha256", key.private
    else:
        pk = dkim.crypto.parse_pem_private_key(key.pem)
    signer = dkim.DKIM(message, signature_algorithm=algorithm.encode())
    policy = dkim.canonicalization.CanonicalizationPolicy.from_c_value(canon.encode())
    signer.hasher = dkim.crypto.HASH_ALGORITHMS[algorithm.encode()]
    body = policy.canonicalize_body(signer.body)[:length]
    digest = base64.b64encode(signer.hasher(body).digest()).decode()
    fields = {"v": "1", "a": algorithm, "c": canon, "d": domain, "s": selector, "t": str(NOW - 2)}
    fields |= {} if length is None else {"l": str(length)}
    fields |= {"h": ":".join(signed), "bh": digest, **(tags or {}), "b": "0" * 60}
    rows = [(name.encode(), value.encode()) for name, value in fields.items()]
    names = [name.encode() for name in signed]
    value = signer.gen_header(rows, names, policy, b"DKIM-Signature", pk)
    return b"DKIM-Signature: " + bytes(value) + message


def hand_in(message: bytes) -> bytes:
    """Return a mail as the mail host sends it on: with the hop by which it came from a member."""
    hop = (
        "Received: from [192.0.2.9] (unknown [192.0.2.9])\r\n"
        "\tby mx1.cow.example (Postcow) with ESMTPSA id 1F00D\r\n"
        "\tfor <probe@else.example>; Sun, 29 Nov 2026 11:59:59 +0000 (UTC)\r\n"
    )
    return hop.encode() + message


def deliver(
    message: bytes,
    *,
    address: str = OURS,
    name: str = "mx1.cow.example",
    looked_up: str | None = None,
    sender: str = "ann@friend.example",
    results: str = "",
) -> bytes:
    """Return a mail as the probe mailbox holds it: with what its server writes on top."""
    trace = (
        f"Return-Path: <{sender}>\r\nDelivered-To: probe@else.example\r\n"
        "Received: from mail.else.example ([172.22.1.253])\r\n"
        "\tby 5e1d8a2a3f4b with LMTP\r\n\tid aGxQ (envelope-from <>)\r\n"
        "\tfor <probe@else.example>; Sun, 29 Nov 2026 12:00:00 +0000\r\n"
        f"Received: from {name} ({looked_up or name} [{address}])\r\n"
        "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n"
        "\t key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256)\r\n"
        "\t(No client certificate requested)\r\n"
        "\tby mail.else.example (Postcow) with ESMTPS id 4ABC\r\n"
        "\tfor <probe@else.example>; Sun, 29 Nov 2026 12:00:00 +0000 (UTC)\r\n"
    )
    said = f"Authentication-Results: {results}\r\n" if results else ""
    return (trace + said).encode() + message


def good_mail(body: bytes = b"A test.\r\n") -> bytes:
    """Return a mail that passes."""
    return deliver(hand_in(sign(compose(body))))


def known_key(selector: str = "dkim", key: KeyPair | None = None) -> KnownKey:
    """Return what a mail server tells of the key that it signs with."""
    return KnownKey(selector, DkimRecord.read((key or key_pair()).record), "mailcow")


def judge(
    raw: bytes,
    world: str | None = None,
    *,
    domain: Domain | None = FRIEND,
    dkim_known: DkimKnowledge | None = None,
    failing: dict[str, Outcome] | None = None,
    is_foreign: bool = True,
    receiver: tuple[str, ...] = ("else.example",),
    change: KeyChange | None = None,
) -> MailVerdict:
    """Return the verdict on a mail in a world of records."""
    mail = ReceivedMail(
        raw,
        AT,
        tuple(map(Domain.from_ascii, receiver)),
        domain,
        dkim_known or KeyUnknown(),
        is_foreign,
        change,
    )
    ask = LinesAsk(zone() if world is None else world, failing)
    return asyncio.run(receive_mail(ask, SERVER, mail))


def codes(verdict: MailVerdict) -> list[str]:
    """Return the codes of a verdict's causes, in their order."""
    return [cause.code for cause in verdict.causes]


def without_signature(raw: bytes) -> bytes:
    """Return a mail without its DKIM-Signature fields."""
    return re.sub(rb"DKIM-Signature:.*?\r\n(?![ \t])", b"", raw, flags=re.DOTALL)
