"""Zones with a fault in one record of mail: MX, SPF, DKIM or DMARC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.records.presentation import quoted_parts
from deceiving_zones import DOMAIN, P
from dkim_zones import bare
from mended_zone import KEY, RIGHT, SPF, right
from strategies import ED25519, RSA_1024, RSA_2048

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mended_zone import Zone


@dataclass(frozen=True, slots=True)
class Fault:
    """A zone, what is found first in it (None: nothing grave), and the world it needs."""

    title: str
    code: str | None
    zone: Zone
    more: Mapping[str, str] = field(default_factory=dict)


def spf(code: str | None, *texts: str, title: str = "", **more: str) -> Fault:
    """Return a zone with these SPF records, and with more lines in the zone of good.example."""
    lines = [f"@ TXT {quoted_parts(text)}" for text in texts]
    zones = {"good.example": "\n".join(more.values())} if more else {}
    return Fault(f"spf {title or ' + '.join(texts)}", code, right(spf=lines), zones)


def mx(code: str | None, *values: str, webmail: str = RIGHT["webmail"]) -> Fault:
    """Return a zone with these MX records."""
    zone = right(mx=[f"@ MX {value}" for value in values], webmail=webmail)
    return Fault(f"mx {' + '.join(values)} {webmail}", code, zone)


def dkim(code: str | None, *texts: str, title: str) -> Fault:
    """Return a zone with these texts where the key belongs."""
    lines = [f"dkim._domainkey TXT {quoted_parts(text)}" for text in texts]
    return Fault(f"dkim {title}", code, right(dkim=lines))


def dmarc(code: str | None, *texts: str) -> Fault:
    """Return a zone with these DMARC records, of which good.example takes reports."""
    zone = right(dmarc=[f"_dmarc TXT {quoted_parts(text)}" for text in texts])
    world = {"good.example": f'{DOMAIN.ascii}._report._dmarc TXT "v=DMARC1"'}
    return Fault(f"dmarc {' + '.join(texts)}", code, zone, world)


def alias(code: str | None, target: str, title: str) -> Fault:
    """Return a zone with an alias where the key belongs."""
    zone = right(dkim=f"dkim._domainkey CNAME {target}")
    return Fault(f"dkim alias {title}", code, zone, {"good.example": GOOD})


GOOD = f"""
other TXT "v=DKIM1; p={RSA_1024}"
cut TXT {quoted_parts(KEY[:255])}
revoked TXT "v=DKIM1; p="
two TXT {quoted_parts(KEY)}
two TXT "v=DKIM1; p={RSA_1024}"
testing TXT {quoted_parts(KEY.replace("t=s", "t=y"))}
none._dmarc TXT "v=DMARC1; p=none"
typo._dmarc TXT "v=DMARC1; p=rejected"
two._dmarc TXT "v=DMARC1; p=none"
two._dmarc TXT "v=DMARC1; p=reject"
strict._dmarc TXT "v=DMARC1; p=reject"
site A 203.0.113.81
site MX 10 mx.old.example.
site TXT "v=spf1 include:spf.old.example -all"
"""
RUA = "rua=mailto:dmarc@cow.example"
SERVICES = [f"include:s{i}.big.example" for i in range(12)]
FAULTY_RECORDS = (
    mx("mx-target-nxdomain", "10 mx1.cow.exmaple."),
    mx("mx-target-nxdomain", "10 mx.cow.example."),
    mx("mx-target-nxdomain", "10 mx1.cow.friend.example."),
    mx("mx-target-nxdomain", "10 mx1."),
    mx("mx-to-cname", "10 mail.friend.example."),
    mx("mx-to-cname", "10 mx1.cow.example.", "20 mail.friend.example."),
    mx("mx-to-cname", "10 mail.friend.example.", webmail="mail CNAME mx.old.example."),
    mx("mx-to-cname", "10 mail.friend.example.", webmail="mail CNAME gone.old.example."),
    mx("mx-to-cname", "10 mail.friend.example.", webmail="mail CNAME mail.friend.example."),
    mx("mx-foreign-backup", "10 mx1.cow.example.", "20 mx.old.example.", "30 mx2.old.example."),
    mx("mx-foreign-preferred", "10 mx1.cow.example.", "10 mx.old.example."),
    mx("mx-not-ours", "10 mx.old.example.", "20 mx2.old.example."),
    mx("proxied-mail", "10 p.cdn.example."),
    mx("proxied-mail", "10 mail.friend.example.", webmail="mail CNAME p.cdn.example."),
    mx("proxied-mail", "10 mail.friend.example.", webmail="mail A 104.16.1.1"),
    mx("mx-not-ours", "10 friend.example."),
    mx("mx-not-ours", "10 mail.friend.example.", webmail="mail A 192.0.2.200"),
    mx(
        "mx-not-ours",
        "10 mail.friend.example.",
        webmail="mail A 198.51.100.25\nmail AAAA 2001:db8::80",
    ),
    mx("mx-other-name", "10 mail.friend.example.", webmail="mail A 198.51.100.25"),
    mx("mx-other-name", "10 cow.example."),
    mx("mx-null", "0 ."),
    mx("mx-null-mixed", "0 .", "10 mx1.cow.example."),
    mx("mx-domain-appended", "10 mx1.cow.example.friend.example.", "20 mx1.cow.example."),
    mx("mx-is-ip", "10 198.51.100.25.friend.example."),
    mx("mx-priority-in-target", "10 10.mx1.cow.example."),
    mx("mx-target-no-address", "10 _spf.cow.example."),
    Fault("mx none, spf by mx", "mx-missing", right(mx=(), spf='@ TXT "v=spf1 mx -all"')),
    Fault("spf of the obsolete type", "spf-type99", right(spf=f'@ SPF "{SPF}"')),
    Fault("spf of both types", None, right(obsolete=f'@ SPF "{SPF}"')),
    Fault(
        "spf with a tab", "spf-syntax", right(spf=f'@ TXT "{SPF.replace(" ", chr(92) + "009")}"')
    ),
    spf("spf-leading-space", f" {SPF}"),
    spf("spf-joined-value", SPF.replace("-all", "google-site-verification=abc -all")),
    spf("spf-joined-value", SPF.replace("-all", "apple-domain-verification=Abc1 ms=x -all")),
    spf("spf-joined-value", SPF.replace("-all", "docusign=ab-c MS=ms77 -all")),
    spf(None, SPF.replace("-all", "~all")),
    spf(None, SPF.upper()),
    spf(None, SPF, f'"{SPF}"'),
    spf("txt-literal-quotes", f'"{SPF}"'),
    spf("txt-literal-quotes", f'"{SPF}'),
    spf("txt-literal-quotes", f'"{SPF[:20]}" "{SPF[20:]}"'),
    spf("txt-literal-quotes", f"'{SPF}'"),
    spf("txt-literal-quotes", 'v=spf1 "include:_spf.cow.example" -all'),
    spf("txt-literal-backslash", SPF.replace("-all", "\\-all")),
    spf("spf-blank-lost", SPF.replace(" -all", "-all")),
    spf("spf-blank-lost", SPF.replace("v=spf1 ", "v=spf1")),
    spf("spf-blank-lost", "v=spf1 include:spf.old.exampleinclude:_spf.cow.example -all"),
    spf("spf-blank-lost", "v=spf1 ip4:192.0.2.1include:_spf.cow.example -all"),
    spf("spf-no-all", SPF.replace("-all", "?all")),
    spf("spf-no-all", "v=spf1 include:_spf.cow.example"),
    spf("spf-after-all", "v=spf1 -all include:_spf.cow.example"),
    spf("spf-syntax", "include:_spf.cow.example v=spf1 -all"),
    spf("spf-syntax", "v=spf1 include=_spf.cow.example -all"),
    spf("spf-syntax", "v=spf1 include:https://_spf.cow.example -all"),
    spf("spf-syntax", "v=spf1 include:admin@cow.example -all"),
    spf("spf-syntax", "v=spf1; include:_spf.cow.example; -all"),
    spf("spf-syntax", "v=spf1 mx -all v=spf1 include:_spf.cow.example -all"),
    spf("spf-syntax", "v=spf1 ip4:mx1.cow.example -all"),
    spf("spf-syntax", "v=spf1 inlcude:_spf.cow.example - all"),
    spf("spf-syntax", "v=spf1 include:bad.good.example -all", bad='bad TXT "v=spf1 hello -all"'),
    spf("spf-include-missing", "v=spf1 include:_spf.cow.exmaple -all"),
    spf("spf-include-missing", f"v=spf1 include:gone.old.example include:site.example {SPF[7:]}"),
    spf("spf-include-missing", "v=spf1 include:_spf.cow.example include:gone.old.example -all"),
    spf("spf-loop", "v=spf1 include:loop.big.example -all"),
    spf("spf-loop", "v=spf1 include:_spf.cow.example include:loop.big.example -all"),
    spf("spf-loop", "v=spf1 include:friend.example include:_spf.cow.example -all"),
    spf("spf-too-many-voids", "v=spf1 a:a.old.example a:b.old.example a:c.old.example -all"),
    spf(
        "spf-too-many-voids",
        f"v=spf1 {' '.join(f'a:{n}.old.example' for n in 'abcdefg')} mx:h.old.example {SPF[7:]}",
    ),
    spf("spf-too-many-lookups", f"v=spf1 {' '.join(SERVICES)} {SPF[7:]}", title="12 services"),
    spf("spf-others-fail", f"{SPF[:-5]} {' '.join(SERVICES)} -all", title="12 services behind"),
    spf("spf-multiple", SPF, "v=spf1 mx -all", "v=spf1 include:spf.registrar.example ~all"),
    spf("spf-multiple", SPF, SPF.upper()),
    spf(None, "v=spf1 redirect=_spf.cow.example"),
    spf("spf-not-authorised", "v=spf1 redirect=spf.old.example"),
    spf("spf-not-authorised", "v=spf1 ip4:198.51.100.25 -all"),
    spf("spf-not-authorised", "v=spf1 -include:_spf.cow.example -all"),
    spf("spf-not-authorised", "v=spf1"),
    spf(None, "v=spf1 include:_spf.cow.example exists:%{i}._spf.old.example -all"),
    spf("spf-ptr", "v=spf1 ptr:cow.example -all"),
    spf(None, "v=spf1 ptr:cow.example include:_spf.cow.example -all"),
    spf("spf-open", "v=spf1 exists:mx1.cow.example -all"),
    spf("spf-open", "v=spf1 include:_spf.cow.example a/2 mx//8 -all"),
    spf(
        "spf-open", "v=spf1 include:_spf.cow.example ip4:0.0.0.0/3 ip4:64.0.0.0/3 ip4:9.9.9.9 -all"
    ),
    spf("spf-open", "v=spf1 include:_spf.cow.example a:%{h} exists:%{l}.friend.example ~all"),
    spf(
        "spf-others-fail",
        "v=spf1 include:_spf.cow.example include:%{o}.old.example a:mx.old.example -all",
    ),
    spf(
        "spf-others-fail",
        f"v=spf1 include:_spf.cow.example {' '.join(f'a:{n}.old.example' for n in 'abc')} -all",
    ),
    spf("spf-plus-all", "v=spf1 include:open.good.example -all", open='open TXT "v=spf1 +all"'),
    spf("spf-non-ascii", "v=spf1 include:_spf.cow.example\u00a0-all"),
    spf("spf-non-ascii", "\u201cv=spf1 include:_spf.cow.example -all\u201d"),
    dkim("dkim-truncated", KEY[:254], title="cut at 254"),
    dkim("dkim-truncated", KEY[:256], title="cut at 256"),
    dkim("dkim-truncated", KEY[:255], KEY[255:], title="in two records"),
    dkim("dkim-quotes-in-key", f'{KEY[:255]}" "{KEY[255:]}', title="with quotes inside"),
    dkim("txt-literal-quotes", f'"{KEY}"', title="in quotes"),
    dkim("txt-literal-backslash", KEY.replace(";", "\\;"), title="with backslashes"),
    dkim("dkim-key-mismatch", KEY[:100] + KEY[101:], title="with a character lost"),
    dkim("dkim-key-mismatch", f"v=DKIM1; k=ed25519; p={ED25519}", title="of another type"),
    dkim("dkim-test-flag", KEY.replace("t=s", "t=y:s"), title="being tested"),
    dkim("dkim-multiple", KEY, f"v=DKIM1; p={RSA_2048}", title="twice"),
    dkim("dkim-multiple", KEY, "v=spf1 -all", title="beside an SPF record"),
    dkim("dkim-multiple", KEY, "", title="beside an empty text"),
    dkim("dkim-syntax", f"v=DKIM1; p={bare(P)}", title="in bare form"),
    dkim("dkim-syntax", bare(P), title="in bare form alone"),
    dkim("dkim-syntax", KEY.replace("k=rsa", "k=ed25519"), title="said to be ed25519"),
    dkim("dkim-syntax", KEY.replace("k=rsa", "k="), title="of no type"),
    dkim("dkim-syntax", KEY.replace("k=rsa", "k=RSA"), title="of a type in capitals"),
    dkim("dkim-syntax", KEY.replace("p=", ""), title="without p="),
    dkim("dkim-syntax", KEY.replace("p=", "P="), title="behind P="),
    dkim("dkim-syntax", KEY.replace(";", " "), title="without semicolons"),
    dkim("dkim-syntax", KEY.replace(P, f"{P[:99]};{P[99:]}"), title="with a semicolon inside"),
    dkim("dkim-syntax", f"v=DKIM1; k=rsa{P[:9]}; p={P[9:]}", title="begun in k="),
    dkim("dkim-syntax", KEY[255:] + KEY[:255], title="with its strings swapped"),
    dkim("dkim-syntax", KEY.replace("+", " "), title="with blanks for plus signs"),
    dkim("dkim-syntax", KEY.replace("+", "-").replace("/", "_"), title="in the other alphabet"),
    dkim("dkim-truncated", KEY.replace(P, P[1:]), title="without its first character"),
    dkim("dkim-truncated", KEY.replace(P, P[:60] + P[180:]), title="without its middle"),
    dkim("dkim-truncated", KEY.replace(P, P[40:300]), title="without its ends"),
    dkim("dkim-key-mismatch", KEY.replace(P, f"A{P}"), title="with a character in front"),
    dkim("dkim-key-mismatch", KEY.replace(P, P + P), title="with the key twice"),
    dkim("dkim-key-mismatch", KEY.replace(P, P[:90] + P[200:] + P[90:200]), title="mixed up"),
    dkim("dkim-key-mismatch", KEY.replace(P, P.upper()), title="in capitals"),
    dkim("dkim-syntax", KEY.replace("s=email", "h=sha1"), title="for sha1 only"),
    dkim("dkim-syntax", KEY.replace("s=email", "s=tlsrpt"), title="for another service"),
    dkim(None, f"v=DKIM1; p={P[:200]} {P[200:]}", title="with a blank in the key"),
    dkim(None, KEY.removeprefix("v=DKIM1;"), title="without version"),
    dkim(None, KEY.replace("s=email", "s=*"), title="for every service"),
    alias(None, "friend.dkim.cow.example.", "to the right key"),
    alias("dkim-cname-broken", "gone.dkim.cow.example.", "to nothing"),
    alias("dkim-cname-broken", "friend.dkim.cow.example.friend.example.", "with the domain added"),
    alias("dkim-cname-broken", "dkim._domainkey.friend.example.", "to itself"),
    alias("dkim-cname-broken", "site.example.", "to another text"),
    dkim("txt-too-long", KEY + ";" * 5_000, title="with many semicolons"),
    dkim("txt-too-long", *(f"{KEY};n={n}{'n' * 900}" for n in range(9)), title="nine times"),
    dmarc("txt-too-long", f"v=DMARC1; p=reject; {RUA}{' ' * 5_000};"),
    spf("txt-too-long", f"{SPF[:-4]}{'a:site.example ' * 400}-all", title="too long"),
    alias("dkim-key-mismatch", "other.good.example.", "to another key"),
    alias("dkim-truncated", "cut.good.example.", "to a cut key"),
    alias("dkim-revoked", "revoked.good.example.", "to an empty key"),
    alias("dkim-multiple", "two.good.example.", "to two keys"),
    alias("dkim-test-flag", "testing.good.example.", "to a key being tested"),
    dmarc(None, f"v=DMARC1; p=none; {RUA}"),
    dmarc(None, f"v=DMARC1; p=quarantine; {RUA}"),
    dmarc(None, f"v=DMARC1; p=reject; sp=reject; {RUA}; rf=afrf; pct=100; ri=86400"),
    dmarc(None, "v=DMARC1; p=reject; rua=mailto:me@good.example"),
    dmarc("dmarc-testing", f"v=DMARC1; p=reject; t=y; {RUA}"),
    dmarc("dmarc-subdomain-weaker", f"v=DMARC1; p=reject; sp=none; {RUA}"),
    dmarc("dmarc-subdomain-weaker", f"v=DMARC1; p=reject; np=quarantine; {RUA}"),
    dmarc("dmarc-pct", f"v=DMARC1; p=reject; sp=reject; pct=0; {RUA}"),
    dmarc("dmarc-pct", f"v=DMARC1; p=quarantine; pct=50; rf=afrf; {RUA}"),
    dmarc("dmarc-psd", f"v=DMARC1; p=reject; psd=y; {RUA}"),
    dmarc("txt-literal-quotes", f'"v=DMARC1; p=reject; {RUA}"'),
    dmarc("txt-literal-backslash", f"v=DMARC1\\; p=reject\\; {RUA}"),
    dmarc("txt-literal-backslash", f"v=DMARC1; p=reject\\; {RUA}"),
    dmarc("dmarc-multiple", "v=DMARC1; p=none", f"v=DMARC1; p=reject; {RUA}"),
    dmarc("dmarc-syntax", f"p=reject; {RUA}"),
    dmarc("dmarc-syntax", "v=DMARC1 p=reject"),
    dmarc("dmarc-syntax", "p=reject; v=DMARC1"),
    dmarc("dmarc-syntax", f"v=DMARC1; p=reject sp=reject; {RUA}"),
    dmarc("dmarc-syntax", "v=DMARC1"),
    dmarc("dmarc-syntax", f"v=DMARC1; p=reject {RUA}"),
    dmarc("dmarc-syntax", f"v=DMARC1; p=quarantine; np=; {RUA}"),
    dmarc("dmarc-syntax", f"v=DMARC1; p:reject; adkim=s; {RUA}"),
    dmarc("dmarc-syntax", f"v=DMARC1; policy=reject; {RUA}"),
    dmarc("dmarc-syntax", f"v=DMARC1; p=\u201creject\u201d; {RUA}"),
    dmarc("dmarc-syntax", f"v=dmarc1; p=quarantine; adkim=s; {RUA}"),
    dmarc("dmarc-syntax", f"\u201cv=DMARC1; p=reject; {RUA}\u201d"),
    dmarc("dmarc-odd-tag", f"v=DMARC1; p=reject; adkim=strict; aspf=relaxed; {RUA}"),
    dmarc("dmarc-odd-tag", f"v=DMARC1; p=reject; adkim=; fo=; {RUA}"),
    dmarc("dmarc-odd-tag", "v=DMARC1; p=reject; rau=mailto:me@friend.example"),
    dmarc("dmarc-odd-tag", f"v=DMARC1; p=reject; adkim=s aspf=s; {RUA}; hello"),
    dmarc("dmarc-rua-syntax", "v=DMARC1; p=reject; rua=dmarc@cow.example"),
    dmarc("dmarc-rua-syntax", f"v=DMARC1; p=reject; {RUA}; mailto:me@friend.example"),
    dmarc("dmarc-rua-syntax", f"v=DMARC1; p=reject; {RUA},"),
    dmarc("dmarc-rua-syntax", f"v=DMARC1; p=reject; {RUA},mailto:me@k\u00fche.friend.example"),
    dmarc("dmarc-rua-syntax", f"v=DMARC1; p=reject; {RUA},mailto:k\u00fche@friend.example"),
    dmarc("dmarc-rua-syntax", f"v=DMARC1; p=reject; {RUA}?subject=DMARC%20report"),
    dmarc("dmarc-rua-syntax", "v=DMARC1; p=reject; rua=mailto://me@friend.example"),
    dmarc("dmarc-rua-syntax", "v=DMARC1; p=reject; ruf=mailto: me@friend.example"),
    dmarc("dmarc-rua-not-authorised", f"v=DMARC1; p=reject; {RUA}; ruf=mailto:me@old.example"),
    dmarc("dmarc-rua-not-authorised", "v=DMARC1; p=reject; ruf=mailto:me@site.example!5m"),
    dmarc(
        "dmarc-rua-not-authorised",
        f"v=DMARC1; p=reject; {RUA}; ruf=mailto:me@good.example,mailto:me@old.example",
    ),
    dmarc(None, f"v=DMARC1; p=reject; {RUA}; ruf=mailto:me@good.example"),
    dmarc("dmarc-rua-not-authorised", "v=DMARC1; p=reject; rua=mailto:me@rua.registrar.example"),
)
