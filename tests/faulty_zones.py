"""Zones with a fault beyond a record of mail: other records, wrong names, aliases and wildcards."""

from __future__ import annotations

from bot.records.presentation import quoted_parts
from deceiving_zones import SERVER
from faulty_records import GOOD, Fault
from mended_zone import KEY, RIGHT, SPF, right
from strategies import RSA_1024


def other(title: str, code: str | None, **changes: str) -> Fault:
    """Return a zone with other lines in place of some right ones, or beside them."""
    return Fault(title, code, right(**changes), {"good.example": GOOD})


FAULTY_ZONES = (
    other("srv to another", "srv-foreign", imaps="_imaps._tcp SRV 0 1 993 imap.old.example."),
    other(
        "srv at another port", "srv-wrong-port", imaps="_imaps._tcp SRV 0 1 143 mx1.cow.example."
    ),
    other("srv refused", "srv-not-offered", imaps="_imaps._tcp SRV 0 0 0 ."),
    other("caa of another", "caa-blocks", caa='@ CAA 0 issue "ca.example"'),
    other("caa of nobody", "caa-blocks", caa='@ CAA 0 issue ";"'),
    other("caa for critics", "caa-blocks", caa='@ CAA 128 tbs "x"'),
    other("caa for reports", None, caa='@ CAA 0 iodef "mailto:a@b.example"'),
    other("tls reports", None, tls='_smtp._tls TXT "v=TLSRPTv1; rua=mailto:a@b.example"'),
    other("tls reports nowhere", "tls-rpt-syntax", tls='_smtp._tls TXT "v=TLSRPTv1; rua=a"'),
    other("a policy by alias", None, dmarc="_dmarc CNAME strict._dmarc.good.example."),
    other("none by alias", None, dmarc="_dmarc CNAME none._dmarc.good.example."),
    other("a typo by alias", "dmarc-syntax", dmarc="_dmarc CNAME typo._dmarc.good.example."),
    other("two by alias", "dmarc-multiple", dmarc="_dmarc CNAME two._dmarc.good.example."),
    other("an alias to no policy", "dmarc-missing", dmarc="_dmarc CNAME gone.good.example."),
    other(
        "strict by alias, no key",
        "dmarc-before-dkim",
        dkim="",
        dmarc="_dmarc CNAME strict._dmarc.good.example.",
    ),
    other(
        "quarantine, no key",
        "dmarc-before-dkim",
        dkim="",
        dmarc='_dmarc TXT "v=DMARC1; p=quarantine"',
    ),
    other("a text for all", "wildcard-txt", dkim="", dmarc="", webmail='* TXT "hello there"'),
    other("mx for all", "mx-missing", mx="* MX 10 mx1.cow.example.", webmail=""),
    other("mx at www", "mx-wrong-name", mx="www MX 10 mx1.cow.example."),
    other("spf at www", "spf-wrong-name", spf=f'www TXT "{SPF}"'),
    other("spf at www with more", "spf-wrong-name", spf=f'www TXT "{SPF[:-4]}a:site.example -all"'),
    other("another spf at www", "spf-missing", spf='www TXT "v=spf1 -all"'),
    other("key at the domain", "dkim-wrong-name", dkim=f"@ TXT {quoted_parts(KEY)}"),
    other("key at _domainkey", "dkim-wrong-name", dkim=f"_domainkey TXT {quoted_parts(KEY)}"),
    other("key, no underscore", "dkim-wrong-name", dkim=f"dkim.domainkey TXT {quoted_parts(KEY)}"),
    other(
        "key at a usual selector",
        "dkim-wrong-name",
        dkim=f"mailcow._domainkey TXT {quoted_parts(KEY)}",
    ),
    other(
        "another's key at a usual selector",
        "dmarc-before-dkim",
        dkim=f'default._domainkey TXT "v=DKIM1; p={RSA_1024}"',
    ),
    other("cut key at its selector", "dkim-wrong-name", dkim=f"dkim TXT {quoted_parts(KEY[:255])}"),
    other("dmarc, no underscore", "dmarc-wrong-name", dmarc='dmarc TXT "v=DMARC1; p=reject"'),
    other(
        "all names in full",
        "name-doubled",
        mx="friend.example MX 10 mx1.cow.example.",
        spf=f'friend.example TXT "{SPF}"',
        dkim=f"dkim._domainkey.friend.example TXT {quoted_parts(KEY)}",
        dmarc=f"_dmarc.friend.example TXT {quoted_parts(SERVER.dmarc)}",
    ),
    other("dmarc in full", "name-doubled", dmarc='_dmarc.friend.example TXT "v=DMARC1; p=reject"'),
    other(
        "a key and an alias",
        "dkim-cname-and-txt",
        dkim=f"{RIGHT['dkim']}\ndkim._domainkey CNAME k.old.example.",
    ),
    other("none, no key", "dkim-missing", dkim="", dmarc='_dmarc TXT "v=DMARC1; p=none"'),
    other(
        "an old address beside ours",
        "webmail-wrong-target",
        webmail="mail A 198.51.100.25\nmail AAAA 2001:db8::80",
    ),
    other("webmail by address", None, webmail="mail A 198.51.100.25"),
    other("webmail in a circle", "webmail-wrong-target", webmail="mail CNAME mail.friend.example."),
    other("webmail by a wildcard", None, webmail="* A 203.0.113.80"),
    other("webmail by an alias of all", None, webmail="* CNAME edge.site.example."),
    other("webmail behind a proxy", "proxied-mail", webmail="mail CNAME p.cdn.example."),
    other(
        "all by a wildcard",
        "wildcard-cname",
        dkim="",
        dmarc="",
        srv="",
        webmail="* CNAME edge.site.example.",
    ),
    other(
        "autoconfig elsewhere",
        "autoconfig-foreign",
        autoconfig="autoconfig A 203.0.113.62\nautoconfig A 203.0.113.63",
    ),
    other(
        "a service elsewhere",
        "autodiscover-foreign",
        srv="_autodiscover._tcp SRV 0 0 443 autodiscover.old.example.",
    ),
    other(
        "one service elsewhere",
        "autodiscover-foreign",
        srv=f"{RIGHT['srv']}\n_autodiscover._tcp SRV 5 0 443 mx.old.example.",
    ),
    other("no service", None, srv="_autodiscover._tcp SRV 0 0 0 ."),
    other(
        "an alias for the domain", "apex-cname", site="@ CNAME edge.site.example.", mx="", spf=""
    ),
    other(
        "an alias with its own mail", "apex-cname", site="@ CNAME site.good.example.", mx="", spf=""
    ),
    other("an alias to the mail server", "apex-cname", site="@ CNAME cow.example.", mx="", spf=""),
    other("an alias to nothing", "apex-cname", site="@ CNAME gone.site.example.", mx="", spf=""),
    other("an alias to itself", "apex-cname", site="@ CNAME friend.example.", mx="", spf=""),
)
