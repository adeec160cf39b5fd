"""The admin's card of the watch: how far it is, what is not right, what could not be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.cards.layout import NEUTRAL, assemble
from bot.cards.markdown import MOST_CHARACTERS, choose, moment, say_remark, span, width
from bot.cards.watch_cards import name_in_list
from bot.checks.finding import Check, ServerCheck
from bot.names import Domain
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.watch.watch_overview import OpenFault, WatchOverview
    from bot.watch.watched_domain import Watched
    from bot.words import Words

_MOST_LINES: Final = 12  # of one kind
_ROOM_FOR_MORE: Final = 40  # characters of the line that says how many are left out
_CHECKS: Final = frozenset({*map(str, Check), *map(str, ServerCheck)})


def build_overview_card(
    overview: WatchOverview, words: Words, items: ItemFactory, *, remark: str | None = None
) -> Card:
    """Return how far the watch is in its cycle; `remark` says what was just done."""
    next_at = overview.next_at
    facts: dict[str, Fact] = {
        "looked": overview.looked,
        "total": overview.total,
        "next_at": None if next_at is None else int(next_at.timestamp()),
        "open_faults": len(overview.open_faults),
    }
    head = [f"## {words.label('watch', 'title')}"]
    head += [say_remark(remark, words)] if remark else []
    head.append(words.sentence("discord/watch_overview", facts))
    groups = {
        "open": [_fault_line(fault, words) for fault in overview.open_faults],
        "unknown": [_unknown_line(watched, words) for watched in overview.unknown],
        "paused": [_paused_line(watched, words) for watched in overview.paused],
    }
    titles = {key: f"### {words.label('watch', key)}" for key in groups}
    listed = {key: lines[:_MOST_LINES] for key, lines in groups.items()}
    fixed = sum(map(width, (*head, *titles.values()))) + len(groups) * _ROOM_FOR_MORE
    lines = [line for group in listed.values() for line in group]
    room = MOST_CHARACTERS - fixed - len(lines) - len(head)
    shown = iter(choose([(line, "") for line in lines], room))
    sections = []
    for key, group in listed.items():
        texts = [text for _ in group if (text := next(shown))]
        sections.append(_section(titles[key], texts, len(groups[key]), words))
    return assemble(
        [["\n".join(head)], *([section] for section in sections)],
        colour=NEUTRAL,
        buttons=[items.overview_button()],
    )


def _section(title: str, lines: Sequence[str], count: int, words: Words) -> str:
    """Return lines below their title, and how many of all are left out; empty without any."""
    if not count:
        return ""
    rest = count - len(lines)
    more = f"-# {words.sentence('discord/more_records', {'count': rest})}" if rest else ""
    return "\n".join(filter(None, (title, *lines, more)))


def _fault_line(fault: OpenFault, words: Words) -> str:
    check = words.label("checks", fault.check) if fault.check in _CHECKS else span(fault.check)
    since = f"{words.label('watch', 'since')} {moment(fault.began_at)}"
    parts = [_subject(fault.subject, words), check, since]
    if fault.good_since is not None:
        parts.append(f"{words.label('watch', 'right')} {moment(fault.good_since)}")
    return f"- {' · '.join(parts)}"


def _unknown_line(watched: Watched, words: Words) -> str:
    known = watched.known_at
    if known is None:
        said = words.label("watch", "never")
    else:
        said = f"{words.label('watch', 'known')} {moment(known)}"
    return f"- {_subject(watched.subject, words)} · {said}"


def _paused_line(watched: Watched, words: Words) -> str:
    until = watched.paused_until
    ends = "" if until is None else f" · {words.label('watch', 'until')} {moment(until)}"
    return f"- {_subject(watched.subject, words)}{ends}"


def _subject(subject: str, words: Words) -> str:
    if subject == MAIL_SERVER:
        return f"**{words.label('checks', 'server')}**"
    return name_in_list(Domain.from_ascii(subject))
