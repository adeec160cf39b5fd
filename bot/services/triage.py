"""Whether a request is one for an admin: it may be done already, or something may come first."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.checks.finding import Check, Status
from bot.errors import RequestError
from bot.net.certificate import Certificate
from bot.requests.backend import MailHosting
from bot.requests.control_proof import refuse_foreign
from bot.requests.model import RequestKind
from bot.services.plan.step import Part, StepState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.checks.report import Report
    from bot.errors import Fact
    from bot.names import Domain
    from bot.services.plan.step import Plan, Step


class Ruling(StrEnum):
    """What becomes of a request."""

    QUEUE = "queue"  # an admin decides
    DONE = "done"  # what is asked for is there
    OWN = "own"  # the member can go on without an admin
    FIRST = "first"  # something else comes first; no admin can act before
    NEVER = "never"  # it is nobody's to ask for


@dataclass(frozen=True, slots=True)
class Triage:
    """What becomes of a request, and why.

    The words are the template `triage/<code>.j2`, or that of the error where a name is refused;
    `asks` is what to ask for first; `by_plan` says that the plan shows what to do.
    """

    ruling: Ruling
    code: str = ""
    facts: Mapping[str, Fact] = field(default_factory=lambda: MappingProxyType({}))
    asks: RequestKind | None = None
    by_plan: bool = True

    @property
    def template(self) -> str:
        """The template of its words; it has none where it is queued."""
        return f"errors/{self.code}" if self.code.startswith("request-") else f"triage/{self.code}"

    @property
    def is_queued(self) -> bool:
        """Whether it is for an admin."""
        return self.ruling is Ruling.QUEUE

    @property
    def is_done(self) -> bool:
        """Whether what is asked for is there already."""
        return self.ruling is Ruling.DONE

    @property
    def leads_to_check(self) -> bool:
        """Whether the check of the domain says what comes first."""
        return self.ruling in {Ruling.OWN, Ruling.FIRST} and self.asks is None

    @property
    def bars_approval(self) -> bool:
        """Whether an approval would come to nothing, or to harm."""
        return self.ruling in {Ruling.FIRST, Ruling.NEVER}


QUEUED: Final = Triage(Ruling.QUEUE)

_UNDONE: Final = frozenset({StepState.NEXT, StepState.LATER})
_STAGES: Final = (Part.QUARANTINE, Part.REJECT)
_BEFORE_STRICT: Final = (Part.MX, Part.SPF, Part.DKIM)


def triage(
    kind: RequestKind,
    report: Report,
    plan: Plan,
    hosting: MailHosting,
    *,
    certificate: Certificate | None = None,
) -> Triage:
    """Return whether a request goes to an admin, or what its member is told instead.

    `certificate` is what was seen of the webmail alias's, None where nobody looked. What the plan
    asks for next is queued, and so is what could not be looked at: unknown is no reason to refuse.
    """
    if (unfit := _judge_name(report.domain)) is not None:
        return unfit
    if plan.next is not None and plan.next.asks is kind:
        return QUEUED
    if (broken := _judge_zone(plan)) is not None:
        return broken
    if kind is RequestKind.WEBMAIL:
        return _judge_alias(report, plan, hosting, certificate)
    judge = _JUDGES.get(kind)
    return QUEUED if judge is None else judge(plan, hosting)


def _judge_name(domain: Domain) -> Triage | None:
    """Return that a domain can be no member's; None for all others."""
    try:
        refuse_foreign(domain)
    except RequestError as error:
        return Triage(Ruling.NEVER, error.code, error.facts)
    return None


def _judge_zone(plan: Plan) -> Triage | None:
    """Return that the domain is not there, or not in order itself; None where it may be."""
    step = plan.step(Part.DELEGATION)
    if step is None or step.state is not StepState.NEXT:
        return None
    codes = {finding.code for finding in step.findings}
    for code, said in (("domain-not-found", "no-domain"), ("ns-all-lame", "not-delegated")):
        if code in codes:
            return Triage(Ruling.FIRST, said)
    return Triage(Ruling.FIRST, "domain-not-in-order")


def _judge_domain(plan: Plan, hosting: MailHosting) -> Triage:
    if hosting is MailHosting.ON or _is_done(plan.step(Part.SERVER)):
        return Triage(Ruling.DONE, "right-maildomain")
    return QUEUED


