"""Shows what a domain should publish: as a table, as a zone file, as JSON or as CSV."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import typer
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from bot.console.terminal import bullet
from bot.mail.export import rows, to_csv, to_json
from bot.mail.zonefile import render_zone

if TYPE_CHECKING:
    from rich.console import Console

    from bot.checks.finding import Fact
    from bot.mail.export import Row
    from bot.mail.records import Expected, ExpectedRecord
    from bot.text import Words

_LONGEST_NAME = 24  # characters of a name in one line of its cell
_COLUMNS = ("name", "type", "priority", "value", "ttl", "need")
_GAP = 2  # blanks between two columns


class Format(StrEnum):
    """How to print records."""

    TABLE = "table"
    ZONE = "zone"
    JSON = "json"
    CSV = "csv"


def show_records(console: Console, expected: Expected, output: Format, words: Words) -> None:
    """Print a domain's records with the reason for each."""

    def why(record: ExpectedRecord) -> str:
        return words.sentence(f"records/{record.purpose.value}", expected.facts(record))

    def comment(record: ExpectedRecord) -> str:
        return f"{words.label('needs', record.need.value)}: {why(record)}"

    match output:
        case Format.TABLE:
            _show_table(console, rows(expected, why), expected, words)
        case Format.ZONE:
            typer.echo(render_zone(expected.records, comment, _title(expected, words)), nl=False)
        case Format.JSON:
            typer.echo(to_json(expected, why), nl=False)
        case Format.CSV:
            typer.echo(to_csv(expected, why), nl=False)


def _title(expected: Expected, words: Words) -> str:
    return words.sentence(
        "console/records_title",
        {"domain": expected.domain.ascii, "service": expected.server.name},
    )


def _show_table(
    console: Console, listed: tuple[Row, ...], expected: Expected, words: Words
) -> None:
    console.print(_title(expected, words), style="bold")
    console.print()
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="dim")
    for key in _COLUMNS:
        width = _LONGEST_NAME if key == "name" else None
        table.add_column(
            words.label("headings", key), overflow="fold", no_wrap=key != "name", max_width=width
        )
    room = _room_for_values(console, listed, words)
    long_rows = [row for row in listed if cell_len(row.value) > room]
    for row in listed:
        place = f"({long_rows.index(row) + 1})" if row in long_rows else row.value
        name, *others = _cells(row, place, words)
        table.add_row(Text(name, style="bold"), *(Text(cell) for cell in others))
    console.print(table)
    for number, row in enumerate(long_rows, start=1):
        # One line, however long: a value that is wrapped here cannot be copied.
        console.print(f"\n({number}) {row.name} {row.type}", style="dim")
        console.print(Text(row.value), soft_wrap=True)
    console.print(f"\n{words.label('headings', 'why')}", style="bold")
    for row in listed:
        console.print(bullet("·", f"{row.name} {row.type}: {row.why}"))
    _show_full_names(console, listed, words)
    facts: dict[str, Fact] = {
        "domain": expected.domain.ascii,
        "has_dkim": any(row.purpose == "dkim" for row in listed),
        "mx": next((row.joined_value for row in listed if row.type == "MX"), ""),
        "contact": expected.server.admin_contact,
    }
    if said := words.sentence("console/records_dkim", facts):
        console.print()
        console.print(Text(said))


def _cells(row: Row, value: str, words: Words) -> tuple[str, ...]:
    priority = "" if row.priority is None else str(row.priority)
    need = words.label("needs", row.need)
    return (row.name, row.type, priority, value, str(row.ttl), need)


def _room_for_values(console: Console, listed: tuple[Row, ...], words: Words) -> int:
    """Return how wide a value may be to stand in the table in one piece."""
    headings = [words.label("headings", key) for key in _COLUMNS]
    lines = [_cells(row, "", words) for row in listed]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    taken = sum(
        max(cell_len(heading), min(width, _LONGEST_NAME) if key == "name" else width)
        for key, heading, width in zip(_COLUMNS, headings, widths, strict=True)
        if key != "value"
    )
    return console.width - taken - _GAP * (len(_COLUMNS) - 1)


def _show_full_names(console: Console, listed: tuple[Row, ...], words: Words) -> None:
    """Print the other spelling of names and of the MX value, since providers differ."""
    console.print(f"\n{words.label('headings', 'spelling')}", style="bold")
    table = Table.grid(padding=(0, 2, 0, 0))
    names = {row.name: row.full_name for row in listed}
    for name, full in names.items():
        table.add_row("", Text(name), Text(full, overflow="fold"))
    for row in listed:
        if row.priority is not None:
            table.add_row("", Text(row.value), Text(row.joined_value, overflow="fold"))
    console.print(table)
