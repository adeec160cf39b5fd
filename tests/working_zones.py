"""Domains on which nothing is wrong, put together by chance from what working ones look like."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from bot.records.presentation import quoted_parts
from deceiving_zones import DOMAIN, FILE, P

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OURS: Final = "v=spf1 ip4:198.51.100.25 ip6:2001:db8:25::25 -all"
PUBLIC: Final = f"v=DKIM1;k=rsa;t=s;s=email;p={P}"

# Zones of other people that the domain's records lead to.
WORLD: Final = {
    "vendor.example": f"""
        @ A 192.0.2.80
        spf TXT "v=spf1 ip4:192.0.2.0/28 ~all"
        friend.example TXT "{OURS}"
        friend TXT "{OURS}"
        198.51.100.25.spf A 127.0.0.2
        *.0.0.0.0.0.0.2.5.spf A 127.0.0.2
        198.51.100.25._ip.mx1.cow.example.helo TXT "v=spf1 ip4:198.51.100.25 -all"
        *._ip.mx1.cow.example.helo TXT "v=spf1 ip6:2001:db8:25::25 -all"
        key TXT {quoted_parts(PUBLIC)}
        dmarc TXT "v=DMARC1; p=reject; rua=mailto:friend@vendor.example"
        *._report._dmarc TXT "v=DMARC1"
        www A 192.0.2.81
        www AAAA 2001:db8:80::81
        mailer._domainkey TXT "v=DKIM1; p={P[:180]}" "{P[180:]}"
    """,
    "key-zone.example": "@ A 192.0.2.82",
}

# How the address of the site, and whatever else is at the domain, may look.
SITE: Final = (
    "",
    "@ A 203.0.113.80",
    "@ AAAA 2001:db8:80::80",
    "@ A 203.0.113.80\n@ AAAA 2001:db8:80::80",
    "@ A 203.0.113.80\n@ A 203.0.113.81\nwww A 203.0.113.80",
    "@ A 104.21.9.9\n@ A 172.67.9.9\nwww CNAME friend.example.",
    "@ A 192.0.2.80\nwww CNAME www.vendor.example.",
    "@ AAAA 2001:db8:80::80\nwww AAAA 2001:db8:80::80",
)
BESIDE: Final = (
    "",
    '@ TXT "google-site-verification=rXOxyZounnZasA8Z7oaD3c14JdjS9aKSWvsR1EbUSIQ"',
    '@ TXT "MS=ms12345678"\n@ TXT "apple-domain=abc"',
    '@ TXT "protonmail-verification=5f1c"\n@ TXT "ca3-0123456789abcdef"',
    '@ TXT ""\n@ TXT " "',
    '@ TXT "spf2.0/pra include:vendor.example ~all"',
    '@ TXT "\\195\\188ber uns"\n@ TXT "\\255\\254"',
    '@ CAA 0 issue "letsencrypt.org"\n@ CAA 0 iodef "mailto:ca@friend.example"',
    '@ CAA 0 issuewild "ca.example"\n@ CAA 0 issue "letsencrypt.org"',
    '_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@friend.example"',
    "@ HINFO PC Linux",
    "@ SSHFP 1 1 1111111111111111111111111111111111111111",
    '@ HTTPS 1 . alpn="h2"',
    '@ TXT "' + "x" * 250 + '" "' + "y" * 250 + '"',
)
MX: Final = (
    "@ MX 10 mx1.cow.example.",
    "@ MX 0 mx1.cow.example.",
    "@ MX 65535 mx1.cow.example.",
    "@ MX 10 MX1.Cow.Example.",
)
SPF: Final = (
    "v=spf1 include:_spf.cow.example -all",
    "v=spf1 include:_spf.cow.example ~all",
    "v=spf1 mx -all",
    "v=spf1 a:mx1.cow.example -all",
    "v=spf1 +mx:friend.example -all",
    "v=spf1 ip4:198.51.100.25 ip6:2001:db8:25::25 -all",
    "v=spf1 ip4:198.51.100.0/24 ip6:2001:db8:25::/48 ~all",
    "V=SPF1 INCLUDE:_SPF.COW.EXAMPLE -ALL",
    "v=spf1  include:_spf.cow.example   -all ",
    "v=spf1 redirect=_spf.cow.example",
    "v=spf1 include:spf.vendor.example include:_spf.cow.example -all",
    "v=spf1 include:_spf.cow.example a:www.vendor.example ip4:203.0.113.7 ~all",
    "v=spf1 include:%{d}.vendor.example -all",
    "v=spf1 include:%{d1r}.vendor.example -all",
    "v=spf1 redirect=%{d}.vendor.example",
    "v=spf1 include:%{i}._ip.%{h}.helo.vendor.example -all",
    "v=spf1 include:_spf.cow.example exists:%{l}.%{i}.gone.vendor.example -all",
    "v=spf1 include:_spf.cow.example exists:%{i}.spf.vendor.example -all",
    "v=spf1 include:_spf.cow.example exp=explain.vendor.example -all",
    "v=spf1 include:_spf.cow.example -ip4:203.0.113.9 -all",
    "v=spf1 include:own.%{d} -all",
)
KEYS: Final = (
    f"dkim._domainkey TXT {quoted_parts(PUBLIC)}",
    f'dkim._domainkey TXT "v=DKIM1; k=rsa; p={P[:180]}" "{P[180:]}"',
    f'dkim._domainkey TXT "p={P[:200]}" "{P[200:]}"',
    f'dkim._domainkey TXT "v=DKIM1;" " k=rsa;" " p=" "{P[:99]}" "{P[99:199]}" "{P[199:]}"',
    f'dkim._domainkey TXT "v=DKIM1; h=sha256; n=a key; p={P[:180]} " " {P[180:]};"',
    f'DKIM._DomainKey TXT "v=DKIM1 ; k=rsa ; p={P[:180]}" "{P[180:]}"',
    "dkim._domainkey CNAME key.vendor.example.",
    "dkim._domainkey CNAME friend.dkim.cow.example.",
    "dkim._domainkey CNAME dkim2._domainkey\ndkim2._domainkey CNAME key.vendor.example.",
)
DELEGATED_KEY: Final = f"@ NS ns1.key-zone.example.\ndkim TXT {quoted_parts(PUBLIC)}"
DMARC: Final = (
    '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@cow.example"',
    '_dmarc TXT "v=DMARC1;p=reject;sp=reject;rua=mailto:dmarc@cow.example"',
    '_dmarc TXT "v=DMARC1; p=quarantine; adkim=s; aspf=s; rua=mailto:dmarc@friend.example"',
    '_dmarc TXT "v=DMARC1; p=reject; rf=afrf; pct=100; ri=86400; ruf=mailto:dmarc@cow.example"',
    '_dmarc TXT "v=DMARC1; p=Reject; np=reject; fo=1:d:s; rua=mailto:a@friend.example!10m"',
    '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:d@cow.example,mailto:friend@vendor.example"',
    '_dmarc TXT "v = DMARC1 ; p = reject ; rua = mailto:dmarc@cow.example ;"',
    '_dmarc TXT "v=DMARC1; p=re" "ject; rua=mailto:dmarc@cow.example"',
    '_dmarc TXT "v=DMARC1; p=reject; x_made_by=vendor; psd=n"',
    "_dmarc CNAME dmarc.vendor.example.",
)
DELEGATED_DMARC: Final = '@ NS ns1.key-zone.example.\n@ TXT "v=DMARC1; p=reject"'
HOSTS: Final = (
    "",
    (
        "mail CNAME mx1.cow.example.\nautoconfig CNAME mx1.cow.example.\n"
        "autodiscover CNAME mx1.cow.example.\n_autodiscover._tcp SRV 0 1 443 mx1.cow.example."
    ),
    "mail A 198.51.100.25\nautoconfig A 198.51.100.25\nautodiscover A 198.51.100.25",
    "mail AAAA 2001:db8:25::25\nautodiscover AAAA 2001:db8:25::25",
    "autodiscover CNAME mail\nmail CNAME mx1.cow.example.",
    (
        "_imaps._tcp SRV 0 1 993 mx1.cow.example.\n_submission._tcp SRV 0 1 587 mx1.cow.example.\n"
        '_caldavs._tcp SRV 0 1 443 mx1.cow.example.\n_caldavs._tcp TXT "path=/SOGo/dav/"'
    ),
)
STARS: Final = (
    "",
    "* A 203.0.113.80",
    "* AAAA 2001:db8:80::80",
    "* CNAME www.vendor.example.",
    '* TXT "v=spf1 -all"',
    "* MX 10 mx1.cow.example.",
    '*._domainkey TXT "v=DKIM1; p="',
    "*.sites A 203.0.113.80",
)
SENDERS: Final = (
    "",
    "em CNAME www.vendor.example.\nmailer._domainkey CNAME mailer._domainkey.vendor.example.",
    f'k1._domainkey TXT "v=DKIM1; p={P[:180]}" "{P[180:]}"\nbounce MX 10 www.vendor.example.',
    'bounce TXT "v=spf1 include:spf.vendor.example ~all"\n_amazonses TXT "abc="',
)
NAME_SERVERS: Final = (
    "",
    "@ NS ada.ns.cloudflare.com.\n@ NS bob.ns.cloudflare.com.",
    "@ NS ns-1.awsdns-01.org.\n@ NS ns-2.awsdns-02.co.uk.\n@ NS ns-3.awsdns-03.com.",
    "@ NS ns1.friend.example.\n@ NS ns2.friend.example.\nns1 A 192.0.2.53\nns2 A 192.0.2.54",
)


def make_working_zones(number: int, seed: int) -> tuple[Mapping[str, str], ...]:
    """Return so many worlds with a working domain, the same ones for the same seed.

    Every choice comes up in turn.
    """
    chance = random.Random(seed)
    turns = [_turn(choices, number, chance) for choices in _CHOICES]
    return tuple(_put_together(*parts) for parts in zip(*turns, strict=True))


def _turn(choices: tuple[str, ...], number: int, chance: random.Random) -> Iterable[str]:
    """Return the choices again and again, shuffled anew each time."""
    drawn: list[str] = []
    while len(drawn) < number:
        drawn += chance.sample(choices, len(choices))
    return drawn[:number]


_GONE: Final = {"both": "", "still both": "", "ip6 only": "A", "ip4 only": "AAAA"}
_CHOICES: Final = (
    SITE,
    BESIDE,
    MX,
    SPF,
    (*KEYS, DELEGATED_KEY),
    (*DMARC, DELEGATED_DMARC),
    HOSTS,
    STARS,
    SENDERS,
    NAME_SERVERS,
    tuple(_GONE),
)


def _put_together(*parts: str) -> Mapping[str, str]:
    *lines, key, dmarc, hosts, stars, senders, servers, families = parts
    zones = {**FILE.base_zones, **WORLD}
    if gone := _GONE[families]:  # the mail host has only addresses of the other family
        zones["cow.example"] = _without(zones["cow.example"], "mx1", gone)
        hosts = _without(hosts, "", gone)
    text = [*lines[:3], f"@ TXT {quoted_parts(lines[3])}", f'own TXT "{OURS}"']
    for part, origin in ((key, "_domainkey"), (dmarc, "_dmarc")):
        if part.startswith("@ NS"):
            zones[f"{origin}.{DOMAIN.ascii}"] = part
        else:
            text.append(part)
    zones[DOMAIN.ascii] = "\n".join((*text, hosts, stars, senders, servers))
    return zones


def _without(text: str, owner: str, rdtype: str) -> str:
    """Return a zone's lines but those of a type, of all owners where none is named."""
    rows = (line.split() for line in text.splitlines() if line.strip())
    kept = [row for row in rows if row[1] != rdtype or row[0] != (owner or row[0])]
    return "\n".join(map(" ".join, kept))
