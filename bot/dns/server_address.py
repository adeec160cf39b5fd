"""The addresses of DNS servers: read from text, or taken from the system."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

_FORM = re.compile(
    r"\[(?P<boxed>[^\[\]]+)\](?::(?P<boxed_port>[0-9]+))?"
    r"|(?P<plain>[^:\[\]]+)(?::(?P<plain_port>[0-9]+))?"
    r"|(?P<bare>[^\[\]]+)"
)
_EXAMPLE = 'an example is "9.9.9.9", "127.0.0.1:5353" or "[::1]:53".'
_SHOWN = 60  # characters of a wrong value that an error repeats


@dataclass(frozen=True, slots=True)
class Server:
    """A DNS server: an IP address, never a host name, and a port."""

    address: str
    port: int = 53

    @classmethod
    def parse(cls, text: str) -> Server:
        """Return the server that "9.9.9.9", "127.0.0.1:5353" or "[::1]:53" names.

        Raises ValueError, with one sentence and an example, where the text names none.
        """
        shown = ascii(text.strip()[:_SHOWN])
        form = _FORM.fullmatch(text.strip())
        if form is None:
            raise ValueError(f"{shown} is not the address of a DNS server; {_EXAMPLE}")
        host = form["boxed"] or form["plain"] or form["bare"]
        try:
            address = ip_address(host)
        except ValueError:
            raise ValueError(
                f"{shown} is not an IP address with or without a port; {_EXAMPLE}"
            ) from None
        digits = form["boxed_port"] or form["plain_port"] or "53"
        port = int(digits) if len(digits) < 6 else 0
        if not 1 <= port <= 65535:
            raise ValueError(f"the port in {shown} is not between 1 and 65535; {_EXAMPLE}")
        return cls(str(address), port)

    @property
    def is_ipv6(self) -> bool:
        """Whether the address is one of IPv6."""
        return ":" in self.address

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if self.is_ipv6 else f"{self.address}:{self.port}"


def system_servers(path: Path = Path("/etc/resolv.conf")) -> tuple[Server, ...]:
    """Return the servers that the system asks, in its order, each once.

    As resolv.conf(5) has it, that is the local host where the file names none or cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    found: dict[Server, None] = {}
    for line in lines:
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            try:
                found[Server(str(ip_address(words[1])))] = None
            except ValueError:
                continue  # the C library passes over such a line, too
    return tuple(found) or (Server("127.0.0.1"),)
