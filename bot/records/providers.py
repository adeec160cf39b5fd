"""DNS providers: how their pages want records typed, and which one a zone's name servers are of."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.errors import ConfigError
from bot.records.provider_rows import check_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

DATA = Path(__file__).with_name("providers.toml")
_MOST_NAMED = 2  # name servers that a message repeats


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider's page for DNS records: what `providers.toml` says of it.

    An empty text, a `ttl_least` of 0 and what is missing in `words` and `types` are not known.
    """

    key: str
    name: str
    name_servers: tuple[str, ...] = ()  # ends of names; a * in the first label stands for digits
    beside: str = ""  # the key of the row that has this one's name servers
    words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    types: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    apex: str = ""  # "@", "empty" or "full"
    names: str = ""  # "short" or "full"
    final_dot: str = ""  # "needed", "accepted" or "refused"
    quotes: str = ""  # "needed" or "none"
    long_text: str = ""  # "whole", "parts" or "limit"
    long_way: str = ""  # the page that takes what the form does not
    priority: str = ""  # "own" or "joined"
    proxy: str = ""  # the switch as it has to stand
    ttl_auto: str = ""
    ttl_least: int = 0  # seconds
    link: str = ""
    sources: tuple[str, ...] = ()
    date: date | None = None
    date_is: str = ""  # "stated" by the youngest source, or the day it was "read"

    @property
    def is_known(self) -> bool:
        """Whether it is a provider at all, not the neutral words for any other."""
        return self.key != OTHER


OTHER = "other"
NEUTRAL = Provider(OTHER, "")  # every form is shown in both spellings


@dataclass(frozen=True, slots=True)
class Hosting:
    """At whose name servers a zone is, as far as their names tell.

    `providers` are those that are known, in the order of the file; `unknown` says that some of
    the name servers are nobody's that is known: other companies', or names of the owner's own.
    """

    name_servers: tuple[str, ...] = ()  # without the final dot
    providers: tuple[Provider, ...] = ()
    unknown: bool = False

    @property
    def provider(self) -> Provider:
        """The provider whose all name servers are; neutral words where that is not one alone."""
        return self.providers[0] if len(self.providers) == 1 and not self.unknown else NEUTRAL

    @property
    def facts(self) -> dict[str, str | int | bool | tuple[str, ...]]:
        """What the template `hosting/where.j2` says of it."""
        return {
            "providers": tuple(provider.name for provider in self.providers),
            "servers": self.name_servers[:_MOST_NAMED],
            "more": max(len(self.name_servers) - _MOST_NAMED, 0),
            "unknown": self.unknown,
        }


@cache
def load_providers(path: Path = DATA) -> tuple[Provider, ...]:
    """Return the providers, the usual ones first.

    Raises:
        ConfigError: the file is no TOML, or a row says what none may; one line a fault.

    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError((f"{path.name}: this is no TOML ({error}).",)) from error
    if faults := check_rows(raw):
        raise ConfigError(tuple(f"{path.name}: {fault}" for fault in faults))
    return tuple(_read(row) for row in raw["provider"])


def find_provider(name_servers: Iterable[str]) -> Hosting:
    """Return at whose name servers a zone is; upper case and final dots do not matter."""
    names = tuple(sorted({name.lower().rstrip(".") for name in name_servers}))
    found = {name: _provider_of(name) for name in names}
    keys = {provider.key for provider in found.values() if provider is not None}
    return Hosting(
        names,
        tuple(provider for provider in load_providers() if provider.key in keys),
        unknown=None in found.values(),
    )


def provider_by_key(key: str | None) -> Provider | None:
    """Return the provider with this key, `other` for the neutral words; None where none has it."""
    if key == OTHER:
        return NEUTRAL
    return next((provider for provider in load_providers() if provider.key == key), None)


def choose_provider(key: str | None, name_servers: Iterable[str]) -> Provider:
    """Return the provider that was chosen, else the one whose name servers these are."""
    return provider_by_key(key) or find_provider(name_servers).provider


def offer_providers(hosting: Hosting, chosen: Provider, most: int) -> tuple[Provider, ...]:
    """Return at most so many providers to choose from, the likely ones first, neutral words last.

    First come those that the name servers belong to, with the other pages of the same company;
    the one that is chosen is among them in any case.
    """
    listed = load_providers()
    found = {provider.key for provider in hosting.providers}
    likely = [p for p in listed if p.key in found or p.beside in found]
    if chosen.is_known and chosen not in likely:
        likely.append(chosen)
    rest = [provider for provider in listed if provider not in likely]
    return (*(*likely, *rest)[: most - 1], NEUTRAL)


def _provider_of(name: str) -> Provider | None:
    return next(
        (
            provider
            for provider in load_providers()
            if any(_ends_with(name, end) for end in provider.name_servers)
        ),
        None,
    )


def _ends_with(name: str, end: str) -> bool:
    """Whether a name is, or lies below, one end; a `*` stands for digits."""
    pattern = re.escape(end).replace(r"\*", "[0-9]+")
    return re.search(rf"(?:^|\.){pattern}$", name) is not None


def _read(row: Mapping[str, object]) -> Provider:
    values = {
        key: tuple(value)
        if isinstance(value, list)
        else MappingProxyType(value)
        if isinstance(value, dict)
        else value
        for key, value in row.items()
    }
    return Provider(**values)  # type: ignore[arg-type]  # check_rows has seen every one
