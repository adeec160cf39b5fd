"""The authoritative server: NSD where it is installed, else the embedded one in its own process."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dns.exception
import dns.message
import dns.query

from benchmarks.child import HOST, BenchmarkError, start_child, stop
from benchmarks.zones import MEMBER
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import APEX_TEXT, NAME_SERVERS, NAME_SERVERS_TEXT, TTL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.zones import World

START = 10.0  # seconds for a server to answer its first question
TRIES = 5  # of ports: another program may take one between finding and using it
_PARENT = "example"

_CONFIG = """
server:
    server-count: 1
    ip-address: {host}@{port}
    username: ""
    database: ""
    zonesdir: "{folder}"
    pidfile: "{folder}/nsd.pid"
    logfile: "{folder}/nsd.log"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    zonelistfile: "{folder}/zone.list"
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
remote-control:
    control-enable: no
"""


@dataclass(frozen=True, slots=True)
class Authority:
    """A running server: what it is, and its port for UDP and TCP."""

    name: str
    port: int


@contextmanager
def run_authority(world: World) -> Iterator[Authority]:
    """Serve a world on this machine until the block ends.

    Raises:
        BenchmarkError: the server does not start.

    """
    # Debian puts it where only the administrator's PATH leads.
    nsd = shutil.which("nsd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if nsd is not None:
            with _run_nsd(nsd, world, Path(folder)) as authority:
                yield authority
        else:
            path = Path(folder, "zones.json")
            path.write_text(json.dumps(dict(world.zones)), encoding="utf-8")
            with start_child("benchmarks.authority", str(path)) as (_, port):
                yield Authority("the embedded server (no NSD here)", port)


@contextmanager
def _run_nsd(nsd: str, world: World, folder: Path) -> Iterator[Authority]:
    version = subprocess.run([nsd, "-v"], capture_output=True, text=True, check=True)
    name = " ".join((version.stderr or version.stdout).split()[:3]).replace(" version", "")
    zones = _write_zones(world, folder)
    for _ in range(TRIES):
        port = _find_port()
        config = folder / "nsd.conf"
        config.write_text(_CONFIG.format(host=HOST, port=port, folder=folder) + zones, "utf-8")
        with subprocess.Popen([nsd, "-d", "-c", str(config)], text=True) as process:
            try:
                if _wait_for_answer(process, port):
                    yield Authority(name, port)
                    return
            finally:
                stop(process)
    log = folder / "nsd.log"
    said = log.read_text("utf-8").strip().splitlines()[-3:] if log.exists() else []
    raise BenchmarkError(f"nsd did not start: {' / '.join(said) or 'it says nothing'}.")


def _write_zones(world: World, folder: Path) -> str:
    """Write all zones as files and return their part of the configuration."""
    # The parent denies what lies above the members, and DS records, as a real one would.
    members = [origin for origin in world.zones if origin.endswith(f".{_PARENT}")]
    delegations = "\n".join(f"{origin}. NS ns1.{NAME_SERVERS}" for origin in members)
    zones: Mapping[str, str] = {
        **world.zones,
        _PARENT: f"{world.zones.get(_PARENT, '')}\n{delegations}",
        NAME_SERVERS.to_text(omit_final_dot=True): NAME_SERVERS_TEXT,
    }
    parts = []
    for origin, text in zones.items():
        lines = (line.strip() for line in (APEX_TEXT + text).splitlines())
        body = "\n".join(line for line in lines if line)
        file = folder / f"{origin}.zone"
        file.write_text(f"$ORIGIN {origin}.\n$TTL {TTL}\n{body}\n", encoding="utf-8")
        parts.append(f'zone:\n    name: "{origin}"\n    zonefile: "{file}"\n')
    return "".join(parts)


def _find_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_answer(process: subprocess.Popen[str], port: int) -> bool:
    """Return whether the server answers in time; it may end at once where the port is taken."""
    question = dns.message.make_query(f"{MEMBER}.", "MX")
    until = time.monotonic() + START
    while time.monotonic() < until and process.poll() is None:
        try:
            reply = dns.query.udp(question, HOST, port=port, timeout=0.2)
        except (OSError, dns.exception.DNSException):
            time.sleep(0.05)
            continue
        return bool(reply.answer)
    return False


async def _serve(zones: Mapping[str, str]) -> None:
    async with ZoneServer(zones, host=HOST) as server:
        print(server.address[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Serve the zones of a file (JSON) until the input ends."""
    asyncio.run(_serve(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
