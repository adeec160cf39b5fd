"""The card of a week: one line for each domain that is not all right, or one that all are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.cards.incident_card import show_subject
from bot.cards.layout import STATUS_COLOURS, assemble
from bot.cards.line_list import LineList
from bot.checks.finding import Status
from bot.services.plan.step import Part

if TYPE_CHECKING:
    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.watch.watch_news import DigestLine, DigestTold
    from bot.words import Words

_FILE: Final = "digest.txt"
_PARTS: Final = frozenset(part.value for part in Part)


def build_digest_card(
    told: DigestTold, server: MailServer, words: Words, *, for_member: bool
) -> Card:
    """Return the week's digest, worst first; what has no room on the card is in a file."""
    ordered = sorted(told.lines, key=lambda line: -line.status.rank)
    lines = LineList(
        [_line(line, server, words) for line in ordered],
        [_line(line, server, words.plain) for line in ordered],
        _FILE,
    )
    worst = max((line.status for line in ordered), key=lambda s: s.rank, default=Status.PASS)
    mark = words.label("marks", worst.value)
    facts: dict[str, Fact] = {
        "count": len(ordered),
        "total": told.total,
        "mine": for_member,
        "more": lines.hidden,
    }
    title = f"## {words.label('told', 'digest')}"
    head = f"{mark} {words.sentence('watch/digest_head', facts)}"
    foot = words.sentence("watch/digest_foot", facts) if ordered else ""
    return assemble(
        [[f"{title}\n{head}"], [lines.shown], [f"-# {foot}" if foot else ""]],
        colour=STATUS_COLOURS[worst],
        files=lines.files(),
    )


def _line(line: DigestLine, server: MailServer, words: Words) -> str:
    """Return how a domain stands, since when, and its next step."""
    said = [
        f"{words.label('marks', line.status.value)} {show_subject(line.subject, server, words)}"
    ]
    if line.status is Status.UNKNOWN:
        known = None if line.known_at is None else int(line.known_at.timestamp())
        said.append(words.sentence("watch/digest_unknown", {"known": known}))
    else:
        check = None if line.finding is None else words.label("checks", line.finding.check.value)
        facts: dict[str, Fact] = {
            "check": check,
            "status": words.label("statuses", line.status.value),
            "since": None if line.since is None else int(line.since.timestamp()),
        }
        said.append(words.sentence("watch/digest_line", facts))
    if line.next in _PARTS:
        step = words.label("steps", str(line.next))
        said.append(f"{words.label('told', 'next')}: {step}")
    return " · ".join(said)
