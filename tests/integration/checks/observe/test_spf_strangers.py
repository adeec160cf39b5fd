"""What it takes to tell whether strangers pass SPF: nothing where the record says it itself."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
import pytest

from bot.checks.observe.domain import observe
from bot.checks.observe.spf_strangers import MOST_FOR_STRANGERS, STRANGERS
from bot.dns.spf_evaluate import STRANGER
from bot.records.expected import expect
from zone_reports import (
    ALIASES,
    DKIM,
    DMARC,
    DOMAIN,
    HOST,
    KEY,
    MX,
    SERVER,
    SPF,
    WORLD,
    LinesAsk,
)

if TYPE_CHECKING:
    from bot.checks.observation import Observation
    from bot.dns.answer import Answer
    from bot.dns.owner_name import AnyName

OURS = {"198.51.100.25", "2001:db8:25::25"}
REST = HOST + WORLD + MX + DKIM + DMARC + ALIASES + "friend.example A 203.0.113.80\n"


class CountingAsk(LinesAsk):
    """Counts the questions of each type, and how many were under way after one another."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.asked: Counter[str] = Counter()

    async def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        answer = await super().__call__(name, rdtype)
        self.asked[dns.rdatatype.to_text(answer.question.rdtype)] += 1
        return answer


def look(spf: str) -> tuple[Observation, Counter[str]]:
    ask = CountingAsk(f'{REST}friend.example TXT "{spf}"\n')
    return asyncio.run(observe(ask, expect(SERVER, DOMAIN, KEY))), ask.asked


def strangers(observed: Observation) -> list[str]:
    return [e.address for e in observed.spf if e.address not in OURS | {STRANGER}]


@pytest.mark.parametrize(
    "spf",
    [
        SPF.partition('"')[2].strip().strip('"'),
        "v=spf1 include:_spf.cow.example a mx include:other.example ip4:192.0.2.0/24 ~all",
        "v=spf1 redirect=_spf.cow.example",
    ],
)
def test_a_plain_record_is_read_without_any_stranger(spf: str) -> None:
    assert strangers(look(spf)[0]) == []


@pytest.mark.parametrize(
    "term", ["exists:%{i}.x.example", "include:%{ir}.x.example", "-ip4:240.0.0.0/4", "ptr", "a//64"]
)
def test_a_record_that_hangs_on_the_address_is_tried_with_strangers_drawn_anew(term: str) -> None:
    first, again = (
        strangers(look(f"v=spf1 include:_spf.cow.example {term} -all")[0]) for _ in "ab"
    )
    assert len(first) == sum(STRANGERS.values())
    assert not set(first) & set(again)
    for address in map(ipaddress.ip_address, first):
        assert address.is_global
        assert not address.is_multicast


def test_strangers_are_in_no_network_that_the_record_names() -> None:
    wide = "ip4:0.0.0.0/1 ip4:128.0.0.0/2 ip4:192.0.0.0/9 exists:%{i}.x.example"
    for _ in range(5):
        found = strangers(look(f"v=spf1 include:_spf.cow.example {wide} -all")[0])
        addresses = [ipaddress.IPv4Address(a) for a in found if ":" not in a]
        assert len(addresses) == STRANGERS[4]
        assert all(address >= ipaddress.IPv4Address("192.128.0.0") for address in addresses)


def test_strangers_take_few_questions_however_many_macros_there_are() -> None:
    plain = look("v=spf1 include:_spf.cow.example -all")[1].total()
    macros = " ".join(f"exists:%{{i}}.x{n}.example" for n in range(9))
    observed, asked = look(f"v=spf1 include:_spf.cow.example {macros} -all")
    assert observed.queries == asked.total()
    # The mail server's own addresses and the first stranger ask for each macro as well.
    assert asked.total() <= plain + MOST_FOR_STRANGERS + 3 * 9


def test_one_macro_takes_one_question_for_each_stranger() -> None:
    term = "exists:%{i}.x.example"
    plain = look("v=spf1 include:_spf.cow.example exists:x.example -all")[1]
    asked = look(f"v=spf1 include:_spf.cow.example {term} -all")[1]
    # Of the addresses tried before there are three, where the name without macro took one.
    assert asked["A"] - plain["A"] == sum(STRANGERS.values()) + 2
    assert asked.total() - plain.total() == sum(STRANGERS.values()) + 2


def test_nobody_is_asked_for_the_names_of_strangers() -> None:
    assert look("v=spf1 include:_spf.cow.example ptr -all")[1]["PTR"] <= 3
