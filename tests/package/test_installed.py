"""Cowbell outside its checkout: built, installed into an empty environment, called there."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import tomllib
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bot.demo.world import DEMO_ENVIRONMENT, zones
from bot.demo.zone_server import ZoneServer
from conftest import serving
from installed_package import ROOT, files_in_git, install

if TYPE_CHECKING:
    from pathlib import Path

    from installed_package import Installed

pytest_plugins = ["package_fixtures"]
pytestmark = pytest.mark.package

OPEN_STORE = """
import asyncio
from bot.store.engine.database import Database

async def main():
    async with await Database.open("sqlite+aiosqlite:///data/bot.db"):
        pass

asyncio.run(main())
"""
LIST_PACKAGES = """
import json
from importlib.metadata import distributions
print(json.dumps({each.name: each.version for each in distributions()}))
"""


def test_the_packages_come_from_the_environment_and_from_nowhere_else(
    installed: Installed,
) -> None:
    script = "import bot, cogs.dns; print(bot.__file__); print(cogs.dns.__file__)"
    done = installed.call("python", "-c", script)
    assert done.stdout.splitlines() == [
        str(installed.site / "bot" / "__init__.py"),
        str(installed.site / "cogs" / "dns.py"),
    ], done.stderr


def test_every_file_of_the_program_is_there(installed: Installed) -> None:
    places = {
        name: installed.site / ("bot" if name.startswith("templates/") else "") / name
        for name in files_in_git()
        if name.startswith(("bot/", "cogs/", "templates/"))
    }
    assert {"bot/py.typed", "cogs/py.typed", "templates/en/labels.j2"} <= set(places)
    assert [name for name, place in places.items() if not place.is_file()] == []
    (info,) = installed.site.glob("cowbell-*.dist-info")
    recorded = [line.split(",")[0] for line in (info / "RECORD").read_text().splitlines()]
    tops = {name.split("/")[0] for name in recorded if not name.startswith("..")}
    assert tops == {"bot", "cogs", info.name}


def test_it_has_the_locked_versions_and_nothing_that_only_developers_need(
    installed: Installed,
) -> None:
    there = json.loads(installed.call("python", "-c", LIST_PACKAGES).stdout)
    versions = {_plain(name): version for name, version in there.items()}
    assert versions.pop("cowbell") == _project()["project"]["version"]
    locked = dict(
        re.findall(r"^([\w.-]+)==([^ ;\\]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    )
    assert len(versions) > 20
    assert {name: locked.get(name) for name in versions} == versions
    groups = _project()["dependency-groups"]
    unwanted = {_plain(re.split("[<>=]", line)[0]) for line in [*groups["dev"], *groups["build"]]}
    assert {"pytest", "pip"} <= unwanted
    assert not unwanted & set(versions)


def test_the_console_answers_in_an_empty_folder(installed: Installed) -> None:
    done = installed.call("cowbell", "settings", "ann@friend.example", **DEMO_ENVIRONMENT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "mx1.cow.example" in done.stdout
    assert "ann@friend.example" in done.stdout


def test_a_domain_is_checked_over_real_sockets(installed: Installed) -> None:
    with serving(ZoneServer(zones())) as server:
        asked = ("--json", "--nameserver", "{}:{}".format(*server.address))
        healthy = installed.call("cowbell", "check", "friend.example", *asked, **DEMO_ENVIRONMENT)
        broken = installed.call("cowbell", "check", "newcomer.example", *asked, **DEMO_ENVIRONMENT)
    assert (healthy.returncode, healthy.stderr) == (0, "")
    assert (broken.returncode, broken.stderr) == (1, "")
    assert "mx-missing" in [each["code"] for each in json.loads(broken.stdout)["findings"]]


def test_the_tour_plays_to_its_end(installed: Installed) -> None:
    done = installed.call("cowbell", "demo", "--tour")
    assert (done.returncode, done.stderr) == (0, "")
    assert "✓ newcomer.example" in done.stdout


def test_the_store_is_made_by_the_migrations_that_came_along(installed: Installed) -> None:
    done = installed.call("python", "-c", OPEN_STORE)
    assert (done.returncode, done.stderr) == (0, "")
    with closing(sqlite3.connect(installed.empty / "data" / "bot.db")) as database:
        ((version,),) = database.execute("SELECT version_num FROM alembic_version")
    folder = ROOT / "bot" / "store" / "migrations" / "versions"
    newest = max(path.name for path in folder.glob("r[0-9]*.py"))
    assert newest.startswith(f"r{version}_")


def test_the_sdist_holds_all_that_is_in_git_and_nothing_else(sdist: Path) -> None:
    there = {str(path.relative_to(sdist)) for path in sdist.rglob("*") if path.is_file()}
    assert there - {"PKG-INFO"} == files_in_git()


@pytest.mark.parametrize("package", ["aiosqlite", "dkimpy"])  # a wheel, and a source archive
def test_a_changed_package_is_refused_and_the_old_environment_stays(
    package: str, checkout: Path, workshop: Path
) -> None:
    source, folder = workshop / f"tampered-{package}", workshop / f"running-{package}"
    shutil.copytree(checkout, source)
    lock = source / "requirements.txt"
    text = lock.read_text()
    start = text.index(f"{package}==")
    lock.write_text(text[:start] + re.sub("sha256:.{8}", "sha256:00000000", text[start:], count=2))
    folder.mkdir()
    (folder / "pyvenv.cfg").write_text("the old one")
    done = install(source, folder)
    assert done.returncode != 0
    assert package in done.stderr
    assert [path.name for path in folder.iterdir()] == ["pyvenv.cfg"]
    assert (folder / "pyvenv.cfg").read_text() == "the old one"


def test_a_folder_with_something_else_in_it_is_left_alone(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("dear Ann")
    done = install(checkout, tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]


def _plain(name: str) -> str:
    """Return a package's name as PyPI compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _project() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
