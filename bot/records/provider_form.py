"""A record as the fields of a provider's form: what each is called, and what to type into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import dns.name

from bot.characters import shorten
from bot.records.presentation import (
    full_name,
    joined_value,
    quoted_parts,
    relative_name,
    txt_parts,
)

if TYPE_CHECKING:
    from bot.records.providers import Provider

_LONGEST_VALUE = 16_384  # characters of a value in a form: all that is ever to be typed
_WITH_HOST = frozenset({"MX", "CNAME", "SRV", "NS"})  # their value ends with a host name
_SRV_PARTS = ("priority", "weight", "port")  # what comes before the target (RFC 2782)
_PROXIED = frozenset({"A", "AAAA", "CNAME"})  # what a web proxy can stand before


class RecordToType(Protocol):
    """A record to be typed, as `ExpectedRecord` and `Fix` have it: names absolute, TXT unquoted."""

    @property
    def owner(self) -> dns.name.Name:
        """The absolute name."""
        ...

    @property
    def type(self) -> str:
        """The record type."""
        ...

    @property
    def value(self) -> str:
        """The data in presentation form, MX without its priority."""
        ...

    @property
    def priority(self) -> int | None:
        """The priority of an MX."""
        ...

    @property
    def ttl(self) -> int | None:
        """The TTL in seconds; None where it is left to the provider."""
        ...


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    `key` is a heading of `labels.j2`, `label` the provider's own word, None where it is not
    known. An empty `value` means that the field stays empty. `other` is the other spelling, where
    it is not known which one is wanted.
    """

    key: str
    label: str | None
    value: str
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """A record as one provider wants it.

    `small` are the fields but the value, in the order of typing. `parts` is the value in quoted
    strings, where nobody knows whether the field takes more than 255 characters or it does not.
    `apart` are the parts of an SRV record's value, where nobody knows whether the form has a field
    for each.
    `hints` are templates of `hints/`; `word` is the provider's own word that they need.
    """

    small: tuple[Field, ...]
    value: Field
    parts: str | None
    hints: tuple[str, ...]
    word: str = ""
    apart: tuple[Field, ...] = ()

    @property
    def name(self) -> Field:
        """The field of the name."""
        return self.small[0]


def fill_form(record: RecordToType, zone: dns.name.Name, provider: Provider) -> Form:
    """Return what to type into a provider's form for a record of a zone; pure.

    What is not known of the provider comes in both spellings.
    """
    kind = Field("type", provider.words.get("type"), provider.types.get(record.type, record.type))
    small = [*_spell_owner(record, zone, provider), kind]
    value, parts = _value(record, provider)
    label = provider.words.get(record.type)
    is_joined = provider.priority == "joined"
    joined = None
    if record.priority is not None:
        if is_joined:
            value = joined_value(value, record.priority)
        else:
            word = provider.words.get("priority")
            small.append(Field("priority", word, str(record.priority)))
            if not provider.priority:
                joined = joined_value(value, record.priority)
    apart = _srv_fields(value, provider) if record.type == "SRV" else ()
    if apart and provider.srv:
        *own, target = apart
        small += own
        value, apart = target.value, ()
    if record.ttl is not None:
        ttl = provider.ttl_auto or str(max(record.ttl, provider.ttl_least))
        small.append(Field("ttl", provider.words.get("ttl"), ttl))
    hints = _hints(record, provider, is_long=parts is not None)
    word = provider.long_way if "limit" in hints else provider.proxy
    return Form(tuple(small), Field("value", label, value, joined), parts, hints, word, apart)


def _spell_owner(
    record: RecordToType, zone: dns.name.Name, provider: Provider
) -> tuple[Field, ...]:
    """Return the fields of a record's name; of an SRV record these can be three."""
    owner = record.owner
    labels = [dns.name.Name((label,)).to_text() for label in owner.labels[:2]]
    is_split = record.type == "SRV" and provider.srv in {"split", "bare"}
    if not is_split or not all(label.startswith("_") for label in labels):
        return (spell_name(owner, zone, provider),)
    service, protocol = labels
    rest = dns.name.Name(owner.labels[2:])
    bare = protocol.removeprefix("_")
    spelled = {"TCP": bare.upper(), "tcp": bare}.get(provider.protocol, protocol)
    above = () if provider.srv == "bare" and rest == zone else (spell_name(rest, zone, provider),)
    return (
        *above,
        Field("service", provider.words.get("service"), service),
        Field("protocol", provider.words.get("protocol"), spelled),
    )


def _srv_fields(value: str, provider: Provider) -> tuple[Field, ...]:
    """Return the parts of an SRV record's value; nothing where the form takes all in one."""
    parts = value.split()
    if provider.srv == "joined" or len(parts) != len(_SRV_PARTS) + 1:
        return ()
    own = (
        Field(key, provider.words.get(key), part)
        for key, part in zip(_SRV_PARTS, parts[:-1], strict=True)
    )
    return (*own, Field("target", provider.words.get("SRV"), parts[-1]))


def spell_name(
    owner: dns.name.Name, zone: dns.name.Name, provider: Provider, key: str = "name"
) -> Field:
    """Return a name as a provider's form takes it; names outside the zone always in full."""
    short, full = relative_name(owner, zone), full_name(owner)
    if owner == zone:
        typed = {"empty": "", "full": full}.get(provider.apex, short)
        is_known = bool(provider.apex)
    else:
        typed = full if provider.names == "full" else short
        is_known = bool(provider.names)
    label = provider.words.get("name") if key == "name" else None
    return Field(key, label, typed, None if is_known or full == typed else full)


def _value(record: RecordToType, provider: Provider) -> tuple[str, str | None]:
    """Return the value to type, and in parts where that may be needed besides.

    What is longer than any record of ours can only be one to delete, so its beginning is enough.
    """
    value = shorten(record.value, _LONGEST_VALUE)
    if record.type == "TXT":
        is_long = len(txt_parts(value)) > 1
        if provider.quotes == "needed" or (is_long and provider.long_text == "parts"):
            return quoted_parts(value), None
        wants_parts = is_long and provider.long_text != "whole"
        return value, quoted_parts(value) if wants_parts else None
    if record.type in _WITH_HOST and provider.final_dot == "none":
        # The root alone, of a null MX (RFC 7505), is its dot.
        return value if value.endswith(" .") or value == "." else value.removesuffix("."), None
    return value, None


def _hints(record: RecordToType, provider: Provider, *, is_long: bool) -> tuple[str, ...]:
    hints = []
    if record.type in _WITH_HOST and record.value.endswith("."):
        if provider.final_dot == "needed":
            hints.append("dot-needed")
        elif not provider.is_known:
            hints.append("dot-unknown")
    if record.type == "TXT":
        hints += {"needed": ["quotes"], "none": ["no-quotes"]}.get(provider.quotes, [])
        if is_long and provider.long_text == "limit":
            hints.append("limit")
    if record.type in _PROXIED and provider.proxy:
        hints.append("proxy")
    return tuple(hints)
