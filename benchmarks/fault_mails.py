"""Has rspamd judge the faulty mails of the tests, and compares what we say of them."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.request
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from benchmarks.debian_rspamd import RSPAMD, rspamd
from benchmarks.debian_servers import name_server, network
from bot.checks.mail.mail_verdict import AuthResult
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from mail_faults import FAULTS, RIGHT
from signed_mails import OURS, judge, zone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.checks.mail.mail_verdict import MailVerdict

_SECONDS: Final = 30.0
_UNTIL_GONE: Final = 2.5  # seconds
_OWNER: Final = re.compile(r"^(\S+) ", re.MULTILINE)
# rspamd's symbols for a mechanism that passes.
_DKIM, _DMARC, _SPF = "R_DKIM_ALLOW", "DMARC_POLICY_ALLOW", "R_SPF_ALLOW"

# Why the two may differ in these.
_REASONS: Final = {
    "From below the domain": "rspamd knows no suffix `example`, so it looks for no policy above "
    "the name; the tree walk of RFC 9989 finds it",
    "two From, both signed": "neither takes it for right; rspamd stops at the second From",
    "l= and more behind it": "we count no signature that leaves text open (RFC 6376 section 8.2)",
    "SHA-1": "nobody may take it any more (RFC 8301 section 3.1), and rspamd still does",
    "i= of another domain": "such a signature counts for nothing (RFC 6376 section 6.1.1)",
    "nothing of the receiver": "without its lines we do not know who delivered it; rspamd is told",
    "a header without end": "we read no header of 20,000 fields to its end",
    "blanks": "text of blanks alone is empty in the relaxed form (RFC 6376 section 3.4.4); "
    "OpenDKIM passes it too",
    "two addresses of the domain": "both are of one domain, so that is the one that DMARC is "
    "about (RFC 9989); rspamd wants one address",
    "a group": "as with two addresses",
    "two keys": "what is done with several keys is undefined (RFC 6376 section 3.6.2.2), and "
    "rspamd takes one that fits",
    "weak key": "a key of 768 bits counts for nothing (RFC 8301 section 3.2), and rspamd takes it",
    "key in test mode": "receivers may pass over such a signature (RFC 6376 section 3.6.1)",
}


@dataclass(frozen=True, slots=True)
class Passes:
    """Which mechanisms a mail passes."""

    spf: bool
    dkim: bool
    dmarc: bool

    def __str__(self) -> str:
        words = [name for name in ("spf", "dkim", "dmarc") if getattr(self, name)]
        return ", ".join(words) or "none"


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One mail, and what passes by us and by rspamd."""

    name: str
    code: str  # of our first cause; empty where it passes
    ours: Passes
    theirs: Passes


async def judge_faults(folder: Path) -> list[FaultRow]:
    """Return what both say of every mail that needs no silent name server."""
    worlds = defaultdict[str, list[FaultyMail]](list)
    for mail in _mails():
        worlds[mail.world].append(mail)
    rows = []
    with network(()), name_server(folder, "mx.else.example"):
        async with ZoneServer({}, port=53) as server, rspamd(folder / "rspamd", {}):
            for world, mails in worlds.items():
                # rspamd keeps records as long as they last, so they last a second.
                server.zones = Zones.of({".": _OWNER.sub(r"\1 1 ", world)})
                await asyncio.sleep(_UNTIL_GONE)
                for mail in mails:
                    verdict = await asyncio.to_thread(judge, mail.raw, world, **mail.options)
                    theirs = await asyncio.to_thread(_ask_rspamd, mail.raw, verdict)
                    code = verdict.causes[0].code if verdict.causes else ""
                    rows.append(FaultRow(mail.name, code, _ours(verdict), theirs))
    return rows


class FaultyMail(NamedTuple):
    """A mail, and the records of the world in which it is judged."""

    name: str
    world: str
    raw: bytes
    options: dict[str, Any]


def _mails() -> Iterator[FaultyMail]:
    for name, fault in FAULTS.items():
        if not fault.options.keys() & {"failing", "is_foreign"}:
            yield FaultyMail(name, fault.world(), fault.make(), fault.options)
    for name, (make, options) in RIGHT.items():
        if "is_foreign" not in options:
            more = {key: value for key, value in options.items() if key != "world"}
            yield FaultyMail(name, options.get("world", zone()), make(), more)


def _ours(verdict: MailVerdict) -> Passes:
    return Passes(
        verdict.spf is AuthResult.PASS,
        any(one.outcome is AuthResult.PASS for one in verdict.signatures),
        verdict.dmarc is AuthResult.PASS,
    )


def _ask_rspamd(raw: bytes, verdict: MailVerdict) -> Passes:
    headers = {
        "IP": verdict.delivered_from or OURS,
        "Helo": "mx1.cow.example",
        "From": verdict.envelope_sender or "ann@friend.example",
        "Rcpt": "probe@else.example",
    }
    asked = urllib.request.Request(f"http://{RSPAMD}/checkv2", data=raw, headers=headers)
    with urllib.request.urlopen(asked, timeout=_SECONDS) as answer:  # noqa: S310 - http, our own
        symbols = json.load(answer)["symbols"]
    return Passes(_SPF in symbols, _DKIM in symbols, _DMARC in symbols)


def show_faults(rows: list[FaultRow]) -> int:
    """Print where the two differ, and why; return how many of these nobody has explained."""
    differ = [row for row in rows if row.ours != row.theirs]
    print(f"Of {len(rows)} mails, {len(rows) - len(differ)} pass and fail alike with rspamd.\n")
    print("| mail | our cause | passes by us | passes by rspamd |\n|---|---|---|---|")
    for row in differ:
        print(f"| {row.name} | {row.code or '-'} | {row.ours} | {row.theirs} |")
    print()
    for row in differ:
        print(f"- {row.name}: {_REASONS.get(row.name, 'not explained')}")
    return sum(row.name not in _REASONS for row in differ)
