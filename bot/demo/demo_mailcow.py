"""The mail server of the demo: a Mailcow double with the demo's domains and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.demo import world
from bot.demo.dkim_keys import private_pem
from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.demo.mailcow_double.mailcow_state import DkimPair, DkimTable

if TYPE_CHECKING:
    from collections.abc import Mapping

_READ, _WRITE = "demo-key-for-reading", "demo-key-for-writing"
_SELECTOR: Final = world.DEMO_ENVIRONMENT["DKIM_SELECTOR"]


def make_mailcow() -> MailcowDouble:
    """Return the Mailcow for an `async with`; its DKIM keys are those of the demo's zones."""
    pairs = {name: _pair_of(name) for name in world.DOMAINS}
    known = {name: pair for name, pair in pairs.items() if name not in _NEW}
    double = MailcowDouble(
        keys={_READ: ApiKey(may_write=False), _WRITE: ApiKey(may_write=True)},
        dkim=DkimTable(known),
        prepared=pairs,
        # SimCord takes a connection that is kept for work of the bot, and waits for its end.
        keeps_connections=False,
    )
    for name in world.DOMAINS:
        if name not in world.NOT_HOSTED:
            double.add_domain(name)
    return double


def access_to(double: MailcowDouble) -> Mapping[str, str]:
    """Return the settings that lead the bot to a Mailcow that runs."""
    return {
        "MAILCOW_URL": double.url,
        "MAILCOW_READ_KEY": _READ,
        "MAILCOW_API_KEY": _WRITE,
    }


def give_key(double: MailcowDouble, name: str) -> None:
    """Put the key of a domain into it, as if an admin had made it there."""
    double.dkim.setdefault(name, double.prepared[name])


def keys_of(double: MailcowDouble, name: str) -> tuple[DkimPair, ...]:
    """Return what it keeps for a domain: the key that signs, and those that are changed with it."""
    kept = [pair for at, pair in double.dkim.items() if at == name or _is_copy(at, name)]
    return tuple({pair.selector: pair for pair in kept}.values())


def _is_copy(at: str, name: str) -> bool:
    return at.startswith(f"{name}.") and at.endswith(".invalid")


_NEW: Final = {world.WITHOUT_KEY, *world.NOT_HOSTED}


def _pair_of(name: str) -> DkimPair:
    public = world.DOMAINS[name].dkim.rpartition("p=")[2]
    return DkimPair(_SELECTOR, public, private_pem(name.removesuffix(".example")).decode())
