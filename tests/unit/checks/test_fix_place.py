"""Fixes in the zone that has the name, and what is said where nothing can be typed there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdata

from bot.checks.finding import Check, Finding, Fix, FixAction, Status, Verdict
from bot.checks.fix_place import place_fixes
from bot.checks.observation import Observation
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.expected import expect
from bot.words import Words
from zone_reports import CONTEXT, SERVER

if TYPE_CHECKING:
    from bot.errors import Fact

DOMAIN = Domain.from_ascii("friend.example")
MAIL = dns.name.from_text("mail.friend.example")
ALIAS = Fix(FixAction.ADD, MAIL, "CNAME", "mx1.cow.example.")


def records(name: str, rdtype: str, *values: str) -> Answer:
    rdatas = tuple(dns.rdata.from_text("IN", rdtype, value) for value in values)
    return Answer(Question.of(name, rdtype), Outcome.RECORDS, rdatas)


CUT = records("mail.friend.example", "SOA", "a. b. 1 2 3 4 5")


def place(*answers: Answer, fix: Fix = ALIAS) -> Finding:
    finding = Finding(Check.WEBMAIL, "optional-missing", Status.INFO, {}, (fix,))
    observed = Observation.of(DOMAIN, answers)
    (verdict,) = place_fixes([Verdict(Check.WEBMAIL, (finding,))], expect(SERVER, DOMAIN), observed)
    return verdict.findings[0]


def test_no_alias_is_added_at_a_zones_apex_though_no_address_is_known_to_take_its_place() -> None:
    finding = place(CUT)
    assert finding.fixes == ()
    assert finding.facts["typed_in"] == "mail.friend.example"


def test_the_addresses_of_the_target_take_the_place_of_an_alias_at_a_zones_apex() -> None:
    finding = place(CUT, records("mx1.cow.example", "A", "198.51.100.25"))
    assert [(fix.type, fix.value, fix.zone) for fix in finding.fixes] == [
        ("A", "198.51.100.25", MAIL)
    ]


def test_a_fix_in_the_domains_own_zone_stays_as_it_is() -> None:
    assert place().fixes == (ALIAS,)
    assert "typed_in" not in place(records("_tcp.friend.example", "SOA", "a. b. 1 2 3 4 5")).facts


def test_a_wildcard_is_deleted_only_if_nothing_but_mail_needs_it() -> None:
    facts: dict[str, Fact] = {
        "names": ("_dmarc.friend.example",),
        "wildcard": "*.friend.example",
        "optional": False,
        "goes": True,
        "type": "TXT",
    }
    said = Words().finding(Finding(Check.DMARC, "wildcard-txt", Status.FAIL, facts), CONTEXT)
    assert "wrong for mail: delete it if nothing else needs it" in said
