"""The report of the mail server: what is its own fault, causes before consequences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dns.name
import dns.rdata

from bot.checks.finding import Check, ServerCheck, Status
from bot.checks.server.port_rows import SeenState
from bot.checks.server.server_report import (
    compile_server_report,
    found_nothing_out,
    server_report_as_dict,
)
from bot.dns.spf_evaluate import STRANGER, SpfStep
from bot.net.port_look import ALL_PORTS, CertificateState, Reached
from bot.words import Medium, Words
from observed_server import (
    DANE,
    HELO,
    HOST,
    MEMBER,
    PTR4,
    REPORTS,
    SERVER,
    SPF,
    WORLD,
    ZONE,
    evaluation,
    observe,
)
from seen_ports import showing, unreached, world

if TYPE_CHECKING:
    from bot.checks.server.server_observation import ServerObservation
    from bot.checks.server.server_report import ServerReport

CLOSED = Reached.CLOSED
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def compiled(observed: ServerObservation) -> ServerReport:
    report = compile_server_report(observed, NOW, 7)
    context = {"domain": HOST, "host": HOST, "service": "Mailcow"}
    for finding in report.findings:
        for medium in Medium:
            assert Words(medium).finding(finding, context)
    return report


def test_a_server_that_is_right_has_nothing_to_mend() -> None:
    report = compiled(observe())
    assert [(r.check, r.status) for r in report.results if r.status is not Status.PASS] == [
        (ServerCheck.DANE, Status.INFO)
    ]
    assert report.status is Status.INFO
    assert report.zone == dns.name.from_text("cow.example")
    assert not found_nothing_out(report)


def test_the_json_has_the_shape_of_a_domains() -> None:
    row = server_report_as_dict(compiled(observe()), SERVER, Words())
    assert list(row) == [
        *("schema", "server", "checked_at", "status", "checks", "findings"),
        *("queries", "elapsed_ms", "ports", "certificates"),
    ]
    assert (row["schema"], row["server"]) == (1, HOST)
    unseen = {ServerCheck.PORTS, ServerCheck.CERTIFICATE}  # nobody looked at them
    checks = [check.value for check in ServerCheck if check not in unseen]
    assert list(row["checks"]) == checks  # type: ignore[call-overload]


def test_every_check_has_a_label() -> None:
    words = Words()
    for check in (*ServerCheck, *Check):
        assert words.label("checks", check.value)


def test_a_host_without_address_is_the_one_thing_to_mend() -> None:
    lost = f"{HOST} A -\n{HOST} AAAA -\n" + ZONE + HELO + REPORTS + DANE
    report = compiled(observe(lost, spf=SPF[-1:], helo=SPF[-1:]))
    assert [f.code for f in report.findings] == ["server-no-address", "server-dane"]
    blocked = [r for r in report.results if r.status is Status.UNKNOWN]
    assert [r.check for r in blocked] == [ServerCheck.REVERSE, ServerCheck.SPF, ServerCheck.HELO]
    assert all(r.note and r.note.code == "follows-from" for r in blocked)


def test_a_host_that_nobody_answers_for_is_unknown_and_not_missing() -> None:
    report = compiled(observe(f"{HOST} A ?\n{HOST} AAAA ?\n{HOST} SOA ?\n", spf=(), helo=()))
    assert "server-no-address" not in {f.code for f in report.findings}
    assert found_nothing_out(report)
    assert report.status is Status.UNKNOWN


def test_findings_come_worst_first_and_the_same_way_each_time() -> None:
    text = WORLD.replace('"v=DMARC1;"', "-").replace(f"{PTR4} PTR {HOST}.", f"{PTR4} PTR -")
    report = compiled(observe(text))
    assert [f.code for f in report.findings] == [
        "server-ptr-missing",
        "server-reports-refused",
        "server-dane",
    ]
    assert report.findings == compiled(observe(text)).findings


def test_nobody_is_told_to_have_a_private_address_made_right_elsewhere() -> None:
    report = compiled(observe(WORLD + f"{HOST} A 10.0.0.1\n"))
    assert [f.code for f in report.findings] == ["server-private-address", "server-dane"]


def test_a_value_that_is_broken_for_everybody_is_told_without_the_hosts_address() -> None:
    lost = f"{HOST} A ?\n{HOST} AAAA ?\n" + ZONE + HELO + REPORTS + DANE
    everybody = evaluation(STRANGER, path=(SpfStep(MEMBER.ascii, "+all"),))
    report = compiled(observe(lost, spf=(everybody,), helo=()))
    status = {result.check: result.status for result in report.results}
    assert status[ServerCheck.SPF] is Status.FAIL
    assert ServerCheck.SPF in {f.check for f in report.findings}
    assert status[ServerCheck.REVERSE] is Status.UNKNOWN


def test_ports_that_nobody_could_connect_to_are_no_check_of_the_report() -> None:
    looks = [unreached(each.number, Reached.PRIVATE) for each in ALL_PORTS]
    report = compiled(observe(ports=tuple(looks)))
    assert ServerCheck.PORTS not in {result.check for result in report.results}
    assert report.rows() == ()


def test_the_json_has_each_port_and_each_certificate_once() -> None:
    looks = world(
        showing(993, CertificateState.EXPIRED, ends_in=timedelta(days=-9)), unreached(995, CLOSED)
    )
    row = server_report_as_dict(compiled(observe(ports=looks)), SERVER, Words())
    ports, certificates = row["ports"], row["certificates"]
    assert isinstance(ports, list)
    assert isinstance(certificates, list)
    assert [each["port"] for each in ports] == [993, 143, 465, 587, 995, 110, 4190, 443, 25]
    imap, pop = ports[0], ports[4]
    assert (imap["state"], imap["certificate"], imap["days_left"]) == ("open", "expired", -3)
    assert (pop["state"], pop["reached"], pop["certificate"]) == ("closed", "refused", None)
    ended, good = certificates
    assert (ended["ports"], ended["state"]) == ([993], "expired")
    assert good["ports"] == [143, 465, 587, 110, 4190, 443, 25]
    assert good["not_after"] == "2027-01-28T12:00:00Z"


def test_each_port_is_shown_with_the_worst_that_was_found_there() -> None:
    looks = world(
        showing(993, CertificateState.EXPIRED),
        unreached(4190, CLOSED),
        unreached(995, CLOSED),
        unreached(25, Reached.BLOCKED),
    )
    rows = {row.name: row for row in compiled(observe(ports=looks)).rows()}
    assert rows["IMAP 993"].status is Status.FAIL
    assert rows["ManageSieve 4190"].status is Status.WARN
    assert rows["POP3 995"].status is Status.INFO
    assert rows["SMTP 25"].status is Status.UNKNOWN
    assert rows["SMTP 465"].status is Status.PASS
    assert rows["SMTP 25"].state is SeenState.UNSEEN
    assert rows["POP3 995"].state is SeenState.CLOSED


def test_ports_of_a_host_without_address_follow_from_that() -> None:
    lost = f"{HOST} A -\n{HOST} AAAA -\n" + ZONE + HELO + REPORTS + DANE
    looks = tuple(unreached(each.number, Reached.NO_ADDRESS) for each in ALL_PORTS)
    report = compiled(observe(lost, spf=SPF[-1:], helo=SPF[-1:], ports=looks))
    assert [f.code for f in report.findings] == ["server-no-address", "server-dane"]
    status = {result.check: result.status for result in report.results}
    assert status[ServerCheck.PORTS] is status[ServerCheck.CERTIFICATE] is Status.UNKNOWN
