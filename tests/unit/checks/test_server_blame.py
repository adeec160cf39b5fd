"""The mail server's own faults in a member's report: said once, with nothing to do."""

from __future__ import annotations

from bot.checks.finding import Check, Note, Status
from bot.checks.report import faults_of
from bot.dns.answer import Outcome
from zone_reports import (
    ALIASES,
    DKIM,
    DMARC,
    HOST,
    MX,
    SPF,
    WORLD,
    compiled,
    look,
    report_on,
    result,
    usual,
)


def test_a_fault_of_the_server_leaves_the_member_nothing_to_do() -> None:
    report = report_on(MX, SPF, DKIM, DMARC, world=WORLD + "cow.example A 192.0.2.1\n")
    said = [f for f in report.findings if f.code == "server-side"]
    assert [(f.check, f.facts["what"]) for f in said] == [(Check.SERVER, ("host-without-address",))]
    assert {(f.severity, f.fixes) for f in said} == {(Status.INFO, ())}
    for check in (Check.MX, Check.SPF, Check.SERVER):
        assert result(report, check).status is Status.INFO
    # They are not green, and say why.
    assert result(report, Check.SPF).note == Note("follows-from", {"code": "server-side"})


def test_two_different_faults_of_the_server_are_both_said() -> None:
    world = HOST + WORLD.replace("198.51.100.25", "192.0.2.1").replace("_report", "_other")
    report = report_on(MX, SPF, DKIM, DMARC, ALIASES, world=world)
    (said,) = usual(report)
    assert (said.check, said.code) == (Check.SERVER, "server-side")
    assert faults_of(report) == ("spf-include", "report-authorisation")
    assert report.status is Status.INFO


def test_a_server_without_fault_is_proven_by_its_addresses() -> None:
    report = report_on(MX, SPF, DKIM, DMARC, ALIASES)
    server = report.results[-1]
    assert (server.check, server.status) == (Check.SERVER, Status.PASS)
    assert server.found == ("198.51.100.25", "2001:db8:25::25")


def test_a_server_that_nobody_could_ask_about_is_unknown_and_said_once() -> None:
    failing = {"mx1.cow.example": Outcome.TIMEOUT}
    whole = compiled(look(MX, SPF, DKIM, DMARC, ALIASES, failing=failing))
    bare = compiled(look(failing=failing))
    for report in (whole, bare):
        assert result(report, Check.SERVER).status is Status.UNKNOWN
        told = [f for f in report.findings if f.facts.get("name") == "mx1.cow.example"]
        assert [f.code for f in told if f.facts.get("type") == "A"] == ["dns-timeout"]
