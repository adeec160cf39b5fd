"""The card of all news of one day that went beyond its messages, in one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.cards.incident_card import (
    IncidentState,
    mark_of,
    say_since,
    severity_of,
    show_check,
    show_subject,
    state_of,
)
from bot.cards.layout import NEUTRAL, STATUS_COLOURS, assemble
from bot.cards.line_list import LineList
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.watch.incident import Incident
    from bot.watch.watch_news import IncidentsTold
    from bot.words import Words

_FILE: Final = "watch.txt"


def build_summary_card(told: IncidentsTold, server: MailServer, words: Words) -> Card:
    """Return what broke and what is right again at many domains.

    What has no room on the card is in a file, with all the rest.
    """
    incidents = (*told.opened, *told.closed)
    lines = LineList(
        [show_line(incident, server, words) for incident in incidents],
        [show_line(incident, server, words.plain) for incident in incidents],
        _FILE,
    )
    broken = [i for i in incidents if state_of(i) is IncidentState.BROKEN]
    worst = max((severity_of(i) for i in broken), key=lambda s: s.rank, default=None)
    facts: dict[str, Fact] = {
        "more": lines.hidden,
        "unlisted": told.unlisted,
        "server": any(incident.subject == MAIL_SERVER for incident in incidents),
    }
    title = f"## {words.label('told', 'summary')}"
    return assemble(
        [
            [f"{title}\n{words.sentence('watch/summary_head', {})}"],
            [lines.shown],
            [f"-# {words.sentence('watch/summary_foot', facts)}" if worst or lines.hidden else ""],
        ],
        colour=NEUTRAL if worst is None else STATUS_COLOURS[worst],
        files=lines.files(),
    )


def show_line(incident: Incident, server: MailServer, words: Words) -> str:
    """Return an incident in one line: where, what, and since when."""
    subject = show_subject(incident.subject, server, words)
    check, since = show_check(incident, words), say_since(incident, words, brief=True)
    return f"{mark_of(incident, words)} {subject} · {check} · {since}"
