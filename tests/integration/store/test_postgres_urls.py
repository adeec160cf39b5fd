"""URLs of PostgreSQL databases: read in one way, and their passwords kept out of every text."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.loading import load_settings
from bot.errors import StoreError
from bot.store.engine.database import Database
from bot.store.engine.engines import create_engine
from bot.store.engine.postgresql import connect_arguments
from bot.store.engine.url import Address

if TYPE_CHECKING:
    from pathlib import Path

    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

BASE = "postgresql+asyncpg://"
NEEDED = {"MAIL_HOST": "mx1.cow.example", "MAIL_SPF": "v=spf1 include:_spf.cow.example -all"}
ODD = "p@ss/w?rd#1:%&= ü"


def arguments(rest: str) -> dict[str, object]:
    return connect_arguments(Address.parse(BASE + rest).url, "cowbell")


@pytest.mark.parametrize(
    ("rest", "host", "port"),
    [
        ("cow@db.example/cow", "db.example", 5432),
        ("cow@db.example:6543/cow", "db.example", 6543),
        ("cow@[2001:db8::1]:6543/cow", "2001:db8::1", 6543),
        ("cow@/cow?host=/run/postgresql", "/run/postgresql", 5432),
        ("cow@:6543/cow?host=%2Frun%2Fpostgresql", "/run/postgresql", 6543),
        ("cow@%2Frun%2Fpostgresql:6543/cow", "/run/postgresql", 6543),
        ("/cow", "localhost", 5432),
    ],
)
def test_a_host_is_a_name_an_address_or_a_folder(rest: str, host: str, port: int) -> None:
    known = arguments(rest)
    assert (known["host"], known["port"], known["database"]) == (host, port, "cow")


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ("cow:hunter2@hunter2@db/cow", "has more than one @; write %40 for one in the password"),
        ("cow:hunter2@one,two/cow", "names several hosts"),
        ("cow:hunter2@/cow?host=one&host=two", "names several hosts"),
        ("cow:hunter2@db:0/cow", "gives port 0"),
        ("cow:hunter2@db:65536/cow", "gives port 65536"),
        ("cow:hunter2@db", "names no database"),
        ("cow:hunter2%00@db/cow", "holds signs that no host"),
        ("cow:hunter2@d%0ab/cow", "holds signs that no host"),
        (f"cow:hunter2@{'d' * 64}/cow", "holds signs that no host"),
        ("cow:hunter2@db/cow?pw=hunter2", "gives the option pw, which is not known"),
        ("db/cow?hunter2@x=hunter2", "gives the option (hidden), which is not known"),
    ],
)
async def test_a_url_that_may_be_meant_otherwise_is_refused(rest: str, says: str) -> None:
    with pytest.raises(StoreError) as caught:
        await Database.open(BASE + rest)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)


@given(password=st.text(st.characters(codec="utf-8"), min_size=6))
def test_a_password_is_hidden_however_it_is_written(password: str) -> None:
    for written in (quote(password, safe=""), password):
        url = f"{BASE}cow:{written}@db/cow"
        said = ""
        try:
            address = Address.parse(url)
        except StoreError as error:
            said = str(error)
        else:
            assert address.url.password in load_settings({**NEEDED, "DATABASE_URL": url}).secrets()
            said = repr(address) + str(address)
        assert len(password) < 9 or password not in said


async def test_odd_signs_in_a_password_are_the_password(postgres: PostgresServer) -> None:
    async with postgres.database() as name:
        user = await postgres.guard(ODD)
        place = f"/{name}?host={postgres.socket_folder}"
        async with await Database.open(f"{BASE}{user}:{quote(ODD, safe='')}@{place}"):
            pass
        for wrong in (":hunter2", ""):
            with pytest.raises(StoreError, match="refuses the login") as caught:
                await Database.open(f"{BASE}{user}{wrong}@{place}")
            assert "hunter2" not in str(caught.value)
        engine = create_engine(
            address := Address.parse(f"{BASE}cow:{ODD[2:]}@x/y"), address.url, reading=True
        )
        assert "ss/w" not in repr(engine)


async def test_a_password_file_serves_a_url_without_a_password(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with postgres.database() as name:
        user = await postgres.guard("wake_up")
        file = tmp_path / "pgpass"
        _write(file, f"*:*:{name}:{user}:wake_up\n")
        monkeypatch.setenv("PGPASSFILE", str(file))
        async with await Database.open(f"{BASE}{user}@/{name}?host={postgres.socket_folder}"):
            pass


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)
