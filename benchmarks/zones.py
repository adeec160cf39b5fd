"""The world that is measured in: a mail server's zone and healthy members, made from a seed."""

from __future__ import annotations

import base64
import random
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import dns.name

from bot.demo.dkim_keys import KEYS
from bot.records.key_soundness import is_damaged
from bot.records.mail_server import MailServer

if TYPE_CHECKING:
    from collections.abc import Mapping

MEMBER: Final = "friend.example"  # the one domain that is looked at closely
PLAIN_MEMBER: Final = "neighbour.example"  # a second one, that sends from nowhere else
SEED: Final = 20261122
SPF: Final = "v=spf1 include:_spf.cow.example -all"
DMARC: Final = "v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example"

# A member's TXT and three includes, one in the other: four questions that wait for each other.
_SERVER_ZONE = """
@ A 198.51.100.25
@ MX 10 mx1.cow.example.
@ TXT "v=spf1 mx -all"
mx1 A 198.51.100.25
mx1 AAAA 2001:db8:25::25
mx1 TXT "v=spf1 a -all"
_spf TXT "v=spf1 include:_spf-north.cow.example -all"
_spf-north TXT "v=spf1 include:_spf-farm.cow.example -all"
_spf-farm TXT "v=spf1 ip4:198.51.100.25 ip6:2001:db8:25::25 -all"
*._report._dmarc TXT "v=DMARC1;"
"""
SURROUNDINGS: Final = MappingProxyType(
    {
        "cow.example": _SERVER_ZONE,
        "100.51.198.in-addr.arpa": "25 PTR mx1.cow.example.",
        "5.2.0.0.8.b.d.0.1.0.0.2.ip6.arpa": (
            "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR mx1.cow.example."
        ),
        # A service that the member sends a newsletter with.
        "letters.example": """
            _spf TXT "v=spf1 include:_spf-one.letters.example include:_spf-two.letters.example -all"
            _spf-one TXT "v=spf1 ip4:192.0.2.0/26 -all"
            _spf-two TXT "v=spf1 ip4:192.0.2.64/26 -all"
        """,
    }
)
_MEMBER_ZONE: Final = f"""
@ A 203.0.113.80
www A 203.0.113.80
@ MX 10 mx1.cow.example.
_dmarc TXT "{DMARC}"
mail CNAME mx1.cow.example.
autoconfig CNAME mx1.cow.example.
autodiscover CNAME mx1.cow.example.
_autodiscover._tcp SRV 0 1 443 mx1.cow.example.
"""
_SPF_LINE = re.compile(r'(\S+) TXT "(v=spf1 [^"]*)"')
_INCLUDE = re.compile(r"include:(\S+)")


@dataclass(frozen=True, slots=True)
class World:
    """Zone texts by origin, as `bot.demo.zones.parse_zone` reads them, and members' DKIM values."""

    zones: Mapping[str, str]
    dkim: Mapping[str, str]


def make_server() -> MailServer:
    """Return the mail server of the world."""
    return MailServer(
        host=dns.name.from_text("mx1.cow.example."),
        spf=SPF,
        dmarc=DMARC,
        name="Cow Mail",
        dmarc_rua="mailto:dmarc@cow.example",
    )


def make_world(members: int) -> World:
    """Return a world with two members and so many more, the same at every call."""
    names = (MEMBER, PLAIN_MEMBER, *(f"d{number:03}.example" for number in range(1, members + 1)))
    rng = random.Random(SEED)
    dkim = {name: f"v=DKIM1;k=rsa;t=s;s=email;p={_make_key(rng)}" for name in names}
    members_zones = {
        name: f'{_MEMBER_ZONE}@ TXT "{_spf_of(name)}"\n{_dkim_line(value)}\n'
        for name, value in dkim.items()
    }
    return World({**SURROUNDINGS, **members_zones}, dkim)


def find_chains(world: World, name: str) -> dict[str, int]:
    """Return how many questions wait for each other in each chain that a member's zone begins.

    The SPF chain is counted in the zones: a TXT and whatever it includes. An MX leads to the
    addresses of its host, a DMARC record to the authorisation at the domain that gets the
    reports, and an alias out of the zone to the addresses of its target.
    """
    records = {
        owner if label == "@" else f"{label}.{owner}": text
        for owner, zone in world.zones.items()
        for label, text in _SPF_LINE.findall(zone)
    }

    def depth(owner: str) -> int:
        included = _INCLUDE.findall(records.get(owner, ""))
        return 1 + max((depth(target) for target in included), default=0)

    zone = world.zones[name]
    return {
        "SPF": depth(name),
        "MX": 1 + (" MX " in zone),
        "DMARC": 1 + ("rua=" in zone),
        "alias": 1 + (" CNAME " in zone),
    }


def _spf_of(name: str) -> str:
    return SPF.replace(" -all", " include:_spf.letters.example -all") if name == MEMBER else SPF


def _make_key(rng: random.Random) -> str:
    """Return an RSA public key whose modulus has no small factors, as a real one has none."""
    der = bytearray(base64.b64decode(KEYS["friend"]))
    while True:
        der[60:200] = rng.randbytes(140)  # inside the modulus, which begins at octet 33
        if not is_damaged(bytes(der), "rsa"):
            return base64.b64encode(der).decode()


def _dkim_line(value: str) -> str:
    strings = (value[start : start + 255] for start in range(0, len(value), 255))
    return "dkim._domainkey TXT " + " ".join(f'"{string}"' for string in strings)
