"""Reads what autoconfig and autodiscover answer: the servers that mail programs are told to use.

There are the files of Thunderbird (draft-ietf-mailmaint-autoconfig), the XML of autodiscover
(MS-OXDSCLI, and MS-ASCMD for phones), and its second version in JSON. All is hostile: XML is read
without a document type, so that nothing in it can grow, and what is kept has an end.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bot.checks.optional.mail_config import (
    AskElsewhere,
    Encryption,
    Login,
    MailConfig,
    NamedServer,
    Spoken,
    UserName,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from xml.etree.ElementTree import Element

_MOST_SERVERS: Final = 20  # of one answer
_LONGEST: Final = 253  # characters of a host's name
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_EXCHANGE: Final = frozenset({"exch", "expr", "exhttp", "mapihttp"})
_ENCRYPTIONS: Final = {
    "plain": Encryption.NONE,
    "ssl": Encryption.TLS,
    "starttls": Encryption.STARTTLS,
}
_LOGINS: Final = {
    "password-cleartext": Login.PASSWORD,
    "plain": Login.PASSWORD,  # what the oldest files call it
    **dict.fromkeys(("password-encrypted", "secure", "gssapi", "ntlm"), Login.OTHER),
    **dict.fromkeys(("none", "client-ip-address", "smtp-after-pop"), Login.NONE),
}
_INCOMING: Final = {"imap": Spoken.IMAP, "pop3": Spoken.POP, "exchange": Spoken.EXCHANGE}
_POX: Final = {"imap": Spoken.IMAP, "pop3": Spoken.POP, "smtp": Spoken.SMTP}
# An Encryption element goes before the SSL element.
_POX_ENCRYPTIONS: Final = {
    "none": Encryption.NONE,
    "ssl": Encryption.TLS,
    "tls": Encryption.STARTTLS,
    "auto": Encryption.USUAL,
}


def parse_autoconfig(body: bytes, address: str) -> MailConfig | None:
    """Return the servers that a file of Thunderbird's names for an address; never raises.

    None where it is no such file, or one that Thunderbird does not take: it wants a server for
    incoming and one for outgoing mail.
    """
    root = _read_xml(body)
    if root is None or _tag(root) != "clientconfig":
        return None
    provider = _first(root, "emailprovider")
    if provider is None:
        return None
    incoming, outgoing = [], []
    for element in _some(provider):
        kind = element.get("type", "").strip().lower()
        if _tag(element) == "incomingserver" and kind in _INCOMING:
            incoming.append(_read_server(element, _INCOMING[kind], address))
        elif _tag(element) == "outgoingserver" and kind == "smtp":
            outgoing.append(_read_server(element, Spoken.SMTP, address))
    told = tuple(s for s in incoming if s is not None), tuple(s for s in outgoing if s is not None)
    return MailConfig(*told) if all(told) else None


def parse_autodiscover(body: bytes, address: str) -> MailConfig | AskElsewhere | None:
    """Return the servers that an answer of autodiscover names, or where else to ask.

    None where it names none, as in the answer for an address that does not exist. Never raises.
    """
    root = _read_xml(body)
    is_one = root is not None and _tag(root) == "autodiscover"
    response = _first(root, "response") if root is not None and is_one else None
    if response is None:
        return None
    account, action = _first(response, "account"), _first(response, "action")
    if account is None:
        return None if action is None else _read_phone_answer(action, address)
    if url := _text(account, "redirecturl"):
        return AskElsewhere(url[:2000])
    if moved := _other_domain(_text(account, "redirectaddr"), address):
        return MailConfig((NamedServer(Spoken.EXCHANGE, moved),))
    incoming: list[NamedServer] = []
    outgoing: list[NamedServer] = []
    for element in _some(account):
        server = _read_protocol(element, address) if _tag(element) == "protocol" else None
        if server is not None:
            (outgoing if server.spoken is Spoken.SMTP else incoming).append(server)
    return MailConfig(tuple(incoming), tuple(outgoing)) if incoming or outgoing else None


def parse_autodiscover_json(body: bytes) -> MailConfig | None:
    """Return the server of ActiveSync that version 2 of autodiscover names; never raises."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not isinstance(told.get("Url"), str):
        return None
    host = host_of_url(told["Url"])
    return MailConfig((NamedServer(Spoken.ACTIVESYNC, host),)) if host else None


