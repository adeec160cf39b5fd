"""Judges a test mail: signed by our server for the tested domain, and brought by our host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.checks.mail.alignment import FromDomain
from bot.checks.mail.authentication_results import read_results
from bot.checks.mail.causes import find_causes
from bot.checks.mail.dkim_verification import verify_signatures
from bot.checks.mail.mail_verdict import Alignment, AuthResult, MailVerdict, Signature
from bot.checks.mail.trace_fields import find_spf_domain

if TYPE_CHECKING:
    from bot.checks.mail.dkim_verification import VerifiedSignature
    from bot.checks.mail.mail_evidence import MailEvidence
    from bot.names import Domain

_LONGEST: Final = 320  # characters of an address that are kept


def judge_mail(evidence: MailEvidence) -> MailVerdict:
    """Return the verdict on a mail, by answers that were collected before; it never raises.

    It takes time in proportion to the mail: call it in a thread.
    """
    mail, reading, answers = evidence.mail, evidence.reading, evidence.answers
    verified = verify_signatures(
        mail.raw, reading.header, reading.signatures, answers.keys, int(mail.arrived_at.timestamp())
    )
    sender = (
        None if reading.from_domain is None else FromDomain(reading.from_domain, answers.policies)
    )
    signatures = tuple(_describe(one, evidence, sender) for one in verified)
    spf, spf_domain = _read_spf(evidence)
    spf_alignment = _align_spf(sender, spf, spf_domain)
    dmarc = AuthResult.PERMERROR
    if sender is not None:
        dmarc = sender.judge(signatures, spf, spf_alignment)
    words = read_results(reading.header, evidence.trace, evidence.receiver)
    border, envelope = evidence.trace.border, evidence.trace.sender
    passed = (
        not reading.header.fault
        and sender is not None
        and sender.domain == evidence.tested
        and not sender.policy_unknown
        and evidence.is_from_host
        and any(one.is_ours and one.outcome is AuthResult.PASS for one in signatures)
    )
    verdict = MailVerdict(
        passed=passed,
        domain="" if evidence.tested is None else evidence.tested.ascii,
        from_domain="" if sender is None else sender.domain.ascii,
        from_address=reading.from_address[:_LONGEST],
        envelope_sender=None if envelope is None else envelope.text[:_LONGEST],
        envelope_domain="" if spf_domain is None else spf_domain.ascii,
        delivered_from=evidence.deliverer if mail.is_foreign or not evidence.is_from_host else "",
        is_from_host=evidence.is_from_host,
        spf=spf,
        spf_alignment=spf_alignment,
        signatures=signatures,
        dmarc=dmarc,
        policy="" if sender is None else sender.policy,
        causes=(),
        selector=evidence.selector,
        receiver_says=words.says,
        receiver=words.authserv_id[:_LONGEST],
        last_hop="" if border is None else border.protocol,
        last_hop_tls="" if border is None else border.tls,
        is_foreign=mail.is_foreign,
        arrived_at=mail.arrived_at,
    )
    return find_causes(verdict, evidence, verified, sender, forged=words.forged)


def _describe(
    one: VerifiedSignature, evidence: MailEvidence, sender: FromDomain | None
) -> Signature:
    field = one.field
    has_our_name = (
        field.domain is not None
        and field.domain == evidence.tested
        and evidence.is_our_selector(field.s)
    )
    fault, is_right = one.fault, one.outcome is AuthResult.PASS
    # Where the DNS has another key than the server signs with, nothing was changed on the way; and
    # a signature that fits is then another server's, such as the one before a move.
    differs = (
        has_our_name
        and bool(one.key.octets)
        and evidence.is_foreign_key(one.key.octets, field.s)
        and (is_right or fault in {"mail-header-changed", "mail-key-broken"})
    )
    if differs:
        fault = "mail-key-differs"
    return Signature(
        domain=field.d if field.domain is None else field.domain.ascii,
        selector=field.s,
        outcome=one.outcome,
        alignment=Alignment.UNKNOWN if sender is None else sender.align(field.domain),
        fault=fault,
        counts_part=one.counts_part,
        is_ours=has_our_name and not (differs and is_right),
        key=one.key.octets if is_right else b"",
    )


def _read_spf(evidence: MailEvidence) -> tuple[AuthResult, Domain | None]:
    """Return what SPF says and for which domain; temperror where it could not be looked at."""
    trace, spf = evidence.trace, evidence.answers.spf
    domain = find_spf_domain(trace)
    if not evidence.mail.is_foreign:
        return AuthResult.NONE, domain  # no server handed it to another
    if spf is not None:
        return AuthResult(spf.result), domain
    is_told = trace.border is not None and trace.sender is not None
    return (AuthResult.NONE if is_told and domain is None else AuthResult.TEMPERROR), domain


def _align_spf(sender: FromDomain | None, spf: AuthResult, domain: Domain | None) -> Alignment:
    if sender is None:
        return Alignment.UNKNOWN
    if domain is None and spf is AuthResult.TEMPERROR:
        return Alignment.UNKNOWN
    return sender.align(domain)
