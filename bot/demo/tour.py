"""The demo on the console: a tour through settings, records, checks and requests."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bot.app.console_root import open_core
from bot.config.loading import load_settings
from bot.console.options import Format
from bot.console.records_page import show_records
from bot.console.report_page import show_report
from bot.console.server_page import show_server
from bot.console.settings_page import show_settings
from bot.demo import world
from bot.demo.demo_mails import MailFate
from bot.demo.demo_servers import open_servers
from bot.demo.passing_time import DemoClock
from bot.demo.publishing import line_of_record, publish
from bot.demo.tour_mails import open_mail_tour
from bot.demo.tour_requests import open_request_tour
from bot.demo.tour_rotation import open_rotation_tour
from bot.demo.tour_watch import WatchTour
from bot.names import Domain, MailAddress
from bot.records.client_settings import client_settings
from bot.records.expected import Purpose
from bot.requests.model import RequestKind
from bot.store.engine.database import Database

if TYPE_CHECKING:
    from rich.console import Console

    from bot.config.settings import Settings
    from bot.demo.demo_servers import DemoServers
    from bot.demo.tour_requests import RequestTour
    from bot.demo.zone_server import ZoneServer
    from bot.services.core import Core

_HEALTHY, _BROKEN, _SHORT_KEY = "friend.example", world.WITHOUT_KEY, "vintage.example"
_ASKED_FOR = {Purpose.DKIM, Purpose.DMARC}


async def play_tour(console: Console) -> None:
    """Play the tour: every answer in it comes from servers inside this process."""
    with TemporaryDirectory(prefix="cowbell-tour-", ignore_cleanup_errors=True) as name:
        folder, clock = Path(name), DemoClock()
        async with open_servers(folder) as servers:
            config = load_settings(servers.settings(folder))
            async with (
                await Database.open(config.database_url) as database,
                open_core(config, ports=servers.host.ports, now=clock) as core,
                open_request_tour(console, config, core, database) as request_tour,
                open_rotation_tour(
                    console, _at_name_servers(servers, folder), core, servers, database, clock=clock
                ) as rotation_tour,
                open_mail_tour(
                    *(console, config, core, servers, database),
                    now=clock,
                    rotations=rotation_tour.rotations,
                ) as mail_tour,
            ):
                await _settings(console, core)
                await _server(console, core)
                await _records(console, core)
                await _check(console, core, _HEALTHY, "tour_healthy")
                _headline(console, core, "tour_mail")
                for fate in (MailFate.RIGHT, MailFate.CHANGED):
                    await mail_tour.play(Domain.from_ascii(_HEALTHY), fate)
                await _check(console, core, _BROKEN, "tour_broken")
                await _requests(console, core, request_tour, servers.zones)
                await _check(console, core, _BROKEN, "tour_mended")
                _headline(console, core, "tour_watch")
                watch_tour = WatchTour(console, core, servers, database, clock)
                await watch_tour.play(Domain.from_ascii(_HEALTHY))
                _headline(console, core, "tour_rotation")
                await rotation_tour.play(Domain.from_ascii(_SHORT_KEY), mail_tour)
                console.print(f"\n{core.words.sentence('console/tour_end', {})}")


def _at_name_servers(servers: DemoServers, folder: Path) -> Settings:
    """Return the settings with which each zone's own name server is asked, too."""
    reach = {"DNS_PORT": str(servers.zones.address[1]), "DNS_ALLOW_PRIVATE": "true"}
    return load_settings({**servers.settings(folder), **reach})


async def _settings(console: Console, core: Core) -> None:
    _headline(console, core, "tour_settings", "python -m bot settings ann@friend.example")
    who = MailAddress.parse(f"ann@{_HEALTHY}")
    show_settings(console, client_settings(core.server, who), core.words)


async def _server(console: Console, core: Core) -> None:
    _headline(console, core, "tour_server", "python -m bot server")
    show_server(console, await core.check_server(), core.server, core.words, as_json=False)


async def _records(console: Console, core: Core) -> None:
    _headline(console, core, "tour_records", f"python -m bot records {_BROKEN}")
    expected = await core.expect(Domain.from_ascii(_BROKEN))
    show_records(console, expected, Format.TABLE, core.words)


async def _check(console: Console, core: Core, name: str, title: str) -> None:
    _headline(console, core, title, f"python -m bot check {name}")
    report, plan = await core.check_for_operator(Domain.from_ascii(name))
    show_report(console, report, core.server, core.words, plan=plan)


async def _requests(
    console: Console, core: Core, request_tour: RequestTour, server: ZoneServer
) -> None:
    _headline(console, core, "tour_requests")
    domain = Domain.from_ascii(_BROKEN)
    plain = [r for r in (await core.expect(domain)).records if r.purpose not in _ASKED_FOR]
    server.zones = publish(server.zones, domain, map(line_of_record, plain))
    await request_tour.play(RequestKind.DKIM, domain, server)
    await request_tour.play(RequestKind.DMARC, domain, server)


def _headline(console: Console, core: Core, title: str, command: str | None = None) -> None:
    console.print()
    console.rule(core.words.sentence(f"console/{title}", {}), align="left")
    console.print(f"$ {command}\n" if command else "", style="dim")
