"""What an SPF record lets pass by its networks, added up as a receiver reads them."""

from __future__ import annotations

import ipaddress
import random
import time
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from bot.checks.spf.networks import Claim, Span, free_spans, read_networks, resolve
from observed_domain import answered

if TYPE_CHECKING:
    from bot.dns.answer import Answer
    from bot.dns.owner_name import AnyName

DOMAIN = "friend.example"
WORLD = (
    answered("friend.example.", "A", "203.0.113.80"),
    answered("friend.example.", "AAAA", "2001:db8::80"),
    answered("friend.example.", "MX", "10 mx1.cow.example.", "20 mx2.cow.example."),
    answered("mx1.cow.example.", "A", "198.51.100.25"),
    answered("mx2.cow.example.", "A", "203.0.113.26"),
)

claims = st.builds(
    lambda first, size, number: Claim(first, first + size, number),
    st.integers(0, 60),
    st.integers(0, 20),
    st.integers(0, 9),
)


def find(name: AnyName, rdtype: str) -> Answer | None:
    wanted = answered(str(name), rdtype).question
    return next((answer for answer in WORLD if answer.question == wanted), None)


def sizes(text: str, **policies: str) -> dict[tuple[str, int], int]:
    """Return how many addresses each term of a record decides about, by its IP version."""
    named = {name.replace("_", "."): policy for name, policy in policies.items()}
    reading = read_networks(DOMAIN, f"v=spf1 {text}", named, find)
    return {(share.term.raw, share.version): share.size for share in reading.shares}


@given(st.lists(claims, max_size=12))
def test_each_address_is_decided_by_the_lowest_claim_that_holds_it(found: list[Claim]) -> None:
    came = {at: part.number for part in resolve(found) for at in range(part.first, part.last + 1)}
    wanted = {
        at: min(c.number for c in found if c.first <= at <= c.last)
        for at in range(90)
        if any(c.first <= at <= c.last for c in found)
    }
    assert came == wanted


@given(st.lists(claims, max_size=12))
def test_parts_come_in_order_and_do_not_overlap(found: list[Claim]) -> None:
    parts = list(resolve(found))
    assert all(part.first <= part.last for part in parts)
    assert all(one.last < other.first for one, other in pairwise(parts))


@given(st.lists(claims, max_size=8), st.integers(0, 40))
def test_what_is_free_is_what_nothing_touches(found: list[Claim], first: int) -> None:
    touched = [Span(claim.first, claim.last) for claim in found]
    within = [Span(first, first + 30)]
    free = {at for span in free_spans(touched, within) for at in range(span.first, span.last + 1)}
    assert free == {
        at for at in range(first, first + 31) if not any(a <= at <= b for a, b in touched)
    }


def test_a_network_counts_once_and_for_the_first_term_that_holds_it() -> None:
    came = sizes("ip4:10.0.0.0/9 ip4:10.0.0.0/8 ip4:10.1.2.3 -all")
    assert came["ip4:10.0.0.0/9", 4] == came["ip4:10.0.0.0/8", 4] == 1 << 23
    assert ("ip4:10.1.2.3", 4) not in came


def test_what_is_refused_first_does_not_pass() -> None:
    came = sizes("-ip4:10.0.0.0/9 ip4:10.0.0.0/8 -all")
    assert came["ip4:10.0.0.0/8", 4] == 1 << 23


def test_an_include_lets_pass_what_passes_there() -> None:
    inner = "v=spf1 -ip4:10.0.0.0/9 ip4:10.0.0.0/8 ?ip4:11.0.0.0/8 ~all"
    assert sizes("include:a.example -all", a_example=inner)["include:a.example", 4] == 1 << 23
    assert sizes("-include:a.example ip4:10.0.0.0/8 -all", a_example=inner) | {} == {
        ("-include:a.example", 4): 1 << 23,
        ("ip4:10.0.0.0/8", 4): 1 << 23,
        ("-all", 4): (1 << 32) - (1 << 24),
        ("-all", 6): (1 << 128) - (1 << 32),
    }


def test_hosts_count_with_the_networks_around_them() -> None:
    assert sizes("a/8 -all")["a/8", 4] == 1 << 24
    assert sizes("a//32 -all")["a//32", 6] == 1 << 96
    both = sizes("mx/24//48 -all")
    assert both["mx/24//48", 4] == 2 << 8
    assert ("mx/24//48", 6) not in both  # nothing is known of their IPv6 addresses
    assert sizes("a:mx1.cow.example/16 -all")["a:mx1.cow.example/16", 4] == 1 << 16
    assert sizes("a:%{d}/8 -all")["a:%{d}/8", 4] == 1 << 24


def test_what_is_not_known_matches_nothing() -> None:
    text = "a:gone.example/1 mx:gone.example/1 include:gone.example a:%{i}.x.example/1 a:x..y/1"
    assert sizes(f"{text} ip4:x/1") == {}
    assert sizes("a:mx1.cow.example/64 ip6:2001:db8::/129") == {}


def test_a_record_that_comes_back_to_itself_ends() -> None:
    assert sizes("include:a.example", a_example="v=spf1 include:a.example ip4:10.0.0.0/8") == {
        ("include:a.example", 4): 1 << 24
    }


def test_nothing_passes_by_what_stands_behind_ten_lookups() -> None:
    names = " ".join(f"include:n{i}.example" for i in range(10))
    policies = {f"n{i}_example": f"v=spf1 ip4:{i + 1}.0.0.0/8 -all" for i in range(10)}
    assert len(sizes(names, **policies)) == 10
    assert len(sizes(f"mx {names}", **policies)) == 10  # mx and the first nine


def test_ipv4_in_the_form_of_ipv6_is_nobodys() -> None:
    assert sizes("ip6:::ffff:0.0.0.0/96 -all") == sizes("-all")
    assert sizes("ip6:::/0")["ip6:::/0", 6] == (1 << 128) - (1 << 32)


def test_reading_takes_time_in_line_with_the_length() -> None:
    def seconds(count: int) -> float:
        chance = random.Random(7)
        addresses = (ipaddress.IPv4Address(chance.getrandbits(32)) for _ in range(count))
        words = (f"{chance.choice('+-?')}ip4:{a}/{chance.randint(8, 32)}" for a in addresses)
        text = " ".join(words)
        started = time.process_time()
        sizes(text)
        return time.process_time() - started

    short = min(seconds(500) for _ in range(3))
    assert min(seconds(4000) for _ in range(3)) < 30 * short  # eight times as long
