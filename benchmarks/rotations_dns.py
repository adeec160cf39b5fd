"""Members' zones at two name servers of their own, with the records of their DKIM keys.

What a member types is at one server first and at the other later, as with real providers. Nobody
may keep an answer for longer than two seconds, so that a rotation takes no hours.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

from bot.demo import world
from bot.demo.zone_server import AUTHORITY, ZoneServer
from bot.demo.zones import Zones, parse_zone
from name_server_world import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

KEPT: Final = 2  # seconds for which an answer, or that there is nothing, may be kept
SERVERS: Final = ("127.0.0.61", "127.0.0.62")
_REGISTRY: Final = "127.0.0.60"
_HOST: Final = "herd-dns.example"
_NAMES: Final = tuple(f"ns{number}.{_HOST}" for number in range(1, len(SERVERS) + 1))
_ABOVE: Final = {
    "example": f"@ NS ns.registry.example.\nns.registry A {_REGISTRY}",
    _HOST: "\n".join(f"ns{number} A {address}" for number, address in enumerate(SERVERS, 1)),
}


class MemberZones:
    """The zones, the servers that hold them, and the resolver, which sees what the first holds."""

    def __init__(self, domains: Sequence[str]) -> None:
        self.domains = tuple(domains)
        self._keys: list[dict[str, dict[str, str]]] = [{d: {} for d in domains} for _ in SERVERS]
        self._holders: list[ZoneServer] = []
        self._resolver: ZoneServer | None = None
        self.port = 0

    @property
    def resolver(self) -> ZoneServer:
        """The resolver that the bot and receivers of mail ask."""
        if self._resolver is None:
            raise RuntimeError("the servers are not running")
        return self._resolver

    def publish(
        self, domain: str, selector: str, value: str, *, at: Sequence[int] = (0, 1)
    ) -> None:
        """Put a key's record into the zone at these servers."""
        for number in at:
            self._keys[number][domain][selector] = value
        self._serve(domain)

    def remove(self, domain: str, selector: str) -> None:
        """Take a key's record out of the zone."""
        for keys in self._keys:
            keys[domain].pop(selector, None)
        self._serve(domain)

    def published(self, domain: str) -> dict[str, str]:
        """Return the key records of a domain that all servers have, by selector."""
        first, second = (keys[domain] for keys in self._keys)
        return {name: value for name, value in first.items() if second.get(name) == value}

    @asynccontextmanager
    async def serving(self, port: int = 0, resolver_port: int = 0) -> AsyncIterator[MemberZones]:
        """Have all servers listen, those of zones at `port`, or at one that is free."""
        self.port = port or free_port()
        texts = {**_ABOVE, **{domain: self._text(domain, 0) for domain in self.domains}}
        everything = Zones.of([*world.zones().table.values(), *Zones.of(texts).table.values()])
        async with AsyncExitStack() as stack:
            self._resolver = await stack.enter_async_context(
                ZoneServer(everything, port=resolver_port)
            )
            for number, address in enumerate(SERVERS):
                held = {domain: self._text(domain, number) for domain in self.domains}
                holder = ZoneServer(
                    Zones.of(held, outside="refused"), host=address, port=self.port, role=AUTHORITY
                )
                self._holders.append(await stack.enter_async_context(holder))
            # It refers to nobody, but says so at once.
            registry = ZoneServer(Zones.of({}, outside="refused"), host=_REGISTRY, port=self.port)
            await stack.enter_async_context(registry)
            yield self

    def _serve(self, domain: str) -> None:
        for number, holder in enumerate(self._holders):
            holder.zones = holder.zones.with_zone(parse_zone(domain, self._text(domain, number)))
        self.resolver.zones = self.resolver.zones.with_zone(
            parse_zone(domain, self._text(domain, 0))
        )

    def _text(self, domain: str, number: int) -> str:
        lines = [
            f"@ {KEPT} SOA {_NAMES[0]}. hostmaster.{_HOST}. 1 7200 3600 1209600 {KEPT}",
            *(f"@ {KEPT} NS {name}." for name in _NAMES),
            f"@ {KEPT} MX 10 mx1.cow.example.",
            f'@ {KEPT} TXT "v=spf1 include:_spf.cow.example -all"',
        ]
        for selector, value in self._keys[number][domain].items():
            strings = " ".join(f'"{value[at : at + 255]}"' for at in range(0, len(value), 255))
            lines.append(f"{selector}._domainkey {KEPT} TXT {strings}")
        return "\n".join(lines)
