"""Whoever receives mail: asks the DNS for the key that a mail names, and verifies the signature.

The verifier is dkimpy, and nothing of ours. One receiver keeps no answer; another keeps each for as
long as its TTL says, "does not exist" too (RFC 2308 section 5).
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import dkim
import dns.asyncquery
import dns.message
import dns.rdatatype

_PATIENCE: Final = 5.0  # seconds for an answer
_SILENT: Final = logging.getLogger(f"{__name__}.library")
_SILENT.setLevel(logging.CRITICAL + 1)


class Arrived(StrEnum):
    """What a mail came to."""

    VERIFIED = "verified"
    UNSIGNED = "unsigned"
    TWO_SIGNATURES = "two signatures"
    NO_RECORD = "no record for its key"
    WRONG_KEY = "wrong key"


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """The text at the name of a key, None where there is none; and until when it may be kept."""

    text: bytes | None
    until: float  # of the monotonic clock


@dataclass(frozen=True, slots=True)
class SignedMail:
    """A mail as it left; `selector` is empty where it is not signed, two have a blank between."""

    raw: bytes
    domain: str
    selector: str

    @property
    def key_name(self) -> str:
        """Where its key is looked for."""
        return f"{self.selector}._domainkey.{self.domain}."


class Receiver:
    """Verifies mails by what one name server says; `keeps`: answers, as long as it may."""

    def __init__(self, server: tuple[str, int], *, keeps: bool) -> None:
        self.server = server
        self._keeps = keeps
        self._kept: dict[str, KeyAnswer] = {}

    async def ask(self, name: str) -> KeyAnswer:
        """Return what is at a name."""
        kept = self._kept.get(name)
        if kept is not None and kept.until > time.monotonic():
            return kept
        answer = await _ask(self.server, name)
        if self._keeps:
            self._kept[name] = answer
        return answer

    async def take(self, mail: SignedMail) -> Arrived:
        """Return what a mail comes to now."""
        if not mail.selector:
            return Arrived.UNSIGNED
        if " " in mail.selector:
            return Arrived.TWO_SIGNATURES
        answer = await self.ask(mail.key_name)
        return Arrived.NO_RECORD if answer.text is None else verify(mail, answer.text)


def verify(mail: SignedMail, record: bytes) -> Arrived:
    """Return what a signed mail comes to with this key record."""
    try:
        good = dkim.DKIM(mail.raw, logger=_SILENT).verify(dnsfunc=lambda _name, **_: record)
    except dkim.DKIMException:
        good = False
    return Arrived.VERIFIED if good else Arrived.WRONG_KEY


async def _ask(server: tuple[str, int], name: str) -> KeyAnswer:
    query = dns.message.make_query(name, dns.rdatatype.TXT, use_edns=0, payload=4096)
    reply = await dns.asyncquery.udp(query, server[0], _PATIENCE, server[1])
    now = time.monotonic()
    for rrset in reply.answer:
        if rrset.rdtype == dns.rdatatype.TXT:
            return KeyAnswer(b"".join(rrset[0].strings), now + rrset.ttl)
    soa = next((r for r in reply.authority if r.rdtype == dns.rdatatype.SOA), None)
    return KeyAnswer(None, now + (0 if soa is None else min(soa.ttl, soa[0].minimum)))
