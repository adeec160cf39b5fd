"""How a domain of the demo breaks, as domains do in the world, and how it is put right again."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.demo import world
from bot.demo.demo_mailcow import give_key, keys_of
from bot.demo.zones import parse_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.demo.demo_servers import DemoServers


class Breakage(StrEnum):
    """What happens to a domain's records."""

    MX_GONE = "mx"  # the provider's form lost the MX record
    SPF_OTHER = "spf"  # the SPF record is another service's
    DKIM_GONE = "dkim"  # the DKIM record was deleted


_KEY_LINE: Final = re.compile(r"(?m)^\S+\._domainkey .*$")
_LINES: Final[Mapping[Breakage, Callable[[str], str]]] = {
    Breakage.MX_GONE: lambda zone: re.sub(r"(?m)^@ MX .*$", "", zone),
    Breakage.SPF_OTHER: lambda zone: re.sub(
        r'(?m)^@ TXT "v=spf1 .*$', '@ TXT "v=spf1 include:_spf.letters.example -all"', zone
    ),
    Breakage.DKIM_GONE: lambda zone: _KEY_LINE.sub("", zone),
}


def break_domain(servers: DemoServers, name: str, breakage: Breakage) -> None:
    """Break a domain of which all else is right.

    Raises:
        KeyError: it is none of `world.DOMAINS`.

    """
    zone = parse_zone(name, _LINES[breakage](_mended_text(servers, name)))
    servers.zones.zones = servers.zones.zones.with_zone(zone)


def mend_domain(servers: DemoServers, name: str) -> None:
    """Put all records of a domain right, with a key for it at the mail server.

    Where its key is being changed, these are the records of both keys.

    Raises:
        KeyError: it is none of `world.DOMAINS`.

    """
    give_key(servers.mailcow, name)
    zone = parse_zone(name, _mended_text(servers, name))
    servers.zones.zones = servers.zones.zones.with_zone(zone)


def _mended_text(servers: DemoServers, name: str) -> str:
    """Return a domain's zone with all records right, those of a key that is changed among them."""
    right = world.DOMAINS[name].mended
    keys = keys_of(servers.mailcow, name)
    if not keys:
        return right
    lines = (world.key_line(key.selector, key.public) for key in keys)
    return "\n".join((_KEY_LINE.sub("", right), *lines))
