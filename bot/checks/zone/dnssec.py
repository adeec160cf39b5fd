"""Judges DNSSEC at the domain (RFC 4035), and DANE at the mail server, which rests on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from bot.checks.answers import (
    answer_to,
    first_names,
    name_text,
    prefix_name,
    report_unused,
    some_lines,
    unanswered,
)
from bot.checks.finding import Check, Finding, Note, Status, Verdict

if TYPE_CHECKING:
    from bot.checks.observation import Observation
    from bot.errors import Fact
    from bot.records.expected import Expected
    from bot.records.mail_server import MailServer


_SOON = 3 * 24 * 3600  # seconds before the end, however long the signatures last


def tlsa_name(server: MailServer) -> dns.name.Name | None:
    """Return where the mail server's TLSA records are (RFC 7672); None where that is too long."""
    return prefix_name((b"_25", b"_tcp"), server.host.labels)


def is_secure(observed: Observation) -> bool:
    """Whether a resolver that may be trusted vouches for what the domain itself says.

    One answer with the AD flag (RFC 4035 section 3.2.3) proves the chain of keys down to the zone.
    What the zone's own name servers say never has it.
    """
    if not observed.trust_ad:
        return False
    return any(a.authenticated for a in observed.apex_answers() if not a.failed and not a.chain)


def judge(expected: Expected, observed: Observation) -> Verdict:
    """Return whether answers about the domain are proven by signatures.

    That they are broken is told of the domain itself, as `servfail`: nothing else can be read then.
    """
    del expected  # what is asked of a domain has no part in it
    delegated = answer_to(observed, observed.zone, dns.rdatatype.DS)
    found = some_lines(sorted(rdata.to_text() for rdata in delegated.rdatas))
    if (expiring := _judge_expiry(observed)) is not None:
        return Verdict(Check.DNSSEC, (expiring,), found=found)
    if is_secure(observed):
        return Verdict(Check.DNSSEC, found=found)
    facts: dict[str, Fact] = {"zone": name_text(observed.zone)}
    if delegated.found:
        finding = Finding(Check.DNSSEC, "dnssec-unverified", Status.INFO, facts)
    elif observed.single_server:
        # A zone's own servers know nothing of its DS, which is its parent's (RFC 4035 3.1.4.1).
        finding = Finding(Check.DNSSEC, "dnssec-not-checked", Status.INFO, facts)
    elif delegated.failed:
        finding = unanswered(Check.DNSSEC, delegated)
    else:
        finding = report_unused(Check.DNSSEC)
    return Verdict(Check.DNSSEC, (finding,), found=found)


def _judge_expiry(observed: Observation) -> Finding | None:
    """Find signatures that nobody renews (RFC 4035 section 5.3.1): they end soon, or have ended.

    Signers renew with at least a tenth of the time left, which is the least that any has as its
    default; some sign for two days only, so no number of days would do.
    """
    source, now = observed.source, observed.at
    if source is None or not now:
        return None
    due = [
        (signed.ends, server.name, question)
        for server in source.servers
        for question, answer in server.all_answers()
        if (signed := answer.signed) is not None
        and signed.ends - now < min((signed.ends - signed.begins) / 10, _SOON)
    ]
    if not due:
        return None
    ends, _, question = min(due)
    facts: dict[str, Fact] = {
        "zone": name_text(source.zone),
        "names": first_names(sorted({name for _, name, _ in due})),
        "everywhere": {name for _, name, _ in due} >= {s.name for s in source.servers if s.answers},
        "name": name_text(question.name),
        "type": dns.rdatatype.to_text(question.rdtype),
        "until": ends,
        "over": ends <= now,
    }
    return Finding(Check.DNSSEC, "dnssec-expiring", Status.WARN, facts)


def judge_dane(expected: Expected, observed: Observation) -> Verdict:
    """Return whether the mail server says by DANE which certificate is its own (RFC 7672).

    That is the server's matter alone, so there is nothing for a member to do in any case.
    """
    owner = tlsa_name(expected.server)
    answer = None if owner is None else answer_to(observed, owner, dns.rdatatype.TLSA)
    found = some_lines(sorted(rdata.to_text() for rdata in answer.rdatas)) if answer else ()
    if answer is None or answer.absent:
        findings = (report_unused(Check.DANE),)
    elif answer.failed:
        findings = (unanswered(Check.DANE, answer),)
    elif observed.trust_ad and answer.authenticated:
        # Senders need the domain's own records proven as well (RFC 7672 section 2.2.1).
        note = None if is_secure(observed) else Note("dane-needs-dnssec")
        return Verdict(Check.DANE, found=found, note=note)
    else:
        code = "dane-not-signed" if observed.trust_ad else "dane-unverified"
        findings = (Finding(Check.DANE, code, Status.INFO),)
    return Verdict(Check.DANE, findings, found=found)
