"""The card of a week: one line for each domain that is not all right, or one that all are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.cards.incident_card import show_subject
from bot.cards.layout import STATUS_COLOURS, assemble
from bot.cards.line_list import LineList
from bot.checks.finding import Status
from bot.services.plan.step import Part
from bot.watch.digest import OLD
from bot.watch.watched_domain import MAIL_SERVER

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
    ordered = sorted(told.lines, key=lambda line: -_status_of(line, told).rank)
    lines = LineList(
        [say_digest_line(line, told, server, words) for line in ordered],
        [say_digest_line(line, told, server, words.plain) for line in ordered],
        _FILE,
    )
    worst = _status_of(ordered[0], told) if ordered else Status.PASS
    facts: dict[str, Fact] = {
        "count": sum(line.subject != MAIL_SERVER for line in ordered) + told.unlisted,
        "total": told.total,
        "mine": for_member,
        "server": any(line.subject == MAIL_SERVER for line in ordered),
        "more": lines.hidden,
        "unlisted": told.unlisted,
    }
    title = f"## {words.label('told', 'digest')}"
    head = f"{words.label('marks', worst.value)} {words.sentence('watch/digest_head', facts)}"
    foot = words.sentence("watch/digest_foot", facts) if ordered else ""
    return assemble(
        [[f"{title}\n{head}"], [lines.shown], [f"-# {foot}" if foot else ""]],
        colour=STATUS_COLOURS[worst],
        files=lines.files(),
    )


def _status_of(line: DigestLine, told: DigestTold) -> Status:
    """Return how a subject stands; not known where nothing was found out for too long."""
    is_old = line.known_at is None or told.at - line.known_at >= OLD
    return Status.UNKNOWN if is_old else line.status


def say_digest_line(line: DigestLine, told: DigestTold, server: MailServer, words: Words) -> str:
    """Return how a domain stands, since when, and its next step."""
    status = _status_of(line, told)
    said = [f"{words.label('marks', status.value)} {show_subject(line.subject, server, words)}"]
    known, since = line.known_at, line.since
    if status is Status.UNKNOWN:
        facts: dict[str, Fact] = {"known": None if known is None else int(known.timestamp())}
        said.append(words.sentence("watch/digest_unknown", facts))
    elif status.rank < Status.UNKNOWN.rank:
        said.append(words.sentence("watch/digest_unfinished", {"left": line.next is not None}))
    else:
        check = None if line.finding is None else words.label("checks", line.finding.check.value)
        facts = {
            "check": check,
            "status": words.label("statuses", status.value),
            "since": None if since is None else int(since.timestamp()),
        }
        said.append(words.sentence("watch/digest_line", facts))
    # That a record is to be put right of which the fault was just named goes without saying.
    is_said = line.finding is not None and line.next == line.finding.check.value
    if line.next in _PARTS and not is_said:
        return f"{' · '.join(said)} → {words.label('steps', str(line.next))}"
    return " · ".join(said)
