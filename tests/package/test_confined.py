"""The installed bot as the systemd unit runs it: without rights, writing to its data alone."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bot_process import Bot
from discord_stand_in import DiscordStandIn

from bot.demo import world
from bot.demo.zone_server import ZoneServer
from installed_package import ROOT, Installed, health_check, install

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

pytest_plugins = ["package_fixtures"]
pytestmark = [
    pytest.mark.package,
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("setpriv") is None,
        reason="only root can confine a process (with util-linux)",
    ),
]

NOBODY = 65534
UNIT = ROOT / "docs" / "deploy" / "cowbell.service"

# What ProtectSystem=strict with StateDirectory=, ProcSubset=pid, ProtectProc=invisible, User=,
# CapabilityBoundingSet= and NoNewPrivileges= come to, in a namespace of its own.
CONFINE = f"""
mount --bind "$1" "$1"
for place in $(cut -d ' ' -f 2 /proc/self/mounts | sort -u); do
    [ "$place" = "$1" ] || mount -o remount,bind,ro "$place" 2>/dev/null
done
mount -t proc -o subset=pid,hidepid=invisible proc /proc
cd "$1"
shift
umask 077
exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups --no-new-privs \\
    --bounding-set=-all --inh-caps=-all "$@"
"""
WRITE = "import sys; [open(path, 'w') for path in sys.argv[1:]]"


@pytest.fixture(scope="module")
def program(workshop: Path, checkout: Path) -> Installed:
    """The environment that install.sh makes."""
    folder = workshop / "confined"
    done = install(checkout, folder)
    assert done.returncode == 0, done.stderr
    return Installed(folder, workshop)


@pytest.fixture
def state(workshop: Path) -> Path:
    """The folder that is the bot's own, empty."""
    folder = workshop / "state"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    os.chown(folder, NOBODY, NOBODY)
    return folder


@pytest.fixture
async def confined(
    state: Path, workshop: Path, program: Installed
) -> AsyncIterator[tuple[Callable[..., Bot], DiscordStandIn]]:
    """Makes the bot in its confinement, with words before its Python."""
    async with DiscordStandIn() as discord, ZoneServer(world.zones()) as dns:

        def make(*words: str) -> Bot:
            python = [*_confine(state), *words, str(program.folder / "bin" / "python")]
            bot = Bot(state, discord, dns, python)
            bot.log = workshop / "log"
            bot.log.unlink(missing_ok=True)
            del bot.environment["PYTHONPATH"], bot.environment["DATABASE_URL"]
            bot.environment["HEALTH_PORT"] = _free_port()
            return bot

        yield make, discord


def test_the_confinement_lets_nothing_be_written_elsewhere(
    state: Path, program: Installed, tmp_path: Path
) -> None:
    for folder in (program.folder, tmp_path, Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")):
        done = _write(program, state, folder / "written-by-the-test")
        assert done.returncode == 1, folder
        assert re.search("Read-only file system|Permission denied", done.stderr)
    assert _write(program, state, state / "written-by-the-test").returncode == 0


async def test_the_bot_writes_to_its_data_alone(
    confined: tuple[Callable[..., Bot], DiscordStandIn], state: Path
) -> None:
    make, discord = confined
    bot = make()
    for _ in range(2):  # once with an empty folder, once with its data there
        await _live_through(bot, discord)
    written = _find_files(state)
    assert set(written) == {"data", "data/bot.db", "data/bot.db.lock"}
    for each in written.values():
        assert each.st_uid == NOBODY
        assert not stat.S_IMODE(each.st_mode) & 0o077  # nobody else may read what members asked


@pytest.mark.skipif(
    shutil.which("strace") is None or shutil.which("systemd-analyze") is None,
    reason="strace and systemd-analyze are not both there (apt install strace systemd)",
)
async def test_the_bot_needs_no_system_call_and_no_socket_that_the_unit_forbids(
    confined: tuple[Callable[..., Bot], DiscordStandIn], state: Path
) -> None:
    make, discord = confined
    trace = state / "trace"
    # -D: the bot stays our own child, which gets the signals.
    await _live_through(make("strace", "-D", "-f", "-qq", "-o", str(trace)), discord)
    lines = trace.read_text(errors="replace").splitlines()
    called = {found[1] for line in lines if (found := re.match(r"\d+ +(\w+)\(", line))}
    assert {"sendto", "openat", "execve"} <= called
    unit = UNIT.read_text(encoding="utf-8")
    assert sorted(called - _allowed_calls(unit)) == []
    (families,) = re.findall(r"^RestrictAddressFamilies=(.*)", unit, re.MULTILINE)
    opened = {found[1] for line in lines if (found := re.search(r" socket\((AF_\w+)", line))}
    assert "AF_INET" in opened
    assert opened <= {*families.split(), "AF_NETLINK"}
    # getaddrinfo and the like ask for a NETLINK socket, and do without where they get none.
    assert "MemoryDenyWriteExecute=yes" in unit
    assert [line for line in lines if "PROT_WRITE|PROT_EXEC" in line] == []


def _find_files(folder: Path) -> dict[str, os.stat_result]:
    return {str(path.relative_to(folder)): path.stat() for path in folder.rglob("*")}


async def _live_through(bot: Bot, discord: DiscordStandIn) -> None:
    """Start the bot, have it answer and look into the DNS, and stop it."""
    async with bot.running() as process:
        await (await discord.run_command("help")).answered()
        press = await discord.run_command("dnscheck", {"domain": "newcomer.example"})
        await press.until(lambda each: "newcomer.example" in each.texts, 30)
        asked = await asyncio.create_subprocess_exec(
            *health_check(sys.executable), env=bot.environment
        )
        assert await asyncio.wait_for(asked.wait(), 30) == 0
        assert await bot.stop(process) == 0, bot.says()
    assert "Traceback" not in bot.says()
    assert " ERROR " not in bot.says()


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def _confine(state: Path) -> list[str]:
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", CONFINE, "sh", str(state)]


def _write(program: Installed, state: Path, path: Path) -> subprocess.CompletedProcess[str]:
    python = str(program.folder / "bin" / "python")
    return subprocess.run(
        [*_confine(state), python, "-c", WRITE, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _allowed_calls(unit: str) -> set[str]:
    """Return the system calls that the unit's SystemCallFilter= lines leave."""
    allowed: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(.*)", unit, re.MULTILINE):
        names = {
            name for word in line.removeprefix("~").split() for name in _expand(word.strip("~"))
        }
        allowed = allowed - names if line.startswith("~") else allowed | names
    return allowed


def _expand(group: str) -> set[str]:
    """Return the system calls of a group, and of the groups in it."""
    done = subprocess.run(
        ["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True
    )
    words = [line.strip() for line in done.stdout.splitlines()[1:]]
    names = {word for word in words if word and word[0] not in "#@"}
    return names.union(*(_expand(word) for word in words if word.startswith("@")))
