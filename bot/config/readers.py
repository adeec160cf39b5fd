"""Readers of environment variables: each takes text, and returns a value or raises ValueError.

Every reader raises ValueError with one sentence that repeats nothing of a value that may be
secret, and nothing of any other but what `bot.characters.echo` made of it.
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.characters import echo
from bot.checks.finding import OFFERABLE
from bot.dns.server_address import Server
from bot.dns.spf_grammar import MECHANISMS, is_record, read_record
from bot.errors import InvalidName
from bot.names import Domain, MailAddress
from bot.records.dkim_selector import is_selector
from bot.records.dmarc_policy import POLICIES
from bot.records.tag_list import FaultKind, parse_tags
from bot.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

_YES, _NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LONGEST_URL = 512  # characters, as Discord's link buttons have it
_LONGEST_SPF = 450  # octets that fit a DNS reply of 512 (RFC 7208 section 3.4)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_TAKEN_LABELS = frozenset({"autoconfig", "autodiscover"})
_REPORT_SIZE = re.compile(r"![0-9]+[kmgt]?$", re.IGNORECASE)  # RFC 7489 section 6.2
_SNOWFLAKE = re.compile(r"[1-9][0-9]{14,19}")
_DATABASE = re.compile(r"(?P<kind>[a-z0-9_]+)(?:\+(?P<driver>[a-z0-9_]+))?://.*", re.DOTALL)
_PASSWORD = re.compile(r"[^:/]*://[^:/]*:(?P<password>[^@]*)@")
_BLOCKING_DRIVERS = frozenset(
    {"pysqlite", "pysqlcipher", "psycopg2", "pg8000", "pymysql", "mysqldb", "mysqlconnector"}
)


def read_host(text: str) -> Domain:
    """Return a host name."""
    try:
        parsed = Domain.parse(text)
    except InvalidName as error:
        raise ValueError(Words().error(error)) from None
    if parsed.taken_from is not None:
        raise ValueError("Write the host name alone, without a URL or an address around it.")
    return parsed.domain


def read_bool(text: str) -> bool:
    """Return True for `yes` and False for `no`, and for the other usual spellings."""
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise ValueError("It is neither true nor false.")


def read_number(lowest: int, highest: int, unit: str = "") -> Callable[[str], int]:
    """Return a reader of whole numbers within bounds."""

    def read(text: str) -> int:
        # No number that is allowed has more digits, and a thousand of them take long to convert.
        if re.fullmatch(r"[0-9]{1,10}", text) and lowest <= int(text) <= highest:
            return int(text)
        raise ValueError(f"It is no whole number{unit} from {lowest} to {highest}.")

    return read


def read_choice(*choices: str) -> Callable[[str], str]:
    """Return a reader of one of several words, in any case."""

    def read(text: str) -> str:
        if text.lower() in choices:
            return text.lower()
        raise ValueError(f"It is none of {', '.join(choices)}.")

    return read


def read_line(longest: int) -> Callable[[str], str]:
    """Return a reader of one line of free text."""

    def read(text: str) -> str:
        if len(text) > longest:
            raise ValueError(
                f"It has {len(text):,} characters, and at most {longest} can be shown."
            )
        _require_visible(text)
        return text

    return read


def read_spf(text: str) -> str:
    """Return the SPF value to hand out; a member's check finds no fault with it (RFC 7208)."""
    if text[:6].lower() != "v=spf1":
        raise ValueError("An SPF value begins with v=spf1, without quote marks around it.")
    if not (text.isascii() and text.isprintable()):
        raise ValueError("An SPF value is one line of printable ASCII characters.")
    if len(text) > _LONGEST_SPF:
        raise ValueError(f"An SPF value has at most {_LONGEST_SPF} characters.")
    if not is_record(text):
        raise ValueError("It cannot be read as SPF: a blank has to stand behind v=spf1.")
    record = read_record(text)
    if record.faulty is not None:
        raise ValueError(f"It cannot be read as SPF: {echo(record.faulty)} breaks its grammar.")
    mechanisms = record.mechanisms
    if any(t.name in MECHANISMS for t in record.terms if not t.is_mechanism):
        raise ValueError('A mechanism such as include takes ":" and not "=" before its value.')
    if any(term.name == "all" for term in mechanisms[:-1]):
        raise ValueError("Nothing that stands behind an all counts: move the all to the end.")
    if not mechanisms or mechanisms[-1].name != "all":
        if record.redirect is not None:
            return text
        raise ValueError("It does not say what holds for all other servers: end it with -all.")
    if mechanisms[-1].qualifier not in {"-", "~"}:
        raise ValueError("It does not refuse other servers: end it with -all.")
    return text


def read_url(text: str) -> str:
    """Return a web address; https, or http to this very machine."""
    _require_visible(text)
    if len(text) > _LONGEST_URL:
        raise ValueError(f"A web address has at most {_LONGEST_URL} characters here.")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or not text.lower().startswith(("https://", "http://")) or " " in text:
        raise ValueError("It is no whole web address that begins with https://.")
    if "@" in parts.netloc:
        raise ValueError("A web address must not hold a user name or a password.")
    here = host == "localhost"
    try:
        here = here or ip_address(host).is_loopback
    except ValueError:
        if not here:
            read_host(host)
    if parts.scheme != "https" and not here:
        raise ValueError("A web address begins with https://; http:// is for this machine only.")
    return text


def read_base_url(text: str) -> str:
    """Return a web address that paths are put behind, without a final slash."""
    url = read_url(text)
    if "?" in url or "#" in url:
        raise ValueError("It is the address of the start page, without a ? or # in it.")
    return url.rstrip("/")


