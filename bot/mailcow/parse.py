"""What Mailcow's answers hold: octets in, values out, secrets left out on the way.

Nothing here raises anything but `BackendError`, whatever the octets are.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from bot.characters import echo, shorten
from bot.errors import BackendKeyFaulty, BackendUnclear, InvalidKey, InvalidName
from bot.mailcow.values import AliasDomain, Mailbox, MailcowKey, MailDomain
from bot.names import Domain
from bot.records.dkim_key import LEAST_RSA_BITS, DkimRecord
from bot.records.key_forms import read_key
from bot.requests.backend import DomainLimits

if TYPE_CHECKING:
    from bot.errors import Fact

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

SELECTOR = re.compile(r"(?=.{1,100}\Z)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
_SECRETS = frozenset({"log", "privkey"})  # `log` repeats requests, private keys included
_LONGEST_CODE = 100  # characters
_LONGEST_ABOUT = 253  # characters: a domain
_LONGEST_NUMBER = 18  # digits
_MIB = 2**20
_NUMBER = re.compile(rf"\s*(-?[0-9]{{1,{_LONGEST_NUMBER}}})(?:\.[0-9]*)?\s*")


class NotJson:
    """Stands for a body that is no JSON."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of Mailcow's answer to a write."""

    kind: str  # "success", "info", "warning", "danger" or "error"
    code: str  # the first text of `msg`, such as "dkim_added"
    about: tuple[str, ...]  # the other texts of `msg`

    @property
    def is_refusal(self) -> bool:
        """Whether something was not done."""
        return self.kind in {"danger", "error"}


def decode(body: bytes) -> Json | NotJson:
    """Return what JSON holds, `log` and `privkey` dropped unread wherever they stand."""
    try:
        value: Json = json.loads(
            body, object_pairs_hook=_drop_secrets, parse_constant=lambda _: None
        )
    except (ValueError, RecursionError):
        # Not raised on: the exception would carry the whole text, secrets included.
        return NotJson()
    return value


def _drop_secrets(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    return {name: value for name, value in pairs if name not in _SECRETS}


def read_number(value: Json) -> int | None:
    """Return a number that comes as int, float, text or bool; None for anything else."""
    if isinstance(value, str):
        digits = _NUMBER.fullmatch(value)
        return int(digits[1]) if digits else None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, int) else None


def read_entries(value: Json) -> tuple[Entry, ...]:
    """Return what Mailcow says to a write: one object, or a list of them that may be mixed."""
    items = value if isinstance(value, list) else [value]
    return tuple(entry for item in items if (entry := _read_entry(item)))


def _read_entry(item: Json) -> Entry | None:
    if not isinstance(item, dict) or not isinstance(kind := item.get("type"), str):
        return None
    said = item.get("msg")
    parts = said if isinstance(said, list) else [said]
    code, *about = [part for part in parts if isinstance(part, str)] or [""]
    return Entry(
        kind, shorten(code, _LONGEST_CODE), tuple(shorten(text, _LONGEST_ABOUT) for text in about)
    )


def read_refusal(value: Json) -> Entry | None:
    """Return why Mailcow refused to read something; None where it did not.

    What it reads has no text `type` beside a `msg`.
    """
    items = value if isinstance(value, list) else [value]
    for item in items:
        if isinstance(item, dict) and "msg" in item:
            entry = _read_entry(item)
            if entry is not None and entry.is_refusal:
                return entry
    return None


def read_version(value: Json) -> str:
    """Return the release of Mailcow, such as "2026-07a"."""
    version = value.get("version") if isinstance(value, dict) else None
    if not isinstance(version, str) or not version:
        raise _unclear("version")
    return shorten(version, 40)


def read_domain(value: Json, asked: Domain) -> MailDomain | None:
    """Return what `get/domain` says; for an alias domain that is the object of its target."""
    if is_nothing(value):
        return None
    found = _read_mail_domain(value)
    if found is None:
        raise _unclear("domain", asked.ascii)
    return found


def read_alias_domain(value: Json, asked: Domain, target: MailDomain) -> AliasDomain:
    """Return an alias domain of the target, by what `get/alias-domain/all` says.

    It takes mail where it and its target are active.
    """
    found = next((a for a in read_alias_domains(value) if a.domain == asked), None)
    if found is None or found.target != target.domain:
        raise _unclear("domain", asked.ascii)
    return replace(found, active=found.active and target.active)


def read_domains(value: Json) -> tuple[MailDomain, ...]:
    """Return what `get/domain/all` says; what cannot be read in it is left out."""
    return tuple(found for item in read_list(value) if (found := _read_mail_domain(item)))


def read_alias_domains(value: Json) -> tuple[AliasDomain, ...]:
    """Return what `get/alias-domain/all` says; what cannot be read in it is left out."""
    found = []
    for item in read_list(value):
        if isinstance(item, dict):
            alias, target = (
                _read_name(item.get("alias_domain")),
                _read_name(item.get("target_domain")),
            )
            if alias and target:
                found.append(AliasDomain(alias, target, _read_flag(item.get("active"))))
    return tuple(found)


