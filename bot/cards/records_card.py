"""The card of what a domain should publish, each value to be copied."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import discord

from bot.cards.fixes import (
    build_panel_link,
    build_provider_select,
    show_field,
    show_hints,
    show_place,
)
from bot.cards.layout import NEUTRAL as NEUTRAL_COLOUR
from bot.cards.layout import assemble
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
from bot.checks.zone_place import ZonePlace
from bot.records.expected import Need, Purpose
from bot.records.provider_form import fill_form
from bot.records.providers import NEUTRAL, choose_provider
from bot.records.zone_file import render_zone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.names import Domain
    from bot.records.expected import Expected, ExpectedRecord
    from bot.records.mail_server import MailServer
    from bot.records.provider_form import Form
    from bot.records.providers import Provider
    from bot.words import Words

_LONGEST_HEAD = 1000  # characters
_LONGEST_WHY = 300  # characters
_LONGEST_FILE_NAME = 100


def build_records_card(
    expected: Expected,
    words: Words,
    items: ItemFactory,
    *,
    remark: str | None = None,
    place: ZonePlace | None = None,
    provider: str | None = None,
    check: int | None = None,
) -> Card:
    """Return the records with why each is needed, and the zone file.

    `remark` says where the domain was taken from, `place` at which name servers it is, `provider`
    is the key of the one whose words its member chose, `check` the number of the domain's check.
    """
    server = expected.server
    place = place or ZonePlace.unknown(expected)
    spoken = choose_provider(provider, place.name_servers)
    facts = records_facts(expected.domain, server, spoken)
    head = [f"## {words.sentence('discord/records_title', facts)}"]
    if intro := words.sentence("discord/records_intro", facts):
        head.append(f"-# {intro}")
    if expected.record(Purpose.DKIM) is None:
        head.append(words.sentence("discord/records_no_key", facts))
    if remark:
        head.append(say_remark(remark, words))
    text = clip("\n".join(head), _LONGEST_HEAD)
    foot = f"-# {words.sentence('discord/records_file', facts)}\n{show_foot(facts, words)}"
    where = show_place(place, words)
    room = MOST_CHARACTERS - width(text) - width(where) - width(foot)
    subject = expected.domain.ascii if check is None else f"all:{check}"
    chosen = choose(show_records(expected, words, spoken, place), room)
    return assemble(
        [[text, where], *([record] for record in chosen), [foot]],
        colour=NEUTRAL_COLOUR,
        selects=build_provider_select(subject, place, spoken, words, items),
        buttons=build_panel_link(spoken, words),
        files=(zone_file(expected, words),),
    )


def records_facts(domain: Domain, server: MailServer, provider: Provider) -> dict[str, Fact]:
    """Return what the templates of both cards of records may say."""
    return {
        "domain": domain.ascii,
        "service": server.name,
        "contact": server.admin_contact,
        "at_sign": provider.apex in {"", "@"},
        "ttl": server.record_ttl,
        "reports": ", ".join(a.removeprefix("mailto:") for a in server.dmarc_rua.split(",") if a),
    }


def show_foot(facts: Mapping[str, Fact], words: Words) -> str:
    """Return the small lines below records: who is served, what TTL means, who gets reports."""
    return words.render("discord/records_foot", facts).strip()


def show_records(
    expected: Expected, words: Words, provider: Provider = NEUTRAL, place: ZonePlace | None = None
) -> list[tuple[str, ...]]:
    """Return each record from its fullest version to the shortest, for a card that has room."""
    zone = (place or ZonePlace.unknown(expected)).zone
    return [
        _versions(expected, record, fill_form(record, zone, provider), words)
        for record in expected.records
    ]


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


def _versions(
    expected: Expected, record: ExpectedRecord, form: Form, words: Words
) -> tuple[str, ...]:
    """Return one record from its fullest version to the shortest."""
    need, name = record.need, form.name
    title = f"### {words.label('purposes', record.purpose.value)} · {words.label('needs', need)}"
    in_file = f"-# {words.sentence('discord/value_in_file', {})}"
    at = [field.key for field in form.small].index("type")
    short = f"{title}\n{' · '.join(show_field(field, words) for field in form.small[: at + 1])}"
    if not is_copyable(form.value.value):
        return (f"{short}\n{in_file}",)
    lines = [title, clip(_why(expected, record, words), _LONGEST_WHY)]
    if need == Need.OPTIONAL or not name.value:
        lines.append(show_field(name, words))
    else:
        label = name.label or words.label("headings", "name")
        lines.append(f"{label}:\n{block(name.value)}")
    if name.other is not None:
        lines.append(f"-# {words.label('cards', 'full_name')} {span(name.other)}")
    fields = _fields(form, words)
    lines.append(fields)
    if hints := show_hints(form, words, name=False):
        lines.append(hints)
    versions = ["\n".join(lines), f"{short}\n{fields}", f"{short}\n{in_file}"]
    if other := _other_spelling(form, words):
        versions.insert(0, "\n".join((*lines, other)))
    return tuple(versions)


def _fields(form: Form, words: Words) -> str:
    """Return the small fields on one line, and the value to be copied."""
    parts = [show_field(field, words) for field in form.small[1:]]
    label = form.value.label or words.label("headings", "value")
    return f"{' · '.join(parts)} · {label}:\n{block(form.value.value)}"


def _other_spelling(form: Form, words: Words) -> str:
    """Return the value as other forms want it; nothing where all want the same."""
    if form.value.other is not None:
        return f"-# {words.label('cards', 'joined')} {span(form.value.other)}"
    if form.parts is not None:
        return f"-# {words.label('cards', 'parts')}\n{block(form.parts)}"
    return ""
