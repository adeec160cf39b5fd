"""Mail domains and mail addresses as people type and paste them: read, checked by IDNA 2008."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import dns.exception
import dns.name
import idna

from bot.characters import describe, echo, has_blank, is_hidden
from bot.errors import InvalidName
from bot.pasted import is_ip_address, take_out_host, unwrap

_LONGEST_INPUT = 1000  # characters; more is no slip of the hand and not worth reading
_LONGEST_NAME = 253  # octets in ASCII form without the final dot (RFC 1035 section 2.3.4)
_LONGEST_LABEL = 63  # octets in ASCII form (RFC 1035 section 2.3.4)
_LONGEST_LOCAL = 64  # octets (RFC 5321 section 4.5.3.1.1)
_LONGEST_ADDRESS = 254  # octets: a path of 256 without its angle brackets (RFC 5321 4.5.3.1.3)

# Joiners are invisible, too, but some scripts need them: IDNA 2008 says where (RFC 5892 A.1, A.2).
_JOINERS = "\u200c\u200d"
_ATOM = r"[^\s\x00-\x20\x7f()<>@,;:\\\"\[\].]+"  # RFC 5322 section 3.2.3, RFC 6531 section 3.3
_LOCAL = re.compile(rf'{_ATOM}(?:\.{_ATOM})*|"[!#-\[\]-~]+"')
_PLAIN = re.compile(rb"[A-Za-z0-9_.*-]+")
_KEPT = 2048  # names that are remembered: a check meets some 60, each of them dozens of times
_ASCII_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Domain:
    """A mail domain of at least two labels, lower case, sound by IDNA 2008 (RFC 5891).

    `name` is absolute and in its ASCII form. `parse` reads what people type, `from_ascii` names of
    our own.
    """

    name: dns.name.Name

    def __str__(self) -> str:
        return self.ascii

    @property
    def ascii(self) -> str:
        """The name in ASCII (labels "xn--…" where needed) without its final dot."""
        return text_of(self.name)

    @property
    def unicode(self) -> str:
        """The name with its own letters, for display only: others may look just like it."""
        labels = self.ascii.split(".")
        return ".".join(idna.ulabel(x) if x.startswith("xn--") else x for x in labels)

    @classmethod
    def from_ascii(cls, ascii_form: str) -> Domain:
        """Return the domain whose `ascii` this is: a name that we wrote ourselves, as it stands.

        Raises ValueError: it is no mail domain in that form.
        """
        labels = ascii_form.split(".")
        if (
            len(labels) < 2
            or len(ascii_form) > _LONGEST_NAME
            or labels[-1].isdigit()
            or not all(_is_ascii_label(label) for label in labels)
        ):
            raise ValueError(f"no mail domain in ASCII form: {echo(ascii_form)!r}")
        return cls(_absolute(labels))

    @classmethod
    def parse(cls, text: str) -> ParsedDomain:
        """Return the domain in what somebody typed or pasted. Raises InvalidName.

        White space around it, one final dot and upper case are ordinary; URLs and mail addresses,
        also in the marks that chats put around them, give their domain.
        """
        typed = _check_length(text).strip()
        host, shown = take_out_host(typed)
        domain = cls(_read_name(host))
        return ParsedDomain(domain, None if host == typed else echo(shown))

    def below(self, label: str) -> dns.name.Name | None:
        """Return the name of a label, or of several with dots, below it; None where none can be.

        It would be too long (RFC 1035 section 2.3.4), or the label is not one.
        """
        return _below(self.name.labels, label)


def text_of(name: dns.name.Name) -> str:
    """Return a name in presentation form (RFC 1035 section 5.1), without its final dot."""
    return _text_of(name.labels)


def absolute_text_of(name: dns.name.Name) -> str:
    """Return an absolute name in presentation form with its final dot, as records have it."""
    text = text_of(name)
    return text if len(name.labels) == 1 else f"{text}."  # of the root the dot is all there is


@lru_cache(maxsize=_KEPT)
def _text_of(labels: tuple[bytes, ...]) -> str:
    *named, last = labels or (b".",)
    joined = b".".join(named)
    # There is nothing to escape; a dot inside of a label would be one too many.
    if not last and _PLAIN.fullmatch(joined) and joined.count(b".") == len(named) - 1:
        return joined.decode("ascii")
    return dns.name.Name(labels).to_text(omit_final_dot=True)


@lru_cache(maxsize=_KEPT)
def _below(labels: tuple[bytes, ...], label: str) -> dns.name.Name | None:
    try:
        name = _read_label(label)
        if not name.is_absolute():
            return dns.name.Name((*name.labels, *labels))
    except dns.exception.DNSException:
        return None
    return name if name.is_subdomain(dns.name.Name(labels)) else None


@lru_cache(maxsize=256)  # every domain is asked for the same few, beside some random ones
def _read_label(text: str) -> dns.name.Name:
    return dns.name.from_text(text, None)


@dataclass(frozen=True, slots=True)
class ParsedDomain:
    """A domain, and what it was taken out of, fit for a message; None for a plain domain."""

    domain: Domain
    taken_from: str | None


@dataclass(frozen=True, slots=True)
class MailAddress:
    """A mail address: the local part as it was typed (RFC 5321, RFC 6531) and the domain."""

    local: str
    domain: Domain

    def __str__(self) -> str:
        return f"{self.local}@{self.domain.ascii}"

    @classmethod
    def parse(cls, text: str) -> MailAddress:
        """Return the address that somebody typed or pasted (`Me <me@…>`, `mailto:me@…`).

        Raises InvalidName.
        """
        typed = unwrap(_check_length(text).strip())
        if typed.lower().startswith("mailto:"):
            typed = typed[len("mailto:") :].partition("?")[0]
        local, at, host = typed.rpartition("@")
        if not at:
            raise InvalidName("address-without-at", typed=echo(typed))
        _check_local(local)
        address = cls(local, Domain(_read_name(host.strip())))
        if len(str(address).encode()) > _LONGEST_ADDRESS:
            raise InvalidName("address-too-long", most=_LONGEST_ADDRESS)
        return address


def _check_length(text: str) -> str:
    if len(text) > _LONGEST_INPUT:
        raise InvalidName("name-input-too-long", characters=len(text), most=_LONGEST_NAME)
    return text


def _check_local(local: str) -> None:
    """Refuse what cannot stand before the @ (RFC 5321 section 4.1.2, RFC 6531 section 3.3)."""
    if not local:
        raise InvalidName("address-without-local-part")
    hidden = next((c for c in local if is_hidden(c)), None)
    if hidden is not None:
        raise InvalidName("address-with-hidden-character", character=describe(hidden))
    if len(local.encode()) > _LONGEST_LOCAL:
        raise InvalidName("address-local-part-too-long", most=_LONGEST_LOCAL)
    if not _LOCAL.fullmatch(local):
        raise InvalidName("address-bad-local-part", local=echo(local))


def _read_name(host: str) -> dns.name.Name:
    """Return the absolute name that a bare host names, in ASCII; raises InvalidName."""
    _check_characters(host)
    try:
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False)
    except idna.IDNAError as error:
        raise _refuse_label(host, error) from None
    mapped = mapped.removesuffix(".")
    if not mapped:
        raise InvalidName("name-empty")
    if is_ip_address(mapped):
        raise InvalidName("name-is-ip-address", name=echo(mapped))
    labels = mapped.split(".")
    if "" in labels:
        raise InvalidName("name-with-empty-label", name=echo(host))
    if "_" in mapped:
        raise _refuse_underscore(labels)
    if len(labels) == 1:
        raise InvalidName("name-without-dot", name=echo(host))
    encoded = [_encode_label(label) for label in labels]
    if encoded[-1].isdigit():
        raise InvalidName("name-ends-in-number", name=echo(host))
    length = len(".".join(encoded))
    if length > _LONGEST_NAME:
        raise InvalidName("name-too-long", characters=length, most=_LONGEST_NAME)
    return _absolute(encoded)


def _absolute(labels: list[str]) -> dns.name.Name:
    return dns.name.Name([*(label.encode() for label in labels), b""])


def _check_characters(host: str) -> None:
    """Refuse what must not even reach the mapping of UTS 46, which drops some of it silently."""
    if not host:
        raise InvalidName("name-empty")
    if "*" in host:
        raise InvalidName("name-with-wildcard", name=echo(host))
    if "," in host or ";" in host:
        raise InvalidName("name-with-comma", name=echo(host))
    if has_blank(host):
        raise InvalidName("name-with-blank", name=echo(host))
    for before, character in zip(" " + host, host, strict=False):
        # A picture character comes with a selector of its colours: the picture is what to name.
        coloured = character in "\ufe0e\ufe0f" and unicodedata.category(before) == "So"
        if is_hidden(character) and character not in _JOINERS and not coloured:
            raise _refuse_hidden(character)


def _encode_label(label: str) -> str:
    """Return one label of a mapped name in ASCII (RFC 5891 section 4); raises InvalidName."""
    if (
        len(label) > _LONGEST_LABEL
        # Only now, as encoding takes the square of the length.
        or (not label.isascii() and len(label.encode("punycode")) > _LONGEST_LABEL - 4)
    ):
        raise InvalidName("name-label-too-long", label=echo(label), most=_LONGEST_LABEL)
    if label.startswith("-") or label.endswith("-"):
        raise InvalidName("name-with-outer-hyphen", label=echo(label))
    try:
        encoded = idna.alabel(label).decode()
        spelled = idna.ulabel(encoded)
        stable = idna.uts46_remap(spelled, std3_rules=False, transitional=False) == spelled
    except idna.IDNAError as error:
        raise _refuse_label(label, error) from None
    if not stable:
        raise _refuse_label(label, idna.IDNAError())
    return encoded


def _is_ascii_label(label: str) -> bool:
    """Whether this is a label as it stands in `Domain.ascii`."""
    if not _ASCII_LABEL.fullmatch(label):
        return False
    if label[2:4] != "--":
        return True
    try:
        return _encode_label(label) == label
    except InvalidName:
        return False


def _refuse_label(text: str, error: idna.IDNAError) -> InvalidName:
    """Return why IDNA 2008 refuses a label."""
    if text.startswith("xn--"):
        return InvalidName("name-badly-encoded", label=echo(text))
    if error.codepoint is not None and isinstance(
        error, idna.InvalidCodepoint | idna.InvalidCodepointContext
    ):
        character = chr(error.codepoint)
        if is_hidden(character):
            return _refuse_hidden(character)
        return InvalidName(
            "name-with-bad-character",
            character=describe(character),
            symbol=unicodedata.category(character) == "So",
        )
    if isinstance(error, idna.IDNABidiError):
        return InvalidName("name-in-two-directions", label=echo(text))
    if text[2:4] == "--":
        return InvalidName("name-with-reserved-hyphens", label=echo(text))
    return InvalidName("name-not-allowed", label=echo(text))


def _refuse_hidden(character: str) -> InvalidName:
    return InvalidName("name-with-hidden-character", character=describe(character))


def _refuse_underscore(labels: list[str]) -> InvalidName:
    last = max(place for place, label in enumerate(labels) if "_" in label)
    try:
        meant = Domain(_read_name(".".join(labels[last + 1 :])))
    except InvalidName:
        return InvalidName("name-with-underscore", name=echo(".".join(labels)))
    extra = echo(".".join(labels[: last + 1]))
    return InvalidName("name-of-record", extra=extra, meant=meant.unicode)
