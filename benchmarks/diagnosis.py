"""Prints what we and checkdmarc say of the same faulty zones, side by side, both run just now.

`python -m benchmarks.diagnosis` prints the tables, `--write` puts them into docs/diagnosis.md.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any, Final

import checkdmarc
import dns.resolver
import yaml
from dns.nameserver import Do53Nameserver

from benchmarks.child import HOST, ROOT
from benchmarks.ours import key_of, make_resolver, now
from benchmarks.peer import PEER, empty_caches, stay_at_home
from bot.characters import reveal, shorten
from bot.checks.export.as_json import context_of
from bot.checks.finding import Status
from bot.config.loading import load_settings
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.names import Domain
from bot.services.domain_check import Checker
from bot.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.checks.report import Report
    from bot.records.mail_server import MailServer

DATA: Final = ROOT / "tests" / "data"
CASES: Final = ("cases.yaml", "cases2.yaml")
PAGE: Final = ROOT / "docs" / "diagnosis.md"
_BEGIN, _END = "<!-- table -->", "<!-- end of table -->"
_LONGEST = 400  # characters of one cell
_SECTIONS = ("soa", "ns", "mx", "spf", "dmarc", "mta_sts", "smtp_tls_reporting")


async def compare() -> dict[str, list[tuple[str, ...]]]:
    """Return the rows of each file: the fault, our first finding in words, checkdmarc's words."""
    rows: dict[str, list[tuple[str, ...]]] = {}
    usual: tuple[str, ...] = ()  # what they say of the first control is no fault's
    files: dict[str, Any] = {n: yaml.safe_load((DATA / n).read_text("utf-8")) for n in CASES}
    server = load_settings(files[CASES[0]]["environment"]).mail_server()
    for name, file in files.items():
        rows[name] = []
        for case in file["cases"]:
            row, theirs = await check(server, file, case)
            said = [text for text in theirs if text not in usual]
            usual = usual or theirs
            rows[name].append((*row, cell(" · ".join(said)) or "nothing"))
    return rows


async def check(
    server: MailServer, file: Any, case: Any
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a zone's row but for checkdmarc's words, and these."""
    domain, key = Domain.from_ascii(file["domain"]), key_of(file["dkim_expected"])
    zones = {**file["base_zones"], file["domain"]: case["zone"]}
    world = Zones.of(zones, servfail=tuple(case["servfail"]))
    async with ZoneServer(world) as dns_server:
        port = dns_server.address[1]
        async with make_resolver(port) as resolver:
            report = await Checker(resolver.ask, server, now, single_server=True).check(domain, key)
        theirs = await asyncio.to_thread(ask_peer, file["domain"], port)
    return (case["id"], cell(case["title"]), say_ours(report, server)), theirs


def say_ours(report: Report, server: MailServer) -> str:
    """Return the first finding that is worse than info, its code first."""
    grave = [f for f in report.findings if f.severity.rank > Status.INFO.rank]
    if not grave:
        return "all right"
    words = Words().finding(grave[0], context_of(report, server))
    return f"`{grave[0].code}` {cell(words)}"


def ask_peer(name: str, port: int) -> tuple[str, ...]:
    """Return every error and warning of checkdmarc's check with its defaults, in its order."""
    empty_caches()
    servers = [Do53Nameserver(HOST, port)]
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = servers
    try:
        result: Any = checkdmarc.check_domains([name], resolver=resolver, nameservers=servers)
    except dns.exception.DNSException as error:
        return (f"(ends with {type(error).__name__}: {error})",)
    said = (text for key in _SECTIONS for text in _said_in(key, result.get(key) or {}))
    return tuple(dict.fromkeys(said))


def _said_in(section: str, found: Any) -> Iterator[str]:
    if error := found.get("error"):
        yield f"{section} error: {error}"
    for warning in found.get("warnings") or ():
        yield f"{section} warning: {warning}"
    if found.get("record") is None and section in {"spf", "dmarc"} and not found.get("error"):
        yield f"{section}: no record"


def cell(text: str) -> str:
    """Return a text for one cell of a Markdown table; zones are hostile."""
    safe = reveal(" ".join(text.split()))
    for sign in "\\`*_|<>[]":
        safe = safe.replace(sign, f"\\{sign}")
    return shorten(safe, _LONGEST)


def draw(rows: list[tuple[str, ...]]) -> str:
    """Return the rows as a Markdown table."""
    head = ("zone", "fault", "our first finding", f"{PEER}, beyond what it says of C00")
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    """Print the tables, or write them into the page."""
    stay_at_home()
    compared = asyncio.run(compare()).items()
    table = "\n\n".join(f"## {name}\n\n{draw(rows)}" for name, rows in compared)
    if "--write" not in sys.argv[1:]:
        print(table)
        return 0
    write(PAGE, table)
    return 0


def write(page: Path, table: str) -> None:
    """Put the table between the page's marks."""
    before, _, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    page.write_text(f"{before}{_BEGIN}\n\n{table}\n\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
