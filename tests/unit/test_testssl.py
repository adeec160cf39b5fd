"""How the findings of testssl.sh are read: samples of what version 3.0.8 wrote."""

from __future__ import annotations

import pytest

from benchmarks.testssl import can_judge, read_findings
from bot.net.port_look import MX_PORT, CertificateState, ServicePort, Speaks, TlsState

OLD = {"TLS1": "offered", "TLS1_1": "not offered", "TLS1_2": "not offered"}
TODAY = {"TLS1": "not offered", "TLS1_2": "offered", "TLS1_3": "offered with final"}
COVERED = "Ok via SAN (same w/o SNI)"
OTHER = "certificate does not match supplied URI (same w/o SNI)"


@pytest.mark.parametrize(
    ("chain", "trust", "state"),
    [
        ("passed.", COVERED, CertificateState.VALID),
        ("passed.", "Ok via SAN wildcard (same w/o SNI)", CertificateState.VALID),
        ("passed.", OTHER, CertificateState.OTHER_NAME),
        ("failed (expired).", COVERED, CertificateState.EXPIRED),
        ("failed (not yet valid).", COVERED, CertificateState.NOT_YET),
        ("failed (self signed).", COVERED, CertificateState.SELF_SIGNED),
        ("failed (self signed CA in chain).", COVERED, CertificateState.UNTRUSTED),
        ("failed (chain incomplete).", COVERED, CertificateState.UNTRUSTED),
        ("failed (certificate revoked).", COVERED, CertificateState.UNUSABLE),
    ],
)
def test_the_certificate_is_read(chain: str, trust: str, state: CertificateState) -> None:
    found = {**TODAY, "cert_chain_of_trust": chain, "cert_trust": trust}
    verdict = read_findings(found)
    assert (verdict.tls, verdict.certificate) == (TlsState.WORKS, state)


@pytest.mark.parametrize(
    ("found", "tls"),
    [
        (TODAY, TlsState.WORKS),
        (OLD, TlsState.OLD),
        (dict.fromkeys(TODAY, "not offered"), TlsState.FAILED),
        ({"scanProblem": "Can't connect to '127.0.0.1:993'"}, TlsState.FAILED),
        ({}, TlsState.FAILED),
    ],
)
def test_the_versions_of_tls_are_read(found: dict[str, str], tls: TlsState) -> None:
    verdict = read_findings(found)
    assert (verdict.tls, verdict.certificate) == (tls, CertificateState.NONE)


def test_it_is_not_asked_about_a_protocol_that_it_does_not_know() -> None:
    assert can_judge(MX_PORT)
    assert can_judge(ServicePort(Speaks.HTTPS, 443))
    assert not can_judge(ServicePort(Speaks.SIEVE, 4190, starttls=True))
