"""What the certificates mean that a mail server shows: for whom, until when, on which ports."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.checks.finding import Status
from bot.checks.server.shown_certificates import judge_certificates
from bot.net.port_look import ALL_PORTS, CertificateState, PortLook, Reached
from bot.words import Medium, Words
from port_looks import AT
from seen_ports import at, certificate, showing, told, unreached, world

STATES = [state for state in CertificateState if state not in {"none", "valid"}]


def judged(*others: PortLook) -> list[tuple[str, str, tuple[str, ...]]]:
    verdict = judge_certificates(world(*others), AT)
    for finding in verdict.findings:
        for medium in Medium:
            assert Words(medium).finding(finding, {"host": "mx1.cow.example"})
    return told(verdict)


def test_one_good_certificate_on_all_ports_passes() -> None:
    verdict = judge_certificates(world(), AT)
    assert (verdict.status, verdict.findings) == (Status.PASS, ())
    (found,) = verdict.found
    assert found == (
        "mx1.cow.example · valid · 2027-01-28 · Cow CA · "
        "993, 143, 465, 587, 995, 110, 4190, 443, 25"
    )


@pytest.mark.parametrize("state", STATES)
def test_a_certificate_that_programs_refuse_fails_on_all_its_ports_at_once(
    state: CertificateState,
) -> None:
    looks = [showing(number, state) for number in (993, 143, 465)]
    assert judged(*looks) == [
        (f"server-cert-{state.value}", "fail", ("IMAP 993", "IMAP 143", "SMTP 465"))
    ]


@pytest.mark.parametrize("number", [25, 4190, 995])
def test_a_wrong_certificate_where_few_look_at_it_warns(number: int) -> None:
    ((code, severity, _),) = judged(showing(number, CertificateState.SELF_SIGNED))
    assert (code, severity) == ("server-cert-self-signed", "warn")


@pytest.mark.parametrize(("days", "is_told"), [(15, False), (14, True), (0, True)])
def test_a_certificate_that_was_not_renewed_in_time_warns(days: int, is_told: bool) -> None:
    left = timedelta(days=days, hours=1)
    begins = AT + left - timedelta(days=90)
    look = showing(993, CertificateState.VALID, ends_in=left, not_before=begins)
    expected = [("server-cert-ends", "warn", ("IMAP 993",))] if is_told else []
    assert judged(look) == expected


@pytest.mark.parametrize(("hours", "is_told"), [(159, False), (54, False), (30, True)])
def test_a_certificate_that_lasts_for_days_warns_only_when_it_should_have_been_renewed(
    hours: int, is_told: bool
) -> None:
    left = timedelta(hours=hours)
    begins = AT + left - timedelta(hours=160)
    look = showing(993, CertificateState.VALID, ends_in=left, not_before=begins)
    assert [code for code, _, _ in judged(look)] == ["server-cert-ends"] * is_told


def test_ports_that_show_a_good_certificate_are_named_beside_the_one_that_ended() -> None:
    verdict = judge_certificates(world(showing(993, CertificateState.EXPIRED)), AT)
    good = verdict.findings[0].facts["good"]
    assert isinstance(good, tuple)
    assert "HTTPS 443" in good
    assert "IMAP 993" not in good
    said = Words().finding(verdict.findings[0], {"host": "mx1.cow.example"})
    assert "restart the other services" in said


def test_a_certificate_sent_alone_is_told_from_one_of_a_stranger() -> None:
    alone = judge_certificates(world(showing(993, CertificateState.UNTRUSTED)), AT)
    assert "without the one above it" in Words().finding(alone.findings[0], {})
    chain = at(993, certificate=certificate(CertificateState.UNTRUSTED, above=(b"x",)))
    stranger = judge_certificates(world(chain), AT)
    assert "is from Cow CA" in Words().finding(stranger.findings[0], {})


def test_a_name_that_stands_in_the_subject_alone_is_told_from_another_name() -> None:
    look = showing(993, CertificateState.OTHER_NAME, names=("mx1.cow.example",))
    (finding,) = judge_certificates(world(look), AT).findings
    said = Words().finding(finding, {"host": "mx1.cow.example"})
    assert "only as its subject" in said
    assert "is for" not in said


def test_no_certificate_at_all_is_unknown() -> None:
    looks = [unreached(each.number, Reached.NO_ANSWER) for each in ALL_PORTS]
    assert told(judge_certificates(looks, AT)) == [("server-cert-unseen", "unknown", ())]


def test_names_of_a_hostile_certificate_are_bounded() -> None:
    names = tuple(f"{n}.example" for n in range(10))
    look = showing(993, CertificateState.OTHER_NAME, names=names)
    (finding,) = judge_certificates(world(look), AT).findings
    told_names = finding.facts["names"]
    assert isinstance(told_names, tuple)
    assert len(told_names) == 5
