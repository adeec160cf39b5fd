"""The canonical order of records, and answers put into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dns.answer import MOST_OCTETS, Answer, Outcome, Question
from bot.dns.canonical_order import canonical_octets, sort_records
from reply_strategies import RDATA, TYPES

if TYPE_CHECKING:
    from random import Random


@st.composite
def records(draw: st.DrawFn) -> list[dns.rdata.Rdata]:
    rdtype = draw(st.sampled_from(TYPES))
    texts = draw(st.lists(RDATA[rdtype], min_size=1, max_size=6))
    spelled = [
        text.swapcase() if draw(st.booleans()) and "\\" not in text else text for text in texts
    ]
    return [dns.rdata.from_text("IN", rdtype, text) for text in spelled]


@given(records())
def test_canonical_octets_are_dnspythons(found: list[dns.rdata.Rdata]) -> None:
    assert list(map(canonical_octets, found)) == [rdata.to_digestable() for rdata in found]


@given(records(), st.randoms())
def test_records_in_any_order_come_in_the_canonical_one_each_once(
    found: list[dns.rdata.Rdata], random: Random
) -> None:
    expected = sorted(set(found), key=dns.rdata.Rdata.to_digestable)
    shuffled = [*found, found[0]]
    random.shuffle(shuffled)
    assert sort_records(shuffled) == tuple(expected)
    question = Question.of("friend.example", found[0].rdtype)
    answer = Answer(question, Outcome.RECORDS, tuple(shuffled), 60)
    assert answer.in_order().rdatas == tuple(expected)


def test_names_that_are_not_absolute_have_no_canonical_form() -> None:
    relative = dns.rdata.from_text("IN", "NS", "ns1", relativize=False)
    with pytest.raises(dns.name.NeedAbsoluteNameOrOrigin):
        canonical_octets(relative)


@pytest.mark.parametrize("rdtype", ["A", "AAAA", "CNAME", "NS", "PTR", "MX", "SRV", "SOA"])
def test_records_of_known_size_are_bounded_as_if_they_were_measured(rdtype: str) -> None:
    name = ("a." * 127)[:-1] + "."
    longest = {
        "A": "203.0.113.255",
        "AAAA": "2001:db8::1",
        "MX": f"65535 {name}",
        "SRV": f"1 2 3 {name}",
        "SOA": f"{name} {name} 1 2 3 4 5",
    }.get(rdtype, name)
    record = dns.rdata.from_text("IN", rdtype, longest)
    size = len(record.to_wire() or b"")
    for count in (1, 2, MOST_OCTETS // size, MOST_OCTETS // size + 1):
        answer = Answer(Question.of("a.example", rdtype), Outcome.RECORDS, (record,) * count)
        bounded = answer.bounded()
        assert bounded.too_many == (count if count > 256 or count * size > MOST_OCTETS else 0)
