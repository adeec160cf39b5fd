"""Mails with one fault each, and the code that has to name it; and odd mails that are all right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bot.dns.answer import Outcome
from bot.records.dkim_key import NoKeyYet
from signed_mails import (
    NOW,
    OTHER,
    SIGNED,
    compose,
    deliver,
    good_mail,
    hand_in,
    key_line,
    key_pair,
    known_key,
    sign,
    txt,
    weak_key,
    zone,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PROVIDER: Final = "sender.example"  # that sends for others
BULK: Final = key_line(PROVIDER, "s1", key_pair("provider"))
FORGED: Final = (
    "Authentication-Results: mail.else.example; dkim=pass header.d=friend.example; spf=pass;"
    " dmarc=pass header.from=friend.example\r\n"
)


@dataclass(frozen=True, slots=True)
class MailFault:
    """A mail, the world in which it is judged, and the code that comes first among its causes.

    `also` has to be among the causes or remarks. `options` are those of `signed_mails.judge`.
    """

    code: str
    make: Callable[[], bytes]
    world: Callable[[], str] = zone
    also: str = ""
    options: dict[str, Any] = field(default_factory=dict)


def send(message: bytes, **how: Any) -> bytes:
    """Return a mail as it is delivered after the mail host has signed it."""
    return deliver(hand_in(sign(message, **how)))


def on_the_way(old: bytes, new: bytes, **how: Any) -> bytes:
    """Return a right mail of which something was changed by another server, or by ours."""
    return deliver(hand_in(sign(compose())).replace(old, new, 1), **how)


def as_a_list() -> bytes:
    head = b"List-Id: Cows <cows.lists.example>\r\nList-Post: <mailto:cows@lists.example>\r\n"
    mail = sign(compose()).replace(b"Subject: test", b"Subject: [cows] test", 1)
    return deliver(
        head + hand_in(mail) + b"-- \r\nCows\r\n", address=OTHER, sender="b@lists.example"
    )


def with_two_from() -> bytes:
    return deliver(b"From: ceo@friend.example\r\n" + hand_in(sign(compose())))


FAULTS: Final = {
    "unsigned": MailFault("mail-unsigned", lambda: deliver(hand_in(compose()))),
    "unsigned with forged results": MailFault(
        "mail-unsigned",
        lambda: deliver(hand_in(FORGED.encode() + compose())),
        also="mail-results-forged",
    ),
    "forged results on top": MailFault(
        "mail-unsigned",
        lambda: deliver(FORGED.encode() + compose()),
        also="mail-results-forged",
    ),
    "wrong d=": MailFault(
        "mail-wrong-domain",
        lambda: send(compose(), domain=PROVIDER, selector="s1", key=key_pair("provider")),
        lambda: zone(BULK),
    ),
    "alias domain": MailFault(
        "mail-alias-domain",
        lambda: send(compose(), domain="main.example"),
        lambda: zone(key_line("main.example")),
    ),
    "old selector": MailFault(
        "mail-old-selector",
        lambda: send(compose(), selector="old", key=key_pair("old")),
        lambda: zone(key_line("friend.example", "old", key_pair("old"))),
    ),
    "old selector without its key": MailFault(
        "mail-key-missing",
        lambda: send(compose(), selector="old", key=key_pair("old")),
        also="mail-old-selector",
    ),
    "body changed": MailFault("mail-body-changed", lambda: on_the_way(b"A test", b"Another")),
    "header changed": MailFault(
        "mail-header-changed", lambda: on_the_way(b"Subject: test", b"Subject: tested")
    ),
    "From below the domain": MailFault(
        "mail-subdomain", lambda: send(compose(sender="ann@sub.friend.example"))
    ),
    "signed for a name below": MailFault(
        "mail-relaxed",
        lambda: send(compose(), domain="mail.friend.example"),
        lambda: zone(key_line("mail.friend.example")),
    ),
    "relaxed against strict": MailFault(
        "mail-strict",
        lambda: send(compose(), domain="mail.friend.example"),
        lambda: zone(key_line("mail.friend.example"), dmarc="v=DMARC1; p=reject; adkim=s; aspf=s"),
    ),
    "another domain's From": MailFault(
        "mail-other-domain", lambda: send(compose(sender="ann@stranger.example"))
    ),
    "two From": MailFault("mail-two-from", with_two_from),
    "two From, both signed": MailFault(
        "mail-two-from",
        lambda: send(compose(more="From: eve@evil.example\r\n"), signed=(*SIGNED, "from")),
    ),
    "From of two domains": MailFault(
        "mail-several-domains",
        lambda: send(compose(sender="ann@friend.example, eve@evil.example")),
    ),
    "no From": MailFault("mail-no-from", lambda: deliver(b"Subject: test\r\n\r\nA test.\r\n")),
    "From that nobody can read": MailFault(
        "mail-from-odd",
        lambda: send(compose(sender="ann@friend.example <eve@evil.example>")),
    ),
    "l= and more behind it": MailFault(
        "mail-length",
        lambda: deliver(hand_in(sign(compose(), length=9)) + b"Buy this!\r\n"),
    ),
    "expired": MailFault(
        "mail-signature-expired", lambda: send(compose(), tags={"x": str(NOW - 1)})
    ),
    "signed in the future": MailFault(
        "mail-signature-future", lambda: send(compose(), tags={"t": str(NOW + 90_000)})
    ),
    "SHA-1": MailFault("mail-signature-sha1", lambda: send(compose(), algorithm="rsa-sha1")),
    "From not signed": MailFault(
        "mail-from-unsigned", lambda: send(compose(), signed=("to", "subject"))
    ),
    "i= of another domain": MailFault(
        "mail-signature-odd", lambda: send(compose(), tags={"i": "@notfriend.example"})
    ),
    "forwarded": MailFault(
        "mail-forwarded",
        lambda: deliver(hand_in(sign(compose())), address=OTHER, name="mx.forward.example"),
        also="mail-forwarded",
    ),
    "forwarded and changed": MailFault(
        "mail-forwarded",
        lambda: on_the_way(b"A test", b"[External] A test", address=OTHER),
        also="mail-body-changed",
    ),
    "by a list": MailFault("mail-list", as_a_list),
    "by another server": MailFault(
        "mail-other-server", lambda: deliver(compose(), address=OTHER), also="mail-unsigned"
    ),
    "by a service with a key of its own": MailFault(
        "mail-other-server",
        lambda: deliver(
            sign(compose(), selector="s1", key=key_pair("provider")), address=OTHER, name=PROVIDER
        ),
        lambda: zone(key_line("friend.example", "s1", key_pair("provider"))),
        also="mail-old-selector",
    ),
    "signed for a name below, which nobody answers for": MailFault(
        "mail-policy-unknown",
        lambda: send(compose(), domain="mail.friend.example"),
        lambda: zone(key_line("mail.friend.example")),
        options={"failing": {"_dmarc.mail.friend.example": Outcome.SERVFAIL}},
    ),
    "nothing of the receiver": MailFault("mail-no-received", lambda: hand_in(sign(compose()))),
    "forged Received below the real one": MailFault(
        "mail-forwarded",
        lambda: deliver(
            deliver(hand_in(sign(compose()))),
            address=OTHER,
            name="mail.else.example",
            looked_up="unknown",
        ),
    ),
    "key missing": MailFault("mail-key-missing", good_mail, lambda: zone(key="")),
    "key revoked": MailFault(
        "mail-key-revoked",
        good_mail,
        lambda: zone(key=txt("dkim._domainkey.friend.example", "v=DKIM1; p=")),
    ),
    "key damaged": MailFault(
        "mail-key-broken",
        good_mail,
        lambda: zone(key=txt("dkim._domainkey.friend.example", key_pair().record[:-20])),
    ),
    "two keys": MailFault(
        "mail-key-several",
        good_mail,
        lambda: zone(key_line("friend.example", key=key_pair("old"))),
    ),
    "weak key": MailFault(
        "mail-key-weak",
        lambda: send(compose(), key=weak_key()),
        lambda: zone(key=key_line("friend.example", key=weak_key())),
    ),
    "key of another server": MailFault(
        "mail-key-differs",
        good_mail,
        lambda: zone(key=key_line("friend.example", key=key_pair("old"))),
        options={"dkim_known": known_key()},
    ),
    "signed by the server before a move": MailFault(
        "mail-key-differs",
        lambda: send(compose(), key=key_pair("old")),
        lambda: zone(key=key_line("friend.example", key=key_pair("old"))),
        options={"dkim_known": known_key()},
    ),
    "signed where our server has no key yet": MailFault(
        "mail-key-differs",
        good_mail,
        options={"dkim_known": NoKeyYet()},
    ),
    "key in test mode": MailFault(
        "mail-key-testing",
        good_mail,
        lambda: zone(
            key=txt("dkim._domainkey.friend.example", key_pair().record.replace("k=", "t=y; k="))
        ),
    ),
    "key not answered": MailFault(
        "mail-key-unknown",
        good_mail,
        options={"failing": {"_domainkey.friend.example": Outcome.SERVFAIL}},
    ),
    "policy not answered": MailFault(
        "mail-policy-unknown",
        good_mail,
        options={"failing": {"_dmarc.friend.example": Outcome.TIMEOUT}},
    ),
    "host not answered": MailFault(
        "mail-host-unknown",
        good_mail,
        options={"failing": {"mx1.cow.example": Outcome.TIMEOUT}},
    ),
    "SPF fails": MailFault(
        "mail-unsigned",
        lambda: deliver(hand_in(compose())),
        lambda: zone(spf="v=spf1 -all"),
        also="mail-spf-fail",
    ),
    "SPF broken": MailFault(
        "mail-unsigned",
        lambda: deliver(hand_in(compose())),
        lambda: zone(spf="v=spf1 ip4:banana -all"),
        also="mail-spf-broken",
    ),
    "no SPF": MailFault(
        "mail-unsigned",
        lambda: deliver(hand_in(compose())),
        lambda: zone(spf=""),
        also="mail-spf-none",
    ),
    "SPF not answered": MailFault(
        "mail-unsigned",
        lambda: deliver(hand_in(compose()), sender="bounce@sender.example"),
        also="mail-spf-unknown",
        options={"failing": {PROVIDER: Outcome.TIMEOUT}},
    ),
    "SPF of another domain": MailFault(
        "mail-unsigned",
        lambda: deliver(hand_in(compose()), sender="bounce@sender.example"),
        lambda: zone(txt(PROVIDER, "v=spf1 ip4:198.51.100.25 -all")),
        also="mail-spf-not-aligned",
    ),
    "a line that is no field": MailFault(
        "mail-header-odd", lambda: deliver(b"this is no field\r\n" + hand_in(sign(compose())))
    ),
    "a header without end": MailFault(
        "mail-header-odd", lambda: deliver(hand_in(sign(compose(more="X: y\r\n" * 20_000))))
    ),
    "own mailbox, and not handed in there": MailFault(
        "mail-forwarded",
        lambda: deliver(sign(compose()), address=OTHER),
        options={"is_foreign": False},
    ),
}

HTML: Final = b"<p>" + b"caf\xc3\xa9 " * 2000 + b"</p>\r\n"
RIGHT: Final[dict[str, tuple[Callable[[], bytes], dict[str, Any]]]] = {
    "plain": (good_mail, {}),
    "the key is known": (good_mail, {"dkim_known": known_key()}),
    "no domain is asked for": (good_mail, {"domain": None}),
    "no body": (lambda: good_mail(b""), {}),
    "no body, simple": (lambda: send(compose(b""), canon="simple/simple"), {}),
    "8-bit": (lambda: good_mail(b"\xe9\xff\x00\x80 bin\xc3\xa4r\r\n"), {}),
    "long lines": (lambda: good_mail(b"x" * 100_000 + b"\r\n"), {}),
    "blanks": (lambda: good_mail(b" \t " * 50_000 + b"\r\n \r\n\r\n\r\n"), {}),
    "odd charset": (
        lambda: send(compose("Grüße".encode("utf-16"), more="X-Charset: =?x-unknown?B?/w==?=\r\n")),
        {},
    ),
    "UTF-8 in the header": (lambda: send(compose(sender='"Ännchen" <ann@friend.example>')), {}),
    "two addresses of the domain": (
        lambda: send(compose(sender="ann@friend.example, Bob <bob@FRIEND.example>")),
        {},
    ),
    "a group": (lambda: send(compose(sender="Us: ann@friend.example, bob@friend.example;")), {}),
    "MIME bomb": (
        lambda: good_mail(
            b"".join(
                b"--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n" % (n, n + 1)
                for n in range(20_000)
            )
        ),
        {},
    ),
    "10 MB": (lambda: send(compose(HTML * (10_000_000 // len(HTML))), canon="relaxed/simple"), {}),
    "l= of the whole body": (lambda: send(compose(), length=9), {}),
    "a second signature, of a service": (
        lambda: deliver(
            sign(hand_in(sign(compose())), domain=PROVIDER, selector="s1", key=key_pair("provider"))
        ),
        {"world": zone(BULK)},
    ),
    "forged results below": (
        lambda: deliver(
            hand_in(FORGED.encode() + sign(compose())),
            results="mail.else.example; dkim=pass header.d=friend.example; spf=pass; dmarc=pass",
        ),
        {},
    ),
    "SPF does not allow the host": (good_mail, {"world": zone(spf="v=spf1 -all")}),
    "no DMARC record": (good_mail, {"world": zone(dmarc="")}),
    "from an own mailbox": (
        lambda: hand_in(sign(compose())),
        {"is_foreign": False, "receiver": ("cow.example",)},
    ),
    "an old mbox": (lambda: b"From ann Sun Nov 29\n" + good_mail().replace(b"\r\n", b"\n"), {}),
    "strict alignment": (
        good_mail,
        {"world": zone(dmarc="v=DMARC1; p=reject; adkim=s; aspf=s")},
    ),
}
