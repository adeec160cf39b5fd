"""What no change of the member's SPF record mends: the server's own faults, and missing answers."""

from __future__ import annotations

import pytest

from bot.checks.finding import Status
from bot.checks.observation import Observation
from bot.checks.spf import judge as spf_judge
from bot.dns.answer import Outcome
from spf_zones import DOMAIN, OURS, VALUE, WORLD, expected_of, observe, only, replacement, say

LACKING = WORLD.replace("ip6:2001:db8:25::25 -all", "-all")


@pytest.mark.parametrize(
    "others", ["include:spf.old.example", "?include:spf.old.example", "mx:gone.example"]
)
async def test_an_address_that_the_servers_own_terms_lack_is_not_the_members_to_mend(
    others: str,
) -> None:
    finding = await only(f"v=spf1 include:_spf.cow.example {others} -all", world=LACKING)
    assert (finding.code, finding.severity) == ("server-side", Status.INFO)
    assert (finding.facts["what"], finding.fixes) == ("spf-include", ())


async def test_what_the_server_lacks_is_the_members_where_its_terms_are_not_all_read() -> None:
    for text in ("v=spf1 -ip6:2001:db8:25::25 include:_spf.cow.example -all", "v=spf1 -all"):
        finding = await only(text, world=LACKING)
        assert finding.code == "spf-not-authorised"
        assert OURS[1] in say(finding)
        assert replacement(finding) == VALUE


async def test_a_fault_of_the_members_is_said_before_what_the_server_lacks() -> None:
    text = "v=spf1 include:_spf.cow.example include:gone.example -all"
    assert (await only(text, world=LACKING)).code == "spf-include-missing"


async def test_no_stricter_ending_is_asked_for_while_the_server_lacks_an_address() -> None:
    finding = await only("v=spf1 include:_spf.cow.example ?all", world=LACKING)
    assert finding.code == "server-side"


async def test_the_mail_host_stays_where_the_servers_own_terms_do_not_do_without() -> None:
    finding = await only("v=spf1 include:_spf.cow.example ip6:2001:db8:25::25 ?all", world=LACKING)
    assert finding.code == "spf-no-all"
    assert replacement(finding) == "v=spf1 include:_spf.cow.example ip6:2001:db8:25::25 -all"


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.SERVFAIL, "servfail"),
        (Outcome.TIMEOUT, "dns-timeout"),
        (Outcome.REFUSED, "dns-refused"),
    ],
)
@pytest.mark.parametrize(
    ("name", "rdtype", "asked"),
    [
        ("friend.example TXT", "TXT", "friend.example"),
        ("_spf.cow.example", "TXT", "_spf.cow.example"),
        ("mx1.cow.example AAAA", "AAAA", "mx1.cow.example"),
    ],
)
async def test_what_was_not_answered_is_unknown(
    outcome: Outcome, code: str, name: str, rdtype: str, asked: str
) -> None:
    finding = await only(VALUE, failing={name: outcome})
    assert (finding.code, finding.severity) == (code, Status.UNKNOWN)
    assert (finding.facts["name"], finding.facts["type"]) == (asked, rdtype)


async def test_an_address_that_was_not_evaluated_is_unknown() -> None:
    seen = await observe([VALUE])
    partly = Observation(seen.domain, seen.answers, seen.spf[:1])
    verdict = spf_judge.judge(expected_of(), partly)
    assert verdict.status is Status.UNKNOWN
    assert spf_judge.judge(expected_of(), Observation(DOMAIN)).status is Status.UNKNOWN


async def test_a_mail_host_without_address_is_the_servers_matter() -> None:
    world = WORLD.replace("mx1.cow.example A", "other.cow.example A").replace(
        "mx1.cow.example AAAA", "other.cow.example AAAA"
    )
    finding = await only(VALUE, world=world)
    assert (finding.code, finding.severity) == ("server-side", Status.INFO)
    assert finding.facts["what"] == "host-without-address"


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 ip4:192.0.2.1 -all",
        "v=spf1 ip4:192.0.2 -all",
        "site",
        "v=spf1 include:_spf.cow.example -all",
    ],
)
@pytest.mark.parametrize("text", [VALUE, "v=spf1 +include:_spf.cow.example. -all"])
async def test_a_fault_in_the_servers_own_record_is_not_the_members(record: str, text: str) -> None:
    ours = '"v=spf1 ip4:198.51.100.25 ip6:2001:db8:25::25 -all"'
    finding = await only(text, world=WORLD.replace(ours, f'"{record}"'))
    assert (finding.code, finding.facts["what"]) == ("server-side", "spf-include")


async def test_a_record_of_the_members_own_may_break_on_the_servers_side_too() -> None:
    ours = '"v=spf1 ip4:198.51.100.25 ip6:2001:db8:25::25 -all"'
    finding = await only(f"{VALUE[:-5]} mx -all", world=WORLD.replace(ours, '"v=spf1 ip4:1"'))
    assert finding.code == "server-side"
