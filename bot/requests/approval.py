"""Checks what an admin enters with an approval, such as a DKIM key or a DMARC policy.

Each `approve_*` returns the fields of the request that the approval sets. `bot.requests.kinds` says
which one belongs to which kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.errors import RequestError
from bot.records.dkim_key import LEAST_RSA_BITS, DkimRecord
from bot.records.dkim_selector import is_selector
from bot.records.dmarc_policy import POLICIES
from bot.requests.control_proof import refuse_foreign
from bot.requests.dmarc_readiness import judge_readiness
from bot.requests.limits import dump_limits
from bot.requests.mail_proof import NOT_ASKED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.checks.report import Report
    from bot.requests.backend import DomainLimits
    from bot.requests.mail_proof import MailProof
    from bot.requests.model import Request

REPORT_LASTS = timedelta(minutes=15)  # a form may stay open that long; then look again


@dataclass(frozen=True, slots=True)
class Approval:
    """What the admin entered with the approval; unset fields are None or False."""

    stage: str | None = None
    report: Report | None = None  # the evidence for a strict stage
    value: str | None = None  # a DKIM record that was pasted
    selector: str | None = None  # that goes with it
    by_hand: bool = False  # an admin does on the mail server what the bot cannot or should not
    usual_selector: str = "dkim"  # of new keys
    limits: DomainLimits | None = None  # of a mail domain, where they are not the usual ones
    control_shown: bool = False  # of a mail domain, as it was just before
    accepts_risk: bool = False  # the admin was told what it means that something is not shown
    mail_proof: MailProof = NOT_ASKED  # what test mails show, for a strict stage
    again: bool = False  # another try after a failure, which keeps what was approved before


def approve_key(approval: Approval, request: Request, _: datetime) -> dict[str, Any]:
    """Take the key that was pasted, or have the mail server find or make one.

    Raises:
        RequestError: the selector or the key will not do, or a key has to be pasted.
        InvalidKey: the value is no DKIM key.

    """
    selector = (approval.selector or "").strip().lower() or approval.usual_selector
    if not is_selector(selector):
        raise RequestError("request-bad-selector")
    if approval.value is not None:
        record = DkimRecord.parse(approval.value)
        if record.key_type == "rsa" and record.bits < LEAST_RSA_BITS:
            raise RequestError("request-key-too-short", bits=record.bits, least=LEAST_RSA_BITS)
        return {"by_hand": True, "value": record.text, "selector": selector}
    if approval.again and request.by_hand and request.value:
        return {"by_hand": True, "value": request.value, "selector": request.selector}
    if approval.by_hand:
        raise RequestError("request-key-missing")
    return {"by_hand": False, "value": "", "selector": selector}


def approve_stage(approval: Approval, request: Request, now: datetime) -> dict[str, Any]:
    """Take the DMARC policy, a strict one only where a fresh report shows that it is safe.

    Where there are test mails, one has to have passed, or the admin knows that none has.

    Raises:
        RequestError: there is no such policy, or nothing shows that the domain is ready for it.

    """
    stage = request.stage if approval.again else _choose_stage(approval, request, now)
    return {"stage": stage, "by_hand": False}


def approve_domain(approval: Approval, request: Request, _: datetime) -> dict[str, Any]:
    """Take who adds the domain, the bot or an admin by hand, and its limits.

    Raises:
        RequestError: it is nobody's mail domain, or nothing shows control of it and the admin has
            not been told what that means.

    """
    refuse_foreign(request.domain)
    if not (approval.again or approval.control_shown or approval.accepts_risk):
        raise RequestError("request-control-unproven", domain=request.domain.ascii)
    limits = "" if approval.limits is None else dump_limits(approval.limits)
    if approval.again and approval.limits is None:
        limits = request.limits
    return {"by_hand": approval.by_hand, "limits": limits}


def approve_by_hand(_: Approval, __: Request, ___: datetime) -> dict[str, Any]:
    """Note that an admin does the work by hand; nothing that was entered matters."""
    return {"by_hand": True}


def _choose_stage(approval: Approval, request: Request, now: datetime) -> str:
    stage, report = approval.stage, approval.report
    if stage not in POLICIES:
        raise RequestError("request-stage-unknown", policies=", ".join(POLICIES))
    if stage == POLICIES[0]:
        return stage
    facts = {"domain": request.domain.ascii, "stage": stage}
    if report is None or report.domain != request.domain or report.checked_at < now - REPORT_LASTS:
        raise RequestError("request-check-too-old", **facts)
    if stage not in judge_readiness(report).stages:
        raise RequestError("request-stage-too-early", **facts)
    if not (approval.mail_proof.is_enough or approval.accepts_risk):
        raise RequestError("request-test-mail-missing", **facts)
    return stage


def note_approval(approval: Approval, fields: Mapping[str, Any]) -> str:
    """Return what the audit says of an approval besides who gave it."""
    if stage := fields.get("stage"):
        untested = stage != POLICIES[0] and not approval.mail_proof.is_enough
        return f"p={stage}, no test mail" if untested else f"p={stage}"
    risk = approval.accepts_risk and not approval.control_shown
    said = ("by hand" if fields["by_hand"] else "", "control not shown" if risk else "")
    return ", ".join(filter(None, said))
