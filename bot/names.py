"""Mail domains and mail addresses as people type them: parse, IDNA 2008, refuse with a sentence."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Domain:
    """A mail domain of at least two labels, lower case, sound by IDNA 2008 (RFC 5891).

    `parse` and `of` make one; `name` is absolute and in its ASCII form.
    """

    name: dns.name.Name

    def __str__(self) -> str:
        return self.ascii

    @property
    def ascii(self) -> str:
        """The name in ASCII (labels "xn--…" where needed) without its final dot."""
        return self.name.to_text(omit_final_dot=True)

    @property
    def unicode(self) -> str:
        """The name with its own letters, for display only: others may look just like it."""
        return ".".join(idna.ulabel(label) for label in self.ascii.split("."))

    @classmethod
    def parse(cls, text: str) -> ParsedDomain:
        """Return the domain in what somebody typed or pasted, with a remark where it was taken out.

        White space around it, one final dot and upper case are ordinary; URLs and mail addresses,
        also in the marks that chats put around them, give their domain. Raises InvalidName.
        """
        typed = _check_length(text).strip()
        host, shown = take_out_host(typed)
        domain = cls(_read_name(host))
        if host == typed:
            return ParsedDomain(domain, None)
        return ParsedDomain(domain, f"I took {_introduce(domain)} out of {echo(shown)}.")

    @classmethod
    def of(cls, text: str) -> Domain:
        """Return the domain in what somebody typed or pasted. Raises InvalidName."""
        return cls.parse(text).domain

    def below(self, label: str) -> dns.name.Name | None:
        """Return the name of a label, or of several with dots, below it; None where none can be.

        It would be too long (RFC 1035 section 2.3.4), or the label is not one.
        """
        try:
            name = dns.name.from_text(label, self.name)
        except dns.exception.DNSException:
            return None
        return name if name.is_subdomain(self.name) else None


@dataclass(frozen=True, slots=True)
class ParsedDomain:
    """A domain, and a sentence on where it was taken from; None for a plain domain."""

    domain: Domain
    remark: str | None


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
            raise InvalidName(
                f'"{echo(typed)}" has no @; a mail address looks like me@friend.example.'
            )
        _check_local(local)
        address = cls(local, Domain(_read_name(host.strip())))
        if len(str(address).encode()) > _LONGEST_ADDRESS:
            raise InvalidName(
                f"That address is longer than {_LONGEST_ADDRESS} characters; "
                "a mail address is shorter, like me@friend.example."
            )
        return address


def _check_length(text: str) -> str:
    if len(text) > _LONGEST_INPUT:
        raise InvalidName(
            f"That is {len(text):,} characters long; a mail domain has at most {_LONGEST_NAME}, "
            "like friend.example."
        )
    return text


def _check_local(local: str) -> None:
    """Refuse what cannot stand before the @ (RFC 5321 section 4.1.2, RFC 6531 section 3.3)."""
    if not local:
        raise InvalidName(
            "There is nothing before the @; a mail address is like me@friend.example."
        )
    hidden = next((c for c in local if is_hidden(c)), None)
    if hidden is not None:
        raise InvalidName(
            f"The part before the @ holds an invisible character ({describe(hidden)}); "
            "type the address by hand, like me@friend.example."
        )
    if len(local.encode()) > _LONGEST_LOCAL:
        raise InvalidName(
            f"The part before the @ is longer than {_LONGEST_LOCAL} characters; "
            "a mail address is like me@friend.example."
        )
    if not _LOCAL.fullmatch(local):
        raise InvalidName(
            f'"{echo(local)}" cannot stand before the @; letters, digits, single dots and hyphens '
            "can, without blanks, like me@friend.example."
        )


def _read_name(host: str) -> dns.name.Name:
    """Return the absolute name that a bare host names, in ASCII; raises InvalidName."""
    _check_characters(host)
    try:
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False)
    except idna.IDNAError as error:
        raise InvalidName(_explain(host, error)) from None
    mapped = mapped.removesuffix(".")
    if not mapped:
        raise InvalidName("There is no domain in it; type a mail domain, like friend.example.")
    if is_ip_address(mapped):
        raise InvalidName(
            f"{echo(mapped)} is an IP address; a mail domain is a name, like friend.example."
        )
    labels = mapped.split(".")
    if "" in labels:
        raise InvalidName(
            f'"{echo(host)}" has nothing between two dots or before the first one; '
            "single dots part the labels of a mail domain, like friend.example."
        )
    if "_" in mapped:
        raise InvalidName(_explain_underscore(labels))
    if len(labels) == 1:
        raise InvalidName(
            f'"{echo(host)}" is a single word; a mail domain has a dot in it, like friend.example.'
        )
    encoded = [_encode_label(label) for label in labels]
    if encoded[-1].isdigit():
        raise InvalidName(
            f'"{echo(host)}" ends in a number; a mail domain ends in letters, like friend.example.'
        )
    length = len(".".join(encoded))
    if length > _LONGEST_NAME:
        raise InvalidName(
            f"That name is {length} characters long in ASCII form; a mail domain has at most "
            f"{_LONGEST_NAME}, like friend.example."
        )
    return dns.name.Name([*(label.encode() for label in encoded), b""])


def _check_characters(host: str) -> None:
    """Refuse what must not even reach the mapping of UTS 46, which drops some of it silently."""
    if not host:
        raise InvalidName("There is no domain in it; type a mail domain, like friend.example.")
    if "*" in host:
        raise InvalidName(
            f'"{echo(host)}" is a wildcard; I look at one mail domain, without *, '
            "like friend.example."
        )
    if "," in host or ";" in host:
        raise InvalidName(
            f'"{echo(host)}" holds a comma or semicolon; type one mail domain with dots in it, '
            "like friend.example."
        )
    if has_blank(host):
        raise InvalidName(
            f'"{echo(host)}" has a blank in it; a mail domain has none, like friend.example.'
        )
    for before, character in zip(" " + host, host, strict=False):
        # A picture character comes with a selector of its colours: the picture is what to name.
        coloured = character in "\ufe0e\ufe0f" and unicodedata.category(before) == "So"
        if is_hidden(character) and character not in _JOINERS and not coloured:
            raise InvalidName(_explain_hidden(character))


def _encode_label(label: str) -> str:
    """Return one label of a mapped name in ASCII (RFC 5891 section 4); raises InvalidName."""
    if (
        len(label) > _LONGEST_LABEL
        # Only now, as encoding takes the square of the length.
        or (not label.isascii() and len(label.encode("punycode")) > _LONGEST_LABEL - 4)
    ):
        raise InvalidName(
            f'"{echo(label)}" is too long; a part between two dots has at most {_LONGEST_LABEL} '
            "characters in ASCII form, like those of friend.example."
        )
    if label.startswith("-") or label.endswith("-"):
        raise InvalidName(
            f'"{echo(label)}" starts or ends with a hyphen; hyphens stand only inside a part of '
            "a mail domain, like my-friend.example."
        )
    try:
        encoded = idna.alabel(label).decode()
        spelled = idna.ulabel(encoded)
        stable = idna.uts46_remap(spelled, std3_rules=False, transitional=False) == spelled
    except idna.IDNAError as error:
        raise InvalidName(_explain(label, error)) from None
    if not stable:
        raise InvalidName(_explain(label, idna.IDNAError()))
    return encoded


def _explain(text: str, error: idna.IDNAError) -> str:
    """Return why IDNA 2008 refuses a label, as a sentence."""
    if text.startswith("xn--"):
        return (
            f'"{echo(text)}" spells no name that IDNA 2008 allows; copy it again or type it with '
            "its own letters, like bücher.example."
        )
    if error.codepoint is not None and isinstance(
        error, idna.InvalidCodepoint | idna.InvalidCodepointContext
    ):
        character = chr(error.codepoint)
        if is_hidden(character):
            return _explain_hidden(character)
        kind = "an emoji or symbol" if unicodedata.category(character) == "So" else "a character"
        return (
            f"{describe(character)} is {kind} that no mail domain has (IDNA 2008); "
            "letters, digits, hyphens and dots can be used, like friend.example."
        )
    if isinstance(error, idna.IDNABidiError):
        return (
            f'"{echo(text)}" mixes writing from left to right and from right to left; a part '
            "between two dots keeps to one direction (RFC 5893), like friend.example."
        )
    if text[2:4] == "--":
        return (
            f'"{echo(text)}" has hyphens in its third and fourth place, which only encoded names '
            "(xn--…) have; a mail domain is like my-friend.example."
        )
    return (
        f'"{echo(text)}" is not allowed by IDNA 2008; a mail domain has letters, digits and '
        "hyphens between its dots, like friend.example."
    )


def _explain_hidden(character: str) -> str:
    return (
        f"There is an invisible character in it ({describe(character)}), as copying may bring "
        "along; type the mail domain by hand, like friend.example."
    )


def _explain_underscore(labels: list[str]) -> str:
    last = max(place for place, label in enumerate(labels) if "_" in label)
    try:
        meant = Domain(_read_name(".".join(labels[last + 1 :])))
    except InvalidName:
        return (
            f'"{echo(".".join(labels))}" has an underscore; a mail domain has none, '
            "perhaps a hyphen, like my-friend.example."
        )
    extra = echo(".".join(labels[: last + 1]))
    return f"Leave out {extra}: a mail domain has no underscore. You probably mean {meant.unicode}."


def _introduce(domain: Domain) -> str:
    """Return a domain for a message; its ASCII form beside it where others may look alike."""
    if domain.unicode == domain.ascii:
        return domain.ascii
    return f"{domain.unicode} ({domain.ascii})"
