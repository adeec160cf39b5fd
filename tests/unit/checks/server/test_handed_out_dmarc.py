"""The DMARC value that is handed out, and whether its reports would be taken."""

from __future__ import annotations

import dataclasses

import pytest

from bot.checks.dmarc.report_addresses import handed_out_hosts
from bot.checks.finding import Status
from bot.checks.server.handed_out_dmarc import judge_dmarc, judge_reports
from bot.names import Domain
from observed_server import CONSENT, SERVER, WORLD, observe, only, typed


@pytest.mark.parametrize(
    ("value", "code", "severity"),
    [
        ("v=DMARC1; p=reject; rua=mailto:a@cow.example", None, Status.PASS),
        ("v=DMARC1; p=none", "server-dmarc-weak", Status.INFO),
        ("v=DMARC1; p=reject; t=y", "server-dmarc-weak", Status.INFO),
        ("v=DMARC1; p=reject; pct=100", None, Status.PASS),
        ("v=DMARC1; p=reject; pct=0", "server-dmarc-weak", Status.INFO),
        ("v=DMARC1; p=rejct", "server-dmarc-faulty", Status.FAIL),
        ("v=DMARC1; p=reject; rua=a@cow.example", "server-dmarc-faulty", Status.WARN),
        ("p=reject; v=DMARC1", "server-dmarc-faulty", Status.FAIL),
    ],
)
def test_the_dmarc_value_that_is_handed_out_is_judged(
    value: str, code: str | None, severity: Status
) -> None:
    verdict = judge_dmarc(observe(server=dataclasses.replace(SERVER, dmarc=value)))
    assert (verdict.status, [f.code for f in verdict.findings]) == (
        severity,
        [code] if code else [],
    )


@pytest.mark.parametrize(
    ("value", "tag", "broken"),
    [
        ("v=DMARC1; p=rejct", "p", True),
        ("v=DMARC1; p=reject; rua=a@cow.example", "rua", False),
        ("p=reject; v=DMARC1", "", True),
    ],
)
def test_the_tag_that_is_wrong_is_named_and_whether_the_record_counts_at_all(
    value: str, tag: str, *, broken: bool
) -> None:
    verdict = judge_dmarc(observe(server=dataclasses.replace(SERVER, dmarc=value)))
    facts = only(verdict, "server-dmarc-faulty").facts
    assert (facts["tag"], facts["broken"], facts["value"]) == (tag, broken, value)
    assert verdict.found == (value,)


@pytest.mark.parametrize(
    ("tags", "share"), [("p=reject; pct=30", 30), ("p=none; pct=30", None), ("p=none", None)]
)
def test_a_part_of_the_mail_is_named_where_the_rest_is_not_only_watched(
    tags: str, share: int | None
) -> None:
    server = dataclasses.replace(SERVER, dmarc=f"v=DMARC1; {tags}")
    assert only(judge_dmarc(observe(server=server)), "server-dmarc-weak").facts["share"] == share


def test_who_agreed_to_take_reports_is_shown() -> None:
    verdict = judge_reports(observe())
    assert verdict.findings == ()
    assert verdict.expected == ("*._report._dmarc.cow.example. v=DMARC1;",)
    assert verdict.found == ("cow.example. v=DMARC1;",)


def test_members_that_are_refused_are_counted_and_each_gets_its_record() -> None:
    members = (Domain.from_ascii("friend.no"), Domain.from_ascii("other.se"))
    text = WORLD + "".join(
        f"{name}._report._dmarc.cow.example TXT -\n"
        f'test-1.{name.partition(".")[2]}._report._dmarc.cow.example TXT "v=DMARC1;"\n'
        for name in ("friend.no", "other.se")
    )
    finding = only(judge_reports(observe(text, members=members)), "server-reports-gap")
    assert (finding.facts["count"], finding.facts["names"]) == (2, ("friend.no", "other.se"))
    assert [fix["name"] for fix in typed(finding)] == [
        "friend.no._report._dmarc",
        "other.se._report._dmarc",
    ]


def test_a_report_address_whose_mail_server_nobody_tells_is_unknown() -> None:
    verdict = judge_reports(observe(CONSENT + "cow.example MX ?\n"))
    assert only(verdict, "dns-timeout").facts["type"] == "MX"


def test_reports_that_nobody_agreed_to_need_the_wildcard() -> None:
    text = WORLD.replace('"v=DMARC1;"', "-")
    finding = only(judge_reports(observe(text)), "server-reports-refused")
    assert finding.severity is Status.WARN
    assert typed(finding) == [
        {
            "action": "add",
            "name": "*._report._dmarc",
            "type": "TXT",
            "value": "v=DMARC1;",
            "ttl": 3600,
        }
    ]


def test_a_single_consent_takes_the_wildcard_from_its_neighbours() -> None:
    text = WORLD + (
        'friend.no._report._dmarc.cow.example TXT "v=DMARC1;"\n'
        "test-1.no._report._dmarc.cow.example TXT -\n"
    )
    members = (Domain.from_ascii("friend.no"),)
    finding = only(judge_reports(observe(text, members=members)), "server-reports-gap")
    assert finding.facts["names"] == ("no",)
    assert [fix["name"] for fix in typed(finding)] == ["*.no._report._dmarc"]


def test_a_member_that_the_wildcard_misses_gets_a_record_of_its_own() -> None:
    text = WORLD + (
        "friend.no._report._dmarc.cow.example TXT -\n"
        'test-1.no._report._dmarc.cow.example TXT "v=DMARC1;"\n'
    )
    members = (Domain.from_ascii("friend.no"),)
    finding = only(judge_reports(observe(text, members=members)), "server-reports-gap")
    assert [fix["name"] for fix in typed(finding)] == ["friend.no._report._dmarc"]


def test_a_consent_that_nobody_answered_about_is_unknown() -> None:
    text = WORLD.replace('"v=DMARC1;"', "?")
    assert only(judge_reports(observe(text)), "dns-timeout").severity is Status.UNKNOWN


def test_reports_need_a_domain_that_takes_mail() -> None:
    bare = "cow.example MX -\ncow.example A -\ncow.example AAAA -\n"
    text = CONSENT + bare
    finding = only(judge_reports(observe(text)), "server-reports-no-mx")
    assert [fix["action"] for fix in typed(finding)] == ["add"]
    null = only(judge_reports(observe(CONSENT + "cow.example MX 0 .\n")), "server-reports-no-mx")
    assert [fix["action"] for fix in typed(null)] == ["delete", "add"]
    # Without an MX the address of the name itself takes the mail.
    address = "cow.example MX -\ncow.example A 192.0.2.1\ncow.example AAAA -\n"
    assert not judge_reports(observe(CONSENT + address)).findings


def test_no_report_address_is_for_the_operator_to_decide() -> None:
    server = dataclasses.replace(SERVER, dmarc="v=DMARC1; p=reject", dmarc_rua="")
    assert handed_out_hosts(server) == ()
    finding = only(judge_reports(observe(server=server)), "server-reports-none")
    assert finding.severity is Status.INFO
