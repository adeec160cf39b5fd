"""`rotate` as a process: what it writes beside a running bot, what it prints, and how it exits."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from console_process import ConsoleProcess

from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.mailcow.workshop_names import WORKSHOP, former_name, next_name
from bot.names import Domain
from bot.records.dkim_key import KeySource
from bot.rotations.rotation import RotationState
from bot.rotations.rotation_changes import move
from bot.store.engine.database import Database
from bot.store.repositories.known_keys import KnownKeys
from bot.store.repositories.rotations import StoredRotations
from mailcow_helpers import READ, WRITE
from rotation_parts import ADMIN, FRIEND, OLD
from rotation_setup import pair

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.rotations.rotation import Rotation
    from forked_python import ForkedPython

pytest_plugins = ["process_fixtures"]
ENVIRONMENT = {
    "MAIL_HOST": "mx1.cow.example",
    "MAIL_SPF": "v=spf1 include:_spf.cow.example -all",
    "DATABASE_URL": "sqlite+aiosqlite:///bot.db",
}
AGES_AGO = datetime.now(UTC) - timedelta(days=400)


class Desk:
    """The console beside a bot's database, which is held open as a bot holds it."""

    def __init__(self, console: ConsoleProcess, database: Database, double: MailcowDouble) -> None:
        self.console = console
        self.database = database
        self.double = double

    async def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Return what came of the command."""
        return await asyncio.to_thread(self.console.call, "rotate", *words)

    async def json(self, *words: str) -> tuple[int, Any]:
        """Return the exit code, and the object that was printed."""
        done = await self.call(*words, "--json")
        assert done.stdout.isascii(), done.stderr
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    async def rotations(self, domain: Domain = FRIEND) -> tuple[Rotation, ...]:
        """Return the rotations in the store."""
        return await StoredRotations(self.database).of_domain(domain)

    async def learn(self, domain: Domain, since: datetime = AGES_AGO) -> None:
        """Have the bot know the key that a domain signs with."""
        key = pair(0)
        self.double.add_domain(domain.ascii)
        self.double.dkim[domain.ascii] = key
        value = f"v=DKIM1;k=rsa;t=s;s=email;p={key.public}"
        keys = KnownKeys(self.database)
        await keys.learn(domain, key.selector, value, KeySource.MAIL_SERVER, since)


@pytest_asyncio.fixture
async def desk(tmp_path: Path, forked_python: ForkedPython) -> AsyncIterator[Desk]:
    keys = {READ: ApiKey(may_write=False), WRITE: ApiKey(may_write=True)}
    async with MailcowDouble(keys=keys) as double:
        double.add_domain(FRIEND.ascii)
        double.dkim[FRIEND.ascii] = pair(0)
        environment = {
            **ENVIRONMENT,
            "MAILCOW_URL": double.url,
            "MAILCOW_READ_KEY": READ,
            "MAILCOW_API_KEY": WRITE,
        }
        console = ConsoleProcess(environment, tmp_path, forked_python)
        async with await Database.open(f"sqlite+aiosqlite:///{tmp_path}/bot.db") as database:
            yield Desk(console, database, double)


async def test_it_begins_one_beside_a_running_bot_which_does_the_rest(desk: Desk) -> None:
    done = await desk.call("friend.example", "--size", "4096")
    assert (done.returncode, done.stderr) == (0, "")
    assert "friend.example #1: making the new key" in done.stdout
    assert "dkim, 2048 bits" in done.stdout
    assert "4096 bits" in done.stdout
    assert "The bot that runs on this database does the rest" in done.stdout
    (rotation,) = await desk.rotations()
    assert (rotation.state, rotation.bits, rotation.by_hand) == (
        *(RotationState.PREPARING, 4096, False),
    )
    assert rotation.opened_by is None
    assert desk.double.dkim[FRIEND.ascii] == pair(0)  # nothing was called to be made


async def test_of_one_under_way_it_says_how_far_it_is(desk: Desk) -> None:
    code, first = await desk.json("friend.example")
    assert (code, first["is_new"], first["state"], first["schema"]) == (0, True, "preparing", 1)
    assert (first["signs"], first["old"]) == ("old", {"selector": "dkim", "bits": 2048})
    assert first["new"]["value"] is None
    code, again = await desk.json("friend.example")
    assert (code, again["is_new"], again["id"]) == (0, False, first["id"])
    done = await desk.call("friend.example")
    assert "It was begun before, so nothing was begun now." in done.stdout


async def test_it_undoes_one(desk: Desk) -> None:
    nothing = await desk.call("friend.example", "--undo")
    assert nothing.returncode == 1
    assert "No key of friend.example is being rotated" in nothing.stderr
    await desk.call("friend.example")
    code, undone = await desk.json("friend.example", "--undo")
    assert (code, undone["state"]) == (0, "undoing")
    assert "is_new" not in undone
    done = await desk.call("friend.example", "--undo")
    assert done.returncode == 0
    assert "The old key signs all the time." in done.stdout


async def test_what_is_too_late_to_undo_is_one_line_and_1(desk: Desk) -> None:
    await desk.call("friend.example")
    store, now = StoredRotations(desk.database), datetime.now(UTC)
    fields: dict[str, Any] = {"value": OLD.record.text, "switched_at": now, "step": None}
    for name in ("prepared", "live", "switching", "switched", "retiring"):
        state = RotationState(name)
        await store.change(1, lambda r, to=state: move(r, to, ADMIN, now, **fields), now)  # type: ignore[misc]  # a default value has no type of its own
    done = await desk.call("friend.example", "--undo")
    assert (done.returncode, done.stdout) == (1, "")
    assert "too late to undo" in done.stderr


async def test_what_is_refused_is_one_line_and_1(desk: Desk) -> None:
    done = await desk.call("absent.example")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "absent.example is not on the mail server, so nothing there signs its mail. "
        "Add it there first.\n"
    )


async def test_where_the_mail_server_does_not_answer_nothing_is_found_out(desk: Desk) -> None:
    await desk.double.__aexit__(None, None, None)
    for words in (["friend.example"], ["--due"], ["--leftovers"]):
        done = await desk.call(*words)
        assert (done.returncode, done.stdout) == (3, ""), words
        assert len(done.stderr.splitlines()) == 1
    assert await desk.rotations() == ()


async def test_without_access_to_the_mail_server_an_admin_does_it_by_hand(
    tmp_path: Path, forked_python: ForkedPython
) -> None:
    console = ConsoleProcess(ENVIRONMENT, tmp_path, forked_python)
    async with await Database.open(f"sqlite+aiosqlite:///{tmp_path}/bot.db") as database:
        desk = Desk(console, database, MailcowDouble(keys={}))
        await desk.learn(FRIEND)
        done = await desk.call("friend.example")
        assert done.returncode == 0
        assert "An admin does the rest in Discord with /mailadmin rotate." in done.stdout
        done = await desk.call("--leftovers")
        assert (done.returncode, done.stdout) == (1, "")
        assert "I cannot change keys on this mail server" in done.stderr


async def test_keys_that_are_due_are_listed_or_begun_at_most_20_a_day(desk: Desk) -> None:
    for number in range(22):
        await desk.learn(Domain.from_ascii(f"d{number:02}.example"))
    await desk.learn(Domain.from_ascii("young.example"), datetime.now(UTC))
    code, listed = await desk.json("--due", "--dry-run")
    assert (code, len(listed["due"])) == (0, 22)
    assert "begun" not in listed
    first = listed["due"][0]
    assert (first["domain"], first["bits"], first["why"]) == ("d00.example", 2048, "old")
    assert await StoredRotations(desk.database).open_ones() == ()
    done = await desk.call("--due")
    assert (done.returncode, done.stderr) == (0, "")
    assert "22 keys are due" in done.stdout
    assert "20 rotations were begun. 2 more are due; only 20 are begun a day." in done.stdout
    assert len(await StoredRotations(desk.database).open_ones()) == 20
    code, later = await desk.json("--due")
    assert (code, later["begun"], later["refused"], later["left"]) == (0, [], [], 2)


async def test_a_domain_that_is_refused_is_named_with_the_reason(desk: Desk) -> None:
    await desk.learn(FRIEND)
    desk.double.domains[FRIEND.ascii]["active"] = 0
    code, came = await desk.json("--due")
    if not came["due"]:  # the mail server does not tell it as its own
        assert code == 0
        return
    assert code == 1
    assert came["refused"][0]["domain"] == "friend.example"
    assert came["refused"][0]["code"] == "rotation-domain-off"


async def test_keys_left_behind_are_listed_and_taken_away_and_no_members_key(desk: Desk) -> None:
    done = await desk.call("--leftovers")
    assert (done.returncode, done.stdout) == (0, "No key was left behind on the mail server.\n")
    kept = [next_name(FRIEND).ascii, former_name(FRIEND).ascii, WORKSHOP.ascii]
    for number, name in enumerate(kept):
        desk.double.dkim[name] = DkimPair(f"cb20261{number}a", pair(1).public, pair(1).private)
    code, listed = await desk.json("--leftovers")
    assert code == 0
    assert {each["name"] for each in listed["leftovers"]} == set(kept)
    assert {each["removed"] for each in listed["leftovers"]} == {False}
    done = await desk.call("--leftovers", "--remove")
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 keys were taken off the mail server." in done.stdout
    assert set(desk.double.dkim) == {FRIEND.ascii}
    assert desk.double.dkim[FRIEND.ascii] == pair(0)


async def test_what_a_rotation_uses_is_no_leftover(desk: Desk) -> None:
    await desk.call("friend.example")
    name = next_name(FRIEND).ascii
    desk.double.dkim[name] = pair(1)
    code, removed = await desk.json("--leftovers", "--remove")
    assert (code, removed["leftovers"]) == (0, [])
    assert name in desk.double.dkim


@pytest.fixture
def console(tmp_path: Path, forked_python: ForkedPython) -> ConsoleProcess:
    return ConsoleProcess(ENVIRONMENT, tmp_path, forked_python)


def test_without_a_database_it_says_so_and_makes_none(console: ConsoleProcess) -> None:
    for words in (["friend.example"], ["--due"], ["--leftovers"]):
        done = console.call("rotate", *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            "There is no database yet, so no bot is there to do the work. Start the bot first.\n"
        )
    assert list(console.folder.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["localhost"],
        ["friend.example", "--due"],
        ["--due", "--leftovers"],
        ["--due", "--undo"],
        ["friend.example", "--size", "1024"],
        ["friend.example", "--undo", "--size", "4096"],
        ["friend.example", "--dry-run"],
        ["friend.example", "--remove"],
        ["--leftovers", "--dry-run"],
        ["--due", "--size", "2048"],
    ],
)
def test_wrong_usage_exits_with_2_and_one_line(console: ConsoleProcess, words: list[str]) -> None:
    done = console.call("rotate", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert list(console.folder.iterdir()) == []


def test_a_file_that_is_no_database_is_one_line_and_1(console: ConsoleProcess) -> None:
    (console.folder / "bot.db").write_bytes(b"no database at all" * 100)
    done = console.call("rotate", "friend.example")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
