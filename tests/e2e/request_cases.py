"""Members' requests of every kind: how far people have brought each, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from discord_payloads import text_of

from bot.config.loading import load_settings
from bot.demo import world
from bot.records.dmarc_policy import DmarcPolicy
from bot.records.expected import staged_dmarc
from bot.requests.model import RequestKind

if TYPE_CHECKING:
    from discord_payloads import Json

    from bot.demo.mailcow_double.double_server import MailcowDouble
    from bot.demo.mailcow_double.mailcow_state import DkimPair

KINDS = tuple(RequestKind)
LIVE_WORDS = {
    RequestKind.DKIM: "is live, so your mail",
    RequestKind.DMARC: "is live: others now know",
    RequestKind.MAILDOMAIN: "is on Cow Mail now",
    RequestKind.WEBMAIL: "The admin says that the certificate covers",
}
MAIL = '@ MX 10 mx1.cow.example.\n@ TXT "v=spf1 include:_spf.cow.example -all"'
DMARC = staged_dmarc(load_settings(world.DEMO_ENVIRONMENT).mail_server().dmarc, DmarcPolicy.NONE)


@dataclass
class Case:
    """One member's request, and how far the people have brought it."""

    place: int
    is_asked: bool = False
    is_approved: bool = False
    is_published: bool = False
    is_live: bool = False

    @property
    def kind(self) -> RequestKind:
        return KINDS[self.place % len(KINDS)]

    @property
    def domain(self) -> str:
        return f"farm-{self.place:04}.example"

    def is_about(self, message: Json) -> bool:
        return self.domain in text_of(message)

    def is_live_word(self, message: Json) -> bool:
        return self.is_about(message) and LIVE_WORDS[self.kind] in text_of(message)

    def is_first_word(self, message: Json) -> bool:
        """Whether it is the record to publish, or that the admin is at it."""
        return self.is_about(message) and not self.is_live_word(message)


def key_line(pair: DkimPair) -> str:
    """Return the line of a zone that publishes a key."""
    return record_line(pair.selector, f"v=DKIM1;k=rsa;t=s;s=email;p={pair.public}")


def record_line(selector: str, value: str) -> str:
    """Return the line of a zone that publishes the value of a key's record."""
    strings = (value[at : at + 255] for at in range(0, len(value), 255))
    return f"{selector}._domainkey TXT " + " ".join(f'"{part}"' for part in strings)


def prepare(case: Case, mailcow: MailcowDouble, pair: DkimPair) -> tuple[str, ...]:
    """Have Mailcow hold what an admin can act on; return the lines of the domain's zone for it."""
    if case.kind is not RequestKind.MAILDOMAIN:
        mailcow.add_domain(case.domain)
    match case.kind:
        case RequestKind.MAILDOMAIN:  # nothing shows control: the MX is not ours
            return ("@ A 203.0.113.80",)
        case RequestKind.DKIM:
            return (MAIL,)
        case RequestKind.WEBMAIL:
            return (MAIL, "mail CNAME mx1.cow.example.")
        case RequestKind.DMARC:
            own = mailcow.dkim.setdefault(case.domain, pair)
            return (MAIL, key_line(own), f'_dmarc TXT "{DMARC}"')
