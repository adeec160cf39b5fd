"""The faulty zones of the case files as worlds to check, for the benchmarks that go over them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import yaml

from benchmarks.diagnosis import DATA
from benchmarks.ours import key_of, make_resolver, now
from bot.config.loading import load_settings
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.names import Domain
from bot.services.domain_check import Checker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.checks.report import Report
    from bot.records.dkim_key import KnownKey
    from bot.records.mail_server import MailServer

CASES: Final = ("cases.yaml", "cases2.yaml", *sorted(p.name for p in DATA.glob("wild_*.yaml")))
DECEIVING: Final = ("adversarial.yaml",)


@dataclass(frozen=True, slots=True)
class CaseZone:
    """A faulty zone: the case's name, the domain, and all zones of its world."""

    name: str
    domain: Domain
    zones: Mapping[str, str]
    servfail: tuple[str, ...] = ()


class CaseWorld:
    """The zones of the case files, and the mail server that they are made for."""

    @cached_property
    def server(self) -> MailServer:
        """The mail server of cases.yaml's environment."""
        return load_settings(self._first["environment"]).mail_server()

    @cached_property
    def key(self) -> KnownKey:
        """The DKIM key of that server for every domain."""
        return key_of(self._first["dkim_expected"])

    @property
    def base_zones(self) -> Mapping[str, str]:
        """The zones of other people in cases.yaml."""
        zones: Mapping[str, str] = self._first["base_zones"]
        return zones

    @cached_property
    def _first(self) -> Any:
        return _read(CASES[0])

    def zones(self) -> Iterator[CaseZone]:
        """Yield the zones of all files, in their order."""
        for name in CASES:
            file = _read(name)
            world = {**self._first["base_zones"], **file.get("base_zones", {})}
            domain = self._first["domain"]
            for case in file["cases"]:
                zones = {**world, domain: case["zone"]}
                servfail = tuple(case.get("servfail", ()))
                yield CaseZone(case["id"], Domain.from_ascii(domain), zones, servfail)
        for name in DECEIVING:
            yield from self._changed(_read(name))

    def _changed(self, file: Any) -> Iterator[CaseZone]:
        world = {**self._first["base_zones"], **file["world"]}
        healthy = [line.strip() for line in file["healthy"].splitlines() if line.strip()]
        for case in file["zones"]:
            dropped = {tuple(line.split()) for line in case.get("drop", ())}
            kept = [line for line in healthy if tuple(line.split()[:2]) not in dropped]
            zone = "\n".join([*kept, *case.get("add", ())])
            zones = {**world, file["domain"]: zone}
            yield CaseZone(case["name"], Domain.from_ascii(file["domain"]), zones)

    async def check(self, case: CaseZone) -> Report:
        """Return the report of a zone, with the DKIM key known."""
        world = Zones.of(case.zones, servfail=case.servfail)
        async with (
            ZoneServer(world) as dns_server,
            make_resolver(dns_server.address[1]) as resolver,
        ):
            checker = Checker(resolver.ask, self.server, now, single_server=True)
            return await checker.check(case.domain, self.key)


def _read(name: str) -> Any:
    return yaml.safe_load((DATA / name).read_text(encoding="utf-8"))
