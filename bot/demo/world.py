"""The demo's DNS: one mail server, and members' domains that each get something else wrong."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.demo.dkim_keys import KEYS
from bot.demo.zones import Zone, Zones, parse_zone
from bot.dns.answer import ExtendedError

if TYPE_CHECKING:
    from collections.abc import Mapping

# The settings of the mail server in this world; DNS_SERVERS is the caller's, who knows the port.
DEMO_ENVIRONMENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "MAIL_HOST": "mx1.cow.example",
        "MAIL_SPF": "v=spf1 include:_spf.cow.example -all",
        "MAIL_NAME": "Cow Mail",
        "MAIL_ABOUT": "A private mail server on a quiet farm.",
        "ADMIN_CONTACT": "admin@cow.example",
        "DKIM_SELECTOR": "dkim",
        "DMARC_RUA": "mailto:dmarc@cow.example",
    }
)

# The addresses of the mail server.
HOST_ADDRESSES: Final = ("198.51.100.25", "2001:db8:25::25")

# Another server, which sends mail of members without being allowed to.
OTHER_SERVER: Final = ("mx.oldpost.example", "203.0.113.60")

# Domains whose members have to ask the admin for something before all can be right.
WITHOUT_KEY: Final = "newcomer.example"  # the mail server has no DKIM key for it yet
NOT_HOSTED: Final = frozenset({"open.example", "fresh.example"})  # it does not know these yet

_SURROUNDINGS: Final = MappingProxyType(
    {
        "cow.example": """
            @ A 198.51.100.25
            @ MX 10 mx1.cow.example.
            @ TXT "v=spf1 mx -all"
            mx1 A 198.51.100.25
            mx1 AAAA 2001:db8:25::25
            mx1 TXT "v=spf1 a -all"
            _spf TXT "v=spf1 ip4:198.51.100.25 ip6:2001:db8:25::25 -all"
            *._report._dmarc TXT "v=DMARC1;"
        """,
        "100.51.198.in-addr.arpa": "25 PTR mx1.cow.example.",
        "5.2.0.0.8.b.d.0.1.0.0.2.ip6.arpa": (
            "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR mx1.cow.example."
        ),
        # Where some members had their mail before.
        "oldpost.example": """
            @ A 203.0.113.60
            mx A 203.0.113.60
            _spf TXT "v=spf1 ip4:203.0.113.60 -all"
        """,
        # Where the mailbox for test mails is.
        "else.example": """
            @ A 203.0.113.90
            @ MX 10 mx.else.example.
            @ TXT "v=spf1 mx -all"
            mx A 203.0.113.90
        """,
        # Where some members send a newsletter from.
        "letters.example": """
            @ A 192.0.2.10
            _spf TXT "v=spf1 ip4:192.0.2.10 -all"
        """,
    }
)

_WEBSITE = """
    @ A 203.0.113.80
    www A 203.0.113.80
"""
_MX = "@ MX 10 mx1.cow.example."
_SPF = '@ TXT "v=spf1 include:_spf.cow.example -all"'
_DMARC = '_dmarc TXT "v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example"'
_ALIASES = """
    mail CNAME mx1.cow.example.
    autoconfig CNAME mx1.cow.example.
    autodiscover CNAME mx1.cow.example.
    _autodiscover._tcp SRV 0 1 443 mx1.cow.example.
