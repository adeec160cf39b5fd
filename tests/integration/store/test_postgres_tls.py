"""TLS to PostgreSQL as the URL demands it, by real handshakes: never less, and no secret said."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import trustme
from sqlalchemy import text

from bot.errors import StoreError
from bot.store.engine.database import Database
from postgres_front import open_front

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from postgres_front import PostgresFront
    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

UNKNOWN = (
    "no authority that is known made its certificate; name its own as sslrootcert in DATABASE_URL."
)
OURS, OTHERS = trustme.CA(), trustme.CA()


@pytest.fixture(autouse=True)
def authorities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have two authorities as files, none of which this machine knows by itself."""
    OURS.cert_pem.write_to_path(tmp_path / "ours.pem")
    OTHERS.cert_pem.write_to_path(tmp_path / "others.pem")
    (tmp_path / "empty.pem").touch()
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def name(postgres: PostgresServer) -> AsyncIterator[str]:
    async with postgres.database() as name:
        yield name


def certified(*names: str, until: datetime | None = None) -> ssl.SSLContext:
    """Return the TLS of a server with a certificate of our authority for these names."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    OURS.issue_cert(*names, not_after=until).configure_cert(context)
    return context


@asynccontextmanager
async def front(
    postgres: PostgresServer, tls: ssl.SSLContext | None
) -> AsyncIterator[PostgresFront]:
    async with open_front(postgres.socket, tls) as opened:
        yield opened


def url_of(front: PostgresFront, name: str, options: str, host: str = "localhost") -> str:
    mark = "?" if options else ""
    return f"postgresql+asyncpg://postgres:wake_up@{host}:{front.port}/{name}{mark}{options}"


async def use(url: str) -> None:
    async with await Database.open(url) as database:
        assert await database.read(lambda session: session.scalar(text("SELECT 1"))) == 1


async def refuse(url: str) -> str:
    with pytest.raises(StoreError) as caught:
        await use(url)
    sentence = str(caught.value)
    assert "wake_up" not in sentence
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ("", ["other.example"]),
        ("sslmode=require", ["other.example"]),
        ("ssl=require", ["other.example"]),
        ("sslmode=verify-ca&sslrootcert=ours.pem", ["other.example"]),
        ("sslmode=require&sslrootcert=ours.pem", ["other.example"]),
        ("sslmode=verify-full&sslrootcert=ours.pem", ["localhost"]),
        ("sslrootcert=ours.pem", ["localhost"]),
    ],
)
async def test_what_the_url_demands_and_the_server_has_is_tls(
    options: str, names: list[str], postgres: PostgresServer, name: str
) -> None:
    async with front(postgres, certified(*names)) as way:
        await use(url_of(way, name, options))
        assert (way.secured > 0, way.plain) == (True, 0)


async def test_an_address_is_a_name_as_well(postgres: PostgresServer, name: str) -> None:
    options = "sslmode=verify-full&sslrootcert=ours.pem"
    async with front(postgres, certified("127.0.0.1")) as way:
        await use(url_of(way, name, options, "127.0.0.1"))
    async with front(postgres, certified("localhost")) as way:
        said = await refuse(url_of(way, name, options, "127.0.0.1"))
    assert "its certificate is for another address" in said


@pytest.mark.parametrize(
    ("options", "names", "says"),
    [
        (
            "sslmode=verify-full&sslrootcert=ours.pem",
            ["other.example"],
            "its certificate is for another name; write in DATABASE_URL the host that it names.",
        ),
        *(
            (
                f"sslmode={mode}{root}",
                ["localhost"],
                UNKNOWN,
            )
            for mode, root in (
                ("verify-full", ""),
                ("verify-full", "&sslrootcert=system"),
                ("verify-full", "&sslrootcert=others.pem"),
                ("verify-ca", "&sslrootcert=others.pem"),
                ("require", "&sslrootcert=others.pem"),
            )
        ),
    ],
)
async def test_a_certificate_that_is_not_right_is_said(
    options: str, names: list[str], says: str, postgres: PostgresServer, name: str
) -> None:
    async with front(postgres, certified(*names)) as way:
        said = await refuse(url_of(way, name, options))
        assert said == f"The database {name} on localhost could be anybody's: {says}"
        assert (way.secured, way.plain) == (0, 0)


async def test_a_certificate_that_has_ended_is_said(postgres: PostgresServer, name: str) -> None:
    ended = certified("localhost", until=datetime(2020, 1, 1, tzinfo=UTC))
    async with front(postgres, ended) as way:
        said = await refuse(url_of(way, name, "sslmode=verify-ca&sslrootcert=ours.pem"))
    assert said.endswith("its certificate has ended; have the server get a new one.")


@pytest.mark.parametrize("mode", ["require", "verify-full", "verify-ca&sslrootcert=ours.pem"])
async def test_a_server_without_tls_gets_nothing_where_tls_is_demanded(
    mode: str, postgres: PostgresServer, name: str
) -> None:
    async with front(postgres, None) as way:
        assert await refuse(url_of(way, name, f"sslmode={mode}")) == (
            f"The database {name} on localhost has no TLS, and DATABASE_URL demands it by sslmode; "
            "switch it on in the server (ssl = on). Nothing was sent without."
        )
        assert (way.secured, way.plain) == (0, 0)
        await use(url_of(way, name, ""))
        await use(url_of(way, name, "sslmode=disable"))
        assert way.plain > 0


async def test_tls_is_not_used_where_it_is_switched_off(
    postgres: PostgresServer, name: str
) -> None:
    async with front(postgres, certified("localhost")) as way:
        await use(url_of(way, name, "sslmode=disable"))
        assert (way.secured, way.plain > 0) == (0, True)


async def test_what_the_environment_demands_is_demanded_too(
    postgres: PostgresServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    async with front(postgres, None) as way:
        assert "has no TLS" in await refuse(url_of(way, name, ""))
        await use(url_of(way, name, "sslmode=disable"))  # the URL goes before it
    async with front(postgres, certified("localhost")) as way:
        assert "no authority that is known" in await refuse(url_of(way, name, ""))
        monkeypatch.setenv("PGSSLROOTCERT", "ours.pem")
        await use(url_of(way, name, ""))
    monkeypatch.setenv("PGSSLMODE", "prefer")
    monkeypatch.delenv("PGSSLROOTCERT")
    async with front(postgres, None) as way:
        await use(url_of(way, name, ""))


@pytest.mark.parametrize("variable", ["PGHOST", "PGPORT", "PGDATABASE", "PGSSLNEGOTIATION"])
async def test_no_other_variable_of_the_environment_changes_where_we_go(
    variable: str, postgres: PostgresServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as changed:
        changed.setenv(variable, "direct")
        changed.setenv("PGTARGETSESSIONATTRS", "standby")
        await use(postgres.url_of(name))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("sslmode=prefer", "which is not known or may do without TLS; write one of disable,"),
        ("sslmode=on", "gives sslmode=on, which is not known"),
        ("sslmode=", "gives the option sslmode without a value"),
        ("sslmode=require&sslmode=disable", "gives the option sslmode without a value, or twice"),
        ("sslmode=verify-ca", "no authority; name its certificate as sslrootcert="),
        ("sslmode=require&sslrootcert=system", "write verify-full"),
        ("sslrootcert=none.pem", "cannot be read as certificates (No such file or directory)"),
        ("sslrootcert=empty.pem", "cannot be read as certificates ("),
        ("sslrootcert=.", "cannot be read as certificates ("),
        ("sslcert=me.pem", "gives the option sslcert, which is not known"),
    ],
)
async def test_a_demand_that_cannot_be_met_is_said_before_anything_is_sent(
    options: str, says: str
) -> None:
    url = f"postgresql+asyncpg://cow:wake_up@db.example/cow?{options}"
    with pytest.raises(StoreError) as caught:
        await Database.open(url)
    assert says in str(caught.value)
    assert "wake_up" not in str(caught.value)
