"""The providers: every row is complete, name servers lead to one of them, faults are said."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ConfigError
from bot.records.provider_rows import check_providers
from bot.records.provider_table import provider_table
from bot.records.providers import (
    DATA,
    NEUTRAL,
    OTHER,
    choose_provider,
    find_provider,
    load_providers,
    offer_providers,
    provider_by_key,
)

if TYPE_CHECKING:
    from pathlib import Path

ROWS = load_providers()
ASKED_FOR = {
    *("cloudflare", "domeneshop", "one", "hetzner", "hetzner-dns", "inwx", "ionos", "strato"),
    *("netcup", "ovh", "namecheap", "godaddy", "porkbun", "gandi", "route53", "desec"),
}
TODAY = datetime(2026, 11, 29, tzinfo=UTC).date()

WHOLE = """
[[provider]]
key = "cow"
name = "Cow DNS"
name_servers = ["dns.cow.example"]
link = "https://dns.cow.example/"
sources = ["https://dns.cow.example/help"]
date = 2026-11-01
date_is = "stated"
"""


def test_the_file_is_right() -> None:
    assert check_providers() == ROWS


def test_the_providers_of_friends_are_there() -> None:
    assert {row.key for row in ROWS} >= ASKED_FOR


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_every_row_has_its_source_and_a_date_that_has_been(row: object) -> None:
    assert row in ROWS
    provider = next(one for one in ROWS if one is row)
    assert provider.sources
    assert provider.date is not None
    assert provider.date <= TODAY
    assert provider.link.startswith("https://")
    assert all(source.startswith("http") for source in provider.sources)


def test_what_was_read_without_a_date_of_its_own_says_when() -> None:
    assert {row.date_is for row in ROWS} == {"stated", "read"}


FORM = ("words", "apex", "names", "final_dot", "quotes", "long_text", "priority", "srv")
# What no source was found for, of the pages that most friends use.
NOT_KNOWN = {
    "cloudflare": set[str](),
    "domeneshop": {"words", "long_text"},
    "one": {"apex", "final_dot", "srv"},
    "hetzner": {"words", "quotes", "long_text", "priority", "srv"},
    "ionos": {"long_text"},
    "strato": {"apex", "long_text", "srv"},
    "ovh": set[str](),
    "namecheap": {"long_text"},
    "godaddy": {"long_text"},
    "gandi": {"long_text", "srv"},
}


def test_of_the_usual_pages_all_is_known_that_a_source_says() -> None:
    gaps = {
        row.key: {field for field in FORM if not getattr(row, field)}
        for row in ROWS
        if row.key in NOT_KNOWN
    }
    assert gaps == NOT_KNOWN


def test_a_form_with_fields_of_its_own_for_a_service_has_words_for_them() -> None:
    for row in ROWS:
        wanted = {"split": {"service", "protocol", "weight", "port", "SRV"}}.get(row.srv, set())
        assert wanted <= row.words.keys(), row.key


@pytest.mark.parametrize(
    ("servers", "key"),
    [
        (["ns1.hyp.net.", "ns2.hyp.net.", "ns3.hyp.net."], "domeneshop"),
        (["ADA.ns.CLOUDFLARE.com", "bob.ns.cloudflare.com"], "cloudflare"),
        (["ns-1.awsdns-00.com.", "ns-2044.awsdns-63.co.uk."], "route53"),
        (["ns1045.ui-dns.de", "ns1102.ui-dns.com"], "ionos"),
        (["hydrogen.ns.hetzner.com", "helium.ns.hetzner.de"], "hetzner"),
        (["docks17.rzone.de", "shades03.rzone.de"], "strato"),
        (["root-dns.netcup.net", "second-dns.netcup.net"], "netcup"),
        (["ns1.desec.io", "ns2.desec.org"], "desec"),
        (["dns19.ovh.net", "ns19.ovh.net"], "ovh"),
        # United Internet's other brands have names below the same ends.
        (["ns-webde.ui-dns.de", "ns-gmx.ui-dns.com"], OTHER),
        # A vanity name, an end of a word, an end that only looks like one.
        (["ns1.friend.example", "ns2.friend.example"], OTHER),
        (["ns1.evilhyp.net"], OTHER),
        (["ns1.hyp.net.evil.example"], OTHER),
        (["ns-1.awsdns-x1.com"], OTHER),
        # Not all at one company.
        (["ns1.hyp.net", "bob.ns.cloudflare.com"], OTHER),
        (["ns1.hyp.net", "ns1.friend.example"], OTHER),
        ([], OTHER),
    ],
)
def test_name_servers_lead_to_the_provider_that_all_of_them_are_of(
    servers: list[str], key: str
) -> None:
    assert find_provider(servers).provider.key == key


def test_name_servers_of_two_companies_are_told_apart_from_unknown_ones() -> None:
    two = find_provider(["ns1.hyp.net.", "bob.ns.cloudflare.com."])
    assert [row.key for row in two.providers] == ["cloudflare", "domeneshop"]
    assert not two.unknown
    half = find_provider(["ns1.hyp.net.", "ns.friend.example."])
    assert [row.key for row in half.providers] == ["domeneshop"]
    assert half.unknown
    assert half.name_servers == ("ns.friend.example", "ns1.hyp.net")


def test_a_message_names_two_name_servers_and_counts_the_others() -> None:
    names = [f"ns{number}.friend.example" for number in (1, 2, 3, 4)]
    facts = find_provider(names).facts
    assert facts == {
        "providers": (),
        "servers": ("ns1.friend.example", "ns2.friend.example"),
        "more": 2,
        "unknown": True,
    }
    assert find_provider(names[:1]).facts["more"] == 0
    assert find_provider(["ns1.hyp.net"]).facts["providers"] == ("Domeneshop",)


@given(st.lists(st.text(max_size=80), max_size=6))
def test_no_name_breaks_the_search(names: list[str]) -> None:
    hosting = find_provider(names)
    assert hosting.unknown == bool(names)
    assert hosting.provider is NEUTRAL


def test_a_choice_goes_before_the_name_servers_and_a_key_that_is_gone_does_not() -> None:
    servers = ["ns1.hyp.net"]
    assert choose_provider("strato", servers).key == "strato"
    assert choose_provider(OTHER, servers) is NEUTRAL
    assert choose_provider("gone", servers).key == "domeneshop"
    assert choose_provider(None, servers).key == "domeneshop"
    assert provider_by_key("gone") is None


@pytest.mark.parametrize("most", [3, 10, 25])
@pytest.mark.parametrize("chosen", [*ROWS, NEUTRAL], ids=lambda row: row.key)
def test_the_choice_has_the_found_one_first_and_the_chosen_one_in_any_case(
    most: int, chosen: object
) -> None:
    picked = next(row for row in (*ROWS, NEUTRAL) if row is chosen)
    offered = offer_providers(find_provider(["hydrogen.ns.hetzner.com"]), picked, most + 1)
    assert [row.key for row in offered[:2]] == ["hetzner", "hetzner-dns"]
    assert offered[-1] is NEUTRAL
    assert picked in offered
    assert len(offered) <= most + 1
    assert len({row.key for row in offered}) == len(offered)


def faults(tmp_path: Path, text: str) -> tuple[str, ...]:
    path = tmp_path / "rows.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        check_providers(path)
    return raised.value.faults


def test_a_row_needs_no_more_than_its_names_and_its_source(tmp_path: Path) -> None:
    path = tmp_path / "rows.toml"
    path.write_text(WHOLE, encoding="utf-8")
    (row,) = check_providers(path)
    assert row.name_servers == ("dns.cow.example",)
    assert (row.apex, row.names, row.ttl_least) == ("", "", 0)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('apex = "at"', "cow: apex: String should match pattern '^(?:@|empty|full)$', not 'at'."),
        ('quotes = ""', "cow: quotes: String should match pattern '^(?:needed|none)$', not ''."),
        ("quotes = 1", "cow: quotes: Input should be a valid string, not 1."),
        ('colour = "red"', "cow: colour: Unexpected keyword argument, not 'red'."),
        ('proxy = "**on**"', "cow: proxy: String should match pattern"),
        ('words = { NS = "Target" }', "cow: words: NS: String should match pattern '^(?:name|"),
        ('types = { name = "Name" }', "cow: types: name: String should match pattern '^(?:A|"),
        ('words = { name = "`Host`" }', "cow: words: name: String should match pattern"),
        ("words = 3", "cow: words: Input should be a valid dictionary, not 3."),
        ("ttl_least = -1", "cow: ttl_least: Input should be greater than or equal to 1, not -1."),
        ("ttl_least = true", "cow: ttl_least: Input should be a valid integer, not True."),
        ('ttl_least = "60"', "cow: ttl_least: Input should be a valid integer, not '60'."),
        ('beside = "cow"', "cow: A row has either name_servers or beside."),
        ('long_text = "limit"', 'cow: long_way goes with long_text = "limit"'),
        ('long_way = "Text mode"', 'cow: long_way goes with long_text = "limit"'),
    ],
)
def test_a_wrong_word_in_a_row_is_said(tmp_path: Path, wrong: str, said: str) -> None:
    (fault,) = faults(tmp_path, WHOLE + wrong)
    assert fault.startswith(f"rows.toml: {said}")


@pytest.mark.parametrize("field", ["name", "link", "sources", "date", "date_is"])
def test_what_a_row_lacks_is_said(tmp_path: Path, field: str) -> None:
    text = "".join(
        line for line in WHOLE.splitlines(keepends=True) if not line.startswith(f"{field} =")
    )
    assert faults(tmp_path, text) == (f"rows.toml: cow: {field}: Field required.",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"dns.cow.example"', '"dns.*.example"', "cow: name_servers: 0: String should match"),
        ('"dns.cow.example"', '"dns-.example"', "cow: name_servers: 0: String should match"),
        ('"dns.cow.example"', '"example"', "cow: name_servers: 0: String should match pattern"),
        ('["dns.cow.example"]', '"dns.cow.example"', "cow: name_servers: Input should be a valid"),
        ('"https://dns.cow.example/help"', '"a friend"', "cow: sources: 0: String should match"),
        ('["https://dns.cow.example/help"]', "[]", "cow: sources: There has to be one."),
        ("2026-11-01", '"2026-11-01"', "cow: date: Input should be a valid date, not '2026-11-01'"),
        ("2026-11-01", "2026-11-01T00:00:00", "cow: date: Input should be a valid date"),
        ('"stated"', '"guessed"', "cow: date_is: String should match pattern '^(?:stated|read)$'"),
        ('key = "cow"', 'key = "The Cow"', "The Cow: key: String should match pattern"),
        ('key = "cow"', "key = 3", "row 1: key: Input should be a valid string, not 3."),
        (
            'key = "cow"',
            'key = "other"',
            "other: This key stands for all providers that have no row",
        ),
    ],
)
def test_a_wrong_value_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    (fault,) = faults(tmp_path, WHOLE.replace(old, new))
    assert fault.startswith(f"rows.toml: {said}")


SECOND = WHOLE.replace('"cow"', '"calf"').replace("Cow DNS", "Calf DNS")


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (WHOLE.replace("dns.cow", "dns2.cow"), "Two rows have the key cow."),
        (SECOND, "Two rows have the name servers dns.cow.example."),
        (
            SECOND.replace('["dns.cow', '["ns.dns.cow'),
            "calf: ns.dns.cow.example lies below dns.cow.example of cow.",
        ),
        (
            SECOND.replace('name_servers = ["dns.cow.example"]', 'beside = "bull"'),
            "calf: beside names no row with name servers.",
        ),
    ],
)
def test_rows_that_overlap_are_said(tmp_path: Path, second: str, said: str) -> None:
    assert f"rows.toml: {said}" in faults(tmp_path, WHOLE + second)


@pytest.mark.parametrize("text", ["", "provider = []", "[[provider]\n", "provider = 3", "\udcff"])
def test_a_file_that_is_none_is_said_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rows.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ConfigError) as raised:
        check_providers(path)
    (fault,) = raised.value.faults
    assert fault.startswith("rows.toml: ")


def test_what_stands_beside_the_rows_is_said(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, f"x = 1\n{WHOLE}")
    assert fault == "rows.toml: x: Unexpected keyword argument, not 1."


def test_the_table_of_the_documentation_is_the_files() -> None:
    shown = (DATA.parents[2] / "docs" / "providers.md").read_text(encoding="utf-8")
    assert shown == provider_table(), "run `make providers`"


def test_the_table_has_a_line_for_every_row_and_every_column() -> None:
    lines = [line for line in provider_table().splitlines() if line.startswith("|")]
    assert len(lines) == len(ROWS) + 2
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1


def test_every_field_of_a_profile_is_used_by_a_row() -> None:
    unused = {
        field.name
        for field in dataclasses.fields(NEUTRAL)
        if all(getattr(row, field.name) == getattr(NEUTRAL, field.name) for row in ROWS)
    }
    assert unused <= {"ttl_least"}
