"""What the ports of a mail server mean for mail programs: closed, without TLS, or not looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.checks.finding import Status
from bot.checks.server.client_ports import judge_ports, port_faults
from bot.net.port_look import (
    ALL_PORTS,
    CertificateState,
    PortLook,
    Reached,
    TlsState,
    proven_closed,
)
from bot.words import Medium, Words
from port_looks import AT
from seen_ports import at, port, showing, told, unreached, without_tls, world

if TYPE_CHECKING:
    from bot.errors import Fact

CLOSED = Reached.CLOSED


def judged(*others: PortLook, pop: bool = True) -> list[tuple[str, str, tuple[str, ...]]]:
    verdict = judge_ports(world(*others), pop=pop)
    for finding in verdict.findings:
        for medium in Medium:
            assert Words(medium).finding(finding, {"host": "mx1.cow.example"})
    return told(verdict)


def closed(*numbers: int) -> list[PortLook]:
    return [unreached(number, CLOSED) for number in numbers]


def test_ports_that_are_all_right_have_nothing_to_say() -> None:
    verdict = judge_ports(world(), pop=True)
    assert (verdict.status, verdict.findings, verdict.note) == (Status.PASS, (), None)
    assert verdict.found == ("open works: 993, 143, 465, 587, 995, 110, 4190, 443, 25",)


@pytest.mark.parametrize(
    ("pair", "reads"),
    [
        (((993, 143), ("IMAP 993", "IMAP 143")), True),
        (((465, 587), ("SMTP 465", "SMTP 587")), False),
    ],
)
def test_both_ports_of_a_kind_closed_fail(
    pair: tuple[tuple[int, ...], tuple[str, ...]], reads: bool
) -> None:
    numbers, names = pair
    verdict = judge_ports(world(*closed(*numbers)), pop=True)
    assert told(verdict) == [("server-port-pair-closed", "fail", names)]
    assert verdict.findings[0].facts["reads"] is reads


def test_reading_and_sending_are_told_apart_where_both_are_cut_off() -> None:
    assert judged(*closed(993, 143, 465, 587)) == [
        ("server-port-pair-closed", "fail", ("IMAP 993", "IMAP 143")),
        ("server-port-pair-closed", "fail", ("SMTP 465", "SMTP 587")),
    ]


def test_ports_with_other_versions_or_words_are_told_one_by_one() -> None:
    old = at(465, tls=TlsState.OLD, tls_version="TLSv1.1"), at(587, tls=TlsState.OLD)
    assert [ports for _, _, ports in judged(*old)] == [("SMTP 465",), ("SMTP 587",)]
    odd = (unreached(993, Reached.ODD), PortLook(port(143), Reached.ODD, said="SSH-2.0"))
    assert [ports for _, _, ports in judged(*odd)] == [("IMAP 993",), ("IMAP 143",)]


def test_a_port_that_another_address_of_the_host_refuses_warns_for_all_alike() -> None:
    ipv6 = {"address": "198.51.100.25", "refused_at": ("2001:db8:25::25",)}
    looks = at(993, **ipv6), at(587, **ipv6)
    assert judged(*looks) == [("server-port-one-address", "warn", ("IMAP 993", "SMTP 587"))]
    shut = PortLook(port(993), CLOSED, refused_at=("2001:db8:25::25",))
    assert [code for code, _, _ in judged(shut)] == ["server-port-closed"]


@pytest.mark.parametrize("number", [993, 143, 465, 587, 4190, 443])
def test_one_closed_port_warns(number: int) -> None:
    assert judged(*closed(number)) == [("server-port-closed", "warn", (port(number).text,))]


def test_closed_ports_of_pop_are_only_worth_a_note() -> None:
    assert judged(*closed(995, 110)) == [
        ("server-port-pop-closed", "info", ("POP3 995", "POP3 110"))
    ]
    assert judged(*closed(995)) == [("server-port-pop-closed", "info", ("POP3 995",))]


def test_nothing_is_said_of_pop_where_it_is_not_offered() -> None:
    assert judged(*closed(995), without_tls(110, TlsState.FAILED), pop=False) == []


def test_a_refusal_is_no_proof_where_no_other_port_of_the_host_answers() -> None:
    everything = [unreached(each.number, CLOSED) for each in ALL_PORTS]
    assert proven_closed(everything) == frozenset()
    (nothing,) = judge_ports(everything, pop=True).findings
    assert (nothing.code, nothing.severity) == ("server-port-none", Status.UNKNOWN)
    assert nothing.facts["refused"] is True
    found = judge_ports(everything, pop=True).found
    assert found == ("refused: 993, 143, 465, 587, 995, 110, 4190, 443, 25",)


def test_the_port_between_servers_is_never_called_closed() -> None:
    looks = world(*closed(25))
    assert proven_closed(looks) == frozenset()
    verdict = judge_ports(looks, pop=True)
    assert verdict.status is Status.PASS
    assert verdict.note is not None
    assert verdict.note.code == "mx-port-unseen"


@pytest.mark.parametrize("reached", [Reached.NO_ANSWER, Reached.BLOCKED, CLOSED])
def test_a_shut_way_to_the_port_between_servers_is_a_note_and_no_fault(reached: Reached) -> None:
    verdict = judge_ports(world(unreached(25, reached)), pop=True)
    assert verdict.findings == ()
    assert verdict.note is not None


@pytest.mark.parametrize(
    ("reached", "code"),
    [
        (Reached.NO_ANSWER, "server-port-silent"),
        (Reached.BLOCKED, "server-port-blocked"),
        (Reached.TURNED_AWAY, "server-port-turned-away"),
    ],
)
def test_what_could_not_be_looked_at_is_unknown(reached: Reached, code: str) -> None:
    looks = [unreached(number, reached) for number in (993, 143)]
    assert judged(*looks) == [(code, "unknown", ("IMAP 993", "IMAP 143"))]


def test_a_machine_that_is_let_out_to_no_port_is_the_cause_and_not_the_host() -> None:
    verdict = judge_ports([unreached(each.number, Reached.BLOCKED) for each in ALL_PORTS], pop=True)
    ((code, severity, ports),) = told(verdict)
    assert (code, severity) == ("server-port-blocked", "unknown")
    assert len(ports) == len(ALL_PORTS) - 1  # that between servers has a note of its own
    assert told(judge_ports([], pop=True)) == [("server-port-none", "unknown", ())]


def test_a_refusal_beside_silence_alone_proves_nothing() -> None:
    looks = [unreached(each.number, Reached.NO_ANSWER) for each in ALL_PORTS]
    looks[0] = unreached(993, CLOSED)
    assert told(judge_ports(looks, pop=True)) == [("server-port-none", "unknown", ())]


def test_silence_after_the_go_ahead_is_unknown() -> None:
    looks = without_tls(587, TlsState.SILENT)
    assert judged(looks) == [("server-port-silent", "unknown", ("SMTP 587",))]


@pytest.mark.parametrize(
    ("tls", "code"),
    [
        (TlsState.NOT_OFFERED, "server-tls-missing"),
        (TlsState.REFUSED, "server-tls-refused"),
        (TlsState.FAILED, "server-tls-failed"),
        (TlsState.MIXED, "server-tls-mixed"),
        (TlsState.OLD, "server-tls-old"),
    ],
)
def test_tls_that_fails_is_a_failure_unless_the_other_port_works(tls: TlsState, code: str) -> None:
    assert judged(without_tls(587, tls)) == [(code, "warn", ("SMTP 587",))]
    assert judged(without_tls(587, tls), without_tls(465, tls)) == [
        (code, "fail", ("SMTP 465", "SMTP 587"))
    ]
    assert judged(without_tls(587, tls), unreached(465, Reached.NO_ANSWER))[0] == (
        *(code, "fail"),
        ("SMTP 587",),
    )
    assert judged(without_tls(25, tls)) == [(code, "warn", ("SMTP 25",))]
    assert judged(without_tls(4190, tls)) == [(code, "warn", ("ManageSieve 4190",))]
    assert judged(without_tls(443, tls)) == [(code, "fail", ("HTTPS 443",))]


def test_words_that_a_firewall_writes_over_are_told_from_tls_that_is_switched_off() -> None:
    masked = without_tls(587, TlsState.NOT_OFFERED, can_before=("PIPELINING", "XXXXXXXA"))
    (finding,) = judge_ports(world(masked), pop=True).findings
    assert finding.facts["masked"] is True
    off = without_tls(587, TlsState.NOT_OFFERED, can_before=("PIPELINING", "XCLIENT"))
    (finding,) = judge_ports(world(off), pop=True).findings
    assert finding.facts["masked"] is False


def test_a_login_before_tls_warns_on_each_port_that_takes_it() -> None:
    looks = at(143, logins_before=("PLAIN", "LOGIN")), at(587, logins_before=("PLAIN",))
    assert judged(*looks) == [("server-tls-plain-login", "warn", ("IMAP 143", "SMTP 587"))]
    assert judged(at(143, logins_before=("CRAM-MD5", "SCRAM-SHA-256"))) == []


def test_an_odd_answer_names_the_words_of_the_server_and_no_more_than_fit() -> None:
    odd = PortLook(port(143), Reached.ODD, said="x" * 1000)
    assert judged(odd) == [("server-port-odd", "warn", ("IMAP 143",))]
    (finding,) = judge_ports(world(odd), pop=True).findings
    assert finding.facts["said"] == "x" * 100


def test_the_worst_comes_first() -> None:
    looks = (*closed(995, 110), *closed(993, 143), at(587, logins_before=("PLAIN",)))
    severities = [severity for _, severity, _ in judged(*looks)]
    assert severities == ["fail", "warn", "info"]


@pytest.mark.parametrize(
    ("looks", "what"),
    [
        (closed(993, 143), "ports-closed"),
        ([*closed(465), unreached(587, Reached.NO_ANSWER)], "ports-closed"),
        ([without_tls(143, TlsState.FAILED), *closed(993)], "ports-tls"),
        ([showing(993, CertificateState.EXPIRED)], "certificate-wrong"),
        ([showing(443, CertificateState.VALID, ends_in=timedelta(days=3))], "certificate-ends"),
        (
            [unreached(each.number, Reached.NO_ADDRESS) for each in ALL_PORTS],
            "host-without-address",
        ),
    ],
)
def test_the_admin_is_told_in_one_word_what_members_met(looks: list[PortLook], what: str) -> None:
    assert what in port_faults(world(*looks), AT)
    facts: dict[str, Fact] = {"what": what, "domain": "mx1.cow.example", "command": "/x"}
    assert what not in Words().render("watch/server_fault", facts)


@pytest.mark.parametrize(
    "looks",
    [
        closed(995, 110),
        closed(4190),
        closed(143),
        [unreached(993, Reached.NO_ANSWER), unreached(143, Reached.BLOCKED)],
        [unreached(each.number, CLOSED) for each in ALL_PORTS],
        [showing(25, CertificateState.SELF_SIGNED)],
        [at(587, logins_before=("PLAIN",))],
        [without_tls(143, TlsState.NOT_OFFERED)],
    ],
)
def test_what_members_do_not_meet_is_for_the_report_alone(looks: list[PortLook]) -> None:
    assert port_faults(world(*looks), AT) == ()
