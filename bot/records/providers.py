"""DNS providers: how their pages want records typed, and which one a zone's name servers are of."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

DATA = Path(__file__).with_name("providers.toml")
_MOST_NAMED = 2  # name servers that a message repeats


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider's page for DNS records, as a row of `providers.toml` describes it.

    `provider_rows` says what each field may be. An empty text, a `ttl_least` of 0 and what is
    missing in `words` and `types` are not known.
    """

    key: str
    name: str
    link: str  # where its records are changed, or its manual
    sources: tuple[str, ...]
    date: dt.date | None  # of the youngest source, or of when it was read; None: neutral words
    date_is: str
    name_servers: tuple[str, ...] = ()  # the ends of their names; a * stands for digits
    beside: str = ""  # the key of the row that has this one's name servers
    # What the form calls its fields and the groups of a type, and how it writes a type.
    words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    types: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    apex: str = ""
    names: str = ""
    final_dot: str = ""
    quotes: str = ""
    long_text: str = ""
    long_way: str = ""  # the page that takes what the form does not
    priority: str = ""
    srv: str = ""
    protocol: str = "_tcp"
    proxy: str = ""  # the switch as it has to stand
    ttl_auto: str = ""
    ttl_least: int = 0  # seconds

    @property
    def is_known(self) -> bool:
        """Whether it is a real provider, and not the row with neutral words for all others."""
        return self.key != OTHER


OTHER = "other"
# Of a provider that is not known: every form is shown in both spellings.
NEUTRAL = Provider(OTHER, "", link="", sources=(), date=None, date_is="")


@dataclass(frozen=True, slots=True)
class Hosting:
    """Which providers run a zone's name servers, by the servers' names.

    `providers` are those that are known, in the order of the file; `unknown` says that some of
    the name servers are nobody's that is known: other companies', or names of the owner's own.
    """

    name_servers: tuple[str, ...]  # without the final dot
    providers: tuple[Provider, ...]
    unknown: bool

    @property
    def provider(self) -> Provider:
        """The one provider of all the name servers; the neutral row where there is no such one."""
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

    The file comes with the program, and `provider_rows.check_providers` is asked whether it is
    right when it is changed: to check it here would take each call of the console 30 ms and 16 MB.
    """
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["provider"]
    return tuple(Provider(**{name: _read(value) for name, value in row.items()}) for row in rows)


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType(value)
    return tuple(value) if isinstance(value, list) else value


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
    return _pattern_of(end).search(name) is not None


@cache  # of the ends in the file alone; a check looks for each of them several times
def _pattern_of(end: str) -> re.Pattern[str]:
    pattern = re.escape(end).replace(r"\*", "[0-9]+")
    return re.compile(rf"(?:^|\.){pattern}$")