def host_of_url(url: str) -> str:
    """Return the host that a URL of HTTP or HTTPS names; empty where it is none of a name."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        return ""
    return _host(host or "") if parts.scheme in {"http", "https"} else ""


def _read_phone_answer(action: Element, address: str) -> MailConfig | None:
    """Read what phones are told: where ActiveSync is, or another address to ask for."""
    if moved := _other_domain(_text(action, "redirect"), address):
        return MailConfig((NamedServer(Spoken.ACTIVESYNC, moved),))
    settings = _first(action, "settings")
    hosts = [host_of_url(_text(e, "url")) for e in _some(settings) if _tag(e) == "server"]
    servers = tuple(NamedServer(Spoken.ACTIVESYNC, host) for host in hosts if host)
    return MailConfig(servers) if servers else None


def _read_server(element: Element, spoken: Spoken, address: str) -> NamedServer | None:
    """Read one server of Thunderbird's file; None where Thunderbird passes it over."""
    host = _host(_fill_in(_text(element, "hostname"), address))
    port = _port(_text(element, "port"))
    sockets = [_ENCRYPTIONS.get(text) for text in _texts(element, "sockettype")]
    encryption = next((socket for socket in sockets if socket is not None), None)
    login = _read_login(_texts(element, "authentication"))
    if not host or port is None or encryption is None or login is None:
        return None
    name = _fill_in(_text(element, "username"), address)
    if not name and login is Login.NONE:
        name = address  # nobody asks for it
    return NamedServer(spoken, host, port, encryption, _user_name(name, address), login)


def _read_login(ways: Iterable[str]) -> Login | None:
    """Return the first way to log in that Thunderbird knows; it has OAuth for few servers alone."""
    oauth = None
    for way in ways:
        if way in _LOGINS:
            return _LOGINS[way]
        oauth = Login.OTHER if way == "oauth2" else oauth
    return oauth


def _read_protocol(element: Element, address: str) -> NamedServer | None:
    kind = (_text(element, "type") or element.get("Type", "")).strip().lower()
    if kind in _EXCHANGE:
        host = next(filter(None, (host_of_url(url) for url in _urls(element))), "")
        host = host or _host(_text(element, "server"))
        return NamedServer(Spoken.EXCHANGE, host) if host else None
    host = _host(_text(element, "server"))
    if kind not in _POX or not host:
        return None
    encrypted = _text(element, "ssl").lower() != "off"  # on where nothing is said
    encryption = _POX_ENCRYPTIONS.get(
        _text(element, "encryption").lower(), Encryption.USUAL if encrypted else Encryption.NONE
    )
    login = Login.OTHER if _text(element, "spa").lower() == "on" else Login.PASSWORD
    if _text(element, "authrequired").lower() == "off":
        login = Login.NONE
    name = _text(element, "loginname") or address  # Outlook's own choice where nothing is said
    port = _port(_text(element, "port"))
    return NamedServer(_POX[kind], host, port, encryption, _user_name(name, address), login)


def _urls(element: Element) -> Iterator[str]:
    """Give the addresses of a server of Exchange, wherever they stand below a protocol."""
    for number, inner in enumerate(element.iter()):
        if number > 10 * _MOST_SERVERS:
            return
        if _tag(inner) in {"ewsurl", "asurl", "externalurl"}:
            yield (inner.text or "").strip()


def _read_xml(body: bytes) -> Element | None:
    # Loaded where there is something to read: few checks have anything.
    from defusedxml.common import DefusedXmlException  # noqa: PLC0415 - as said above
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415 - as said above

    try:
        root: Element = fromstring(body.strip(), forbid_dtd=True)
    except (SyntaxError, ValueError, LookupError, DefusedXmlException):
        # A ParseError is a SyntaxError; an encoding that nobody knows is one of the others.
        return None
    return root


def _tag(element: Element) -> str:
    """Return an element's name in lower case, without its namespace."""
    return element.tag.rpartition("}")[2].lower()


def _some(parent: Element | None) -> list[Element]:
    """Return the first elements of one, as many as anybody needs."""
    return [] if parent is None else list(parent[: 5 * _MOST_SERVERS])


def _first(parent: Element, tag: str) -> Element | None:
    return next((element for element in _some(parent) if _tag(element) == tag), None)


def _texts(parent: Element, tag: str) -> list[str]:
    found = (element for element in _some(parent) if _tag(element) == tag)
    return [(element.text or "").strip().lower() for element in found]


def _text(parent: Element, tag: str) -> str:
    element = _first(parent, tag)
    return "" if element is None else (element.text or "").strip()


def _fill_in(text: str, address: str) -> str:
    """Return a text of no more than a name's length with Thunderbird's placeholders filled in."""
    if len(text) > _LONGEST:
        return ""
    local, _, domain = address.partition("@")
    for mark, value in (("ADDRESS", address), ("LOCALPART", local), ("DOMAIN", domain)):
        text = text.replace(f"%EMAIL{mark}%", value)
    return text


def _user_name(name: str, address: str) -> UserName:
    return UserName.ADDRESS if name.lower() == address.lower() else UserName.OTHER


def _host(text: str) -> str:
    """Return a host's name in lower case; empty where a text is none."""
    name = text.strip().lower().removesuffix(".")
    return name if len(name) <= _LONGEST and _HOST.fullmatch(name) else ""


def _port(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        return None
    return int(text) if 0 < int(text) <= 65_535 else None


def _other_domain(text: str, address: str) -> str:
    """Return the domain of another mail address; empty where there is none, or it is the same."""
    domain = _host(text.rpartition("@")[2]) if "@" in text else ""
    return "" if domain == address.rpartition("@")[2].lower() else domain
