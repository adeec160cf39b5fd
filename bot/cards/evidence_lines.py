"""What is known of a request's domain, as lines of its card: how all stands, found and expected."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from bot.cards.markdown import both_ends, moment, span
from bot.checks.finding import Status
from bot.errors import TextError
from bot.requests.backend import MailHosting
from bot.requests.control_proof import ControlKind
from bot.requests.evidence import load_evidence
from bot.requests.kinds import KINDS
from bot.requests.model import RequestKind, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.errors import Fact
    from bot.requests.control_proof import Control
    from bot.requests.evidence import Comparison, Evidence
    from bot.requests.model import Request
    from bot.words import Words

_STATUSES = {
    ControlKind.PROVEN: Status.PASS,
    ControlKind.MX: Status.INFO,
    ControlKind.OTHER: Status.WARN,
    ControlKind.NONE: Status.WARN,
}
_LIVE = frozenset({State.LIVE, State.CLOSED})


def show_evidence(request: Request, facts: Mapping[str, Fact], words: Words) -> str:
    """Return what was seen last, and since when what was asked for is live.

    `facts` are those of the templates about the request, with the name of the `backend`.
    """
    evidence = load_evidence(request.evidence)
    lines = [_since(request, evidence, facts, words)] if request.state in _LIVE else []
    if evidence is not None:
        lines += filter(None, _lines(request, evidence, facts, words))
    return "\n".join(lines)


def _since(
    request: Request, evidence: Evidence | None, facts: Mapping[str, Fact], words: Words
) -> str:
    """Return since when it is live, and whether anybody but an admin has seen that."""
    live_at = None if evidence is None else evidence.live_at
    mark = words.label("request_marks", State.LIVE.value)
    said = words.sentence("discord/request_live", facts)
    return f"{mark} {said} {moment(live_at or request.changed_at)}"


def _lines(
    request: Request, evidence: Evidence, facts: Mapping[str, Fact], words: Words
) -> Iterator[str]:
    yield from _lights(evidence, words) if evidence.lights else _statuses(evidence, words)
    yield _hosting(evidence, facts, words)
    yield _unseen(evidence, words)
    is_said = request.kind is RequestKind.WEBMAIL  # where the alias leads, in words
    if evidence.compared is not None and not (is_said and evidence.compared.status is Status.PASS):
        yield _compare(request, evidence.compared, words)
    yield _alias(request, evidence, facts, words)
    yield say_control(evidence.control, words)
    if evidence.checks:  # else nobody looked
        yield f"-# {words.sentence('discord/request_checked', {})} {moment(evidence.at)}"


def say_control(control: Control | None, words: Words) -> str:
    """Return one line for an admin: what shows control, and since when; empty where unknown."""
    if control is None:
        return ""
    mark = words.label("marks", _STATUSES[control.kind].value)
    said = words.sentence("discord/request_control", {"control": control.kind.value})
    since = f" · {moment(control.since)}" if control.since else ""
    return f"{mark} {said}{since}"


def _lights(evidence: Evidence, words: Words) -> Iterator[str]:
    """Yield how the parts of the plan stand, in one line."""
    shown = []
    for light in evidence.lights:
        mark = (
            words.label("lights", "wanted")
            if light.wanted
            else words.label("marks", light.status.value)
        )
        with suppress(TextError):  # another version of the program knew further parts
            shown.append(f"{mark} {words.label('lights', light.part)}")
    yield " · ".join(shown)


def _statuses(evidence: Evidence, words: Words) -> Iterator[str]:
    """Yield the checks by their status, the worst first, as earlier versions kept them."""
    for status in reversed(Status):
        names = [words.label("checks", c.value) for c, found in evidence.checks if found is status]
        if names:
            word = words.label("statuses", status.value)
            yield f"{words.label('marks', status.value)} {word}: {', '.join(names)}"


def _hosting(evidence: Evidence, facts: Mapping[str, Fact], words: Words) -> str:
    """Return what the mail server says of the domain, where that is more than a light shows."""
    is_right = evidence.hosting is MailHosting.ON
    if evidence.hosting is MailHosting.UNKNOWN:
        return ""
    if is_right and evidence.lights and evidence.told_at is None:
        return ""
    mark = words.label("marks", (Status.PASS if is_right else Status.WARN).value)
    said = words.sentence(
        "discord/request_on_server",
        {
            **facts,
            "known": evidence.hosting is not MailHosting.ABSENT,
            "off": evidence.hosting is MailHosting.OFF,
        },
    )
    since = f" · {moment(evidence.told_at)}" if evidence.told_at else ""
    return f"{mark} {said}{since}"


def _unseen(evidence: Evidence, words: Words) -> str:
    """Return what could not be looked at: nobody may take that for a fault, or for right."""
    names = []
    for light in evidence.lights:
        if light.status is Status.UNKNOWN:
            with suppress(TextError):  # as above
                names.append(words.label("lights", light.part))
    if not names:
        return ""
    mark = words.label("marks", Status.UNKNOWN.value)
    return f"{mark} {words.sentence('discord/request_unseen', {'names': tuple(names)})}"


def _compare(request: Request, compared: Comparison, words: Words) -> str:
    """Return what was found beside what is expected, of the record that a request is about."""
    label = words.label("checks", KINDS[request.kind].check.value)
    head = f"**{label}** {span(compared.name)}" if compared.name else f"**{label}**"
    unseen = compared.status is Status.UNKNOWN
    nothing = words.label("headings", "not_known" if unseen else "nothing")
    found = f"{words.label('headings', 'found')}: {_join(compared.found) or nothing}"
    if compared.status is Status.PASS or not compared.expected:
        return f"-# {head} · {found}"
    expected = f"{words.label('headings', 'expected')}: {_join(compared.expected)}"
    return f"-# {head} · {found} · {expected}"


def _join(records: tuple[str, ...]) -> str:
    return ", ".join(span(both_ends(record)) for record in records)


def _alias(request: Request, evidence: Evidence, facts: Mapping[str, Fact], words: Words) -> str:
    """Return whether the webmail alias is there that is asked for."""
    rules = KINDS[request.kind]
    status = dict(evidence.checks).get(rules.check)
    if request.kind is not RequestKind.WEBMAIL or status is None:
        return ""
    mark = words.label("marks", (Status.WARN if status is Status.INFO else status).value)
    return f"{mark} {words.sentence('discord/request_alias', {**facts, 'status': status.value})}"
