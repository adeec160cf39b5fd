"""The settings that a member types into a mail client, as values for cards and console."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.names import MailAddress

if TYPE_CHECKING:
    from bot.errors import Fact
    from bot.names import Domain
    from bot.records.mail_server import MailServer

_PLACEHOLDER_DOMAIN = "friend.example"
_MAILCOW_PROFILE = "/mobileconfig.php"

# The templates of what to know beside the values, in order; `ClientSettings.facts` feeds them.
# One that has nothing to say is empty.
BY_HAND = ("mail/settings_port_25", "mail/settings_pop")  # for who chooses ports themselves
CONTACT = "mail/settings_contact"
ADVICE = (
    "mail/settings_user_name",
    "mail/settings_server_name",
    *BY_HAND,
    "mail/settings_pages",
    "mail/settings_mailcow",
    CONTACT,
)


class Protocol(StrEnum):
    """What client and server speak."""

    IMAP = "IMAP"
    SMTP = "SMTP"
    POP = "POP"


class Direction(StrEnum):
    """Whether a service is for incoming or outgoing mail."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"


class Security(StrEnum):
    """How the connection is encrypted."""

    TLS = "TLS"  # from the first octet (RFC 8314); clients also say SSL
    STARTTLS = "STARTTLS"


@dataclass(frozen=True, slots=True)
class Service:
    """One way to reach the mail; `preferred` is what to choose first of its protocol."""

    protocol: Protocol
    direction: Direction
    host: str
    port: int
    security: Security
    preferred: bool


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Everything for one mail client.

    `services` has what suits phones first. `user_name` is a whole address; where
    `is_example`, it only shows the form. Empty texts are not configured.
    """

    name: str
    about: str
    host: str
    services: tuple[Service, ...]
    user_name: str
    is_example: bool
    webmail_url: str
    password_url: str
    contact: str
    alias: str  # what people wrongly type as server name: mail.<domain>; empty if it is the host
    own_page: str = ""  # of the mail server, where a member logs in; with Mailcow, its own profile
    has_own_profile: bool = False  # that page hands out an Apple profile
    pop_unknown: bool = False  # it was looked for, and not found out whether it works

    def of(self, protocol: Protocol) -> tuple[Service, ...]:
        """Return the ways to speak a protocol, the preferred one first; none if not offered."""
        return tuple(service for service in self.services if service.protocol is protocol)

    @property
    def facts(self) -> dict[str, Fact]:
        """What the templates of `ADVICE` may say."""
        return {
            "service": self.name,
            "host": self.host,
            "pop": bool(self.of(Protocol.POP)),
            "sends_on": tuple(f"{s.port} ({s.security.value})" for s in self.of(Protocol.SMTP)),
            "pop_unknown": self.pop_unknown,
            "user_name": self.user_name,
            "is_example": self.is_example,
            "webmail_url": self.webmail_url,
            "password_url": self.password_url,
            "contact": self.contact,
            "alias": self.alias,
        }


# RFC 8314 prefers TLS from the start; 25 is for servers and is on purpose not among them.
_PORTS = (
    (Protocol.IMAP, Direction.INCOMING, 993, Security.TLS),
    (Protocol.SMTP, Direction.OUTGOING, 465, Security.TLS),
    (Protocol.IMAP, Direction.INCOMING, 143, Security.STARTTLS),
    (Protocol.SMTP, Direction.OUTGOING, 587, Security.STARTTLS),
    (Protocol.POP, Direction.INCOMING, 995, Security.TLS),
    (Protocol.POP, Direction.INCOMING, 110, Security.STARTTLS),
)


def client_settings(server: MailServer, who: MailAddress | Domain | None = None) -> ClientSettings:
    """Return the settings for an address, for somebody at a domain, or for anybody."""
    user_name, domain, is_example = _user(who)
    host = server.host_text
    alias = f"{server.webmail_label}.{domain}"
    services = tuple(
        Service(protocol, direction, host, port, security, security is Security.TLS)
        for protocol, direction, port, security in _PORTS
        if server.pop or protocol is not Protocol.POP
    )
    return ClientSettings(
        name=server.name,
        about=server.about,
        host=host,
        services=services,
        user_name=user_name,
        is_example=is_example,
        webmail_url=server.webmail_url,
        password_url=server.password_url,
        contact=server.admin_contact,
        alias="" if alias == host else alias,
        own_page=_own_page(server),
        has_own_profile=_has_profiles(server),
    )


def _own_page(server: MailServer) -> str:
    """Return the mail server's page for a member's phone.

    Mailcow asks for the login and then hands out a profile, with calendars and contacts where SOGo
    is there (data/web/mobileconfig.php).
    """
    if not _has_profiles(server):
        return server.password_url
    query = "" if "sogo" in server.webmail_url.lower() else "only_email"
    return (
        urlsplit(server.password_url)
        ._replace(path=_MAILCOW_PROFILE, query=query, fragment="")
        .geturl()
    )


def _has_profiles(server: MailServer) -> bool:
    """Whether the page of the password is Mailcow's: passwords may be kept somewhere else."""
    ours = (server.host_text, urlsplit(server.webmail_url).hostname)
    host = urlsplit(server.password_url).hostname
    return server.is_mailcow and host is not None and host in ours


def _user(who: MailAddress | Domain | None) -> tuple[str, str, bool]:
    """Return user name and domain, and whether the user name is only an example."""
    if who is None:
        return f"you@{_PLACEHOLDER_DOMAIN}", _PLACEHOLDER_DOMAIN, True
    if isinstance(who, MailAddress):
        return str(who), who.domain.ascii, False
    return f"you@{who.ascii}", who.ascii, True
