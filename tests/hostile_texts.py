"""Zones made to be judged for long: texts of names, beginnings and fillers, and listed attacks."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.ANY.TXT import TXT

from bot.dns.answer import LONGEST_TEXT, Question
from strategies import KEY_VALUES
from zone_reports import ALIASES, DKIM, DMARC, HOST, MX, SPF, WORLD, LinesAsk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEALTHY = HOST + WORLD + MX + SPF + DKIM + DMARC + ALIASES
KEY = KEY_VALUES[0].encode()
LONG = 60_000  # octets, about the most that a message holds

APEX = "friend.example"
SELECTOR = "dkim._domainkey.friend.example"
POLICY = "_dmarc.friend.example"
STS = "_mta-sts.friend.example"
REPORTS = "_smtp._tls.friend.example"
# Each with the record that has to be missing, so that the name is looked at.
NAMES = {
    **dict.fromkeys((APEX, SELECTOR, POLICY, STS, REPORTS), ""),
    "dkim.friend.example": DKIM,
    "mailcow._domainkey.friend.example": DKIM,
    "_dmarc.friend.example.friend.example": DMARC,
    "dmarc.friend.example": DMARC,
    "_dmarc.example": DMARC,
    "mail.friend.example": SPF,
    # Other people's: what an SPF record includes, and who is to get reports.
    "_spf.cow.example": "",
    "friend.example._report._dmarc.cow.example": "",
}
BEGINNINGS = (
    KEY,
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
    *(b"ip6:", b"ip6:::1 ", b"ip4:1.2.3.4 ", b"include:a ", b"include:_spf.cow.example "),
    *(b'"', b"'", b"\\", b'" "', b"%{", b"%{d}.", b",", b"!1", b"@", b"mailto:a@b,"),
    *(b"a@b.example ", b"\xc2\xa0", b"\xe2\x80\x8b", b"\xff", b"\x00", b"v=", b"v=spf1 ", b"p="),
    *(b"xall ", b"; p = x", b"a/1 "),
)


class Attack(NamedTuple):
    """A text at one name, in place of the right one."""

    name: str
    text: bytes

    def zone(self, attempt: int) -> LinesAsk:
        """Return who answers; the text ends otherwise at each try, so that nobody knows it yet."""
        missing = NAMES[self.name]
        lines = HEALTHY.replace(missing, "") if missing else HEALTHY
        return with_texts(lines, {self.name: [self.text[:-1] + b"%d" % attempt]})

    def __str__(self) -> str:
        return f"{len(self.text)} octets at {self.name}: {self.text[:60]!r}"


def with_texts(lines: str, texts: dict[str, list[bytes]]) -> LinesAsk:
    """Return who answers from these lines, with these texts at these names."""
    ask = LinesAsk(lines)
    for name, found in texts.items():
        ask.records[Question.of(name, "TXT")] = [text_record(text) for text in found]
    return ask


def with_records(lines: str, name: str, rdtype: str, records: list[str]) -> LinesAsk:
    """Return who answers from these lines, with these records at a name."""
    ask = LinesAsk(lines)
    found = [dns.rdata.from_text("IN", rdtype, record) for record in records]
    ask.records[Question.of(name, rdtype)] = found
    return ask


def text_record(text: bytes) -> TXT:
    strings = [text[at : at + 255] for at in range(0, len(text), 255)]
    return TXT(dns.rdataclass.IN, dns.rdatatype.TXT, strings)


def filled(beginning: bytes, filler: bytes, size: int) -> bytes:
    return (beginning + filler * (size // len(filler)))[:size]


def counted(beginning: bytes, word: bytes, size: int, start: int = 0) -> bytes:
    """Return a text of words that are all different; each has `%d`."""
    text = beginning
    for number in itertools.count(start):
        if len(text) >= size:
            return text[:size]
        text += word % number
    raise AssertionError


def some_attacks() -> Iterator[Attack]:
    """Give every beginning with every filler in two sizes, at one name after the other."""
    names = itertools.cycle(NAMES)
    sizes = (LONGEST_TEXT, LONG)
    for size, filler, beginning in itertools.product(sizes, FILLERS, BEGINNINGS):
        yield Attack(next(names), filled(beginning, filler, size))


def all_attacks() -> Iterator[Attack]:
    """Give every beginning with every filler in two sizes at every name."""
    for name, size in itertools.product(NAMES, (LONGEST_TEXT, LONG)):
        for filler, beginning in itertools.product(FILLERS, BEGINNINGS):
            yield Attack(name, filled(beginning, filler, size))


# What once held the loop, with the seconds that it did on the machine where it was found.
LISTED = {
    "a key and 2,000 semicolons, 29 s": Attack(SELECTOR, KEY + b";" * 2_000),
    "a policy and 2,000 parts without value, 27 s": Attack(
        POLICY, b"v=DMARC1;p=none;" + b"a;" * 2_000
    ),
    "a policy and 20,000 parts, 37 s": Attack(POLICY, b"v=DMARC1;p=none;" + b"a=;" * 20_000),
    "a policy and 1,350 parts": Attack(POLICY, b"v=DMARC1;p=none;" + b"a=;" * 1_350),
    "60,000 blanks at the domain, over 45 s": Attack(APEX, b"x" + b" " * LONG + b"x"),
    "60,000 blanks in an SPF record, over 45 s": Attack(APEX, b"v=spf1 " + b" " * LONG + b"x"),
    "60,000 blanks in a version at the domain": Attack(APEX, b"v=" + b" " * LONG + b"x"),
    "4,000 blanks at the domain": Attack(APEX, b"x" + b" " * 4_000 + b"x"),
    "4,000 blanks in a version at the domain": Attack(APEX, b"v=" + b" " * 4_000 + b"x"),
    "60,000 blanks in a key record, over 45 s": Attack(SELECTOR, b"v=" + b" " * LONG + b"x"),
    "4,000 blanks in a key record": Attack(SELECTOR, b"v=" + b" " * 4_000 + b"x"),
    "60,000 blanks in a policy, over 45 s": Attack(POLICY, b"v=" + b" " * LONG + b"x"),
    "4,000 blanks in a policy": Attack(POLICY, b"v=" + b" " * 4_000 + b"x"),
    "a report address of 60,000 letters, over 45 s": Attack(
        POLICY, b"v=DMARC1;p=none;rua=mailto:" + b"a" * LONG
    ),
    "a report address of 4,000 letters": Attack(
        POLICY, b"v=DMARC1;p=none;rua=mailto:" + b"a" * 4_000
    ),
    "a TLS report address of 30,000 labels, over 45 s": Attack(
        REPORTS, b"v=TLSRPTv1; rua=mailto:a@" + b"a." * 30_000 + b"!"
    ),
    "a TLS report address of 2,000 labels": Attack(
        REPORTS, b"v=TLSRPTv1; rua=mailto:a@" + b"a." * 2_000 + b"!"
    ),
    "15,000 times ip6:, 4 s": Attack(APEX, b"v=spf1 " + b"ip6:" * 15_000),
    "1,000 times ip6:": Attack(APEX, b"v=spf1 " + b"ip6:" * 1_000),
}

_LETTERS = b"abcdefghij"
_EACH = b"".join(b"include:%c.bomb.example " % letter for letter in _LETTERS)


def _everywhere(make: Callable[[int], bytes], count: int) -> dict[str, list[bytes]]:
    owners = (APEX, SELECTOR, POLICY, STS, REPORTS, "_dmarc.example")
    return {owner: [make(number) for number in range(count)] for owner in owners}


# Zones that are large as a whole, by the number of the try.
LARGE: dict[str, Callable[[int], LinesAsk]] = {
    "a message full of texts at every name": lambda n: with_texts(
        HEALTHY, _everywhere(lambda i: filled(KEY + b";%d" % (n + 3 * i), b"a;", 4_000), 15)
    ),
    "as many texts as are read at every name": lambda n: with_texts(
        HEALTHY, _everywhere(lambda i: counted(b"v=DMARC1;p=none;", b"a%d=;", 512, n + 9 * i), 16)
    ),
    "a thousand small texts at every name": lambda n: with_texts(
        HEALTHY, _everywhere(lambda i: b"v=spf1 v=DMARC1 %d-%d" % (n, i), 1_000)
    ),
    "other people's long texts at the domain": lambda n: with_texts(
        HEALTHY.replace(SPF, ""),
        {APEX: [counted(b"t%d v=spf1 " % i, b"xall%d ", LONGEST_TEXT, n) for i in range(15)]},
    ),
    "includes that include each other, with all that is read": lambda n: with_texts(
        HEALTHY,
        {
            APEX: [b"v=spf1 include:_spf.cow.example " + _EACH],
            **{
                f"{letter:c}.bomb.example": [counted(b"v=spf1 " + _EACH, b"ip6:%x:: ", 1_400, n)]
                for letter in _LETTERS
            },
        },
    ),
    "includes that each are as long as is read": lambda n: with_texts(
        HEALTHY,
        {
            APEX: [b"v=spf1 include:_spf.cow.example " + _EACH],
            **{
                f"{letter:c}.bomb.example": [counted(b"v=spf1 ", b"a:%d.x ", LONGEST_TEXT, n)]
                for letter in _LETTERS
            },
        },
    ),
    "a record that includes itself": lambda n: with_texts(
        HEALTHY, {APEX: [filled(b"v=spf1 include:friend.example a:%d.x " % n, b"a/1 ", 1_600)]}
    ),
    "macros that grow": lambda n: with_texts(
        HEALTHY,
        {
            APEX: [b"v=spf1 include:%s -all" % (b"a." * 120 + b"xx")],
            "a." * 120 + "xx": [filled(b"v=spf1 a:%d.x" % n, b" exists:" + b"%{D}" * 60, 3_900)],
        },
    ),
    "400 report addresses": lambda n: with_texts(
        HEALTHY, {POLICY: [counted(b"v=DMARC1;p=none;rua=", b"mailto:a@%d.x,", LONGEST_TEXT, n)]}
    ),
    "words that are all different": lambda n: with_texts(
        HEALTHY, {APEX: [counted(b"v=spf1 ", b"x%d ", LONGEST_TEXT, n)]}
    ),
    "networks that are all different": lambda n: with_texts(
        HEALTHY, {APEX: [counted(b"v=spf1 ", b"ip6:%x:: ", LONGEST_TEXT, n)]}
    ),
    "parts that are all different": lambda n: with_texts(
        HEALTHY, {SELECTOR: [counted(KEY + b";", b"a%d=;", LONGEST_TEXT, n)]}
    ),
    "4,000 addresses": lambda _: with_records(
        HEALTHY, APEX, "A", [f"192.0.{n // 250}.{n % 250}" for n in range(4_000)]
    ),
    "4,000 exchanges": lambda _: with_records(
        HEALTHY.replace(MX, ""), APEX, "MX", [f"{n} m{n}.friend.example." for n in range(4_000)]
    ),
    "as many exchanges as are read": lambda _: with_records(
        HEALTHY.replace(MX, ""), APEX, "MX", [f"{n} m{n}.friend.example." for n in range(256)]
    ),
    "4,000 name servers": lambda _: with_records(
        HEALTHY, APEX, "NS", [f"ns{n}.friend.example." for n in range(4_000)]
    ),
    "4,000 services": lambda _: with_records(
        HEALTHY,
        "_imaps._tcp.friend.example",
        "SRV",
        [f"0 1 {n} s{n}.friend.example." for n in range(4_000)],
    ),
    "as many services as are read": lambda _: with_records(
        HEALTHY,
        "_imaps._tcp.friend.example",
        "SRV",
        [f"0 1 {n} s{n}.friend.example." for n in range(256)],
    ),
    "the longest exchanges": lambda _: with_records(
        HEALTHY,
        APEX,
        "MX",
        [f"{n} {'x' * 63}.{'y' * 63}.{'z' * 63}.{'w' * 46}.friend.example." for n in range(256)],
    ),
    "a CAA record as long as a message": lambda _: with_records(
        HEALTHY, APEX, "CAA", [f'0 issue "{"x" * 16_000}"', f'0 issue "{"y" * 60_000}"']
    ),
    "250 CAA records": lambda _: with_records(
        HEALTHY, APEX, "CAA", [f'128 x{n} "{"x" * 40}"' for n in range(250)]
    ),
}
