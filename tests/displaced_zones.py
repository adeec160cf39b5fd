"""Zones whose records are a wildcard's, below a DNAME or a zone cut, or at another name."""

from __future__ import annotations

from bot.records.presentation import quoted_parts
from faulty_records import GOOD, Fault
from mended_zone import KEY, RIGHT, SPF, read_zone, right
from strategies import RSA_1024, RSA_2048

NONE = '_dmarc TXT "v=DMARC1; p=none"'
OTHER_KEY = f"TXT {quoted_parts(f'v=DKIM1; p={RSA_2048}')}"


def lent(title: str, code: str | None, **changes: str) -> Fault:
    """Return a zone in which names have records that are not their own."""
    return Fault(title, code, right(**changes), {"good.example": f"{GOOD}\ndkim.keys {OTHER_KEY}"})


def cut(title: str, code: str | None, below: str, records: str = "", **changes: str) -> Fault:
    """Return a zone with another one below it, which has these records."""
    zone = (*right(**changes), *read_zone(records, below))
    return Fault(title, code, zone, {f"{below}.friend.example": "", "good.example": GOOD})


def moved(title: str, code: str | None, **changes: str) -> Fault:
    """Return a zone with a record at another name."""
    return Fault(title, code, right(**changes))


WILDCARDS = (
    lent("an old key at every selector", "wildcard-txt", dkim=f"*._domainkey {OTHER_KEY}"),
    lent("a short key at every name", "wildcard-txt", dkim=f'* TXT "v=DKIM1; p={RSA_1024}"'),
    lent(
        "two keys at every selector",
        "wildcard-txt",
        dkim=f"*._domainkey {OTHER_KEY}\n*._domainkey TXT {quoted_parts(KEY)}",
    ),
    lent("our key at every selector", None, dkim=f"*._domainkey TXT {quoted_parts(KEY)}"),
    lent("a text at every selector", "dmarc-before-dkim", dkim='*._domainkey TXT "hello"'),
    lent(
        "an alias at every selector", "dmarc-before-dkim", dkim="*._domainkey CNAME k.old.example."
    ),
    lent(
        "an alias to another key at every selector",
        "wildcard-cname",
        dkim="*._domainkey CNAME other.good.example.",
    ),
    lent("a policy with a typo at every name", "wildcard-txt", dmarc='* TXT "v=DMARC1; p=rejct"'),
    lent("a policy of none at every name", None, dmarc='* TXT "v=DMARC1; p=none"'),
    lent(
        "services of another at every name",
        "wildcard-record",
        srv="*._tcp SRV 0 1 443 autodiscover.old.example.",
    ),
    lent("no reports of tls at every name", "wildcard-txt", tls='*._tls TXT "v=TLSRPTv1; rua=a"'),
    lent(
        "reports of tls at every name",
        "wildcard-txt",
        tls='*._tls TXT "v=TLSRPTv1; rua=a,mailto:a@b.example"',
    ),
    lent(
        "an own key beside one at every selector",
        "dkim-key-mismatch",
        dkim=f"dkim._domainkey {OTHER_KEY}\n*._domainkey {OTHER_KEY}",
    ),
)
DNAMES = (
    lent("keys kept elsewhere", "dname-above", dkim="_domainkey DNAME keys.old.example."),
    lent(
        "another key elsewhere",
        "dname-above",
        dkim="_domainkey DNAME keys.good.example.",
    ),
    lent(
        "all names kept elsewhere",
        "dname-above",
        dkim="@ DNAME site.example.",
        dmarc="",
        webmail="",
        autoconfig="",
        autodiscover="",
        srv="",
    ),
    lent("services elsewhere", "dname-above", srv="_tcp DNAME services.old.example."),
)
CUTS = (
    cut("no key in the zone of keys", "dkim-missing", "_domainkey", dkim="", dmarc=NONE),
    cut("the key hidden by a zone of keys", "dmarc-before-dkim", "_domainkey"),
    cut(
        "another key in the zone of keys",
        "dkim-key-mismatch",
        "_domainkey",
        f"dkim {OTHER_KEY}",
        dkim="",
    ),
    cut("a zone of one key", "dkim-revoked", "dkim._domainkey", '@ TXT "v=DKIM1; p="', dkim=""),
    cut(
        "an alias in the zone of keys",
        "dkim-cname-broken",
        "_domainkey",
        "dkim CNAME k.old.example.",
        dkim="",
    ),
    cut(
        "a wildcard in the zone of keys",
        "wildcard-txt",
        "_domainkey",
        '* TXT "v=DKIM1; p="',
        dkim="",
    ),
    cut(
        "the key beside the zone of keys",
        "dkim-wrong-name",
        "_domainkey",
        dkim=f"dkim TXT {quoted_parts(KEY)}",
    ),
    cut("no policy in its zone", "dmarc-missing", "_dmarc", dmarc=""),
    cut("a typo in the zone of the policy", "dmarc-syntax", "_dmarc", '@ TXT "v=DMARC1; p=rejct"'),
    cut("the policy beside its zone", "dmarc-wrong-name", "_dmarc", dmarc=f"dmarc {NONE[7:]}"),
    cut(
        "services of another in their zone",
        "autodiscover-foreign",
        "_tcp",
        "_autodiscover SRV 0 1 443 autodiscover.old.example.",
        srv="",
    ),
    cut(
        "another port in the zone of services",
        "srv-wrong-port",
        "_tcp",
        "_autodiscover SRV 0 1 443 mx1.cow.example.\n_imaps SRV 0 1 143 mx1.cow.example.",
        srv="",
    ),
    cut(
        "a zone of the webmail's name",
        "webmail-wrong-target",
        "mail",
        "@ A 203.0.113.80\n@ AAAA 2001:db8::80",
        webmail="",
    ),
    cut(
        "a zone of the webmail's name with one address of ours",
        "webmail-wrong-target",
        "mail",
        "@ A 198.51.100.25\n@ AAAA 2001:db8::80",
        webmail="",
    ),
)
PLACES = (
    moved("key, swapped", "dkim-wrong-name", dkim=f"_domainkey.dkim TXT {quoted_parts(KEY)}"),
    moved("key, dot lost", "dkim-wrong-name", dkim=f"dkim_domainkey TXT {quoted_parts(KEY)}"),
    moved(
        "key, part of the domain",
        "dkim-wrong-name",
        dkim=f"dkim._domainkey.friend TXT {quoted_parts(KEY)}",
    ),
    moved("key, selector twice", "dkim-wrong-name", dkim=f"dkim.{RIGHT['dkim']}"),
    moved("policy, twice", "dmarc-wrong-name", dmarc=f"_dmarc.{RIGHT['dmarc']}"),
    moved("policy, two underscores", "dmarc-wrong-name", dmarc=f"_{RIGHT['dmarc']}"),
    moved("mx at its type", "mx-wrong-name", mx="mx MX 10 mx1.cow.example."),
    moved("mx at a sign", "mx-wrong-name", mx="\\@ MX 10 mx1.cow.example."),
    moved("spf at its name", "spf-wrong-name", spf=f'_spf TXT "{SPF}"'),
    moved("spf, part of the domain", "spf-wrong-name", spf=f'friend TXT "{SPF}"'),
    moved(
        "the host of the key as text",
        "dkim-syntax",
        dkim='dkim._domainkey TXT "friend.dkim.cow.example."',
    ),
    moved("another host as text", "dkim-syntax", dkim='dkim._domainkey TXT "CNAME k1.old.example"'),
    moved(
        "a host beside the key",
        "dkim-multiple",
        dkim=f'{RIGHT["dkim"]}\ndkim._domainkey TXT "friend.dkim.cow.example"',
    ),
)
DISPLACED_ZONES = (*WILDCARDS, *DNAMES, *CUTS, *PLACES)
