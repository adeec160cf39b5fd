"""One entry of `rua` or `ruf`: what is wrong with it, and which addresses were meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.exception
import dns.name

from bot.errors import InvalidName
from bot.names import Domain
from bot.records.tag_list import FWS

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIZE_LIMIT = re.compile(r"![0-9]+[kmgt]?$", re.IGNORECASE)  # obs-dmarc-report-size, passed over
_LOCAL = r"[#-+\-.0-9=A-Z\[-~]"  # printable ASCII without what separates or ends an address
_ADDRESS = re.compile(rf"{_LOCAL}(?:{_LOCAL}|/)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+\.?")
_BEFORE_LOCAL = re.compile(r"[\s,;:<>\"\\()\[\]?]")
_HOST = re.compile(r"(?:[^\W_]|-)+(?:\.(?:[^\W_]|-)+)+")  # of letters of any script
_SCHEME = re.compile(r"mail\s*to\s*:", re.IGNORECASE)
_WEB = re.compile(r"\s*(?:https?|ftp)\s*:", re.IGNORECASE)
# In which another address than that of the reports may stand (RFC 6068 section 2).
_QUERY = re.compile(r"\?[^,]*")


@dataclass(frozen=True, slots=True)
class ReportAddress:
    """One entry of `rua` or `ruf` as it stands, and what is wrong with it.

    `fault` is empty for a sound one, else "empty", "comma" (an entry that is empty beside others),
    "mailto" (the scheme is missing), "scheme" (another one than mailto, which nobody serves),
    "glued" (several without a comma), "twice" (mailto: stands there twice), "query" (a subject or
    the like behind it), "slashes" (as of a web address), "blank" (inside it), "marks" (angle
    brackets or quotes around it), "idn" (a domain not in ASCII), "local" (no ASCII before the "@")
    or "address". `meant` are the addresses to write instead, in ASCII; of an entry in which there
    is none they are empty.
    """

    text: str
    address: str = ""
    host: dns.name.Name | None = None
    fault: str = ""
    meant: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> ReportAddress:
        """Return the entry read; never raises."""
        bare = _SIZE_LIMIT.sub("", text.strip(FWS))
        scheme, colon, rest = bare.partition(":")
        if colon and scheme.strip().lower() == "mailto" and _ADDRESS.fullmatch(rest):
            try:
                host = dns.name.from_text(rest.rpartition("@")[2])
            except dns.exception.DNSException:
                return cls(text, fault="address")
            return cls(text, rest, host.canonicalize(), meant=(rest,))
        meant = () if _WEB.match(bare) else tuple(dict.fromkeys(_read_meant(bare)))
        return cls(text, fault=_find_fault(bare, meant), meant=meant)


def parse_entries(value: str) -> tuple[ReportAddress, ...]:
    """Return the entries of a list; one with the fault "empty" where the list is empty."""
    if not value.strip(FWS):
        return (ReportAddress(value, fault="empty"),)
    parts = value.split(",")
    return tuple(
        ReportAddress.parse(part) if part.strip(FWS) else ReportAddress(part, fault="comma")
        for part in parts
    )


def find_addresses(text: str) -> tuple[str, ...]:
    """Return every mail address in a text, whatever stands around it, in order.

    It is read from one "@" to the next, so that it takes no longer for texts without any address.
    """
    found = list[str]()
    before, *behind = text.split("@")
    for rest in behind:
        local, host = _BEFORE_LOCAL.split(before)[-1].lstrip("/"), _HOST.match(rest)
        before = rest
        if local and host:
            found.append(f"{local}@{host.group()}")
            before = rest[host.end() :]
    return tuple(found)


def _find_fault(bare: str, meant: tuple[str, ...]) -> str:
    """Return what is wrong with an entry that is not sound."""
    scheme, colon, rest = bare.partition(":")
    found = find_addresses(_QUERY.sub("", bare))
    if len(found) > 1:
        return "glued"
    if not colon:
        return ("mailto" if _is_alone(bare) else _find_odd(bare)) if meant else _find_lost(found)
    if scheme.strip().lower() != "mailto":
        return "scheme"
    if not meant:
        return _find_lost(found)
    if len(_SCHEME.findall(bare)) > 1:
        return "twice"
    if "?" in rest:
        return "query"
    return "slashes" if rest.lstrip().startswith("//") else _find_odd(rest)


def _find_odd(rest: str) -> str:
    """Return what is odd about an entry in which there is one address that can be written."""
    inner = rest.strip()
    if len(inner) > 2 and not inner[0].isalnum() and not inner[-1].isalnum():
        return "marks"
    if re.search(r"\s", rest):
        return "blank"
    hosts = (address.rpartition("@")[2] for address in find_addresses(rest))
    return "address" if all(host.isascii() for host in hosts) else "idn"


def _find_lost(found: tuple[str, ...]) -> str:
    """Return why an entry cannot be written: its address has letters before the "@"."""
    is_local = any(not address.rpartition("@")[0].isascii() for address in found)
    return "local" if is_local else "address"


def _is_alone(bare: str) -> bool:
    return bool(_ADDRESS.fullmatch(bare))


def _read_meant(bare: str) -> Iterator[str]:
    """Give the addresses of an entry in ASCII: the domain as A-label (RFC 5890 section 2.3.2.1)."""
    for address in find_addresses(_QUERY.sub("", _SCHEME.sub(" ", bare))):
        local, _, host = address.rpartition("@")
        written = f"{local}@{_to_ascii(host)}"
        if local.isascii() and local.isprintable() and _ADDRESS.fullmatch(written):
            try:
                dns.name.from_text(written.rpartition("@")[2])
            except dns.exception.DNSException:
                continue
            yield written


def _to_ascii(host: str) -> str:
    if host.isascii():
        return host
    try:
        return Domain.parse(host).domain.ascii
    except InvalidName:
        return ""
