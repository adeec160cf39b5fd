"""What `/mailadmin` shows: the queue, and what happened to a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.layout import NEUTRAL, assemble
from bot.cards.markdown import MOST_CHARACTERS, choose, clip, moment, say_remark, span, width
from bot.cards.request_card import link_to_card, mention, say_undelivered, state_word, title_of
from bot.requests.failure import say_failure
from bot.requests.model import ActorKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cards.layout import Card
    from bot.requests.model import AuditEntry, Request
    from bot.words import Words

_MOST_LINES = 20
_LONGEST_DETAIL = 300
_ROOM_FOR_REST = 100


def build_queue_card(waiting: Sequence[Request], open_ones: int, words: Words) -> Card:
    """Return what waits for an admin, the oldest first, and how much else is under way."""
    facts = {"waiting": len(waiting), "others": open_ones - len(waiting)}
    head = words.sentence("discord/queue_head", facts)
    return _list(f"## {head}", [_queued(request, words) for request in waiting], words)


def build_audit_card(request: Request, entries: Sequence[AuditEntry], words: Words) -> Card:
    """Return who did what to a request and when, the latest first."""
    lines = [_entered(entry, words) for entry in reversed(entries)]
    missed = f"\n{say_undelivered(request.undelivered, words)}" if request.undelivered else ""
    head = f"## {title_of(request, words)}\n{state_word(request, words)}{missed}"
    return _list(head, lines, words)


def build_latest_card(entries: Sequence[AuditEntry], words: Words) -> Card:
    """Return what was done last to any request, the latest first."""
    head = words.sentence("discord/audit_head", {"entries": len(entries)})
    lines = [f"**#{entry.request_id}** {_entered(entry, words)}" for entry in entries]
    return _list(f"## {head}", lines, words)


def _list(head: str, lines: list[str], words: Words) -> Card:
    """Return a card of lines, those that come first before the others where room is short."""
    pieces = [(line, "") for line in lines[:_MOST_LINES]]
    shown = [
        text
        for text in choose(pieces, MOST_CHARACTERS - width(head) - len(pieces) - _ROOM_FOR_REST)
        if text
    ]
    rest = len(lines) - len(shown)
    more = f"-# {words.sentence('discord/more_records', {'count': rest})}" if rest else ""
    return assemble([[head], ["\n".join(shown)], [more]], colour=NEUTRAL)


def _queued(request: Request, words: Words) -> str:
    kind = words.label("request_kinds", request.kind.value)
    return (
        f"**#{request.id}** {kind} {span(request.domain.ascii)} · {state_word(request, words)}"
        f" · {mention(request.member_id, words)} {moment(request.created_at)}"
        f"{link_to_card(request)}"
    )


def _entered(entry: AuditEntry, words: Words) -> str:
    who = words.label("actors", entry.actor.kind.value)
    if entry.actor.kind is not ActorKind.BOT and entry.actor.id is not None:
        who = f"{who} {mention(entry.actor.id, words)}"
    if entry.before is entry.after:  # something about its delivery
        said = words.sentence("discord/audit_delivery", {"what": entry.detail})
        return f"<t:{int(entry.at.timestamp())}:f> {who}: {said}"
    before = words.label("request_states", entry.before.value) if entry.before else "–"
    after = words.label("request_states", entry.after.value)
    detail = say_remark(say_failure(entry.detail, words), words) if entry.detail else ""
    line = f"<t:{int(entry.at.timestamp())}:f> {who}: {before} → **{after}**"
    return "\n".join(filter(None, (line, clip(detail, _LONGEST_DETAIL))))
