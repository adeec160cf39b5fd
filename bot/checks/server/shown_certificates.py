"""Judges the certificates that the mail server shows at its ports (RFC 9525)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from bot.checks.answers import MOST_NAMES, some_lines
from bot.checks.finding import Finding, ServerCheck, Status, Verdict
from bot.net.port_look import MX_PORT, CertificateState, Speaks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.errors import Fact
    from bot.net.port_look import PortLook, ShownCertificate

SOON: Final = 14  # days before the end; Mailcow renews it 30 days before
_LAST_PART: Final = 4  # a quarter of its time: what lasts for days is renewed in the last third
_GRAVE: Final = frozenset({Speaks.IMAP, Speaks.SMTP, Speaks.HTTPS})

_CODES: Final = {
    CertificateState.EXPIRED: "server-cert-expired",
    CertificateState.NOT_YET: "server-cert-not-yet",
    CertificateState.OTHER_NAME: "server-cert-other-name",
    CertificateState.SELF_SIGNED: "server-cert-self-signed",
    CertificateState.UNTRUSTED: "server-cert-untrusted",
    CertificateState.UNUSABLE: "server-cert-unusable",
}


def judge_certificates(looks: Sequence[PortLook], now: datetime) -> Verdict:
    """Return whether mail programs take the certificates that were shown, and for how long.

    Of several ports with the same fault there is one finding; its fact `ports` names them, and
    `good` those that show a certificate without a fault.
    """
    check = ServerCheck.CERTIFICATE
    shown = list_certificates(looks)
    if not shown:
        return Verdict(check, (Finding(check, "server-cert-unseen", Status.UNKNOWN),))
    good = tuple(
        look.port.text
        for certificate, at in shown.items()
        if _is_good(certificate, now)
        for look in at
    )
    findings = [
        _report(certificate, at, good, now)
        for certificate, at in shown.items()
        if not _is_good(certificate, now)
    ]
    findings.sort(key=lambda finding: -finding.severity.rank)
    return Verdict(
        check, tuple(findings), found=some_lines([_row_of(*one) for one in shown.items()])
    )


def list_certificates(looks: Sequence[PortLook]) -> Mapping[ShownCertificate, Sequence[PortLook]]:
    """Return each certificate that was shown, with the looks that saw it, in their order."""
    shown: dict[ShownCertificate, list[PortLook]] = defaultdict(list)
    for look in looks:
        if look.certificate is not None:
            shown[look.certificate].append(look)
    return shown


def _is_good(certificate: ShownCertificate, now: datetime) -> bool:
    return certificate.state is CertificateState.VALID and not _ends_soon(certificate, now)


def _ends_soon(certificate: ShownCertificate, now: datetime) -> bool:
    """Whether a certificate should have been renewed by now."""
    lasts, left = certificate.not_after - certificate.not_before, certificate.not_after - now
    return certificate.days_left(now) <= SOON and left < lasts / _LAST_PART


def _report(
    certificate: ShownCertificate, at: Sequence[PortLook], good: tuple[str, ...], now: datetime
) -> Finding:
    check, days = ServerCheck.CERTIFICATE, certificate.days_left(now)
    facts: dict[str, Fact] = {"ports": tuple(look.port.text for look in at), "good": good}
    facts |= {"names": certificate.names[:MOST_NAMES], "issuer": certificate.issuer}
    facts |= {"date": f"{certificate.not_after:%Y-%m-%d}", "days": abs(days)}
    if certificate.state is CertificateState.VALID:
        return Finding(check, "server-cert-ends", Status.WARN, facts)
    facts["begins"] = f"{certificate.not_before:%Y-%m-%d}"
    facts["alone"] = not certificate.above  # what is between it and an authority was not sent
    # Other mail servers take nearly any certificate at the MX port (RFC 7435).
    grave = any(look.port.speaks in _GRAVE and look.port != MX_PORT for look in at)
    severity = Status.FAIL if grave else Status.WARN
    return Finding(check, _CODES[certificate.state], severity, facts)


def _row_of(certificate: ShownCertificate, at: Sequence[PortLook]) -> str:
    """Return a certificate in one line: for what, until when, by whom, where."""
    names, until = ", ".join(certificate.names[:2]), f"{certificate.not_after:%Y-%m-%d}"
    ports = ", ".join(str(look.port.number) for look in at)
    return f"{names} · {certificate.state.value} · {until} · {certificate.issuer} · {ports}"
