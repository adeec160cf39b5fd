"""What a console command loads: what it uses, and nothing of what others need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from console_process import nameserver

from bot.demo.zones import Zones

if TYPE_CHECKING:
    from collections.abc import Callable

    from console_process import ConsoleProcess

    from bot.demo.zone_server import ZoneServer
    from conftest import CaseFile

pytest_plugins = ["process_fixtures"]

# What takes long to load, and is for the bot alone or for few commands.
HEAVY = frozenset(
    (
        *("discord", "sqlalchemy", "alembic", "aiosqlite", "aiohttp", "PIL", "segno"),
        *("prometheus_client", "imapclient", "smtplib", "dkim", "authres"),
        *("pydantic_settings", "bot.client", "bot.interactions", "bot.store", "bot.mailcow"),
        *("bot.app.bot_root", "bot.demo", "cogs"),
    )
)
MOST_OF_A_CHECK = 850  # modules; 752 on 3.11


@pytest.fixture
def loaded(console: ConsoleProcess) -> Callable[..., set[str]]:
    """Call a command in a Python of its own, and return the names of the modules that it loads."""

    def call(*words: str) -> set[str]:
        done = console.call_alone(*words, PYTHONPROFILEIMPORTTIME="1")
        assert "Traceback" not in done.stderr
        lines = (line for line in done.stderr.splitlines() if line.startswith("import time:"))
        return {line.rpartition("|")[2].strip() for line in lines}

    return call


def test_a_check_loads_nothing_of_discord_the_database_or_http(
    loaded: Callable[..., set[str]],
    case_file: CaseFile,
    threaded_zone_server: Callable[..., ZoneServer],
) -> None:
    healthy = next(case for case in case_file.cases if case.id == "C00")
    zones = Zones.of({**case_file.base_zones, "friend.example": healthy.zone})
    names = loaded("check", "friend.example", *nameserver(threaded_zone_server(zones)))
    assert "bot.services.domain_check" in names
    assert names & HEAVY == set()
    assert len(names) < MOST_OF_A_CHECK


@pytest.mark.parametrize("words", [("--help",), ("check", "--help"), ("run", "--help")])
def test_the_help_loads_no_command(loaded: Callable[..., set[str]], words: tuple[str, ...]) -> None:
    names = loaded(*words)
    assert "bot.cli" in names
    assert {name for name in names if name.endswith("_command")} == set()
    assert names & {*HEAVY, "bot.config.settings", "bot.words", "rich"} == set()


def test_settings_load_no_name_servers_and_no_judges(loaded: Callable[..., set[str]]) -> None:
    names = loaded("settings", "ann@friend.example")
    assert "bot.console.settings_page" in names
    assert names & {*HEAVY, "bot.dns.resolver", "bot.services.core"} == set()
