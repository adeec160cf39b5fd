"""Shows what a domain should publish: as a table, as a zone file, as JSON or as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from bot.checks.export.wording import say_hints, say_place
from bot.checks.zone_place import ZonePlace
from bot.console.options import Format
from bot.console.terminal import bullet
from bot.records.expected import Purpose
from bot.records.presentation import joined_value, relative_name
from bot.records.provider_form import fill_form
from bot.records.providers import choose_provider
from bot.records.record_export import to_csv, to_json
from bot.records.zone_file import render_zone

if TYPE_CHECKING:
    from rich.console import Console

    from bot.errors import Fact
    from bot.records.expected import Expected, ExpectedRecord
    from bot.records.provider_form import Form
    from bot.records.providers import Provider
    from bot.words import Words

_LONGEST_NAME = 24  # characters of a name in one line of its cell
_COLUMNS = ("name", "type", "priority", "value", "ttl", "need")
_GAP = 2  # blanks between two columns


def show_records(
    console: Console,
    expected: Expected,
    output: Format,
    words: Words,
    *,
    place: ZonePlace | None = None,
    provider: str | None = None,
) -> None:
    """Print a domain's records with the reason for each.

    `place` is where the domain is, `provider` the key of the one whose words to speak; the table
    alone speaks them.
    """

    def why(record: ExpectedRecord) -> str:
        return words.sentence(f"records/{record.purpose.value}", expected.facts(record))

    def comment(record: ExpectedRecord) -> str:
        return f"{words.label('needs', record.need.value)}: {why(record)}"

    match output:
        case Format.TABLE:
            place = place or ZonePlace.unknown(expected)
            spoken = choose_provider(provider, place.name_servers)
            lines = [_Line(r, fill_form(r, place.zone, spoken), why(r)) for r in expected.records]
            console.print(_title(expected, words), style="bold")
            _show_place(console, place, spoken, words)
            _show_table(console, lines, spoken, words)
            _show_dkim(console, expected, words)
        case Format.ZONE:
            typer.echo(render_zone(expected.records, comment, _title(expected, words)), nl=False)
        case Format.JSON:
            typer.echo(to_json(expected, why), nl=False)
        case Format.CSV:
            typer.echo(to_csv(expected, why), nl=False)


@dataclass(frozen=True, slots=True)
class _Line:
    """One record of the table: as it is, as the form wants it, and what it is for."""

    record: ExpectedRecord
    form: Form
    why: str

    @property
    def title(self) -> str:
        """How the record is told from the others below the table."""
        owner = self.record.owner
        if any(field.key == "service" for field in self.form.small):  # a form that takes it apart
            name = b".".join(owner.labels[:2]).decode("ascii")
        else:
            name = self.form.name.value or relative_name(owner, owner)
        return f"{name} {self.record.type}"


def _title(expected: Expected, words: Words) -> str:
    return words.sentence(
        "console/records_title",
        {"domain": expected.domain.ascii, "service": expected.server.name},
    )


def _show_place(console: Console, place: ZonePlace, spoken: Provider, words: Words) -> None:
    if said := say_place(place.zone, place.name_servers, words):
        console.print(Text(said))
    if spoken.link:
        console.print(Text(f"{words.label('providers', 'page')} {spoken.link}"), soft_wrap=True)


def _show_table(console: Console, lines: list[_Line], spoken: Provider, words: Words) -> None:
    console.print()
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="dim")
    for key in _COLUMNS:
        width = _LONGEST_NAME if key == "name" else None
        table.add_column(
            _heading(key, spoken, words), overflow="fold", no_wrap=key != "name", max_width=width
        )
    room = _room_for_values(console, lines, spoken, words)
    long_lines = [line for line in lines if cell_len(line.form.value.value) > room]
    for line in lines:
        is_long = line in long_lines
        place = f"({long_lines.index(line) + 1})" if is_long else line.form.value.value
        name, *others = _cells(line, place, words)
        table.add_row(Text(name, style="bold"), *(Text(cell) for cell in others))
    console.print(table)
    for number, line in enumerate(long_lines, start=1):
        # One line, however long: a value that is wrapped here cannot be copied.
        console.print(f"\n({number}) {line.title}", style="dim")
        console.print(Text(line.form.value.value), soft_wrap=True)
    console.print(f"\n{words.label('headings', 'why')}", style="bold")
    for line in lines:
        console.print(bullet("·", f"{line.title}: {line.why}"))
    _show_spelling(console, lines, spoken, words)


def _heading(key: str, spoken: Provider, words: Words) -> str:
    return spoken.words.get(key) or words.label("headings", key)


def _show_dkim(console: Console, expected: Expected, words: Words) -> None:
    mx = expected.record(Purpose.MX)
    facts: dict[str, Fact] = {
        "domain": expected.domain.ascii,
        "has_dkim": expected.record(Purpose.DKIM) is not None,
        "mx": joined_value(mx.value, mx.priority) if mx is not None else "",
        "contact": expected.server.admin_contact,
    }
    if said := words.sentence("console/records_dkim", facts):
        console.print()
        console.print(Text(said))


def _cells(line: _Line, value: str, words: Words) -> tuple[str, ...]:
    fields = {field.key: field.value for field in line.form.small}
    name = fields.get("name", "") or f"({words.label('cards', 'empty')})"
    need = words.label("needs", line.record.need.value)
    return (name, fields["type"], fields.get("priority", ""), value, fields["ttl"], need)


def _room_for_values(console: Console, lines: list[_Line], spoken: Provider, words: Words) -> int:
    """Return how wide a value may be to stand in the table in one piece."""
    headings = [_heading(key, spoken, words) for key in _COLUMNS]
    cells = [_cells(line, "", words) for line in lines]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    taken = sum(
        max(cell_len(heading), min(width, _LONGEST_NAME) if key == "name" else width)
        for key, heading, width in zip(_COLUMNS, headings, widths, strict=True)
        if key != "value"
    )
    return console.width - taken - _GAP * (len(_COLUMNS) - 1)


def _show_spelling(console: Console, lines: list[_Line], spoken: Provider, words: Words) -> None:
    """Print the other spelling where it is not known which is wanted, and what else to mind."""
    others = {
        field.value: field.other
        for key in ("name", "value")
        for line in lines
        for field in (line.form.name if key == "name" else line.form.value,)
        if field.other is not None
    }
    hints: dict[str, list[str]] = {}
    for line in lines:
        for hint in say_hints(line.form, words, name=False):
            hints.setdefault(hint, []).append(line.title)
    if others:
        heading = "spelling_known" if spoken.is_known else "spelling"
        console.print(f"\n{words.label('headings', heading)}", style="bold")
        table = Table.grid(padding=(0, 2, 0, 0))
        for typed, other in others.items():
            table.add_row("", Text(typed), Text(other, overflow="fold"))
        console.print(table)
    for line in lines:
        if more := [field for field in line.form.small if field.key not in _COLUMNS]:
            shown = [f"{f.label or words.label('headings', f.key)} {f.value}" for f in more]
            hints.setdefault(" · ".join(shown), []).append(line.title)
    if hints:
        console.print()
    for hint, titles in hints.items():
        console.print(bullet("·", f"{', '.join(titles)}: {hint}"))
    for line in lines:
        if line.form.parts is not None:
            console.print(Text(f"\n{line.title}, {words.label('headings', 'parts')}"), style="dim")
            console.print(Text(line.form.parts), soft_wrap=True)
