"""Runs the openspf suite for RFC 7208 through our evaluator: `N passed, 0 failed`.

The suite comes out of pyspf's source package, which pip fetches; nothing of it is kept.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import yaml

from bot.dns.answer import Answer, Outcome, Question
from bot.dns.spf_evaluate import evaluate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.dns.owner_name import AnyName
    from bot.dns.spf_evaluate import SpfEvaluation

PACKAGE = "pyspf==2.0.14"
SUITE = "test/rfc7208-tests.yml"

Record = tuple[str, Any]


def fetch_suite() -> list[dict[str, Any]]:
    """Return the suite's scenarios out of the package that pip downloads."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--no-binary", ":all:", "--dest", folder]
        subprocess.run([*command, PACKAGE], check=True)
        (archive,) = Path(folder).glob("*.tar.gz")
        return read_suite(archive)


def read_suite(archive: Path) -> list[dict[str, Any]]:
    """Return the suite's scenarios out of pyspf's source package."""
    with tarfile.open(archive) as tar:
        member = next(m for m in tar.getmembers() if m.name.endswith(SUITE))
        file = tar.extractfile(member)
        text = file.read() if file else b""
    return [scenario for scenario in yaml.safe_load_all(text) if scenario]


class SuiteZones:
    """An `Ask` that answers from a scenario's zone data, by the suite's own rules."""

    def __init__(self, zonedata: dict[str, list[Any]]) -> None:
        self._zones = {name.lower(): list(_records(rows)) for name, rows in zonedata.items()}

    async def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        """Answer one question, following aliases."""
        question = Question.of(name, rdtype)
        wanted = dns.rdatatype.to_text(question.rdtype)
        owner, chain = question.name, list[dns.name.Name]()
        while True:
            key = b".".join(owner.labels[:-1]).decode().lower()
            records = self._zones.get(key)
            if records is None:
                return Answer(question, Outcome.NXDOMAIN, chain=tuple(chain))
            values = [value for kind, value in records if kind == wanted]
            if "TIMEOUT" in values or (not values and ("*", "TIMEOUT") in records):
                return Answer(question, Outcome.TIMEOUT)
            if values:
                rdatas = tuple(_rdata(question.rdtype, value) for value in values)
                return Answer(question, Outcome.RECORDS, rdatas, ttl=300, chain=tuple(chain))
            alias = next((value for kind, value in records if kind == "CNAME"), None)
            if alias is None or len(chain) > 8:
                return Answer(question, Outcome.NODATA, chain=tuple(chain))
            owner = dns.name.from_text(alias)
            chain.append(owner)


def _records(rows: Iterable[Any]) -> Iterator[Record]:
    """Give a name's records; SPF ones count as TXT too, unless a TXT row says otherwise."""
    pairs = [pair for row in rows if isinstance(row, dict) for pair in row.items()]
    own_texts = any(kind == "TXT" for kind, _ in pairs)
    for kind, value in pairs:
        if value != "NONE":
            yield kind, value
        if kind == "SPF" and not own_texts:
            yield "TXT", value
    if "TIMEOUT" in rows:
        yield "*", "TIMEOUT"


def _rdata(rdtype: dns.rdatatype.RdataType, value: Any) -> dns.rdata.Rdata:
    """Return the record that a value of the suite stands for."""
    match dns.rdatatype.to_text(rdtype):
        case "TXT" | "SPF":
            strings = [value] if isinstance(value, str) else value or [""]
            text = b"".join(_string(part.encode()) for part in strings)
            return dns.rdata.from_wire(dns.rdataclass.IN, rdtype, text, 0, len(text))
        case "MX":
            priority, target = value
            exchange = dns.name.from_text(target).to_wire() or b""
            wire = int(priority).to_bytes(2, "big") + exchange
            return dns.rdata.from_wire(dns.rdataclass.IN, rdtype, wire, 0, len(wire))
        case "PTR":
            return dns.rdata.from_text(dns.rdataclass.IN, rdtype, f"{value.rstrip('.')}.")
        case _:
            return dns.rdata.from_text(dns.rdataclass.IN, rdtype, value)


def _string(raw: bytes) -> bytes:
    """Return the wire form of a text, in as many character-strings as it takes."""
    parts = [raw[i : i + 255] for i in range(0, len(raw), 255)] or [b""]
    return b"".join(bytes([len(part)]) + part for part in parts)


def complaint_of(case: dict[str, Any], evaluation: SpfEvaluation) -> str:
    """Return what differs from the suite's expectation, empty where nothing does."""
    wanted = case["result"]
    if evaluation.result not in ([wanted] if isinstance(wanted, str) else wanted):
        return f"{evaluation.result} instead of {wanted} at {evaluation.term!r}"
    return ""


async def run(scenarios: Iterable[dict[str, Any]]) -> tuple[int, list[str]]:
    """Run all cases; return how many passed and a line for each that did not."""
    passed, failures = 0, list[str]()
    for scenario in scenarios:
        ask = SuiteZones(scenario["zonedata"])
        for name, case in scenario["tests"].items():
            sender, helo = case["mailfrom"] or f"postmaster@{case['helo']}", case["helo"]
            domain = sender.rpartition("@")[2]
            evaluation = await evaluate(ask, case["host"], domain, sender=sender, helo=helo)
            complaint = complaint_of(case, evaluation)
            if complaint:
                failures.append(f"{name}: {complaint}")
            else:
                passed += 1
    return passed, failures


def main() -> int:
    """Run the suite, print what came of it, and return the exit code."""
    archive = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    try:
        scenarios = read_suite(archive) if archive else fetch_suite()
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"the suite could not be fetched: {error}", file=sys.stderr)
        return 1
    passed, failures = asyncio.run(run(scenarios))
    for line in failures:
        print(line)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
