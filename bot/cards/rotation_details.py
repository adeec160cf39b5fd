"""The details of a rotation for admins: its record, every name server, and what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.cards.layout import NEUTRAL, assemble
from bot.cards.markdown import (
    MOST_CHARACTERS,
    block,
    choose,
    clip,
    is_copyable,
    say_remark,
    span,
    width,
)
from bot.cards.request_card import mention
from bot.cards.rotation_words import count_facts, show_server, state_word, title_of
from bot.checks.dkim.selectors import selector_name
from bot.checks.dkim.server_records import load_servers
from bot.names import text_of
from bot.requests.failure import say_failure
from bot.requests.model import ActorKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cards.layout import Card
    from bot.rotations.rotation import Rotation, RotationEntry
    from bot.words import Words

_MOST_SERVERS: Final = 10
_MOST_ENTRIES: Final = 10
_LONGEST_DETAIL: Final = 300  # characters
_ROOM_FOR_RECORD: Final = 1500  # characters
_ROOM_FOR_REST: Final = 200  # characters, for what counts the lines that are left out


def build_rotation_details(
    rotation: Rotation, entries: Sequence[RotationEntry], words: Words
) -> Card:
    """Return the new record, what each name server has, and who did what when, latest first."""
    head = f"## {title_of(rotation, words)}\n{state_word(rotation, words)}"
    servers = _show_servers(rotation, words)
    (record,) = choose([(_show_record(rotation, words), "")], _ROOM_FOR_RECORD)
    lines = [_say_entry(entry, words) for entry in reversed(entries)]
    room = MOST_CHARACTERS - sum(map(width, (head, record, servers))) - _ROOM_FOR_REST
    chosen = choose([(line, "") for line in lines[:_MOST_ENTRIES]], room - _MOST_ENTRIES)
    shown = [line for line in chosen if line]
    history = [f"### {words.label('rotation', 'history')}", *shown]
    if rest := len(lines) - len(shown):
        history.append(_say_more(rest, words))
    return assemble([[head], [record], [servers], ["\n".join(history)]], colour=NEUTRAL)


def _show_record(rotation: Rotation, words: Words) -> str:
    """Return the new record, to be handed on by whoever reads it; nothing before there is one."""
    name = selector_name(rotation.domain, rotation.selector)
    if name is None or not is_copyable(rotation.value) or not rotation.value:
        return ""
    said = words.sentence("discord/rotation_details_record", {})
    title = f"### {words.label('rotation', 'record')}\n{said}"
    return f"{title}\n{span(text_of(name))} TXT\n{block(rotation.value)}"


def _show_servers(rotation: Rotation, words: Words) -> str:
    """Return what each name server had at the last look; nothing before the first one."""
    records = load_servers(rotation.servers)
    if not records.servers:
        return ""
    lines = [show_server(server, words) for server in records.servers[:_MOST_SERVERS]]
    if rest := len(records.servers) - len(lines):
        lines.append(_say_more(rest, words))
    title = f"### {words.label('rotation', 'servers')}"
    count = words.sentence("discord/rotation_servers", count_facts(rotation))
    return "\n".join((title, count, *lines))


def _say_entry(entry: RotationEntry, words: Words) -> str:
    who = words.label("actors", entry.actor.kind.value)
    if entry.actor.kind is not ActorKind.BOT and entry.actor.id is not None:
        who = f"{who} {mention(entry.actor.id, words)}"
    after = words.label("rotation_states", entry.after.value)
    line = f"<t:{int(entry.at.timestamp())}:f> {who}: **{after}**"
    if not entry.detail:
        return line
    detail = say_remark(say_failure(entry.detail, words), words)
    return f"{line}\n{clip(detail, _LONGEST_DETAIL)}"


def _say_more(count: int, words: Words) -> str:
    return f"-# {words.sentence('discord/more_records', {'count': count})}"