"""


@dataclass(frozen=True, slots=True)
class DemoDomain:
    """One member's domain.

    `about` says in one sentence what is wrong with it. `dkim` is the value that the mail server
    hands out for it; `text` is its zone as it stands, `mended` with all records right.
    """

    name: str
    about: str
    dkim: str
    text: str
    mended: str
    failing: ExtendedError | None = None  # its name servers fail, with this error


def zones() -> Zones:
    """Return the whole world, every domain as it stands."""
    texts = {**_SURROUNDINGS, **{domain.name: domain.text for domain in DOMAINS.values()}}
    failing = {d.name: d.failing for d in DOMAINS.values() if d.failing is not None}
    return Zones.of(texts, servfail=failing)


def mend(name: str) -> Zone:
    """Return the zone of a domain with all its records right, for `Zones.with_zone`.

    Raises KeyError for a name that is none of `DOMAINS`.
    """
    return parse_zone(name, DOMAINS[name].mended)


def _dkim(key: str) -> str:
    """Return the value that the mail server hands out for a key."""
    return f"v=DKIM1;k=rsa;t=s;s=email;p={key}"


def key_line(selector: str, key: str) -> str:
    """Return the record that the mail server hands out for a key, as a line of a zone."""
    return _dkim_line(_dkim(key), selector)


def _dkim_line(value: str, selector: str = "dkim") -> str:
    """Return the record of a DKIM value, in strings of at most 255 octets (RFC 1035 3.3)."""
    strings = (value[start : start + 255] for start in range(0, len(value), 255))
    return f"{selector}._domainkey TXT " + " ".join(f'"{string}"' for string in strings)


def _zone_text(*records: str) -> str:
    """Return the text of a zone that holds a website and these records."""
    return "\n".join((_WEBSITE, *records))


def _domain(
    label: str,
    about: str,
    *,
    mx: str = _MX,
    spf: str = _SPF,
    dkim: str | None = None,
    dmarc: str = _DMARC,
    aliases: str = _ALIASES,
    right_spf: str = _SPF,
    failing: ExtendedError | None = None,
) -> DemoDomain:
    """Return a domain whose records are right but for those given; `dkim` is a whole line."""
    value = _dkim(KEYS[label])
    right = _dkim_line(value)
    return DemoDomain(
        name=f"{label}.example",
        about=about,
        dkim=value,
        text=_zone_text(mx, spf, right if dkim is None else dkim, dmarc, aliases),
        mended=_zone_text(_MX, right_spf, right, _DMARC, _ALIASES),
        failing=failing,
    )


DOMAINS: Final[Mapping[str, DemoDomain]] = MappingProxyType(
    {
        domain.name: domain
        for domain in (
            _domain("friend", "Everything is right."),
            _domain("vintage", "Everything works, with a DKIM key of 1024 bits that is to go."),
            _domain(
                "newcomer",
                "There is a website and nothing for mail yet.",
                mx="",
                spf="",
                dkim="",
                dmarc="",
                aliases="",
            ),
            _domain(
                "fresh",
                "Nothing is there yet, and the mail server has no such domain.",
                mx="",
                spf="",
                dkim="",
                dmarc="",
                aliases="",
            ),
            _domain(
                "mover",
                "The old provider's MX still comes first.",
                mx="@ MX 5 mx.oldpost.example.\n@ MX 10 mx1.cow.example.",
            ),
            _domain(
                "dotless",
                "The provider appended the domain to the MX target.",
                mx="@ MX 10 mx1.cow.example.dotless.example.",
            ),
            _domain(
                "twice",
                "There are two SPF records.",
                spf=f'@ TXT "v=spf1 include:_spf.oldpost.example ~all"\n{_SPF}',
            ),
            _domain(
                "loyal",
                "The SPF record allows the newsletter service but not the mail server.",
                spf='@ TXT "v=spf1 include:_spf.letters.example ~all"',
                right_spf=(
                    '@ TXT "v=spf1 include:_spf.cow.example include:_spf.letters.example -all"'
                ),
            ),
            _domain(
                "open",
                "The SPF record lets everybody send (+all); the mail server has no such domain.",
                spf='@ TXT "v=spf1 include:_spf.cow.example +all"',
            ),
            _domain(
                "snipped",
                "The DKIM key was cut after 255 characters.",
                dkim=_dkim_line(_dkim(KEYS["snipped"])[:255]),
            ),
            _domain(
                "stranger",
                "The DKIM record holds another server's key.",
                dkim=_dkim_line(_dkim(KEYS["stranger-old"])),
            ),
            _domain(
                "eager",
                "DMARC already asks to reject mail, but there is no DKIM record.",
                dkim="",
            ),
            _domain(
                "broken",
                "The name servers fail: DNSSEC is still on after a move.",
                failing=ExtendedError(9, "no key that matches the DS of broken.example."),
            ),
        )
    }
)
