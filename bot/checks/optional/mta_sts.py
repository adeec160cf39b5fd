"""Judges MTA-STS (RFC 8461): the record, the policy behind it, and whether it names our server.

A policy in force that does not name the mail server loses mail of every sender that heeds it; the
contract has it no worse than a warning all the same, so the words have to say it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
from dns.rdtypes.ANY.MX import MX

from bot.checks.answers import (
    ADDRESS_TYPES,
    MOST_CHARACTERS,
    MOST_NAMES,
    alias_at,
    answer_to,
    decode_texts,
    name_text,
    report_unused,
    some_lines,
    unanswered,
    without_alias,
)
from bot.checks.finding import Check, Finding, Fix, FixAction, Status, Verdict
from bot.checks.optional.mta_sts_policy import (
    PATH,
    MtaStsPolicy,
    PolicyFault,
    fault_of,
    is_meant_as_record,
    is_record,
    mend_record,
    parse_policy,
    patterns_of,
)
from bot.checks.text_bounds import find_long_text
from bot.net.page import FetchOutcome, Page

if TYPE_CHECKING:
    from bot.checks.observation import Observation
    from bot.dns.answer import Answer
    from bot.errors import Fact
    from bot.names import Domain
    from bot.records.expected import Expected

_DAY = 86_400  # seconds
_UNREACHED = {
    FetchOutcome.NO_ADDRESS: "mta-sts-no-policy",
    FetchOutcome.STATUS: "mta-sts-no-policy",
    FetchOutcome.PRIVATE: "mta-sts-private-address",
    FetchOutcome.OTHER_NAME: "mta-sts-certificate",
    FetchOutcome.INVALID: "mta-sts-certificate",
    FetchOutcome.REDIRECT: "mta-sts-redirect",
    FetchOutcome.TOO_BIG: "mta-sts-too-big",
}


def record_name(domain: Domain) -> dns.name.Name | None:
    """Return the name of the record; None where it would be too long."""
    return domain.below("_mta-sts")


def policy_host(domain: Domain) -> dns.name.Name | None:
    """Return the host that serves the policy; None where its name would be too long."""
    return domain.below("mta-sts")


def wants_policy(text: Answer, host: Answer, probe: Answer | None) -> bool:
    """Whether there is a policy to fetch: the record is there, or a host of the domain's own.

    What a wildcard lends is no host for a policy.
    """
    if any(is_record(t) for t in decode_texts(text)):
        return True
    if probe is None or probe.failed or not host.found:
        return False
    return not probe.found or (probe.chain, set(probe.rdatas)) != (host.chain, set(host.rdatas))


def judge(expected: Expected, observed: Observation) -> Verdict:
    """Return whether senders may rely on a policy that names the domain's servers."""
    owner = record_name(expected.domain)
    if owner is None:
        return Verdict(Check.MTA_STS, (report_unused(Check.MTA_STS),))
    answer = answer_to(observed, owner, dns.rdatatype.TXT)
    if answer.failed:
        return Verdict(Check.MTA_STS, (unanswered(Check.MTA_STS, answer),))
    if long := find_long_text(Check.MTA_STS, observed, [owner]):
        value, ttl = mend_record(long.found[0]), expected.server.record_ttl
        too_long = without_alias(observed, long.finding(Check.MTA_STS, value, ttl), answer)
        return Verdict(Check.MTA_STS, (too_long,), found=long.found)
    texts = sorted(decode_texts(answer))
    records = [text for text in texts if is_record(text)]
    if len(records) == 1:
        return _judge_record(expected, observed, answer, records[0])
    found = some_lines([t for t in texts if is_meant_as_record(t)])
    if records:
        deletions = tuple(Fix(FixAction.DELETE, owner, "TXT", t) for t in records[1:MOST_NAMES])
        finding = _warn("mta-sts-multiple", {"count": len(records)}, deletions)
    elif found:
        finding = _report_syntax(owner, next(t for t in texts if is_meant_as_record(t)))
    else:
        return _judge_lone_policy(expected, observed, owner)
    return Verdict(Check.MTA_STS, (without_alias(observed, finding, answer),), found=found)


def _judge_record(expected: Expected, observed: Observation, answer: Answer, text: str) -> Verdict:
    owner = answer.question.name
    page = observed.policy
    lines = [text]
    if fault_of(text) is not None:
        findings = [_report_syntax(owner, text)]
    elif page is None or page.reached is not FetchOutcome.PAGE:
        findings = [_report_unreached(expected, owner, page, text)]
    else:
        policy = parse_policy(page.body)
        if isinstance(policy, MtaStsPolicy):
            lines.append(_line(policy))
        drop = Fix(FixAction.DELETE, owner, "TXT", text)
        findings = _judge_policy(expected, observed, page, policy, drop)
    kept = tuple(without_alias(observed, finding, answer) for finding in findings)
    return Verdict(Check.MTA_STS, kept, found=some_lines(lines))


