"""The admin's card of the watch: how far it is, what is not right, what could not be looked at."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import discord

from bot.cards.incident_card import show_subject
from bot.cards.layout import NEUTRAL, assemble
from bot.cards.markdown import MOST_CHARACTERS, choose, say_remark, width
from bot.cards.watch_summary_card import show_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.watch.watch_overview import WatchOverview
    from bot.watch.watched_domain import Watched
    from bot.words import Words

# So many of each kind keep the card below 700 pixels; all of them are in the file then.
_MOST_LINES: Final = {"open": 8, "unknown": 5, "paused": 3}
_ROOM_FOR_MORE: Final = 40  # characters of the line that says how many are left out
_FILE: Final = "watch.txt"


def build_overview_card(
    overview: WatchOverview,
    server: MailServer,
    words: Words,
    items: ItemFactory,
    *,
    remark: str | None = None,
) -> Card:
    """Return how far the watch is in its cycle; `remark` says what was just done.

    Where the card has no room for all that is listed, a file has it.
    """
    next_at = overview.next_at
    facts: dict[str, Fact] = {
        "looked": overview.looked,
        "total": overview.total,
        "next_at": None if next_at is None else int(next_at.timestamp()),
        "open_ones": len(overview.open_ones),
    }
    head = [f"## {words.label('watch', 'title')}"]
    head += [say_remark(remark, words)] if remark else []
    head.append(words.sentence("discord/watch_overview", facts))
    listed = _list(overview, server, words)
    titles = {key: f"### {words.label('watch', key)}" for key in listed}
    pieces = [(f"- {line}", "") for key in listed for line in listed[key][: _MOST_LINES[key]]]
    fixed = sum(map(width, (*head, *titles.values()))) + len(listed) * _ROOM_FOR_MORE
    shown = iter(choose(pieces, MOST_CHARACTERS - fixed - len(pieces) - len(head)))
    sections = [["\n".join(head)]]
    is_cut = False
    for key, lines in listed.items():
        texts = [text for _ in lines[: _MOST_LINES[key]] if (text := next(shown))]
        rest = len(lines) - len(texts)
        more = f"-# {words.sentence('discord/more_records', {'count': rest})}" if rest else ""
        sections.append(["\n".join(filter(None, (titles[key], *texts, more)))] if lines else [])
        is_cut = is_cut or bool(rest)
    return assemble(
        sections,
        colour=NEUTRAL,
        buttons=[items.overview_button()],
        files=(_file(overview, server, words.plain),) if is_cut else (),
    )


def _list(overview: WatchOverview, server: MailServer, words: Words) -> Mapping[str, Sequence[str]]:
    """Return the lines of each list by what it is called in `labels.j2`."""
    return {
        "open": [show_line(incident, server, words) for incident in overview.open_ones],
        "unknown": [_say_unknown(watched, server, words) for watched in overview.unknown],
        "paused": [_say_paused(watched, server, words) for watched in overview.paused],
    }


def _file(overview: WatchOverview, server: MailServer, plain: Words) -> discord.File:
    """Return all lists, whole."""
    lines: list[str] = []
    for key, listed in _list(overview, server, plain).items():
        lines += [plain.label("watch", key), *listed, ""] if listed else []
    data = "\n".join(lines).encode("utf-8", "replace")
    return discord.File(io.BytesIO(data), _FILE)


def _say_unknown(watched: Watched, server: MailServer, words: Words) -> str:
    subject, known = show_subject(watched.subject, server, words), watched.known_at
    if known is None:
        return f"{subject} · {words.label('watch', 'never')}"
    when = words.clock(int(known.timestamp()), dated=True)
    return f"{subject} · {words.label('watch', 'known')} {when}"


def _say_paused(watched: Watched, server: MailServer, words: Words) -> str:
    subject, until = show_subject(watched.subject, server, words), watched.paused_until
    if until is None:
        return subject
    when = words.clock(int(until.timestamp()), dated=True)
    return f"{subject} · {words.label('watch', 'until')} {when}"
