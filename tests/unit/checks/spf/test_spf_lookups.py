"""The look-ups of an SPF record: too many, to nothing, in a circle, or to a record with a fault."""

from __future__ import annotations

import pytest

from bot.checks.finding import Status
from spf_zones import VALUE, WORLD, judge, only, replacement, say


async def test_too_many_lookups_are_counted_and_ours_is_put_first() -> None:
    names = [f"s{i}.big.example" for i in range(10)]
    world = WORLD + "\n".join(f'{name} TXT "v=spf1 ip4:192.0.2.1 ~all"' for name in names)
    others = " ".join(f"include:{name}" for name in names)
    finding = await only(f"v=spf1 {others} include:_spf.cow.example -all", world=world)
    assert finding.code == "spf-too-many-lookups"
    assert (finding.facts["lookups"], finding.facts["limit"]) == (11, 10)
    assert finding.facts["over_limit"] is True
    assert replacement(finding) == f"v=spf1 include:_spf.cow.example {others} -all"


async def test_too_many_empty_lookups_are_named() -> None:
    gone = [f"g{i}.old.example" for i in range(3)]
    finding = await only("v=spf1 " + " ".join(f"a:{name}" for name in gone) + " mx -all")
    assert (finding.code, finding.facts["names"]) == ("spf-too-many-voids", tuple(gone))


async def test_terms_that_lead_nowhere_are_left_out_where_they_are_too_many() -> None:
    world = WORLD + "four.example A 192.0.2.4\nempty.example TXT hello"
    dead = "a:g1.old.example a:empty.example/24 mx:g3.old.example exists:g4.old.example a:g5.x"
    text = f"v=spf1 {dead} a:four.example mx exists:%{{i}}.g.example -all"
    finding = await only(text, world=world)
    merged = "v=spf1 include:_spf.cow.example a:four.example mx exists:%{i}.g.example -all"
    assert (finding.code, replacement(finding)) == ("spf-too-many-voids", merged)
    assert finding.facts["left_out"] == tuple(dead.split())
    assert finding.facts["left_out_count"] == 5
    assert "exists:g4.old.example and a:g5.x are left out" in say(finding)
    assert (await judge(merged, world=world)).status is Status.PASS


async def test_what_holds_an_address_of_one_kind_only_is_not_left_out() -> None:
    names = [f"v{i}.example" for i in range(3)]
    world = WORLD + "\n".join(f"{name} A 192.0.2.{i}" for i, name in enumerate(names))
    finding = await only("v=spf1 " + " ".join(f"a:{name}" for name in names), world=world)
    assert (finding.code, finding.facts["left_out"]) == ("spf-too-many-voids", ())
    assert all(f"a:{name}" in replacement(finding) for name in names)


async def test_too_many_mail_servers_behind_mx_are_named() -> None:
    world = WORLD + "\n".join(f"big.example MX 1 m{i}.big.example." for i in range(11))
    finding = await only("v=spf1 mx:big.example -all", world=world)
    assert (finding.code, finding.facts["term"]) == ("spf-too-many-mx", "mx:big.example")


async def test_an_include_of_nothing_is_left_out() -> None:
    finding = await only("v=spf1 include:gone.example include:spf.old.example mx -all")
    assert (finding.code, finding.facts["own"]) == ("spf-include-missing", True)
    assert finding.facts["target"] == "gone.example"
    merged = "v=spf1 include:_spf.cow.example include:spf.old.example mx -all"
    assert replacement(finding) == merged


@pytest.mark.parametrize(
    ("include", "code", "at"),
    [
        ("nested.example", "spf-include-missing", "nested.example"),
        ("broken.example", "spf-syntax", "broken.example"),
        ("twice.example", "spf-multiple", "twice.example"),
    ],
)
async def test_a_fault_in_an_included_record_is_told_with_its_place(
    include: str, code: str, at: str
) -> None:
    finding = await only(f"v=spf1 include:{include} mx -all")
    assert (finding.code, finding.facts["at"], finding.facts["own"]) == (code, at, False)
    assert finding.facts["through"] == f"include:{include}"
    merged = f"v=spf1 include:_spf.cow.example include:{include} mx -all"
    assert replacement(finding) == merged


@pytest.mark.parametrize("include", ["friend.example", "loop.example"])
async def test_a_circle_is_found_and_cut(include: str) -> None:
    finding = await only(f"v=spf1 include:{include} mx -all")
    assert finding.code == "spf-loop"
    assert replacement(finding) == "v=spf1 include:_spf.cow.example mx -all"


@pytest.mark.parametrize(
    ("term", "code"),
    [("include:gone.example", "spf-include-missing"), ("include:friend.example", "spf-loop")],
)
async def test_what_breaks_behind_our_own_terms_is_said_as_well(term: str, code: str) -> None:
    finding = await only(f"{VALUE.removesuffix(' -all')} {term} -all")
    assert finding.code == code
    assert replacement(finding) == VALUE


async def test_what_breaks_behind_our_own_terms_in_a_record_of_others_is_theirs_to_mend() -> None:
    finding = await only(f"{VALUE.removesuffix(' -all')} include:nested.example -all")
    assert (finding.code, finding.severity) == ("spf-others-fail", Status.WARN)
    assert (finding.facts["through"], finding.fixes) == ("include:nested.example", ())
    assert "nested.example" in say(finding)


async def test_all_that_is_known_to_be_missing_is_left_out_at_once() -> None:
    dead = "include:gone.example include:friend.example include:loop.example include:lost.example"
    finding = await only(f"v=spf1 a:mx1.cow.example {dead}")
    assert finding.code == "spf-include-missing"
    assert replacement(finding) == VALUE
