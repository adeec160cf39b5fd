"""The admin's card of the watch: how far it is, what is not right, what could not be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.cards.incident_card import show_subject
from bot.cards.layout import NEUTRAL, assemble
from bot.cards.line_groups import LineGroup, show_groups
from bot.cards.markdown import say_remark
from bot.cards.watch_summary_card import show_line

if TYPE_CHECKING:
    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.watch.watch_overview import WatchOverview
    from bot.watch.watched_domain import Watched
    from bot.words import Words

# So many lines of each kind keep the card below 700 pixels.
_MOST_OPEN: Final = 5
_MOST_UNKNOWN: Final = 3
_MOST_PAUSED: Final = 2


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
        "open_ones": overview.open_ones.total,
    }
    head = [f"## {words.label('watch', 'title')}"]
    head += [say_remark(remark, words)] if remark else []
    head.append(words.sentence("discord/watch_overview", facts))

    def say_open(words: Words) -> list[str]:
        return [show_line(incident, server, words) for incident in overview.open_ones.first]

    def say_unknown(words: Words) -> list[str]:
        return [_say_unknown(watched, server, words) for watched in overview.unknown.first]

    def say_paused(words: Words) -> list[str]:
        return [_say_paused(watched, server, words) for watched in overview.paused.first]

    groups = (
        LineGroup("open", say_open, _MOST_OPEN, overview.open_ones.left_out),
        LineGroup("unknown", say_unknown, _MOST_UNKNOWN, overview.unknown.left_out),
        LineGroup("paused", say_paused, _MOST_PAUSED, overview.paused.left_out),
    )
    texts, files = show_groups(groups, words)
    return assemble(
        [["\n".join(head)], *([text] for text in texts)],
        colour=NEUTRAL,
        buttons=[items.overview_button()],
        files=files,
    )


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
