"""The cards of incidents: what broke, what follows, what to type, and that it is right again."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.cards.fixes import build_panel_link, can_be_shown, show_compact
from bot.cards.layout import STATUS_COLOURS, assemble
from bot.cards.markdown import (
    MOST_CHARACTERS,
    choose,
    clip,
    count_lines,
    moment,
    width,
)
from bot.checks.finding import Check, ServerCheck, Status
from bot.checks.report import RESOLVER_FAULTS, SERVER_SIDE
from bot.errors import TextError
from bot.names import Domain
from bot.records.providers import NEUTRAL, choose_provider
from bot.watch.change_words import say_changes
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.cards.items import Item, ItemFactory
    from bot.cards.layout import Card
    from bot.checks.finding import Finding
    from bot.checks.zone_place import ZonePlace
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.records.providers import Provider
    from bot.watch.incident import Incident
    from bot.watch.snapshot import SnapshotChanges
    from bot.watch.watch_news import IncidentsTold
    from bot.words import Words

_MOST_INCIDENTS: Final = 8  # of one message; a domain has not more checks that mail needs
_MOST_FIXES: Final = 4  # of one incident; more are no list that somebody works through on a phone
_MOST_CHANGES: Final = 4
_LONGEST_CHANGE: Final = 200  # characters
# A card is at most 700 pixels tall: so many lines are left for messages and records.
_MOST_LINES: Final = 17
_LONGEST_MESSAGE: Final = 500  # characters


class IncidentState(StrEnum):
    """How an incident stands, as people are told."""

    BROKEN = "broken"
    CALM = "calm"  # it looks right, and has not stayed so for long enough
    ENDED = "ended"
    LEFT = "left"  # nobody looks any more, so that nobody knows


_OVER: Final = frozenset({IncidentState.ENDED, IncidentState.LEFT})
_STATUSES: Final = {
    IncidentState.CALM: Status.WARN,
    IncidentState.ENDED: Status.PASS,
    IncidentState.LEFT: Status.UNKNOWN,
}


def state_of(incident: Incident) -> IncidentState:
    """Return how an incident stands."""
    if incident.closed_at is not None:
        return IncidentState.LEFT if incident.good_since is None else IncidentState.ENDED
    return IncidentState.BROKEN if incident.good_since is None else IncidentState.CALM


def build_incident_card(
    told: IncidentsTold,
    server: MailServer,
    words: Words,
    items: ItemFactory,
    *,
    history: str = "",
    buttons: Sequence[Item] = (),
) -> Card:
    """Return what broke, or is right again, at one domain or at the mail server itself.

    `history` is the command that shows admins what changed; without it the card is a member's.
    `buttons` stand behind the one for a new check.

    Raises:
        ValueError: there is no incident to tell of.

    """
    incidents = (*told.opened, *told.closed)
    if not incidents:
        raise ValueError("There is no incident to tell of.")
    subject = incidents[0].subject
    state = _worst(incidents)
    is_server = subject == MAIL_SERVER
    head = "\n".join((_title(subject, incidents, server, words), _head(incidents, words)))
    changes = "" if state in _OVER else _changes(told.changes, words)
    facts: dict[str, Fact] = {
        "state": state.value,
        "member": not history,
        "command": history,
    }
    foot = "" if is_server else words.sentence("watch/incident_foot", facts)
    small = f"-# {foot}" if foot else ""
    provider = NEUTRAL if told.place is None else choose_provider(None, told.place.name_servers)
    fixed = (head, changes, small)
    room = MOST_CHARACTERS - sum(width(text) + 1 for text in fixed)
    lines = _MOST_LINES - count_lines(changes)
    pieces: list[tuple[str, ...]] = []
    for incident in incidents[:_MOST_INCIDENTS]:
        versions = _versions(incident, told, server, words, provider)
        fitting = [text for text in versions if count_lines(text) <= lines] or [versions[-1]]
        lines -= count_lines(fitting[0])
        pieces.append(tuple(fitting))
    types = state is IncidentState.BROKEN and any(i.finding.fixes for i in incidents)
    again = items.server_button() if is_server else items.new_check_button(subject)
    return assemble(
        [[head], choose(pieces, room), [changes], [small]],
        colour=STATUS_COLOURS[_status(incidents)],
        buttons=[
            *([] if again is None else [again]),
            *buttons,
            *(build_panel_link(provider, words) if types else []),
        ],
    )


def say_fault(incident: Incident, server: MailServer, words: Words) -> str:
    """Return what is wrong in sentences: a finding's own, of the mail server what admins read."""
    code = incident.finding.code
    if code == SERVER_SIDE or code in RESOLVER_FAULTS:
        return words.sentence("watch/server_fault", {"what": _what(incident)})
    return say_stored_finding(incident.finding, incident.subject, server, words)


def say_stored_finding(finding: Finding, subject: str, server: MailServer, words: Words) -> str:
    """Return the sentences of a finding that was written down some time ago."""
    context: dict[str, Fact] = {
        "domain": server.host_text if subject == MAIL_SERVER else subject,
        "host": server.host_text,
        "service": server.name,
    }
    try:
        return words.finding(finding, context)
    except TextError:  # written down by a version that had other words, or other facts for them
        return words.sentence("watch/fault_of_old", {})


