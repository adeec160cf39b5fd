"""Says why a mail did not pass, the root cause first, and what is worth knowing besides."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from bot.checks.mail.mail_verdict import Alignment, AuthResult, MailCause

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.checks.mail.alignment import FromDomain
    from bot.checks.mail.dkim_verification import VerifiedSignature
    from bot.checks.mail.mail_evidence import MailEvidence
    from bot.checks.mail.mail_verdict import MailVerdict, Signature
    from bot.errors import Fact

_MOST: Final = 4  # causes; what comes after them follows from them
_CHANGED: Final = {"mail-body-changed": "body", "mail-header-changed": "header"}
_SPF_CODES: Final = {
    AuthResult.FAIL: "mail-spf-fail",
    AuthResult.SOFTFAIL: "mail-spf-fail",
    AuthResult.NEUTRAL: "mail-spf-fail",
    AuthResult.NONE: "mail-spf-none",
    AuthResult.PERMERROR: "mail-spf-broken",
    AuthResult.TEMPERROR: "mail-spf-unknown",
}


def find_causes(
    verdict: MailVerdict,
    evidence: MailEvidence,
    verified: Sequence[VerifiedSignature],
    sender: FromDomain | None,
    *,
    forged: bool,
) -> MailVerdict:
    """Return the verdict with its causes and remarks; a mail that passed has no cause."""
    case = _Case(verdict, evidence, verified, sender)
    # What is proven comes before what could not be looked at.
    by_code = {} if verdict.passed else {cause.code: cause for cause in case.causes()}
    causes = tuple(sorted(by_code.values(), key=lambda cause: cause.is_unknown)[:_MOST])
    said = {cause.code for cause in causes}
    remarks = [r for r in case.remarks(forged=forged) if r.code not in said]
    return dataclasses.replace(verdict, causes=causes, remarks=tuple(remarks))


class _Case:
    """One mail that is to be explained."""

    def __init__(
        self,
        verdict: MailVerdict,
        evidence: MailEvidence,
        verified: Sequence[VerifiedSignature],
        sender: FromDomain | None,
    ) -> None:
        self.verdict = verdict
        self.evidence = evidence
        self.verified = verified
        self.sender = sender

    def causes(self) -> Iterator[MailCause]:
        """Give the causes in their order."""
        reading = self.evidence.reading
        if reading.header.fault:
            yield self._cause("mail-header-odd", what=reading.header.fault)
        if reading.from_fault:
            yield self._cause(reading.from_fault)
            return
        if self.verdict.from_domain != self.verdict.domain:
            below = self.verdict.from_domain.endswith(f".{self.verdict.domain}")
            yield self._cause("mail-subdomain" if below else "mail-other-domain")
        yield from self._path()
        yield from self._signature()
        if self.sender is not None and self.sender.policy_unknown:
            yield self._cause("mail-policy-unknown")
        if self.verdict.dmarc is not AuthResult.PASS:
            yield from self._spf()

    def remarks(self, *, forged: bool) -> Iterator[MailCause]:
        """Give what is worth knowing whether the mail passed or not."""
        if forged:
            yield self._cause("mail-results-forged")
        if self.evidence.reading.from_fault:
            return
        yield from self._changed_key()
        if self.verdict.dmarc is AuthResult.NONE:
            yield self._cause("mail-no-policy")
        if self.verdict.passed:
            yield from self._spf()

    def _cause(self, code: str, **facts: Fact) -> MailCause:
        shared: dict[str, Fact] = {
            "from_domain": self.verdict.from_domain,
            "tested": self.verdict.domain,
            "address": self.verdict.delivered_from,
            "selector": self.verdict.selector,
            "foreign": self.verdict.is_foreign,
            "from_host": self.verdict.is_from_host,
        }
        return MailCause(code, {**shared, **facts})

    def _changed_key(self) -> Iterator[MailCause]:
        """Give with which of two keys the mail is signed, while the domain's is being changed."""
        change, other = self.evidence.mail.change, self.evidence.other_key
        if change is None or other is None:
            return
        right = (s for s in self.verdict.signatures if s.is_ours and s.outcome is AuthResult.PASS)
        used = {one.selector.lower() for one in right}
        if not used:
            return
        by_other = other.selector.lower() in used
        facts: dict[str, Fact] = {
            "used": other.selector if by_other else self.verdict.selector,
            "key": "now" if not by_other else change.role.value,
            "until": None if change.until is None else int(change.until.timestamp()),
        }
        yield self._cause("mail-changed-key", **facts)

    def _path(self) -> Iterator[MailCause]:
        """Give why the mail is not known to have come from our host."""
        if self.verdict.is_from_host:
            return
        if self.verdict.is_foreign and not self.verdict.delivered_from:
            yield self._cause("mail-no-received")
        elif self.verdict.is_foreign and not self.evidence.answers.knows_host:
            yield self._cause("mail-host-unknown")
        elif self.evidence.reading.is_from_list:
            yield self._cause("mail-list", changed=self._changed())
        elif any(one.is_ours for one in self.verdict.signatures):
            yield self._cause("mail-forwarded", changed=self._changed())
        else:
            yield self._cause("mail-other-server")

    def _changed(self) -> str:
        """Return which part of the mail was changed on its way, empty for none."""
        faults = [one.fault for one in self.verdict.signatures if one.domain == self.verdict.domain]
        return next((_CHANGED[fault] for fault in faults if fault in _CHANGED), "")

    def _signature(self) -> Iterator[MailCause]:
        """Give what is wrong with the signature that comes nearest to ours."""
        signatures = self.verdict.signatures
        if any(one.is_ours and one.outcome is AuthResult.PASS for one in signatures):
            return
        if not signatures:
            yield self._cause("mail-unsigned", by_spf=self.verdict.dmarc is AuthResult.PASS)
            return
        one = max(signatures, key=self._nearness)
        verified = self.verified[signatures.index(one)]
        facts: dict[str, Fact] = {"domain": one.domain, "used": one.selector}
        if one.domain != self.verdict.domain:
            yield from self._foreign_signature(one, facts)
        elif one.fault:
            what = verified.key.what or verified.field.detail
            valid = one.outcome is AuthResult.PASS
            yield self._cause(one.fault, **facts, what=what, bits=verified.key.bits, valid=valid)
        has_its_key = one.fault != "mail-key-differs"
        if one.domain == self.verdict.domain and not one.is_ours and has_its_key:
            yield self._cause("mail-old-selector", **facts, valid=not one.fault)

    def _nearness(self, one: Signature) -> tuple[bool, bool, bool, bool]:
        is_aligned = one.alignment in {Alignment.STRICT, Alignment.RELAXED}
        is_right = one.outcome is AuthResult.PASS
        return one.domain == self.verdict.domain, one.is_ours, is_aligned, is_right

    def _foreign_signature(self, one: Signature, facts: dict[str, Fact]) -> Iterator[MailCause]:
        """Give what a signature for another domain than the tested one means."""
        is_right = one.outcome is AuthResult.PASS
        is_ours = one.selector.lower() == self.verdict.selector.lower()
        if one.alignment is Alignment.UNKNOWN:
            yield self._cause("mail-policy-unknown", from_domain=one.domain)
        elif one.alignment is Alignment.RELAXED and is_right:
            strict = self.sender is not None and self.sender.wants_strict("adkim")
            yield self._cause("mail-strict" if strict else "mail-relaxed", **facts)
        elif is_right and is_ours and self.verdict.is_from_host:
            yield self._cause("mail-alias-domain", **facts)
        else:
            yield self._cause("mail-wrong-domain", **facts)

    def _spf(self) -> Iterator[MailCause]:
        domain = self.verdict.envelope_domain
        if not self.verdict.is_foreign:
            return
        if self.verdict.spf is AuthResult.PASS:
            strict = self.sender is not None and self.sender.wants_strict("aspf")
            is_relaxed = self.verdict.spf_alignment is Alignment.RELAXED
            if self.verdict.spf_alignment is Alignment.NONE or (is_relaxed and strict):
                yield self._cause("mail-spf-not-aligned", domain=domain, relaxed=is_relaxed)
            return
        yield self._cause(_SPF_CODES[self.verdict.spf], domain=domain)
