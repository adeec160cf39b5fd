"""The demo on the console: a tour through settings, records, a broken domain and its mending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.app import open_core
from bot.config import load_settings
from bot.console.records import Format, show_records
from bot.console.reports import show_report
from bot.console.settings import show_settings
from bot.demo import world
from bot.demo.server import ZoneServer
from bot.mail.dkim import DkimRecord, KnownKey
from bot.mail.settings import client_settings
from bot.names import Domain, MailAddress

if TYPE_CHECKING:
    from rich.console import Console

    from bot.desk import Core
    from bot.mail.dkim import DkimKnowledge

_HEALTHY, _BROKEN = "friend.example", "newcomer.example"


async def play_tour(console: Console) -> None:
    """Play the tour: every answer in it comes over the DNS from a server inside this process."""
    async with ZoneServer(world.zones()) as server:
        config = load_settings(_environment(server))
        async with open_core(config) as core:
            await _settings(console, core)
            await _records(console, core)
            await _check(console, core, _HEALTHY, "tour_healthy")
            await _check(console, core, _BROKEN, "tour_broken")
            server.zones = server.zones.with_zone(world.mend(_BROKEN))
            await _check(console, core, _BROKEN, "tour_mended")
            console.print(f"\n{core.words.sentence('console/tour_end', {})}")


async def _settings(console: Console, core: Core) -> None:
    _headline(console, core, "tour_settings", "python -m bot settings ann@friend.example")
    who = MailAddress.parse(f"ann@{_HEALTHY}")
    show_settings(console, client_settings(core.server, who), core.words)


async def _records(console: Console, core: Core) -> None:
    _headline(console, core, "tour_records", f"python -m bot records {_BROKEN}")
    expected = await core.expect(Domain.of(_BROKEN), _key_of(core, _BROKEN))
    show_records(console, expected, Format.TABLE, core.words)


async def _check(console: Console, core: Core, name: str, title: str) -> None:
    _headline(console, core, title, f"python -m bot check {name}")
    report = await core.check(Domain.of(name), _key_of(core, name))
    show_report(console, report, core.server, core.words)


def _headline(console: Console, core: Core, title: str, command: str) -> None:
    console.print()
    console.rule(core.words.sentence(f"console/{title}", {}), align="left")
    console.print(f"$ {command}\n", style="dim")


def _key_of(core: Core, name: str) -> DkimKnowledge:
    record = DkimRecord.parse(world.DOMAINS[name].dkim)
    return KnownKey(core.server.dkim_selector, record, "mailcow")


def _environment(server: ZoneServer) -> dict[str, str]:
    host, port = server.address
    return {**world.DEMO_ENVIRONMENT, "DNS_SERVERS": f"{host}:{port}"}