def _judge_lone_policy(expected: Expected, observed: Observation, owner: dns.name.Name) -> Verdict:
    """Judge a domain without record: senders that fetched a policy earlier still keep to it."""
    page = observed.policy
    policy = parse_policy(page.body) if page and page.reached is FetchOutcome.PAGE else None
    if not isinstance(policy, MtaStsPolicy) or policy.mode == "none":
        return Verdict(Check.MTA_STS, (report_unused(Check.MTA_STS),))
    if not policy.allows(_host(expected)):
        fixes = _drop_host(expected, observed)
        finding = _report_stale(policy, fixes, published=False)
    else:
        fix = Fix(FixAction.ADD, owner, "TXT", "v=STSv1; id=1", ttl=expected.server.record_ttl)
        finding = _warn("mta-sts-no-record", {}, (fix,))
    return Verdict(Check.MTA_STS, (finding,), found=(_line(policy),))


def _judge_policy(
    expected: Expected,
    observed: Observation,
    page: Page,
    policy: MtaStsPolicy | PolicyFault,
    drop: Fix,
) -> list[Finding]:
    if isinstance(policy, PolicyFault):
        return [_warn("mta-sts-policy-syntax", {"what": policy.value})]
    if policy.mode == "none":
        return [Finding(Check.MTA_STS, "mta-sts-off", Status.INFO)]
    ours = _host(expected)
    if not policy.allows(ours):
        return [_report_stale(policy, (drop,), published=True)]
    findings = []
    servers = _servers(expected, observed)
    refused = tuple(s for s in servers if not policy.allows(s))
    if refused:
        facts: dict[str, Fact] = {"names": refused[:MOST_NAMES], "enforced": _enforced(policy)}
        findings.append(_warn("mta-sts-mx-missing", facts))
    if page.media_type != "text/plain":
        findings.append(_warn("mta-sts-wrong-type", {"media": page.media_type}))
    used = {pattern for server in (ours, *servers) for pattern in patterns_of(server)}
    unused = tuple(pattern for pattern in policy.mx if pattern not in used)
    if unused:
        extra: dict[str, Fact] = {"names": unused[:MOST_NAMES]}
        findings.append(Finding(Check.MTA_STS, "mta-sts-unused-mx", Status.INFO, extra))
    if policy.mode == "testing":
        findings.append(Finding(Check.MTA_STS, "mta-sts-testing", Status.INFO))
    return findings


def _report_syntax(owner: dns.name.Name, text: str) -> Finding:
    fault = fault_of(text)
    facts: dict[str, Fact] = {"what": fault.value if fault else "", "text": text[:MOST_CHARACTERS]}
    return _warn(
        "mta-sts-syntax",
        facts,
        (Fix(FixAction.REPLACE, owner, "TXT", mend_record(text), old=text),),
    )


def _report_unreached(
    expected: Expected, owner: dns.name.Name, page: Page | None, text: str
) -> Finding:
    host = f"mta-sts.{expected.domain.ascii}"
    facts: dict[str, Fact] = {
        "name": host,
        "url": f"https://{host}{PATH}",
        "status": page.status if page else 0,
        "what": page.reached.value if page else "",
    }
    code = _UNREACHED.get(page.reached) if page else None
    if code is None:
        return Finding(Check.MTA_STS, "mta-sts-no-answer", Status.UNKNOWN, facts)
    drop = code in {"mta-sts-no-policy", "mta-sts-private-address"}
    return _warn(code, facts, (Fix(FixAction.DELETE, owner, "TXT", text),) if drop else ())


def _report_stale(policy: MtaStsPolicy, fixes: tuple[Fix, ...], *, published: bool) -> Finding:
    facts: dict[str, Fact] = {
        "names": policy.mx[:MOST_NAMES],
        "enforced": _enforced(policy),
        "days": -(-policy.max_age // _DAY),
        "published": published,
    }
    return _warn("mta-sts-stale", facts, fixes)


def _drop_host(expected: Expected, observed: Observation) -> tuple[Fix, ...]:
    """Return the steps that take the host of a policy away that has no record."""
    host = policy_host(expected.domain)
    if host is None:
        return ()
    answers = [answer_to(observed, host, rdtype) for rdtype in ADDRESS_TYPES]
    alias = next((a for answer in answers if (a := alias_at(observed, answer))), None)
    if alias is not None:
        return (Fix(FixAction.DELETE, host, "CNAME", alias.to_text()),)
    return tuple(
        Fix(FixAction.DELETE, host, dns.rdatatype.to_text(rdata.rdtype), rdata.to_text())
        for answer in answers
        for rdata in answer.rdatas[:MOST_NAMES]
        if not answer.chain
    )


def _servers(expected: Expected, observed: Observation) -> tuple[str, ...]:
    """Return the names of all servers that the domain's MX records name."""
    answer = answer_to(observed, expected.domain.name, dns.rdatatype.MX)
    targets = sorted(name_text(r.exchange) for r in answer.rdatas if isinstance(r, MX))
    return tuple(dict.fromkeys(target for target in targets if target not in {"", "."}))


def _line(policy: MtaStsPolicy) -> str:
    parts = [f"mode: {policy.mode}", f"max_age: {policy.max_age}"]
    return "; ".join([*parts, *(f"mx: {pattern}" for pattern in policy.mx[:MOST_NAMES])])


def _host(expected: Expected) -> str:
    return name_text(expected.server.host)


def _enforced(policy: MtaStsPolicy) -> bool:
    return policy.mode == "enforce"


def _warn(code: str, facts: dict[str, Fact], fixes: tuple[Fix, ...] = ()) -> Finding:
    return Finding(Check.MTA_STS, code, Status.WARN, facts, fixes)