def _judge_key(plan: Plan, hosting: MailHosting) -> Triage:
    key, record = plan.step(Part.DKIM_KEY), plan.step(Part.DKIM)
    if _is_done(record):
        return Triage(Ruling.DONE, "right-dkim")
    if hosting is MailHosting.ABSENT:
        return _add_first(RequestKind.DKIM, plan)
    if not _is_done(key) or record is None or record.state is StepState.UNKNOWN:
        return QUEUED
    if record.state is StepState.WAITING_DNS:
        return Triage(Ruling.OWN, "key-waits", {"until": _seconds(record)})
    return Triage(Ruling.OWN, "key-known")


def _judge_policy(plan: Plan, hosting: MailHosting) -> Triage:
    """Return whether a stricter DMARC policy, or the only one that is handed out, can be asked for.

    Where the operator's own record is not strict, the plan has no stages.
    """
    stages = [step for part in _STAGES if (step := plan.step(part)) is not None]
    wanted = stages or [step for step in (plan.step(Part.DMARC),) if step is not None]
    left = next((step for step in wanted if not _is_done(step)), None)
    if left is None:
        return Triage(Ruling.DONE, "right-dmarc")
    if hosting is MailHosting.ABSENT:
        return _add_first(RequestKind.DMARC, plan)
    if left.state is StepState.WAITING_DNS:
        return Triage(Ruling.OWN, "dmarc-waits", {"until": _seconds(left)})
    if left.state is StepState.NEXT and left.asks is None:
        return Triage(Ruling.OWN, "dmarc-on-card")
    if left.state is StepState.LATER:
        missing = _missing(plan)
        if missing:
            facts: dict[str, Fact] = {"missing": missing}
            asks = None if plan.next is None else plan.next.asks
            return Triage(Ruling.OWN, "dmarc-too-early", facts, asks)
        if not _is_done(plan.step(Part.DMARC)) and not _is_unknown(plan.step(Part.DMARC)):
            return Triage(Ruling.OWN, "dmarc-on-card")
    return QUEUED


def _judge_alias(
    report: Report, plan: Plan, hosting: MailHosting, certificate: Certificate | None
) -> Triage:
    """Return whether the webmail alias is there, and what a look at its certificate came to."""
    if certificate is Certificate.COVERS:
        return Triage(Ruling.DONE, "right-webmail")
    found = next(result for result in report.results if result.check is Check.WEBMAIL)
    codes = {finding.code for finding in report.findings if finding.check is Check.WEBMAIL}
    if "not-needed" in codes:
        return Triage(Ruling.NEVER, "alias-not-needed")
    if "optional-missing" in codes:
        return Triage(Ruling.FIRST, "alias-missing", by_plan=False)
    if found.status in {Status.WARN, Status.FAIL}:
        return Triage(Ruling.FIRST, "alias-elsewhere", by_plan=False)
    if hosting is MailHosting.ABSENT:
        return _add_first(RequestKind.WEBMAIL, plan)
    return QUEUED


_JUDGES: Final[Mapping[RequestKind, Callable[[Plan, MailHosting], Triage]]] = MappingProxyType(
    {
        RequestKind.MAILDOMAIN: _judge_domain,
        RequestKind.DKIM: _judge_key,
        RequestKind.DMARC: _judge_policy,
    }
)


def _add_first(kind: RequestKind, plan: Plan) -> Triage:
    """Return that the domain has to be on the mail server first, and what comes before that.

    The fact `server` is how far the plan is with it: asked for, to be asked for, or later.
    """
    server = plan.step(Part.SERVER)
    state = StepState.NEXT if server is None else server.state
    asks = RequestKind.MAILDOMAIN if state is StepState.NEXT else None
    facts: dict[str, Fact] = {"kind": kind.value, "server": state.value}
    return Triage(Ruling.FIRST, "not-on-server", facts, asks)


def _missing(plan: Plan) -> tuple[str, ...]:
    """Return the records that a strict policy waits for, as far as they are known to be wrong."""
    steps = {part: plan.step(part) for part in _BEFORE_STRICT}
    return tuple(
        part.value
        for part, step in steps.items()
        if step is not None and step.state in {*_UNDONE, StepState.WAITING_DNS}
    )


def _is_unknown(step: Step | None) -> bool:
    return step is None or step.state is StepState.UNKNOWN


def _is_done(step: Step | None) -> bool:
    return step is not None and step.state is StepState.DONE


def _seconds(step: Step) -> int | None:
    """Return when old answers have run out, in seconds since 1970; None where nobody knows."""
    return None if step.until is None else int(step.until.timestamp())
