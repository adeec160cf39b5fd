"""The card of what a domain should publish, each value to be copied."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import discord

from bot.mail.export import rows
from bot.mail.records import Need, Purpose
from bot.mail.spelling import quoted_parts, txt_parts
from bot.mail.zonefile import render_zone
from bot.ui.budget import MOST_CHARACTERS, choose, width
from bot.ui.card import NEUTRAL, assemble
from bot.ui.text import block, clip, is_copyable, say_remark, span

if TYPE_CHECKING:
    from bot.checks.finding import Fact
    from bot.mail.export import Row
    from bot.mail.records import Expected, ExpectedRecord
    from bot.text import Words
    from bot.ui.card import Card

_LONGEST_HEAD = 1000  # characters
_LONGEST_WHY = 300  # characters
_LONGEST_FILE_NAME = 100


def build_records_card(expected: Expected, words: Words, *, remark: str | None = None) -> Card:
    """Return the records with why each is needed, and the zone file.

    `remark` says where the domain was taken from.
    """
    server = expected.server
    facts: dict[str, Fact] = {
        "domain": expected.domain.ascii,
        "service": server.name,
        "contact": server.admin_contact,
    }
    head = [f"## {words.sentence('discord/records_title', facts)}"]
    head.append(f"-# {words.sentence('discord/records_intro', facts)}")
    if expected.record(Purpose.DKIM) is None:
        head.append(words.sentence("discord/records_no_key", facts))
    if remark:
        head.append(say_remark(remark, words))
    text = clip("\n".join(head), _LONGEST_HEAD)
    foot = f"-# {words.sentence('discord/records_file', facts)}"
    room = MOST_CHARACTERS - width(text) - width(foot)
    chosen = choose(show_records(expected, words), room)
    return assemble(
        [[text], *([record] for record in chosen), [foot]],
        colour=NEUTRAL,
        files=(zone_file(expected, words),),
    )


def show_records(expected: Expected, words: Words) -> list[tuple[str, ...]]:
    """Return each record from its fullest version to the shortest, for a card that has room."""
    listed = rows(expected, lambda record: _why(expected, record, words))
    return [_versions(row, words) for row in listed]


def zone_file(expected: Expected, words: Words) -> discord.File:
    """Return the records as a commented zone file that phones open, too."""
    plain = words.plain
    title = plain.sentence(
        "console/records_title",
        {"domain": expected.domain.ascii, "service": expected.server.name},
    )

    def comment(record: ExpectedRecord) -> str:
        return f"{plain.label('needs', record.need.value)}: {_why(expected, record, plain)}"

    text = render_zone(expected.records, comment, title)
    name = expected.domain.ascii
    if len(name) > _LONGEST_FILE_NAME:
        name = "records"
    return discord.File(io.BytesIO(text.encode("utf-8", "replace")), filename=f"{name}.zone.txt")


def _why(expected: Expected, record: ExpectedRecord, words: Words) -> str:
    return words.sentence(f"records/{record.purpose.value}", expected.facts(record))


def _versions(row: Row, words: Words) -> tuple[str, ...]:
    """Return one record from its fullest version to the shortest."""
    title = f"### {words.label('purposes', row.purpose)} · {words.label('needs', row.need)}"
    in_file = f"-# {words.sentence('discord/value_in_file', {})}"
    short = f"{title}\n{_field('name', row.name, words)} · {_field('type', row.type, words)}"
    if not is_copyable(row.value):
        return (f"{short}\n{in_file}",)
    why = clip(row.why, _LONGEST_WHY)
    full = f"-# {words.label('cards', 'full_name')} {span(row.full_name)}"
    form = _form(row, words)
    if row.need == Need.OPTIONAL:
        name = _field("name", row.name, words)
    else:
        name = f"{words.label('headings', 'name')}:\n{block(row.name)}"
    lines = [title, why, name, full, form]
    versions = ["\n".join(lines), f"{short}\n{form}", f"{short}\n{in_file}"]
    if other := _other_spelling(row, words):
        versions.insert(0, "\n".join((*lines, other)))
    return tuple(versions)


def _form(row: Row, words: Words) -> str:
    """Return the small fields on one line, and the value to be copied."""
    parts = [_field("type", row.type, words)]
    if row.priority is not None:
        parts.append(_field("priority", str(row.priority), words))
    parts.append(_field("ttl", str(row.ttl), words))
    return f"{' · '.join(parts)} · {words.label('headings', 'value')}:\n{block(row.value)}"


def _other_spelling(row: Row, words: Words) -> str:
    """Return the value as other providers want it; nothing where all want the same."""
    if row.priority is not None:
        return f"-# {words.label('cards', 'joined')} {span(row.joined_value)}"
    if row.type == "SRV":
        keys = ("priority", "weight", "port", "target")
        facts: dict[str, Fact] = dict(zip(keys, row.value.split(), strict=True))
        return f"-# {words.sentence('discord/srv_fields', facts)}"
    if row.type == "TXT" and len(txt_parts(row.value)) > 1:
        return f"-# {words.label('cards', 'parts')}\n{block(quoted_parts(row.value))}"
    return ""


def _field(key: str, value: str, words: Words) -> str:
    return f"{words.label('headings', key)} {span(value)}"
