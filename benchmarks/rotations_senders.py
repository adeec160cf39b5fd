"""Members who send mail, 8 to 24 at once, and whoever gets it; a process of its own.

`python -m benchmarks.rotations_senders`: its input is lines of JSON, each an object with what is to
change: `to` (how many mails may be sent in all), `hot` (the domains that most of them come from),
`ask` (names that a receiver asks for again and again), `end`. It prints `{"sent": …}` after
some, and what became of all mails at the end, after each of them has arrived a second time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

import aiohttp

from benchmarks.debian_rspamd import RSPAMD
from benchmarks.rotations_receiver import Arrived, Receiver, SignedMail

FEWEST, MOST = 8, 24  # senders at once
_HOT: Final = 0.6  # of the mails come from the domains that are switched just now
_ASKED_AGAIN: Final = 0.1  # seconds
_IDLE: Final = 0.01  # seconds
_CHANGES: Final = 1.0  # seconds until more or fewer send
_STRIDE: Final = 7
_TOLD_EACH: Final = 10  # mails
_SELECTOR: Final = re.compile(r"\bs=([^;\s]+)")


@dataclass
class Senders:
    """Sends mails through rspamd and has them verified at once."""

    domains: list[str]
    chance: random.Random
    fresh: Receiver  # asks for each mail
    keeping: Receiver  # keeps answers as long as it may
    limit: int = 0
    hot: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    ends: bool = False
    begun: int = 0
    told: int = 0  # mails of which the output says that they were sent
    sent: list[SignedMail] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    kept_outcomes: Counter[str] = field(default_factory=Counter)
    selectors: dict[str, Counter[str]] = field(default_factory=dict)  # by domain
    faults: list[str] = field(default_factory=list)  # of signed mails
    unsigned: list[tuple[str, float, float]] = field(default_factory=list)  # domain, from, until

    async def run(self) -> dict[str, Any]:
        """Return what became of all mails, when the input says that it is the end."""
        reading = asyncio.create_task(self._read_input())
        asking = asyncio.create_task(self._ask_again())
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            for place in range(MOST):
                group.create_task(self._send_often(session, place))
        asking.cancel()
        await reading
        return {
            "sent": len(self.sent),
            "at once": dict(self.outcomes),
            "by a receiver that keeps answers": dict(self.kept_outcomes),
            "late": dict(await self._take_late()),
            "selectors": {domain: dict(kinds) for domain, kinds in self.selectors.items()},
            "faults": self.faults,
            "unsigned": self.unsigned,
        }

    async def _send_often(self, session: aiohttp.ClientSession, place: int) -> None:
        """Send as one of the senders, of whom some rest now and then."""
        while not self.ends:
            if place >= self._crowd() or self.begun >= self.limit:
                await asyncio.sleep(_IDLE)
                continue
            self.begun += 1
            await self._send(session, str(self.begun))
            if len(self.sent) >= min(self.told + _TOLD_EACH, self.limit):
                self.told = len(self.sent)
                print(json.dumps({"sent": len(self.sent)}), flush=True)

    def _crowd(self) -> int:
        """Return how many send at this time."""
        spread = MOST - FEWEST + 1
        return FEWEST + int(time.monotonic() / _CHANGES) * _STRIDE % spread

    async def _send(self, session: aiohttp.ClientSession, number: str) -> None:
        among = self.hot if self.hot and self.chance.random() < _HOT else self.domains
        domain = self.chance.choice(among)
        since = time.time()
        mail = await _sign(session, domain, number)
        if not mail.selector:
            self.unsigned.append((domain, since, time.time()))
        self.sent.append(mail)
        self.selectors.setdefault(domain, Counter())[mail.selector] += 1
        outcome, kept = await self.fresh.take(mail), await self.keeping.take(mail)
        self.outcomes[outcome] += 1
        self.kept_outcomes[kept] += 1
        if {outcome, kept} - {Arrived.VERIFIED, Arrived.UNSIGNED}:
            when = f"{datetime.now(UTC):%H:%M:%S.%f}"
            self.faults.append(f"{when} {mail.domain} {mail.selector}: {outcome}, {kept}")

    async def _take_late(self) -> Counter[str]:
        """Return what all signed mails come to now, as if they had been on the way until now."""
        receiver, outcomes = Receiver(self.fresh.server, keeps=True), Counter[str]()
        for mail in self.sent:
            if mail.selector:
                outcomes[await receiver.take(mail)] += 1
        return outcomes

    async def _read_input(self) -> None:
        while line := await asyncio.to_thread(sys.stdin.readline):
            told = json.loads(line)
            self.limit = told.get("to", self.limit)
            self.hot = told.get("hot", self.hot)
            self.asked = told.get("ask", self.asked)
            self.ends = told.get("end", self.ends)
            if self.ends:
                return
        self.ends = True

    async def _ask_again(self) -> None:
        while True:
            for name in self.asked:
                await self.keeping.ask(name)
            await asyncio.sleep(_ASKED_AGAIN)


async def _sign(session: aiohttp.ClientSession, domain: str, number: str) -> SignedMail:
    """Hand a member's mail to rspamd, and return it as it goes out."""
    author = f"ann@{domain}"
    lines = (
        f"From: Ann <{author}>",
        "To: Bob <bob@else.example>",
        f"Subject: Mail {number}",
        f"Date: {format_datetime(datetime.now(UTC))}",
        f"Message-ID: <{number}@{domain}>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "",
        f"This is number {number}.",
        "",
    )
    raw = "\r\n".join(lines).encode()
    envelope = {
        "From": author,
        "User": author,
        "Rcpt": "bob@else.example",
        "IP": "198.51.100.77",
        "Helo": "there.example",
    }
    async with session.post(f"http://{RSPAMD}/checkv2", data=raw, headers=envelope) as reply:
        reply.raise_for_status()
        signature = (await reply.json()).get("dkim-signature", "")
    return _put_before(signature, raw, domain)


def _put_before(signature: str | list[str], raw: bytes, domain: str) -> SignedMail:
    signatures = [signature] if isinstance(signature, str) else signature
    found = [_SELECTOR.search(one) for one in signatures if one]
    selectors = [match[1] for match in found if match is not None]
    fields = "".join(f"DKIM-Signature: {one}\r\n" for one in signatures if one)
    return SignedMail(fields.encode() + raw, domain, " ".join(selectors))


async def main() -> None:
    """Send until the input says that it is the end, and print what became of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--server", required=True, help="the name server that receivers ask")
    parser.add_argument("domains", nargs="+")
    options = parser.parse_args()
    host, _, port = options.server.rpartition(":")
    fresh, keeping = (Receiver((host, int(port)), keeps=keeps) for keeps in (False, True))
    senders = Senders(options.domains, random.Random(options.seed), fresh, keeping)
    print(json.dumps(await senders.run()), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
