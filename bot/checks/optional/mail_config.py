"""The servers that autoconfig or autodiscover tells a mail program to use, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Spoken(StrEnum):
    """What a program is told to speak with a server, as people call it."""

    IMAP = "IMAP"
    POP = "POP"
    SMTP = "SMTP"
    EXCHANGE = "Exchange"
    ACTIVESYNC = "ActiveSync"


class Encryption(StrEnum):
    """How a connection is to be encrypted."""

    TLS = "TLS"  # from the first octet
    STARTTLS = "STARTTLS"
    USUAL = ""  # in the way that is usual at the port
    NONE = "no encryption"


class UserName(StrEnum):
    """What a program is told to log in with."""

    ADDRESS = "address"  # the whole mail address
    OTHER = "other"


class Login(StrEnum):
    """How a program is told to log in."""

    PASSWORD = "password"  # noqa: S105 - as it is, inside of TLS; a way, not a secret
    OTHER = "other"  # such as CRAM-MD5, Kerberos, NTLM or OAuth
    NONE = "none"


@dataclass(frozen=True, slots=True)
class NamedServer:
    """One server that an answer names; `host` is a name in lower case, `port` None where unsaid."""

    spoken: Spoken
    host: str
    port: int | None = None
    encryption: Encryption = Encryption.USUAL
    user_name: UserName = UserName.ADDRESS
    login: Login = Login.PASSWORD


@dataclass(frozen=True, slots=True)
class MailConfig:
    """The servers that a program is told of; it takes the first of each kind."""

    incoming: tuple[NamedServer, ...]
    outgoing: tuple[NamedServer, ...] = ()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of all servers, each once."""
        return tuple(dict.fromkeys(server.host for server in (*self.incoming, *self.outgoing)))


@dataclass(frozen=True, slots=True)
class AskElsewhere:
    """An answer that sends the program to another address (`redirectUrl`); it is hostile."""

    url: str
