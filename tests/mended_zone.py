"""A domain's zone, record by record: the right one, and what typing fixes makes of a faulty one."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.name
import dns.rdata
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.txtbase import TXTBase

from bot.checks.finding import FixAction
from bot.records.presentation import quoted_parts, rdata_text
from deceiving_zones import DOMAIN, FILE, SERVER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.checks.finding import Fix

KEY = FILE.dkim
SPF = FILE.environment["MAIL_SPF"]
APEX = DOMAIN.name
RIGHT = {
    "site": "@ A 203.0.113.80",
    "mx": "@ MX 10 mx1.cow.example.",
    "spf": f"@ TXT {quoted_parts(SPF)}",
    "dkim": f"dkim._domainkey TXT {quoted_parts(KEY)}",
    "dmarc": f"_dmarc TXT {quoted_parts(SERVER.dmarc)}",
    "webmail": "mail CNAME mx1.cow.example.",
    "autoconfig": "autoconfig CNAME mx1.cow.example.",
    "autodiscover": "autodiscover CNAME mx1.cow.example.",
    "srv": "_autodiscover._tcp SRV 0 1 443 mx1.cow.example.",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the domain's zone, or of one that begins below it."""

    owner: dns.name.Name
    type: str
    rdata: dns.rdata.Rdata
    zone: dns.name.Name = APEX

    @classmethod
    def of(
        cls, owner: str | dns.name.Name, rdtype: str, text: str, zone: dns.name.Name = APEX
    ) -> Record:
        """Return a record from what a zone file has."""
        name = dns.name.from_text(owner, zone) if isinstance(owner, str) else owner
        rdata = dns.rdata.from_text("IN", rdtype, text, zone, relativize=False)
        return cls(name, rdtype, rdata, zone)

    def is_meant(self, fix: Fix, value: str) -> bool:
        """Whether it is the record that a fix speaks of."""
        place = (fix.owner, fix.type, fix.zone or APEX)
        if (self.owner, self.type, self.zone) != place:
            return False
        if isinstance(self.rdata, TXTBase):
            raw = b"".join(self.rdata.strings)
            return value in {raw.decode("utf-8", "replace"), raw.decode("cp1252", "replace")}
        if isinstance(self.rdata, MX):
            priority = fix.priority if fix.action is FixAction.DELETE else None
            same = priority in {None, self.rdata.preference}
            return same and self.rdata.exchange == dns.name.from_text(value)
        return self.rdata.to_text().lower() == value.lower()


Zone = tuple[Record, ...]


def read_zone(text: str, zone: str = "") -> Zone:
    """Return the records of a zone file without TTLs and classes; `zone` is below the domain."""
    apex = dns.name.from_text(zone, APEX) if zone else APEX
    lines = (line.split(maxsplit=2) for line in text.splitlines() if line.strip())
    return tuple(Record.of(owner, rdtype, rest, apex) for owner, rdtype, rest in lines)


def zone_texts(zone: Zone) -> dict[str, str]:
    """Return the texts of the domain's zone and of those below it, by their origins."""
    lines: dict[str, list[str]] = {}
    for r in zone:
        lines.setdefault(r.zone.to_text(omit_final_dot=True), []).append(
            f"{r.owner} {r.type} {r.rdata.to_text()}"
        )
    return {origin: "\n".join(rows) for origin, rows in lines.items()}


def right(**changes: str | Iterable[str]) -> Zone:
    """Return the right zone with other records in place of some, values as a zone file has them."""
    lines = [line if isinstance(line, str) else "\n".join(line) for line in changes.values()]
    kept = [line for key, line in RIGHT.items() if key not in changes]
    return read_zone("\n".join([*kept, *lines]))


def mend(zone: Zone, fixes: Iterable[Fix]) -> Zone:
    """Type what the fixes say; a step that cannot be done fails the test."""
    records = list(zone)
    for fix in dict.fromkeys(fixes):
        if fix.action is FixAction.RENAME:
            assert fix.old_owner is not None
            there = dataclasses.replace(fix, owner=fix.old_owner)
            moved = [record for record in records if record.is_meant(there, fix.old or fix.value)]
            assert moved, f"there is no such record to move: {fix}"
            records.remove(moved[0])
        if fix.action in {FixAction.REPLACE, FixAction.DELETE}:
            value = fix.value if fix.old is None else fix.old
            meant = [record for record in records if record.is_meant(fix, value)]
            assert meant, f"there is no such record to {fix.action}: {fix}"
            records.remove(meant[0])
        if fix.action is not FixAction.DELETE:
            data = rdata_text(fix.type, fix.value, fix.priority)
            record = Record.of(fix.owner, fix.type, data, fix.zone or APEX)
            assert record not in records, f"it is there already: {fix}"
            records.append(record)
    return tuple(records)


def clashes(zone: Zone) -> set[dns.name.Name]:
    """Return the names that hold a CNAME and something else."""
    aliases = {record.owner for record in zone if record.type == "CNAME"}
    counts = Counter(record.owner for record in zone)
    return {owner for owner in aliases if counts[owner] > 1}
