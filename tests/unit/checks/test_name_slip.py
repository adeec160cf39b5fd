"""Each wrong name of a record comes from one slip, is another than the right one, and can be."""

from __future__ import annotations

import dns.name
import pytest

from bot.checks.name_slip import WrongPlace, slips_of

ZONE = dns.name.from_text("friend.example")
POST = dns.name.from_text("post.friend.example")


def names(prefix: str, domain: dns.name.Name = ZONE) -> dict[str, WrongPlace]:
    labels = tuple(label.encode() for label in prefix.split(".") if label)
    return {name.to_text(): where for name, where in slips_of(labels, domain, ZONE)}


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("dkim._domainkey.friend.example.friend.example.", WrongPlace.DOUBLED),
        ("dkim._domainkey.friend.friend.example.", WrongPlace.PARTIAL),
        ("dkim.friend.example.", WrongPlace.LOST),
        ("_domainkey.friend.example.", WrongPlace.LOST),
        ("dkim_domainkey.friend.example.", WrongPlace.NO_DOT),
        ("dkim.domainkey.friend.example.", WrongPlace.NO_UNDERSCORE),
        ("_domainkey.dkim.friend.example.", WrongPlace.SWAPPED),
        ("dkim.dkim._domainkey.friend.example.", WrongPlace.REPEATED),
        ("dkim._domainkey._domainkey.friend.example.", WrongPlace.REPEATED),
        ("_dkim._domainkey.friend.example.", WrongPlace.UNDERSCORE),
        ("dkim.__domainkey.friend.example.", WrongPlace.UNDERSCORE),
        ("dkim._domain.key.friend.example.", WrongPlace.DOT),
        ("dkim._domain_key.friend.example.", WrongPlace.DOT),
    ],
)
def test_a_key_record_comes_to_a_name_by_one_slip(name: str, where: WrongPlace) -> None:
    assert names("dkim._domainkey")[name] is where


def test_a_policy_has_fewer_slips_and_none_at_the_domain() -> None:
    assert list(names("_dmarc")) == [
        "_dmarc.friend.example.friend.example.",
        "_dmarc.friend.friend.example.",
        "dmarc.friend.example.",
        "_dmarc._dmarc.friend.example.",
        "__dmarc.friend.example.",
    ]


def test_below_the_zones_apex_the_domains_label_can_be_lost_or_doubled() -> None:
    found = names("dkim._domainkey", POST)
    assert found["dkim._domainkey.friend.example."] is WrongPlace.PARENT
    assert found["dkim._domainkey.post.post.friend.example."] is WrongPlace.REPEATED
    assert found["dkim._domainkey.post.friend.friend.example."] is WrongPlace.PARTIAL


def test_no_wrong_name_is_the_right_one_or_given_twice() -> None:
    for prefix in ("dkim._domainkey", "_dmarc", "a.b._domainkey", ""):
        for domain in (ZONE, POST):
            made = [
                name
                for name, _ in slips_of(tuple(map(str.encode, prefix.split("."))), domain, ZONE)
            ]
            assert len(set(made)) == len(made)
            assert dns.name.from_text(prefix, domain) not in made


def test_names_that_are_too_long_to_exist_are_left_out() -> None:
    long = dns.name.from_text(".".join(["a" * 60] * 3))
    assert WrongPlace.DOUBLED not in dict(slips_of((b"dkim", b"_domainkey"), long, long)).values()
    assert "dkim" in {
        name.labels[0].decode() for name, _ in slips_of((b"dkim", b"_domainkey"), long, long)
    }
