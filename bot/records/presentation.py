"""How providers want things typed: names short or full, MX in one field or two, TXT in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.names import text_of

if TYPE_CHECKING:
    import dns.name

LONGEST_STRING = 255  # octets of one string in a TXT record (RFC 1035 section 3.3)


def relative_name(owner: dns.name.Name, zone: dns.name.Name) -> str:
    """Return a name as it is typed below a zone's apex: `@`, `mail`, `dkim._domainkey`.

    A name outside the zone comes in full.
    """
    if owner == zone:
        return "@"
    if not owner.is_subdomain(zone):
        return full_name(owner)
    return owner.relativize(zone).to_text()


def full_name(owner: dns.name.Name) -> str:
    """Return a name in full, without its final dot."""
    return text_of(owner)


def txt_parts(value: str) -> tuple[str, ...]:
    """Return a TXT value in strings of at most 255 octets, one empty string for an empty value.

    A character beyond ASCII is never torn apart (its octets are those of UTF-8).
    """
    if value.isascii():
        starts = range(0, len(value) or 1, LONGEST_STRING)
        return tuple(value[at : at + LONGEST_STRING] for at in starts)
    parts: list[str] = []
    part, size = "", 0
    for character in value:
        width = len(_octets(character))
        if size + width > LONGEST_STRING:
            parts.append(part)
            part, size = "", 0
        part, size = part + character, size + width
    return (*parts, part)


def quoted_parts(value: str) -> str:
    r"""Return a TXT value as quoted strings for a zone file: `"…" "…"`.

    Quote marks and backslashes are escaped, other than printable ASCII as `\DDD` (RFC 1035
    section 5.1).
    """
    return " ".join(f'"{_escape(part)}"' for part in txt_parts(value))


def joined_value(value: str, priority: int | None = None) -> str:
    """Return `10 mx1.cow.example.`, for forms where one field takes priority and host of an MX."""
    return value if priority is None else f"{priority} {value}"


def rdata_text(rdtype: str, value: str, priority: int | None = None) -> str:
    """Return a record's data as a zone file has it: TXT quoted, MX with its priority."""
    return quoted_parts(value) if rdtype == "TXT" else joined_value(value, priority)


def _octets(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _escape(text: str) -> str:
    return _octets(text).decode("latin-1").translate(_SPELLED)  # a character for each octet


def _spell(octet: int) -> str:
    if octet in b'"\\':
        return f"\\{chr(octet)}"
    return chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03d}"


_SPELLED = tuple(map(_spell, range(256)))  # looked up, as a zone can be full of long texts
