"""The names that SPF's terms and answers lead to, and the client that asks by them."""

from __future__ import annotations

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dns.owner_name import owner_of
from bot.dns.spf_client import SpfClient
from bot.dns.spf_grammar import read_term
from bot.dns.spf_target import is_at_or_below, target_of, target_of_name

labels = st.binary(min_size=1, max_size=12)
dns_names = st.lists(labels, max_size=5).map(lambda parts: dns.name.Name([*parts, b""]))


@given(name=dns_names, ancestor=dns_names)
def test_names_are_below_each_other_as_dnspython_has_it(
    name: dns.name.Name, ancestor: dns.name.Name
) -> None:
    assert is_at_or_below(owner_of(name), owner_of(ancestor)) is name.is_subdomain(ancestor)
    below = dns.name.Name([*name.labels[:-1], *ancestor.labels])
    assert is_at_or_below(owner_of(below), owner_of(ancestor))


def test_octets_that_look_like_a_length_begin_no_label() -> None:
    inside = dns.name.Name([b"a\x01b\x07example", b""])
    assert not is_at_or_below(owner_of(inside), owner_of("b.example"))


@pytest.mark.parametrize("text", ["", ".", "a..b", f"{'x' * 64}.example", "x." * 127 + "example"])
def test_no_question_is_made_of_what_is_no_name(text: str) -> None:
    assert target_of(text) == (text, None, False)


def test_a_single_label_is_no_domain_that_spf_asks_for() -> None:
    assert not target_of("localhost").is_domain
    assert target_of("A.Example.") == ("A.Example.", owner_of("a.example"), True)


def test_the_root_in_an_answer_names_nobody() -> None:
    assert target_of_name(dns.name.root).owner is None


@pytest.mark.parametrize(
    ("sender", "macros"),
    [
        (None, ("postmaster@friend.example", "postmaster", "friend.example")),
        ("me@friend.example", ("me@friend.example", "me", "friend.example")),
        ("@friend.example", ("postmaster@friend.example", "postmaster", "friend.example")),
        ("a@b@friend.example", ("a@b@friend.example", "a@b", "friend.example")),
    ],
)
def test_a_sender_has_a_local_part_always(sender: str | None, macros: tuple[str, str, str]) -> None:
    client = SpfClient.of("192.0.2.1", "friend.example", sender, "")
    assert tuple(client.macros[letter] for letter in "slo") == macros
    assert client.helo == "friend.example"


@pytest.mark.parametrize(
    ("address", "term", "matches"),
    [
        ("192.0.2.1", "ip4:192.0.2.0/31", True),
        ("192.0.2.2", "ip4:192.0.2.0/31", False),
        ("192.0.2.1", "ip4:0.0.0.0/0", True),
        ("::ffff:192.0.2.1", "ip4:192.0.2.1", True),
        ("::ffff:192.0.2.1", "ip6:::/0", False),
        ("2001:db8::1", "ip6:2001:db8::/127", True),
        ("2001:db8::2", "ip6:2001:db8::/127", False),
        ("2001:db8::2", "ip4:0.0.0.0/0", False),
        ("2001:db8::2", "all", True),
    ],
)
def test_networks_hold_addresses_of_their_version(
    address: str, term: str, *, matches: bool
) -> None:
    read = read_term(term)
    assert read is not None
    client = SpfClient.of(address, "friend.example", None, "")
    assert client.is_named_by(read) is matches


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="not-an-address"):
        SpfClient.of("not-an-address", "friend.example", None, "")