def read_dkim(value: Json, domain: Domain) -> MailcowKey | None:
    """Return the key in what `get/dkim` says.

    `pubkey` is what counts: `dkim_txt` may come split into quoted strings.

    Raises:
        BackendKeyFaulty: no receiver could use it; keys of any kind and name can be imported there.

    """
    if is_nothing(value):
        return None
    if not isinstance(value, dict):
        raise _unclear("key", domain.ascii)
    selector, pubkey, text = (value.get(n) for n in ("dkim_selector", "pubkey", "dkim_txt"))
    if selector is False:  # it has none: what wrote the key was cut short
        selector = ""
    if not isinstance(selector, str) or not isinstance(pubkey, str):
        raise _unclear("key", domain.ascii)
    if not SELECTOR.fullmatch(selector):
        shown = echo(selector)
        raise BackendKeyFaulty("mailcow-selector-broken", domain=domain.ascii, selector=shown)
    record = _read_record(pubkey, text)
    if record is None:
        raise BackendKeyFaulty("mailcow-key-broken", domain=domain.ascii)
    if record.bits < LEAST_RSA_BITS:
        facts: dict[str, Fact] = {"bits": record.bits, "least": LEAST_RSA_BITS}
        raise BackendKeyFaulty("mailcow-key-too-short", domain=domain.ascii, **facts)
    return MailcowKey(domain, selector, record)


def _read_record(pubkey: str, text: Json) -> DkimRecord | None:
    try:
        key, _ = read_key(pubkey, "rsa")
        plain = DkimRecord.read(f"v=DKIM1;k=rsa;t=s;s=email;p={pubkey}")
    except InvalidKey:
        return None
    try:
        given = DkimRecord.parse(text) if isinstance(text, str) else plain
    except InvalidKey:
        return plain
    return given if given.key == key else plain


def read_mailbox(value: Json, address: str) -> Mailbox | None:
    """Return the mailbox in what `get/mailbox` says of this address."""
    if is_nothing(value):
        return None
    found = _read_mailbox(value)
    if found is None or found.address != address:
        raise _unclear("mailbox")  # its address may be a member's and stays out of messages
    return found


def read_mailboxes(value: Json, domain: Domain) -> tuple[Mailbox, ...]:
    """Return the mailboxes of one domain: of an unknown one Mailcow lists all that it has."""
    return tuple(
        found
        for item in read_list(value)
        if isinstance(item, dict) and _read_name(item.get("domain")) == domain
        if (found := _read_mailbox(item))
    )


def read_default_limits(value: Json) -> DomainLimits | None:
    """Return the limits of the Default template in what `get/domain/template/all` says."""
    for item in read_list(value):
        if isinstance(item, dict) and item.get("template") == "Default":
            attributes = item.get("attributes")
            return _read_limits(attributes) if isinstance(attributes, dict) else None
    return None


def _read_limits(attributes: dict[str, Json]) -> DomainLimits:
    def size(name: str) -> int | None:
        octets = read_number(attributes.get(name))
        return None if octets is None else octets // _MIB

    return DomainLimits(
        mailboxes=read_number(attributes.get("max_num_mboxes_for_domain")),
        aliases=read_number(attributes.get("max_num_aliases_for_domain")),
        usual_quota=size("def_quota_for_mbox"),
        mailbox_quota=size("max_quota_for_mbox"),
        domain_quota=size("max_quota_for_domain"),
    )


def is_nothing(value: Json) -> bool:
    """Whether Mailcow says that there is none: `{}`, also where a list would stand."""
    return value in ({}, [])


def read_list(value: Json) -> list[Json]:
    """Return the items of a list; an empty one comes as `{}`."""
    if is_nothing(value):
        return []
    if not isinstance(value, list):
        raise _unclear("list")
    return value


def _read_mail_domain(value: Json) -> MailDomain | None:
    if not isinstance(value, dict):
        return None
    name = _read_name(value.get("domain_name"))
    return MailDomain(name, _read_flag(value.get("active"))) if name else None


def _read_mailbox(value: Json) -> Mailbox | None:
    if not isinstance(value, dict):
        return None
    address = value.get("username")
    if not isinstance(address, str) or not 3 <= len(address) <= 254:
        return None
    return Mailbox(address.lower(), _read_flag(value.get("active")))


def _read_flag(value: Json) -> bool:
    return bool(read_number(value))


def _read_name(value: Json) -> Domain | None:
    if not isinstance(value, str) or not value.isascii():
        return None
    try:
        parsed = Domain.parse(value)
    except InvalidName:
        return None
    return parsed.domain if parsed.taken_from is None else None


def _unclear(what: str, about: str = "") -> BackendUnclear:
    return BackendUnclear("mailcow-unreadable", what=what, about=about)