def read_issuer(text: str) -> str:
    """Return the domain by which CAA records name a certificate authority (RFC 8659)."""
    return read_host(text).ascii


def read_offer(text: str) -> frozenset[str]:
    """Return which optional records are offered, by name; empty for `none`."""
    words = [part.strip().lower() for part in text.split(",")]
    if words == ["none"]:
        return frozenset()
    if unknown := next((word for word in words if word not in OFFERABLE), None):
        known = ", ".join(OFFERABLE)
        raise ValueError(f"{echo(unknown)} is no optional record. It is none, or some of {known}.")
    if "" in words:
        raise ValueError("There is nothing between two commas, or beside one.")
    return frozenset(words)


def read_label(text: str) -> str:
    """Return one DNS label that no other record needs."""
    if not _LABEL.fullmatch(text) or text[2:4] == "--":
        raise ValueError("It is no single label of at most 63 letters, digits and hyphens.")
    if text.lower() in _TAKEN_LABELS:
        raise ValueError("This label is needed for the automatic set-up of mail programs.")
    return text.lower()


def read_selector(text: str) -> str:
    """Return a DKIM selector (RFC 6376 section 3.1): labels with dots between them."""
    if not is_selector(text):
        raise ValueError("A DKIM selector has letters, digits and hyphens, at most 100 of them.")
    return text.lower()


def read_report_addresses(text: str) -> str:
    """Return DMARC report addresses (RFC 9989 section 4.7), separated by commas alone."""
    return ",".join(_read_report_address(part.strip()) for part in text.split(","))


def _read_report_address(text: str) -> str:
    if text[:7].lower() != "mailto:":
        raise ValueError("A report address begins with mailto:, several have commas between them.")
    bare = text[7:]
    size = found[0] if (found := _REPORT_SIZE.search(bare)) else ""
    try:
        address = str(MailAddress.parse(bare.removesuffix(size)))
    except InvalidName as error:
        raise ValueError(Words().error(error)) from None
    # These would end the address, its tag or the record that it stands in (RFC 3986, RFC 6376).
    if not address.isascii() or any(mark in address for mark in '"!;?#') or "@" not in bare:
        raise ValueError("The part before the @ of a report address is plain letters and digits.")
    return f"mailto:{address}{size}"


def read_dmarc(text: str) -> str:
    """Return a whole DMARC value (RFC 9989 section 4.7)."""
    if not (text.isascii() and text.isprintable()):
        raise ValueError("A DMARC value is one line of printable ASCII characters.")
    tags = parse_tags(text)
    if not text.startswith("v") or tags.pairs[:1] != (("v", "DMARC1"),):
        raise ValueError("A DMARC value begins with v=DMARC1 and a semicolon.")
    for fault in tags.faults:
        if fault.kind is FaultKind.DUPLICATE:
            raise ValueError(f"The tag {echo(fault.text)} is there twice.")
        raise ValueError("It is no list of tag=value with semicolons between them.")
    for tag in ("p", "sp", "np"):
        policy = tags.get(tag, any_case=True)
        if (policy is None and tag == "p") or (policy and policy.lower() not in POLICIES):
            raise ValueError(f"Its tag {tag} is none of none, quarantine and reject.")
    for tag in ("rua", "ruf"):
        addresses = tags.get(tag, any_case=True)
        if addresses is not None:
            read_report_addresses(addresses)
    return text


def read_secret(text: str) -> SecretStr:
    """Return a token or key, which is never shown."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("It holds characters that no token has, such as a blank.")
    return SecretStr(text)


def read_id(text: str) -> int:
    """Return a Discord id (a snowflake)."""
    if not _SNOWFLAKE.fullmatch(text) or int(text) >= 2**64:
        raise ValueError("It is no Discord id, which has 15 to 20 digits.")
    return int(text)


def read_ids(text: str) -> tuple[int, ...]:
    """Return Discord ids that have commas between them, each once."""
    return tuple(dict.fromkeys(read_id(part.strip()) for part in text.split(",")))


def read_database(text: str) -> str:
    """Return the URL of a database with a driver that can be awaited."""
    found = _DATABASE.fullmatch(text)
    if found is None:
        raise ValueError("It is no database URL of the form kind+driver://place.")
    if found["driver"] is None or found["driver"] in _BLOCKING_DRIVERS:
        raise ValueError("It names no asynchronous driver, such as aiosqlite or asyncpg.")
    return text


def find_password(url: str) -> str | None:
    """Return the password in the URL of a database, as it is written there; None: it has none.

    It ends at the first @, as SQLAlchemy has it: other readers of URLs end it at a / or a ?.
    """
    found = _PASSWORD.match(url)
    return found["password"] if found else None


def read_servers(text: str) -> tuple[Server, ...]:
    """Return DNS servers that have commas between them, each once."""
    return tuple(dict.fromkeys(_read_server(part) for part in text.split(",")))


def _read_server(text: str) -> Server:
    try:
        return Server.parse(text)
    except ValueError as error:
        sentence = str(error)
        raise ValueError(sentence[:1].upper() + sentence[1:]) from None


def read_folder(text: str) -> Path:
    """Return the path of a folder that is there."""
    try:
        there = Path(text).is_dir()
    except (OSError, ValueError):
        there = False
    if not there:
        raise ValueError("There is no such folder.")
    return Path(text)


def read_path(text: str) -> Path:
    """Return the path of a file; whether it is there, and what is in it, is found out elsewhere."""
    return Path(text)


def _require_visible(text: str) -> None:
    """Refuse what would break a line or turn the text around it."""
    for character in text:
        if character in _BIDI or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
            raise ValueError("It holds a line break or another character that cannot be shown.")
