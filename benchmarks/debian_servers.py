"""Dovecot and Postfix as Debian has them, with folders of their own, for as long as a block lasts.

They listen on the ports that they are known by, so the network has to be one of its own: see
`benchmarks.real_servers`, which makes it.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
    from pathlib import Path

    Service = tuple[str, int, Mapping[str, str]]

# By program, the Debian package that has it.
PACKAGES: Final = {
    "/usr/sbin/dovecot": "dovecot-imapd",
    "/usr/lib/dovecot/pop3": "dovecot-pop3d",
    "/usr/lib/dovecot/managesieve": "dovecot-managesieved",
    "/usr/lib/dovecot/lmtp": "dovecot-lmtpd",
    "/usr/sbin/postfix": "postfix",
    "/usr/bin/rspamd": "rspamd",
    "/usr/bin/redis-server": "redis-server",
    "/usr/bin/testssl": "testssl.sh",
    "/usr/bin/openssl": "openssl",
    "/usr/bin/unshare": "util-linux",
    "/usr/sbin/ip": "iproute2",
}
PASSWORD: Final = "only-for-this-run"  # noqa: S105 - of a server that nobody else can reach
_PATIENCE: Final = 60.0  # seconds until a server has to listen


@dataclass(frozen=True, slots=True)
class DovecotHost:
    """One address of a Dovecot; `pem` is key and chain, None for no TLS at all."""

    address: str
    pem: Path | None
    lines: tuple[str, ...] = ()


def missing_packages() -> list[str]:
    """Return the Debian packages that are not installed, in alphabetical order."""
    return sorted({package for path, package in PACKAGES.items() if not _is_there(path)})


def _is_there(path: str) -> bool:
    return shutil.which(path) is not None


@contextmanager
def network(addresses: Iterable[str]) -> Iterator[None]:
    """Give this machine addresses; only for a network namespace of its own."""
    subprocess.run(["/usr/sbin/ip", "link", "set", "lo", "up"], check=True)
    addresses = tuple(addresses)
    for address in addresses:
        _change_address("add", address)
    try:
        yield
    finally:
        for address in addresses:
            _change_address("delete", address)


def _change_address(what: str, address: str) -> None:
    place = "address", what, f"{address}/32", "dev", "lo"
    subprocess.run(["/usr/sbin/ip", *place], check=True)


@contextmanager
def name_server(folder: Path, host: str) -> Iterator[None]:
    """Have all programs ask the name server at 127.0.0.1, on a machine of this name.

    Only for namespaces of its own: of mounts and of the host's name.
    """
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    bound = str(folder / "resolv.conf"), "/etc/resolv.conf"
    subprocess.run(["/usr/bin/mount", "--bind", *bound], check=True)
    socket.sethostname(host)
    yield
    subprocess.run(["/usr/bin/umount", "/etc/resolv.conf"], check=True)


@asynccontextmanager
async def dovecot(folder: Path, hosts: Iterable[DovecotHost]) -> AsyncIterator[None]:
    """Have IMAP, POP, ManageSieve and LMTP served at these addresses; LMTP at 127.0.0.1:24."""
    hosts = tuple(hosts)
    config = _write_dovecot(folder, hosts)
    process = await asyncio.create_subprocess_exec("/usr/sbin/dovecot", "-F", "-c", config)
    try:
        for host in hosts:
            await wait_for(host.address, 143, folder / "dovecot.log")
        yield
    finally:
        process.terminate()
        await process.wait()


def _write_dovecot(folder: Path, hosts: tuple[DovecotHost, ...]) -> Path:
    """Write its configuration and return where that is."""
    homes = folder / "homes"
    homes.mkdir(parents=True)
    shutil.chown(homes, "dovecot", "dovecot")
    listen = " ".join(host.address for host in hosts)
    text = _DOVECOT.format(folder=folder, listen=listen, password=PASSWORD)
    config = folder / "dovecot.conf"
    config.write_text(text + "".join(map(_dovecot_host, hosts)))
    return config


_DOVECOT: Final = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap pop3 sieve lmtp
listen = {listen}
ssl = yes
mail_location = maildir:~/Maildir
recipient_delimiter = +
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=dovecot gid=dovecot home={folder}/homes/%u allow_all_users=yes
}}
first_valid_uid = 1
service auth {{
  unix_listener {folder}/login {{
    mode = 0666
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = 24
  }}
}}
"""


def _dovecot_host(host: DovecotHost) -> str:
    tls = (
        ["ssl = no"] if host.pem is None else [f"ssl_cert = <{host.pem}", f"ssl_key = <{host.pem}"]
    )
    lines = "".join(f"  {line}\n" for line in (*tls, *host.lines))
    return f"local {host.address} {{\n{lines}}}\n"


@asynccontextmanager
async def postfix(
    folder: Path, settings: Mapping[str, str], services: Iterable[Service]
) -> AsyncIterator[None]:
    """Have SMTP served: each service is an address, a port and what is set otherwise there."""
    services = tuple(services)
    _write_postfix(folder, settings, services)
    command = ["/usr/sbin/postfix", "-c", str(folder)]
    await run_to_end(*command, "start")
    try:
        for address, port, _ in services:
            await wait_for(address, port, folder / "postfix.log")
        yield
    finally:
        await run_to_end(*command, "stop")


def _write_postfix(folder: Path, settings: Mapping[str, str], services: Iterable[Service]) -> None:
    folder.mkdir()
    for name, owner in (("queue", "root"), ("data", "postfix")):
        (folder / name).mkdir()
        shutil.chown(folder / name, owner)
    main = {
        "compatibility_level": "3.6",
        "queue_directory": f"{folder}/queue",
        "data_directory": f"{folder}/data",
        "maillog_file": f"{folder}/postfix.log",
        "maillog_file_prefixes": str(folder),
        "mydestination": "",
        "local_recipient_maps": "",
        "mynetworks": "127.0.0.0/8",
        "alias_maps": "",
        "inet_protocols": "ipv4",
        "smtp_host_lookup": "native",
        "smtpd_tls_security_level": "may",
        "smtp_tls_security_level": "may",
        "tls_medium_cipherlist": "ALL:@SECLEVEL=0",  # as wide as operators make it for old clients
        **settings,
    }
    (folder / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in main.items()))
    rows = [
        f"{address}:{port} inet n - n - - smtpd\n"
        + "".join(f"  -o {name}={value}\n" for name, value in options.items())
        for address, port, options in services
    ]
    (folder / "master.cf").write_text(_POSTFIX + "".join(rows))


_POSTFIX: Final = """
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


async def run_to_end(*words: str) -> None:
    """Run a program; RuntimeError where it fails."""
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: {said.decode(errors='replace')}")


async def wait_for(address: str, port: int, log: Path) -> None:
    """Return once somebody listens there; the log says why nobody does."""
    ends = time.monotonic() + _PATIENCE
    while True:
        try:
            _, writer = await asyncio.open_connection(address, port)
        except OSError:
            if time.monotonic() > ends:
                raise RuntimeError(f"nobody listens at {address}:{port}\n{_read(log)}") from None
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return


def _read(log: Path) -> str:
    return log.read_text()[-2000:] if log.exists() else ""
