"""TLSA records of DANE beside the certificate that the port between servers shows (RFC 7672)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bot.checks.finding import FixAction, Status, Verdict
from bot.checks.server.host_name import judge_dane
from bot.net.port_look import MX_PORT, CertificateState, Reached, ShownCertificate
from bot.words import Words
from observed_server import DANE, HOST, WORLD, observe, only, typed
from seen_ports import at, certificate, unreached, world
from seen_ports import port as port_of


@pytest.fixture(scope="module")
def shown() -> ShownCertificate:
    """A certificate with the one above it, as a server sends them."""
    leaf = trustme.CA().create_child_ca().issue_cert(HOST)
    own, between = (
        x509.load_pem_x509_certificate(pem.bytes()).public_bytes(Encoding.DER)
        for pem in leaf.cert_chain_pems[:2]
    )
    return certificate(der=own, above=(between,))


def key_of(der: bytes) -> bytes:
    public = x509.load_der_x509_certificate(der).public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def judged(shown: ShownCertificate | None, *records: str, more: str = "") -> Verdict:
    rows = more + "".join(f"_25._tcp.{HOST} TLSA {record}\n" for record in records)
    look = unreached(25, Reached.NO_ANSWER) if shown is None else at(25, certificate=shown)
    observed = observe(WORLD.replace(DANE, rows or DANE), ports=world(look))
    verdict = judge_dane(observed)
    for finding in verdict.findings:
        assert Words().finding(finding, {"host": HOST})
        assert Words().reason(finding, {"host": HOST})
    return verdict


def digest(octets: bytes, mtype: int) -> str:
    digests = {1: hashlib.sha256, 2: hashlib.sha512}
    return digests[mtype](octets).hexdigest() if mtype else octets.hex()


@pytest.mark.parametrize("mtype", [0, 1, 2])
@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("usage", [2, 3])
def test_a_record_of_each_kind_that_fits_proves_it(
    shown: ShownCertificate, usage: int, selector: int, mtype: int
) -> None:
    der = shown.der if usage == 3 else shown.above[0]
    octets = der if selector == 0 else key_of(der)
    verdict = judged(shown, f"{usage} {selector} {mtype} {digest(octets, mtype)}")
    assert (verdict.status, verdict.findings) == (Status.PASS, ())


def test_a_record_of_another_key_is_a_failure_with_the_right_one_to_type(
    shown: ShownCertificate,
) -> None:
    wrong = f"3 1 1 {'ab' * 32}"
    finding = only(judged(shown, wrong), "server-tlsa-mismatch")
    assert finding.severity is Status.FAIL
    right = f"3 1 1 {hashlib.sha256(key_of(shown.der)).hexdigest()}"
    assert typed(finding) == [
        {
            "action": "replace",
            "name": "_25._tcp.mx1",
            "type": "TLSA",
            "value": right,
            "old": wrong,
            "ttl": 3600,
        }
    ]
    assert judged(shown, right).status is Status.PASS


def test_one_record_that_fits_is_enough_while_a_key_is_changed(shown: ShownCertificate) -> None:
    right = f"3 1 1 {hashlib.sha256(key_of(shown.der)).hexdigest()}"
    assert judged(shown, f"3 1 1 {'ab' * 32}", right).status is Status.PASS


def test_in_a_zone_without_signatures_nothing_is_held_back_and_nothing_proven(
    shown: ShownCertificate,
) -> None:
    right, unsigned = hashlib.sha256(shown.der).hexdigest(), "cow.example DS -\n"
    for digest_, code, status in (
        (right, "server-dane", Status.INFO),
        ("ab" * 32, "server-tlsa-mismatch", Status.WARN),
    ):
        verdict = judged(shown, f"3 0 1 {digest_}", more=unsigned)
        finding = only(verdict, code)
        assert finding.severity is status
        said = Words().finding(finding, {"host": HOST})
        assert "DNSSEC" in said
        assert "held back" not in said or status is Status.INFO
        signed = judged(shown, f"3 0 1 {digest_}", more=f"cow.example DS 1 13 2 {'ab' * 32}\n")
        assert signed.status is {Status.INFO: Status.PASS, Status.WARN: Status.FAIL}[status]


def test_records_that_do_not_fit_are_all_taken_out(shown: ShownCertificate) -> None:
    records = f"3 1 1 {'ab' * 32}", f"2 0 1 {'cd' * 32}"
    finding = only(judged(shown, *records), "server-tlsa-mismatch")
    assert [fix.action for fix in finding.fixes] == [FixAction.REPLACE, FixAction.DELETE]


def test_the_order_in_which_authorities_are_sent_is_nothing_to_those_who_check() -> None:
    leaf = trustme.CA().create_child_ca().create_child_ca().issue_cert(HOST)
    own, *above = (
        x509.load_pem_x509_certificate(pem.bytes()).public_bytes(Encoding.DER)
        for pem in leaf.cert_chain_pems
    )
    assert len(above) == 2
    for sent in (above, above[::-1], [b"odd", *above[::-1]]):
        shown = certificate(der=own, above=tuple(sent))
        for der in above:
            record = f"2 0 1 {hashlib.sha256(der).hexdigest()}"
            assert judged(shown, record).status is Status.PASS


def test_an_authority_that_did_not_sign_the_certificate_proves_nothing(
    shown: ShownCertificate,
) -> None:
    stranger = trustme.CA().cert_pem.bytes()
    der = x509.load_pem_x509_certificate(stranger).public_bytes(Encoding.DER)
    sent = replace(shown, above=(der,))
    only(judged(sent, f"2 0 1 {hashlib.sha256(der).hexdigest()}"), "server-tlsa-mismatch")


def test_an_authority_does_not_vouch_for_what_has_ended_but_a_key_of_its_own_does(
    shown: ShownCertificate,
) -> None:
    ended = replace(shown, state=CertificateState.EXPIRED)
    above = f"2 0 1 {hashlib.sha256(shown.above[0]).hexdigest()}"
    only(judged(ended, above), "server-tlsa-mismatch")
    # RFC 7671 section 5.1: the dates of a certificate do not count with usage 3.
    own = f"3 1 1 {hashlib.sha256(key_of(shown.der)).hexdigest()}"
    assert judged(ended, own).status is Status.PASS


@pytest.mark.parametrize("record", ["1 1 1", "0 0 1", "3 2 1", "3 1 9"])
def test_kinds_that_mail_servers_leave_aside_warn(shown: ShownCertificate, record: str) -> None:
    finding = only(judged(shown, f"{record} {'ab' * 32}"), "server-tlsa-unusable")
    assert finding.severity is Status.WARN


def test_without_a_look_at_the_port_nothing_is_proven_and_nothing_wrong() -> None:
    finding = only(judged(None, f"3 1 1 {'ab' * 32}"), "server-dane")
    assert finding.severity is Status.INFO
    assert "could not be compared" in Words().finding(finding, {})
    assert port_of(25) == MX_PORT


def test_a_certificate_that_cannot_be_read_is_not_compared(shown: ShownCertificate) -> None:
    odd = replace(shown, der=b"\x30\x03odd")
    only(judged(odd, f"3 1 1 {'ab' * 32}"), "server-dane")
