"""A verdict as JSON, to be kept with its test, and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from bot.checks.mail.mail_verdict import Alignment, AuthResult, MailCause, MailVerdict, Signature
from bot.checks.references import load_references

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.errors import Fact

MOST_OCTETS: Final = 65_536  # of what is read back; a verdict has some 3,000
_MOST: Final = 20  # signatures, causes, facts and the like
_LONGEST: Final = 320  # characters of one text


def dump_verdict(verdict: MailVerdict) -> str:
    """Return a verdict as JSON text in ASCII, its texts and lists cut at their bounds."""
    row = {
        "passed": verdict.passed,
        "domain": verdict.domain,
        "from_domain": verdict.from_domain,
        "from_address": verdict.from_address,
        "envelope_sender": verdict.envelope_sender,
        "envelope_domain": verdict.envelope_domain,
        "delivered_from": verdict.delivered_from,
        "is_from_host": verdict.is_from_host,
        "spf": verdict.spf.value,
        "spf_alignment": verdict.spf_alignment.value,
        "signatures": [_dump_signature(one) for one in verdict.signatures],
        "dmarc": verdict.dmarc.value,
        "policy": verdict.policy,
        "causes": _dump_causes(verdict.causes),
        "remarks": _dump_causes(verdict.remarks),
        "selector": verdict.selector,
        "receiver_says": [list(pair) for pair in verdict.receiver_says],
        "receiver": verdict.receiver,
        "last_hop": verdict.last_hop,
        "last_hop_tls": verdict.last_hop_tls,
        "is_foreign": verdict.is_foreign,
        "arrived_at": verdict.arrived_at.isoformat() if verdict.arrived_at else None,
    }
    return json.dumps(_cut(row))


def load_verdict(text: str) -> MailVerdict | None:
    """Return the verdict that a text holds, None where it holds none; it never raises.

    What a later version has added is passed over, and what an earlier one had not has its default;
    a verdict with a code that has no words in this version is none.
    """
    if len(text) > MOST_OCTETS:
        return None
    try:
        return _load(_cut(json.loads(text)))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def _load(row: dict[str, Any]) -> MailVerdict:
    envelope, arrived = row["envelope_sender"], row.get("arrived_at")
    verdict = MailVerdict(
        passed=row["passed"] is True,
        domain=str(row["domain"]),
        from_domain=str(row["from_domain"]),
        from_address=str(row["from_address"]),
        envelope_sender=None if envelope is None else str(envelope),
        envelope_domain=str(row["envelope_domain"]),
        delivered_from=str(row["delivered_from"]),
        is_from_host=row["is_from_host"] is True,
        spf=AuthResult(row["spf"]),
        spf_alignment=Alignment(row["spf_alignment"]),
        signatures=tuple(map(_load_signature, row["signatures"])),
        dmarc=AuthResult(row["dmarc"]),
        policy=str(row["policy"]),
        causes=_load_causes(row["causes"]),
        remarks=_load_causes(row.get("remarks", ())),
        selector=str(row.get("selector", "")),
        receiver_says=tuple((str(a), str(b)) for a, b in row.get("receiver_says", ())),
        receiver=str(row.get("receiver", "")),
        last_hop=str(row.get("last_hop", "")),
        last_hop_tls=str(row.get("last_hop_tls", "")),
        is_foreign=row.get("is_foreign", True) is True,
        arrived_at=None if arrived is None else datetime.fromisoformat(arrived).astimezone(UTC),
    )
    if verdict.passed and verdict.causes:
        raise ValueError("a mail that passed has no cause")
    said = {cause.code for cause in (*verdict.causes, *verdict.remarks)}
    said |= {one.fault for one in verdict.signatures if one.fault}
    if not said <= load_references().by_code.keys():
        raise ValueError("a code of another version, which has no words here")
    return verdict


def _dump_signature(one: Signature) -> dict[str, object]:
    return {
        "domain": one.domain,
        "selector": one.selector,
        "outcome": one.outcome.value,
        "alignment": one.alignment.value,
        "fault": one.fault,
        "counts_part": one.counts_part,
        "is_ours": one.is_ours,
    }


def _load_signature(row: dict[str, Any]) -> Signature:
    return Signature(
        domain=str(row["domain"]),
        selector=str(row["selector"]),
        outcome=AuthResult(row["outcome"]),
        alignment=Alignment(row["alignment"]),
        fault=str(row.get("fault", "")),
        counts_part=row.get("counts_part") is True,
        is_ours=row.get("is_ours") is True,
    )


def _dump_causes(causes: Iterable[MailCause]) -> list[dict[str, object]]:
    return [{"code": cause.code, "facts": dict(cause.facts)} for cause in causes]


def _load_causes(rows: Iterable[dict[str, Any]]) -> tuple[MailCause, ...]:
    return tuple(MailCause(str(row["code"]), _load_facts(row["facts"])) for row in rows)


def _load_facts(row: dict[str, Any]) -> dict[str, Fact]:
    return {
        str(name): tuple(map(str, value)) if isinstance(value, list) else value
        for name, value in row.items()
        if value is None or isinstance(value, str | int | bool | list)
    }


def _cut(value: Any) -> Any:
    """Return a value of JSON with no longer texts and lists than are kept."""
    if isinstance(value, str):
        return value[:_LONGEST]
    if isinstance(value, dict):
        return {key: _cut(each) for key, each in list(value.items())[: 2 * _MOST]}
    if isinstance(value, list | tuple):
        return [_cut(each) for each in list(value)[:_MOST]]
    return value