def show_check(incident: Incident, words: Words) -> str:
    """Return what an incident is about in a word or two: a check, or the mail server."""
    known = {each.value for each in (*Check, *ServerCheck)}
    check = incident.check if incident.check in known else incident.finding.check.value
    return words.label("checks", check)


def mark_of(incident: Incident, words: Words) -> str:
    """Return the mark of how an incident stands."""
    match state_of(incident):
        case IncidentState.BROKEN:
            return words.label("marks", severity_of(incident).value)
        case state:
            return words.label("told_marks", state.value)


def severity_of(incident: Incident) -> Status:
    """Return how grave an incident is: what breaks is never only worth knowing."""
    severity = incident.finding.severity
    return severity if severity.rank >= Status.WARN.rank else Status.WARN


def show_subject(subject: str, server: MailServer, words: Words) -> str:
    """Return a domain's name in both its forms, or that it is the mail server."""
    domain = "" if subject == MAIL_SERVER else subject
    name = Domain.from_ascii(domain).unicode if domain else ""
    facts: dict[str, Fact] = {
        "domain": domain,
        "other": "" if name == domain else name,
        "host": server.host_text,
    }
    return words.sentence("watch/subject", facts)


def say_since(incident: Incident, words: Words, *, brief: bool = False) -> str:
    """Return since when an incident stands as it does; `brief`: by the day alone."""
    good = incident.good_since or incident.closed_at or incident.seen_at
    facts: dict[str, Fact] = {
        "state": state_of(incident).value,
        "brief": brief,
        "status": words.label("statuses", severity_of(incident).value),
        "began": int(incident.began_at.timestamp()),
        "right_at": int(good.timestamp()),
        "seconds": max(0, int((good - incident.began_at).total_seconds())),
    }
    return words.sentence("watch/incident_since", facts)


def _what(incident: Incident) -> str:
    """Return the judges' word for a fault of the server that a domain's check met."""
    if incident.finding.code in RESOLVER_FAULTS:
        return incident.finding.code
    whats = incident.finding.facts.get("what")
    known = whats if isinstance(whats, tuple) else ()
    return incident.check if incident.check in known or not known else known[0]


def _worst(incidents: Sequence[Incident]) -> IncidentState:
    """Return the state that a message about several is named by, what is open before the rest."""
    return min((state_of(i) for i in incidents), key=tuple(IncidentState).index)


def _status(incidents: Sequence[Incident]) -> Status:
    """Return the status that a message's colour and mark are of."""
    broken = [severity_of(i) for i in incidents if state_of(i) is IncidentState.BROKEN]
    if broken:
        return max(broken, key=lambda status: status.rank)
    return _STATUSES[_worst(incidents)]


def _title(subject: str, incidents: Sequence[Incident], server: MailServer, words: Words) -> str:
    state = _worst(incidents)
    is_broken = state is IncidentState.BROKEN
    mark = (
        words.label("marks", _status(incidents).value)
        if is_broken
        else words.label("told_marks", state.value)
    )
    return f"## {mark} {show_subject(subject, server, words)}"


def _head(incidents: Sequence[Incident], words: Words) -> str:
    state = _worst(incidents)
    count = sum(state_of(incident) is state for incident in incidents)
    kind = "server" if incidents[0].subject == MAIL_SERVER else "incident"
    return f"**{words.sentence(f'watch/{kind}_head', {'state': state.value, 'count': count})}**"


def _versions(
    incident: Incident, told: IncidentsTold, server: MailServer, words: Words, provider: Provider
) -> tuple[str, ...]:
    """Return what is said of an incident, from its fullest version to the shortest."""
    state = state_of(incident)
    title = f"{mark_of(incident, words)} **{show_check(incident, words)}**"
    title += f" · {say_since(incident, words)}"
    if state in _OVER:
        return (title,)
    if state is IncidentState.CALM:
        until = incident.calm_until
        facts: dict[str, Fact] = {
            "until": None if until is None else int(until.timestamp()),
            "relapses": incident.relapses,
        }
        return (f"{title}\n{words.sentence('watch/incident_calm', facts)}", title)
    said = f"{title}\n{clip(say_fault(incident, server, words), _LONGEST_MESSAGE)}"
    if told.place is None:
        return said, title
    fixes = _fixes(incident, told.place, words, provider)
    in_check = f"-# {words.sentence('discord/more_in_details', {})}"
    versions = []
    for count in range(len(fixes), 0, -1):
        rest = [] if count == len(incident.finding.fixes) else [in_check]
        versions.append("\n".join((said, *fixes[:count], *rest)))
    return (*versions, said, title)


def _fixes(incident: Incident, place: ZonePlace, words: Words, provider: Provider) -> list[str]:
    """Return what to type, in order, up to the first record that a card cannot show."""
    shown: list[str] = []
    for fix in incident.finding.fixes[:_MOST_FIXES]:
        if not can_be_shown(fix):
            break
        text, hints = show_compact(fix, "", place.zone, words, provider)
        shown.append("\n".join((text, *(f"-# {hint}" for hint in hints))))
    return shown


def _changes(changes: Sequence[tuple[datetime, SnapshotChanges]], words: Words) -> str:
    """Return what changed before something broke, the latest first."""
    lines = [
        f"-# {moment(at)} {clip(said, _LONGEST_CHANGE)}"
        for at, each in reversed(changes)
        for said in say_changes(each, words)
    ]
    if not lines:
        return ""
    return "\n".join((f"**{words.label('told', 'changed')}**", *lines[:_MOST_CHANGES]))
