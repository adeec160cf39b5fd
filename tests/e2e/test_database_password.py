"""The password of a PostgreSQL database: in no output of a process, whatever goes wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from console_process import ConsoleProcess

if TYPE_CHECKING:
    from pathlib import Path

    from forked_python import ForkedPython
    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

PASSWORD = "wake up/cow:7"
ENVIRONMENT = {
    "MAIL_HOST": "mx1.cow.example",
    "MAIL_SPF": "v=spf1 include:_spf.cow.example -all",
    "DISCORD_TOKEN": "not-a-token",
    "DNS_SERVERS": "127.0.0.1:1",
    "LOG_LEVEL": "debug",
    "PYTHONASYNCIODEBUG": "1",
}


@pytest.fixture
def console(tmp_path: Path, forked_python: ForkedPython) -> ConsoleProcess:
    return ConsoleProcess(ENVIRONMENT, tmp_path, forked_python)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("run",), 1),
        (("doctor", "--json"), 1),
        (("history", "friend.example"), 2),
        (("move-database", "postgresql+asyncpg://cow@db/cow"), 1),
    ],
)
async def test_a_server_that_refuses_it_has_nobody_read_it(
    command: tuple[str, ...], code: int, console: ConsoleProcess, postgres: PostgresServer
) -> None:
    async with postgres.database() as name:
        user = await postgres.guard("another")
        written = quote(PASSWORD, safe="")
        url = f"postgresql+asyncpg://{user}:{written}@/{name}?host={postgres.socket_folder}"
        done = await asyncio.to_thread(console.call, *command, DATABASE_URL=url)
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        assert "move-database" in command or "refuses the login" in " ".join(said.split())
        assert "Traceback" not in said
        assert not any(secret in said for secret in (PASSWORD, written, "wake up", "wake%20up"))
