"""What members are shown of the watch: what was noted, why not, and all that is theirs of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.cards.control_card import show_control_record
from bot.cards.goal_choice import say_goal
from bot.cards.items import WatchAction
from bot.cards.layout import NEUTRAL, assemble
from bot.cards.line_groups import LineGroup, show_groups
from bot.cards.markdown import moment, say_remark, span
from bot.requests.schedule import GIVE_UP_AFTER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.cards.control_card import ControlRecord
    from bot.cards.items import Item, ItemFactory
    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.names import Domain
    from bot.watch.awaited_goal import Awaited
    from bot.watch.watch_overview import OwnWatch, UndeliveredNews
    from bot.watch.watched_domain import Watched, Watcher
    from bot.words import Words

# So many lines of each kind keep the card below 700 pixels.
_MOST_WATCHED: Final = 4
_MOST_WAITED: Final = 4
_MOST_MISSED: Final = 1


def build_awaited_card(
    awaited: Awaited, words: Words, items: ItemFactory, *, is_new: bool, mention: str
) -> Card:
    """Return that something is waited for, until when, and the button that stops that.

    `mention` is the command that lists it.
    """
    title = f"## {span(awaited.domain.ascii)}: {say_goal(awaited.parts, words)}"
    ends_at = awaited.made_at + GIVE_UP_AFTER
    facts: dict[str, Fact] = {"is_new": is_new, "ends": int(ends_at.timestamp())}
    return assemble(
        [[title, words.sentence("discord/watch_awaited", facts), f"-# {mention}"]],
        colour=NEUTRAL,
        buttons=[items.cancel_button(awaited.id)],
    )


def build_added_card(
    watcher: Watcher, words: Words, items: ItemFactory, *, is_new: bool, mention: str
) -> Card:
    """Return that a member is told of a domain, and the buttons that change that."""
    buttons = _watcher_buttons(watcher, items)
    facts: dict[str, Fact] = {"is_new": is_new}
    said = words.sentence("discord/watch_added", facts)
    paused = _say_pause(watcher.paused_until, words)
    return assemble(
        [[_title(watcher.domain), said, paused, f"-# {mention}"]], colour=NEUTRAL, buttons=buttons
    )


def build_paused_card(watcher: Watcher, words: Words, items: ItemFactory) -> Card:
    """Return until when a member is told nothing of a domain, or that they are told again."""
    until = watcher.paused_until
    facts: dict[str, Fact] = {"until": None if until is None else int(until.timestamp())}
    said = words.sentence("discord/watch_paused", facts)
    return assemble(
        [[_title(watcher.domain), said]], colour=NEUTRAL, buttons=_watcher_buttons(watcher, items)
    )


def build_not_yours_card(
    domain: Domain, record: ControlRecord | None, words: Words, items: ItemFactory
) -> Card:
    """Return that nothing shows that a domain is the member's, and how they show it."""
    button = items.watch_button(WatchAction.ADD, domain.ascii)
    label = "" if button is None else words.label("watch", WatchAction.ADD.value)
    how = []
    if record is not None:
        how = show_control_record(record, words, items, command="watch add", button=label)
    said = words.sentence("discord/watch_not_yours", {"domain": domain.unicode, "how": bool(how)})
    return assemble([[said], how], colour=NEUTRAL, buttons=[] if button is None else [button])


def build_own_watch_card(
    own: OwnWatch,
    words: Words,
    items: ItemFactory,
    *,
    now: datetime,
    tells: bool,
    mentions: Sequence[str],
    remark: str | None = None,
) -> Card:
    """Return all that one member has watched and waits for, with a button to cancel each.

    `tells`: they may be told what is known of the domains here. `mentions` are the commands that
    change it, `remark` what was just done.
    """
    head = [f"## {words.label('watch', 'list')}", *([say_remark(remark, words)] if remark else [])]
    if not (own.watched or own.awaited or own.undelivered):
        head.append(words.sentence("discord/watch_nothing", {}))
    missed = words.sentence("discord/watch_missed", {}) if own.undelivered else ""

    def say_watched(words: Words) -> list[str]:
        return [_watched_line(w, known, words, now=now, tells=tells) for w, known in own.watched]

    def say_awaited(words: Words) -> list[str]:
        return [_awaited_line(n, each, words) for n, each in enumerate(own.awaited, start=1)]

    def say_missed(words: Words) -> list[str]:
        return [_missed_line(news, words) for news in own.undelivered]

    groups = (
        LineGroup("watched", say_watched, _MOST_WATCHED),
        LineGroup("awaited", say_awaited, _MOST_WAITED),
        LineGroup("missed", say_missed, _MOST_MISSED),
    )
    texts, files = show_groups(groups, words)
    return assemble(
        [
            ["\n".join(head)],
            *([text] for text in texts),
            [f"-# {missed}" if missed else "", f"-# {' · '.join(mentions)}"],
        ],
        colour=NEUTRAL,
        buttons=[items.cancel_button(a.id, n) for n, a in enumerate(own.awaited, start=1)],
        files=files,
    )


def _title(domain: Domain) -> str:
    return f"## {span(domain.ascii)}"


def _watcher_buttons(watcher: Watcher, items: ItemFactory) -> list[Item]:
    actions = [WatchAction.REMOVE]
    if watcher.paused_until is not None:
        actions.insert(0, WatchAction.RESUME)
    buttons = [items.watch_button(action, watcher.domain.ascii) for action in actions]
    return [button for button in buttons if button is not None]


def _say_pause(until: datetime | None, words: Words) -> str:
    """Return until when it is paused; empty where it is not."""
    if until is None:
        return ""
    label, ends = words.label("watch", "paused"), words.label("watch", "until")
    return f"{label} {ends} {_say_time(until, words)}"


def _say_time(at: datetime, words: Words) -> str:
    """Return a time for a card, where that is short, or for a file, where it is whole."""
    return words.clock(int(at.timestamp()), dated=True) if words is words.plain else moment(at)


def _watched_line(
    watcher: Watcher, known: Watched | None, words: Words, *, now: datetime, tells: bool
) -> str:
    """Return how a domain stands, and since when, as far as may be told and is known."""
    until, status = watcher.paused_until, None if known is None else known.status
    parts = [words.code(watcher.domain.ascii)]
    if tells and (known is None or status is None):
        parts.append(words.label("watch", "unseen"))
    elif tells and known is not None and status is not None:
        parts[0] = f"{words.label('marks', status.value)} {parts[0]}"
        said = words.label("statuses", status.value)
        if known.since is not None:
            said = f"{said} {words.label('watch', 'since')} {_say_time(known.since, words)}"
        parts.append(said)
    if until is not None and until > now:
        parts.append(_say_pause(until, words))
    return " · ".join(parts)


def _awaited_line(number: int, awaited: Awaited, words: Words) -> str:
    until = _say_time(awaited.made_at + GIVE_UP_AFTER, words)
    goal, ends = say_goal(awaited.parts, words), words.label("watch", "until")
    return f"{number}. {words.code(awaited.domain.ascii)}: {goal} · {ends} {until}"


def _missed_line(news: UndeliveredNews, words: Words) -> str:
    said = f"{_say_time(news.created_at, words)}: {words.label('news', news.what.value)}"
    return f"{said} · {words.code(news.subject)}" if news.subject else said
