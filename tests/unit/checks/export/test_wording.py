"""Fixes and places in plain words: fields in the order of typing, hints, and who runs the zone."""

from __future__ import annotations

from dataclasses import replace

import dns.name
import pytest

from bot.checks.export.wording import say_fix, say_hints, say_place
from bot.checks.finding import Fix, FixAction
from bot.dns.answer import LONGEST_TEXT
from bot.records.provider_form import fill_form
from bot.records.providers import NEUTRAL, Provider, provider_by_key
from bot.words import Words

ZONE = dns.name.from_text("friend.example")
WORDS = Words()
SPF = Fix(FixAction.ADD, ZONE, "TXT", "v=spf1 mx -all", ttl=3600)
ALIAS = Fix(FixAction.ADD, dns.name.from_text("mail", ZONE), "CNAME", "mx1.cow.example.", ttl=3600)


def of(key: str) -> Provider:
    provider = provider_by_key(key)
    assert provider is not None
    return provider


def names(fix: Fix, provider: Provider = NEUTRAL) -> list[str]:
    return [name for name, _ in say_fix(fix, ZONE, provider, WORDS).fields]


def test_a_record_to_add_is_told_in_the_order_of_the_form() -> None:
    said = say_fix(SPF, ZONE, NEUTRAL, WORDS)
    assert dict(said.fields)[names(SPF)[0]] == "@"
    assert [value for _, value in said.fields] == ["@", "TXT", "v=spf1 mx -all", "3600"]
    assert said.action == WORDS.label("actions", "add")


def test_without_a_ttl_the_value_is_the_last_field() -> None:
    said = say_fix(replace(SPF, ttl=None), ZONE, NEUTRAL, WORDS)
    assert [value for _, value in said.fields] == ["@", "TXT", "v=spf1 mx -all"]


def test_what_is_replaced_stands_before_what_replaces_it() -> None:
    fix = replace(SPF, action=FixAction.REPLACE, old="v=spf1 +all")
    values = [value for _, value in say_fix(fix, ZONE, NEUTRAL, WORDS).fields]
    assert values == ["@", "TXT", "v=spf1 +all", "v=spf1 mx -all", "3600"]
    assert WORDS.label("headings", "old") in names(fix)


def test_of_what_is_to_go_the_beginning_is_enough_and_of_what_is_typed_it_is_not() -> None:
    long = "v=spf1 " + "a" * 2 * LONGEST_TEXT
    gone = say_fix(replace(SPF, action=FixAction.DELETE, value=long), ZONE, NEUTRAL, WORDS)
    assert max(len(value) for _, value in gone.fields) <= LONGEST_TEXT
    typed = say_fix(replace(SPF, value=long), ZONE, NEUTRAL, WORDS)
    assert long in [value for _, value in typed.fields]


def test_a_field_that_stays_empty_is_told_as_that() -> None:
    said = say_fix(SPF, ZONE, of("ovh"), WORDS)
    assert said.fields[0] == ("Sub-domain", "(leave empty)")


def test_a_record_of_another_zone_is_told_in_our_own_words() -> None:
    zone = dns.name.from_text("mail.friend.example")
    fix = replace(ALIAS, owner=dns.name.from_text("www", zone), zone=zone)
    said = say_fix(fix, ZONE, of("ovh"), WORDS)
    assert said.fields[0] == (WORDS.label("headings", "zone"), "mail.friend.example")
    assert said.fields[1] == (WORDS.label("headings", "name"), "www")


def test_hints_name_the_providers_own_switch_and_the_full_name() -> None:
    form = fill_form(ALIAS, ZONE, of("cloudflare"))
    assert any("Proxy status" in hint for hint in say_hints(form, WORDS))
    neutral = fill_form(ALIAS, ZONE, NEUTRAL)
    full, *others = say_hints(neutral, WORDS)
    assert "mail.friend.example" in full
    assert say_hints(neutral, WORDS, name=False) == tuple(others)
    away = fill_form(replace(ALIAS, owner=dns.name.from_text("x.example")), ZONE, NEUTRAL)
    assert not any("x.example" in hint for hint in say_hints(away, WORDS))


@pytest.mark.parametrize(
    ("name_servers", "said"), [((), ""), (("kim.ns.cloudflare.com",), "Cloudflare")]
)
def test_it_is_said_at_whose_name_servers_a_zone_is_where_they_are_known(
    name_servers: tuple[str, ...], said: str
) -> None:
    place = say_place(ZONE, name_servers, WORDS)
    assert bool(place) is bool(said)
    assert said in place
    assert not said or "friend.example" in place
    assert "example.." not in place
    assert "friend.example. " not in place
