"""No zone, however it is made, holds the event loop: from the questions to the card and the JSON."""

from __future__ import annotations

import asyncio
import itertools
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from dns.rdtypes.ANY.TXT import TXT

from bot.cards.check_card import build_check_card
from bot.cards.report_file import report_text
from bot.cards.why_card import build_why_card
from bot.checks.export.archive import dump_report, load_report
from bot.checks.export.as_json import report_as_dict
from bot.checks.export.diff import compare, read_reports
from bot.dns.answer import LONGEST_TEXT, Question
from bot.interactions.item_factory import PersistentItems
from bot.services.domain_check import Checker
from bot.services.member_service import KeptCheck
from bot.words import Medium, Words
from loop_holds import limit_of, worst_hold
from zone_reports import (
    ALIASES,
    DKIM,
    DMARC,
    DOMAIN,
    HOST,
    KEY,
    KEY_VALUES,
    MX,
    SERVER,
    SPF,
    WORLD,
    LinesAsk,
    codes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.checks.report import Report
    from bot.dns.answer import Ask

WORDS = Words(Medium.DISCORD)
ITEMS = PersistentItems(WORDS)
HEALTHY = HOST + WORLD + MX + SPF + DKIM + DMARC + ALIASES
RIGHT = KEY_VALUES[0].encode()

APEX = "friend.example"
SELECTOR = "dkim._domainkey.friend.example"
POLICY = "_dmarc.friend.example"
STS = "_mta-sts.friend.example"
REPORTS = "_smtp._tls.friend.example"
# Each with the record that has to be missing, so that the name is looked at.
NAMES = {
    APEX: "",
    SELECTOR: "",
    POLICY: "",
    STS: "",
    REPORTS: "",
    "dkim.friend.example": DKIM,
    "mailcow._domainkey.friend.example": DKIM,
    "_dmarc.friend.example.friend.example": DMARC,
    "dmarc.friend.example": DMARC,
    "_dmarc.example": DMARC,
    "mail.friend.example": SPF,
    "_spf.cow.example": "",
    "friend.example._report._dmarc.cow.example": "",
}
BEGINNINGS = (
    RIGHT,
    b"v=DKIM1; k=rsa; p=",
    b"v=DMARC1;p=none;",
    b"v=DMARC1; p=reject; rua=mailto:",
    b"v=spf1 include:_spf.cow.example ",
    b"v=spf1 ",
    b"v=STSv1; id=1;",
    b"v=TLSRPTv1; rua=mailto:a@",
    b"v=",
    b"p=",
    b"",
    b'"',
)
FILLERS = (
    *(b";", b"a;", b"a=;", b" ", b"\t", b"a", b"a.", b"a b ", b"1", b".", b":", b"=", b"-", b"_"),
    *(b"ip6:", b"ip6:::1 ", b"ip4:1.2.3.4 ", b"include:a ", b"include:_spf.cow.example ", b"a/1 "),
    *(b'"', b"'", b"\\", b'" "', b"%{", b"%{d}.", b",", b"!1", b"@", b"mailto:a@b,", b"a@b.example "),
    *(b"\xc2\xa0", b"\xe2\x80\x8b", b"\xff", b"\x00", b"v=", b"v=spf1 ", b"p=", b"xall ", b"; p = x"),
)
SIZES = (LONGEST_TEXT, 60_000)


class Attack(NamedTuple):
    """A text at one name, in place of the right one."""

    name: str
    text: bytes

    @property
    def zone(self) -> LinesAsk:
        missing = NAMES.get(self.name, "")
        ask = LinesAsk(HEALTHY.replace(missing, "") if missing else HEALTHY)
        ask.records[Question.of(self.name, "TXT")] = [text_record(self.text)]
        return ask

    def __str__(self) -> str:
        return f"{len(self.text)} octets at {self.name}: {self.text[:60]!r}"


def text_record(text: bytes) -> TXT:
    strings = [text[at : at + 255] for at in range(0, len(text), 255)] or [b""]
    return TXT(dns.rdataclass.IN, dns.rdatatype.TXT, strings)


def numbered(filler: bytes, size: int) -> bytes:
    """Return words that are all different, each a number behind a filler."""
    words = itertools.takewhile(
        lambda word: word is not None, (filler + b"%d " % n for n in range(size // 3))
    )
    return b"".join(words)[:size]


def attacks() -> Iterator[Attack]:
    """Give a text of every beginning, filler and size, at one name after the other."""
    names = itertools.cycle(NAMES)
    for size, filler, beginning in itertools.product(SIZES, FILLERS, BEGINNINGS):
        text = (beginning + filler * (size // len(filler)))[:size]
        yield Attack(next(names), text)


def all_attacks() -> Iterator[Attack]:
    for name, size, filler, beginning in itertools.product(NAMES, SIZES, FILLERS, BEGINNINGS):
        yield Attack(name, (beginning + filler * (size // len(filler)))[:size])


async def look(ask: Ask) -> Report:
    """Check the domain, and show the report everywhere it is shown, as the bot does it."""
    checker = Checker(ask, SERVER, lambda: datetime(2026, 11, 23, tzinfo=UTC))
    report = await checker.check(DOMAIN, KEY)
    for show in SHOWN:
        await asyncio.sleep(0)  # so is something awaited before each of them there
        show(report)
    return report


def show_changes(report: Report) -> None:
    row = report_as_dict(report, SERVER, WORDS.plain, explain=True)
    (earlier,) = read_reports([json_line(row)]).values()
    assert compare(earlier, row).nothing


def json_line(row: dict[str, object]) -> str:
    import json

    return json.dumps(row)


SHOWN: tuple[Callable[[Report], object], ...] = (
    lambda report: load_report(dump_report(report)),
    lambda report: build_check_card(KeptCheck(1, report), SERVER, WORDS, ITEMS),
    lambda report: build_why_card(report, SERVER, WORDS),
    lambda report: report_text(report, SERVER, WORDS),
    show_changes,
)


@pytest.fixture(scope="module")
def healthy() -> float:
    """The longest step that a zone without fault takes, in seconds."""
    for template in sorted((WORDS._environment.list_templates())):
        WORDS._environment.get_template(template)  # compiled once in the life of the bot
    return worst_hold(lambda: look(LinesAsk(HEALTHY)))
