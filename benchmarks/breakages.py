"""Members' zones as the guide has them, what people break in them, and when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from benchmarks.zones import DMARC, SPF
from bot.demo.dkim_keys import KEYS
from bot.demo.zones import NAME_SERVERS

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping
    from datetime import datetime

KEY: Final = f"v=DKIM1;k=rsa;t=s;s=email;p={KEYS['friend']}"
_SOA: Final = f"ns1.{NAME_SERVERS} hostmaster.{NAME_SERVERS} 1 7200 3600 1209600"
_TTLS: Final = (300, 3600, 3600, 3600, 14_400, 86_400)  # seconds
_NEGATIVE: Final = (300, 3600, 3600, 14_400)
_LINE: Final = re.compile(r"^(?P<owner>\S+) \d+ (?P<type>\S+) ", re.MULTILINE)

# Where people's own services and new providers are.
ELSEWHERE: Final = MappingProxyType(
    {
        "elsewhere.example": "@ A 203.0.113.9\nmx A 203.0.113.25\nweb A 203.0.113.81",
        "other-dns.example": "ns1 A 203.0.113.53\nns2 A 203.0.113.54",
    }
)


@dataclass(frozen=True, slots=True)
class MemberZone:
    """A member's zone: its records one a line, each with a TTL; everything is right in it."""

    name: str
    ttl: int  # seconds
    negative_ttl: int
    has_aliases: bool = True

    @classmethod
    def by_chance(cls, name: str, chance: random.Random) -> MemberZone:
        """Return a zone with TTLs as people have them."""
        return cls(name, chance.choice(_TTLS), chance.choice(_NEGATIVE), chance.random() < 0.7)

    @property
    def longest_kept(self) -> timedelta:
        """How long any answer about it stays in caches."""
        return timedelta(seconds=max(self.ttl, self.negative_ttl))

    @property
    def text(self) -> str:
        """The zone as it should be."""
        key = " ".join(f'"{KEY[start : start + 255]}"' for start in range(0, len(KEY), 255))
        records = [
            f"@ NS ns1.{NAME_SERVERS}",
            f"@ NS ns2.{NAME_SERVERS}",
            "@ A 203.0.113.80",
            "www A 203.0.113.80",
            "@ MX 10 mx1.cow.example.",
            f'@ TXT "{SPF}"',
            f"dkim._domainkey TXT {key}",
            f'_dmarc TXT "{DMARC}"',
        ]
        if self.has_aliases:
            labels = ("mail", "autoconfig", "autodiscover")
            records += [f"{label} CNAME mx1.cow.example." for label in labels]
        lines = [f"@ {self.ttl} SOA {_SOA} {self.negative_ttl}"]
        for record in records:
            owner, rest = record.split(" ", 1)
            lines.append(f"{owner} {self.ttl} {rest}")
        return "\n".join(lines)


def _without(text: str, owner: str, rdtype: str) -> str:
    """Return a zone without the records of an owner and a type."""
    start = re.compile(rf"{re.escape(owner)} \d+ {rdtype} ")
    return "\n".join(line for line in text.splitlines() if not start.match(line))


def _move_servers(text: str) -> str:
    """Return the zone at new name servers, where nobody copied the records for mail."""
    moved = text.replace(str(NAME_SERVERS), "other-dns.example.")
    for owner, rdtype in (("@", "MX"), ("@", "TXT"), ("dkim._domainkey", "TXT"), ("_dmarc", "TXT")):
        moved = _without(moved, owner, rdtype)
    return moved


def _alias_apex(text: str) -> str:
    """Return the zone with an alias at its apex, which some providers let people type."""
    for rdtype in ("A", "MX", "TXT"):
        text = _without(text, "@", rdtype)
    return f"{text}\n@ 3600 CNAME web.elsewhere.example."


KINDS: Final[Mapping[str, Callable[[str], str | None]]] = MappingProxyType(
    {
        "MX gone": lambda text: _without(text, "@", "MX"),
        "MX to another host": lambda text: text.replace(
            "MX 10 mx1.cow.example.", "MX 10 mx.elsewhere.example."
        ),
        "MX without its dot": lambda text: text.replace(
            "10 mx1.cow.example.", "10 mx1.cow.example"
        ),
        "SPF gone": lambda text: _without(text, "@", "TXT"),
        "SPF without our term": lambda text: text.replace(SPF, "v=spf1 a -all"),
        "SPF twice": lambda text: f'{text}\n@ 3600 TXT "v=spf1 a -all"',
        "DKIM gone": lambda text: _without(text, "dkim._domainkey", "TXT"),
        "DKIM cut off": lambda text: re.sub(
            r'(dkim._domainkey \d+ TXT "[^"]{100})[^\n]*', r'\1"', text
        ),
        "DMARC gone": lambda text: _without(text, "_dmarc", "TXT"),
        "DMARC broken": lambda text: text.replace("v=DMARC1; p=reject;", "v=DMARC1 p=reject"),
        "name servers moved": _move_servers,
        "alias at the apex": _alias_apex,
        "domain expired": lambda _: None,
    }
)


@dataclass(frozen=True, slots=True)
class Breakage:
    """What was broken at a domain, and each time from when until when."""

    domain: str
    kind: str
    phases: tuple[tuple[datetime, datetime], ...]

    @property
    def is_flapping(self) -> bool:
        """Whether it was right in between."""
        return len(self.phases) > 1

    @property
    def begins(self) -> datetime:
        """When it broke."""
        return self.phases[0][0]

    @property
    def ends(self) -> datetime:
        """When it was mended for good."""
        return self.phases[-1][1]


def flap(begins: datetime, chance: random.Random) -> tuple[tuple[datetime, datetime], ...]:
    """Return phases of a fault that comes back after hours, and at last after days.

    It stays long enough each time to be seen, and away for less than what counts as mended.
    """
    phases, at = [], begins
    for number in range(chance.randint(3, 5)):
        until = at + timedelta(
            hours=chance.uniform(48, 72) if not number else chance.uniform(24, 40)
        )
        phases.append((at, until))
        away = chance.uniform(2, 16) if number < 2 else chance.uniform(2, 34)
        at = until + timedelta(hours=away)
    return tuple(phases)
