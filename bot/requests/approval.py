"""What an admin gives with an approval, and whether that will do; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.errors import RequestError
from bot.records.dkim_key import DkimRecord
from bot.records.dkim_selector import is_selector
from bot.records.dmarc_policy import POLICIES
from bot.requests.dmarc_readiness import dmarc_gate
from bot.requests.model import RequestKind

if TYPE_CHECKING:
    from datetime import datetime

    from bot.checks.report import Report
    from bot.requests.model import Request

REPORT_LASTS = timedelta(minutes=15)  # a form may stay open that long; then look again

_LEAST_BITS = 1024  # receivers take no shorter RSA key (RFC 8301 section 3.2)


@dataclass(frozen=True, slots=True)
class Approval:
    """What came with the click."""

    stage: str | None = None
    report: Report | None = None
    value: str | None = None
    selector: str | None = None
    by_hand: bool = False

    def fields(
        self, request: Request, selector: str, now: datetime, *, again: bool = False
    ) -> dict[str, Any]:
        """Return what it sets in a request; `selector` is the one for new keys.

        `again` keeps what was approved before, for another try.

        Raises:
            RequestError: something is not there that this kind needs, or does not go with it.
            InvalidKey: the value is no DKIM key.

        """
        if self.value is not None and request.kind is not RequestKind.DKIM:
            raise RequestError("Only a DKIM request takes a value.")
        match request.kind:
            case RequestKind.DKIM:
                return self._key(request, selector, again=again)
            case RequestKind.DMARC:
                stage = request.stage if again else self._stage(request, now)
                return {"stage": stage, "by_hand": False}
            case RequestKind.MAILDOMAIN:
                return {"by_hand": self.by_hand}
            case RequestKind.WEBMAIL:
                return {"by_hand": True}

    def _key(self, request: Request, usual: str, *, again: bool) -> dict[str, Any]:
        selector = (self.selector or "").strip().lower() or usual
        if not is_selector(selector):
            raise RequestError(
                "A selector has letters, digits and hyphens, for example dkim; "
                "it is the part before ._domainkey."
            )
        if self.value is not None:
            record = DkimRecord.parse(self.value)
            if record.key_type == "rsa" and record.bits < _LEAST_BITS:
                raise RequestError(
                    f"This key has {record.bits} bits, and receivers take none under "
                    f"{_LEAST_BITS}; make one of 2048 on the mail server."
                )
            return {"by_hand": True, "value": record.text, "selector": selector}
        if again and request.by_hand and request.value:
            return {"by_hand": True, "value": request.value, "selector": request.selector}
        if self.by_hand:
            raise RequestError(
                "The bot has no way to the mail server's keys; paste the DKIM value from there."
            )
        return {"by_hand": False, "value": "", "selector": selector}

    def _stage(self, request: Request, now: datetime) -> str:
        if self.stage not in POLICIES:
            raise RequestError(f"Choose a DMARC policy: {', '.join(POLICIES)}.")
        if self.stage == POLICIES[0]:
            return self.stage
        report = self.report
        if (
            report is None
            or report.domain != request.domain
            or report.checked_at < now - REPORT_LASTS
        ):
            raise RequestError(
                f"The check of {request.domain.ascii} is too old to approve p={self.stage} by; "
                "check again, then approve."
            )
        if self.stage not in dmarc_gate(report).stages:
            raise RequestError(
                f"{request.domain.ascii} is not ready for p={self.stage}: SPF has to pass for the "
                "mail server and DKIM has to be right first. p=none can be approved."
            )
        return self.stage
