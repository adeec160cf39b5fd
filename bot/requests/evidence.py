"""What was known of a domain when somebody asked for something, as it is kept with the request."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bot.checks.finding import Check, Status, Subject
from bot.requests.backend import MailHosting
from bot.requests.control_proof import Control, ControlKind
from bot.requests.kinds import KINDS
from bot.requests.model import RequestKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.checks.report import Report


# How earlier versions kept whether the mail server had the domain.
_FORMERLY: Final = {True: MailHosting.ON, False: MailHosting.ABSENT, None: MailHosting.UNKNOWN}
_SERVER: Final = "server"  # the plan's name for the domain being on the mail server
_MOST_LINES: Final = 4  # records of each side; a zone may hold more than anybody reads
_LONGEST_LINE: Final = 512  # characters: a DKIM record of 2048 bits is whole


class LightSeen(NamedTuple):
    """How one part of the domain's plan stood, by the plan's name for it; see `plan.step.Light`."""

    part: str
    status: Status
    wanted: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found beside what is expected, of the check that a request is about.

    Both are records as the zone's owner wrote them, cut where they are long: hostile text. `name`
    is where they are looked for, relative to the domain.
    """

    status: Status
    expected: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen at a time: each check's status, the plan's lights, the record in question.

    `hosting` is whether the mail server took mail for the domain, and `asks` what the plan said
    to ask an admin for next. `live_at` is since when what was asked for is there.
    `control` is None where nobody looked: for other kinds of requests, and in earlier versions.
    """

    at: datetime
    checks: tuple[tuple[Subject, Status], ...]
    hosting: MailHosting = MailHosting.UNKNOWN
    told_at: datetime | None = None  # when the mail server said otherwise than before
    lights: tuple[LightSeen, ...] = ()
    compared: Comparison | None = None
    asks: RequestKind | None = None
    live_at: datetime | None = None
    control: Control | None = None


def take_evidence(
    kind: RequestKind,
    report: Report,
    hosting: MailHosting,
    *,
    lights: Iterable[LightSeen] = (),
    asks: RequestKind | None = None,
    name: str = "",
) -> Evidence:
    """Return what a report shows of a request's domain, and what the mail server says of it.

    `lights` and `asks` are the plan's; `name` is where the record in question is looked for.
    """
    subject = next(r for r in report.results if r.check is KINDS[kind].check)
    return Evidence(
        report.checked_at,
        tuple((result.check, result.status) for result in report.results),
        hosting,
        lights=tuple(lights),
        compared=Comparison(
            subject.status, _bound(subject.expected), _bound(subject.found), name[:_LONGEST_LINE]
        ),
        asks=asks,
    )


def follow_hosting(text: str, hosting: MailHosting, now: datetime) -> str:
    """Return evidence as it is kept, with what the mail server says now where that is another."""
    evidence = load_evidence(text)
    if evidence is None or hosting in {MailHosting.UNKNOWN, evidence.hosting}:
        return text
    lights = tuple(_follow(light, hosting) for light in evidence.lights)
    return dump_evidence(replace(evidence, hosting=hosting, told_at=now, lights=lights))


def renew_evidence(text: str, fresh: Evidence) -> str:
    """Return evidence as it is kept, with a fresh look in place of the one before.

    Where that look did not hear of the mail server, what it said last still counts.
    """
    before = load_evidence(text)
    return dump_evidence(fresh if before is None else _merge(before, fresh))


def follow_look(text: str, fresh: Evidence | None) -> str:
    """Return evidence as it is kept, renewed where a fresh look, if any, saw anything else."""
    before = load_evidence(text)
    if fresh is None or before is None:
        return text if fresh is None else dump_evidence(fresh)
    merged = _merge(before, fresh)
    return text if replace(merged, at=before.at) == before else dump_evidence(merged)


def note_live(text: str, fresh: Evidence | None, now: datetime) -> str:
    """Return evidence of a request that is live now.

    What was seen before is no longer so; where nobody looked anew, it is left out.
    """
    before = load_evidence(text)
    hosting = MailHosting.UNKNOWN if before is None else before.hosting
    seen = Evidence(now, (), hosting) if fresh is None else fresh
    if before is not None:
        seen = _merge(before, seen)
    return dump_evidence(replace(seen, live_at=now))


def follow_control(text: str, control: Control) -> str:
    """Return evidence as it is kept, with what shows control of the domain now."""
    evidence = load_evidence(text)
    if evidence is None or evidence.control == control:
        return text
    return dump_evidence(replace(evidence, control=control))


def dump_evidence(evidence: Evidence) -> str:
    """Return evidence as one line of JSON, for `Request.evidence`."""
    compared = evidence.compared
    return json.dumps(
        {
            "at": evidence.at.isoformat(),
            "checks": {check.value: status.value for check, status in evidence.checks},
            "hosting": evidence.hosting.value,
            "told_at": _dump_time(evidence.told_at),
            "lights": [[part, status.value, wanted] for part, status, wanted in evidence.lights],
            "compared": None
            if compared is None
            else {
                "status": compared.status.value,
                "expected": compared.expected,
                "found": compared.found,
                "name": compared.name,
            },
            "asks": None if evidence.asks is None else evidence.asks.value,
            "live_at": _dump_time(evidence.live_at),
            **({} if evidence.control is None else _dump_control(evidence.control)),
        }
    )


def load_evidence(text: str) -> Evidence | None:
    """Return what `dump_evidence` wrote; None where there is none, or another version wrote it.

    What earlier versions did not keep is left out.
    """
    try:
        raw = json.loads(text)
        hosting = MailHosting(raw["hosting"]) if "hosting" in raw else _FORMERLY[raw["on_server"]]
        return Evidence(
            at=datetime.fromisoformat(raw["at"]),
            checks=tuple((Check(name), Status(value)) for name, value in raw["checks"].items()),
            hosting=hosting,
            told_at=_load_time(raw.get("told_at")),
            lights=tuple(
                LightSeen(str(part), Status(status), bool(wanted))
                for part, status, wanted in raw.get("lights") or ()
            ),
            compared=_load_compared(raw.get("compared")),
            asks=RequestKind(raw["asks"]) if raw.get("asks") else None,
            live_at=_load_time(raw.get("live_at")),
            control=_load_control(raw),
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _follow(light: LightSeen, hosting: MailHosting) -> LightSeen:
    """Return a light; that of the mail server as the server says now."""
    if light.part != _SERVER:
        return light
    return LightSeen(light.part, Status.PASS if hosting is MailHosting.ON else Status.FAIL)


def _merge(before: Evidence, fresh: Evidence) -> Evidence:
    fresh = replace(fresh, control=fresh.control or before.control)
    if fresh.hosting in {MailHosting.UNKNOWN, before.hosting}:
        return replace(fresh, hosting=before.hosting, told_at=before.told_at)
    return replace(fresh, told_at=fresh.at)


def _bound(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line[:_LONGEST_LINE] for line in lines[:_MOST_LINES])


def _load_compared(raw: Any) -> Comparison | None:
    if not raw:
        return None
    return Comparison(
        Status(raw["status"]),
        tuple(str(line) for line in raw["expected"]),
        tuple(str(line) for line in raw["found"]),
        str(raw["name"]),
    )


def _dump_time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _load_time(raw: str | None) -> datetime | None:
    return datetime.fromisoformat(raw) if raw else None


def _dump_control(control: Control) -> dict[str, str | None]:
    return {"control": control.kind.value, "control_since": _dump_time(control.since)}


def _load_control(raw: dict[str, Any]) -> Control | None:
    if raw.get("control") not in set(ControlKind):  # an earlier version wrote it, or a later one
        return None
    return Control(ControlKind(raw["control"]), _load_time(raw.get("control_since")))
