"""Reads files of rows with what each field may say, and checks that `providers.toml` is right."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import MISSING, field, fields, make_dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from bot.errors import ConfigError
from bot.records.providers import DATA, OTHER, Provider, load_providers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_File = TypeVar("_File")

_LABEL = r"[a-z0-9_](?:[a-z0-9-]*[a-z0-9])?"
_FORM_FIELDS = (
    *("name", "type", "priority", "ttl"),
    *("service", "protocol", "weight", "port"),  # of SRV
)
_RECORD_TYPES = ("A", "AAAA", "CNAME", "MX", "SRV", "TXT")


def one_of(*words: str) -> object:
    """Return the pydantic constraint that a field is one of these words."""
    return Field(pattern=f"^(?:{'|'.join(words)})$")


Key = Annotated[str, Field(pattern="^[a-z][a-z0-9-]{1,31}$")]
# What a form says stands in Discord messages and on terminals as it is here: no Markdown in it.
Text = Annotated[str, Field(pattern=r"^(?:[^\W_]|[ ,.()/:-]){1,60}$")]
Address = Annotated[str, Field(pattern="^https?://[!-~]+$")]
# The end of name servers' names, at least two labels; a * in the first one stands for digits.
End = Annotated[str, Field(pattern=rf"^[a-z0-9-]*[a-z0-9*](?:\.{_LABEL})+$")]
Day = Annotated[dt.date, Field(strict=True)]
Seconds = Annotated[int, Field(strict=True, ge=1)]
FormWords = Annotated[
    Mapping[Annotated[str, one_of(*_FORM_FIELDS, *_RECORD_TYPES)], Text],
    AfterValidator(MappingProxyType),
]
TypeWords = Annotated[
    Mapping[Annotated[str, one_of(*_RECORD_TYPES)], Text], AfterValidator(MappingProxyType)
]


_FIELDS: Final[Mapping[str, Any]] = {
    "key": Key,
    "name": Text,
    "link": Address,
    "sources": tuple[Address, ...],
    "date": Day,
    "date_is": Annotated[str, one_of("stated", "read")],
    "name_servers": tuple[End, ...],
    "beside": Key,
    "words": FormWords,
    "types": TypeWords,
    "apex": Annotated[str, one_of("@", "empty", "full")],
    "names": Annotated[str, one_of("short", "full")],
    "final_dot": Annotated[str, one_of("needed", "accepted", "none")],
    "quotes": Annotated[str, one_of("needed", "none")],
    "long_text": Annotated[str, one_of("whole", "parts", "limit")],
    "long_way": Text,
    "priority": Annotated[str, one_of("own", "joined")],
    "srv": Annotated[str, one_of("own", "split", "bare", "joined")],
    "protocol": Annotated[str, one_of("_tcp", "tcp", "TCP")],
    "proxy": Text,
    "ttl_auto": Text,
    "ttl_least": Seconds,
}


def _anew(given: dataclasses.Field[Any]) -> Any:
    """Return a field with the same default, if any; each belongs to one class."""
    if given.default_factory is not MISSING:
        return field(default_factory=given.default_factory)
    return field() if given.default is MISSING else field(default=given.default)


_CLOSED: Final = {"__pydantic_config__": ConfigDict(extra="forbid")}
_Row: Any = make_dataclass(
    "_Row", [(f.name, _FIELDS[f.name], _anew(f)) for f in fields(Provider)], namespace=_CLOSED
)
_Rows: Any = make_dataclass("_Rows", [("provider", tuple[_Row, ...])], namespace=_CLOSED)


def check_providers(path: Path = DATA) -> tuple[Provider, ...]:
    """Return the providers of a file that is right.

    Raises:
        ConfigError: the file is no TOML, or a row says what none may; one line a fault.

    """
    read_rows(path, _Rows, "provider")
    rows = load_providers(path)
    if faults := tuple(find_faults(rows, OTHER)):
        raise refuse(path, faults)
    return rows


def read_rows(path: Path, kind: type[_File], table: str) -> _File:
    """Return what a TOML file says, whose rows stand below `[[table]]`.

    Raises:
        ConfigError: the file is no TOML, or a row says what none may; one line a fault.

    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # no TOML, or no text
        raise refuse(path, (f"this is no TOML ({error}).",)) from error
    try:
        return TypeAdapter(kind).validate_python(raw)
    except ValidationError as error:
        raise refuse(path, _word_faults(error, raw.get(table))) from error


def refuse(path: Path, faults: Iterable[str]) -> ConfigError:
    """Return what says the faults of a file, one line each."""
    return ConfigError(tuple(f"{path.name}: {fault}" for fault in faults))


def _word_faults(error: ValidationError, rows: object) -> Iterator[str]:
    """Yield one line for each fault of single fields, naming the row and the field."""
    for fault in error.errors():
        place = [str(part) for part in fault["loc"] if part != "[key]"]
        if len(place) > 1 and isinstance(rows, list):
            row = rows[int(place[1])]
            key = row.get("key") if isinstance(row, dict) else None
            place[:2] = [key if isinstance(key, str) else f"row {int(place[1]) + 1}"]
        shown = "" if fault["type"] == "missing" else f", not {fault['input']!r}"
        yield f"{': '.join(place)}: {fault['msg']}{shown}."


def find_faults(rows: Sequence[Provider], taken: str) -> Iterator[str]:
    """Yield what is wrong between the fields of a row, and between rows; one line a fault.

    No row has the key `taken`.
    """
    if not rows:
        yield "The file has no [[provider]]."
    for row in rows:
        if row.key == taken:
            yield f"{row.key}: This key stands for all providers that have no row."
        if not row.sources:
            yield f"{row.key}: sources: There has to be one."
        if (row.long_text == "limit") != bool(row.long_way):
            yield f'{row.key}: long_way goes with long_text = "limit", and with nothing else.'
        if row.protocol != "_tcp" and row.srv not in {"split", "bare"}:
            yield f"{row.key}: protocol goes with a form that has a field for it."
        if bool(row.name_servers) == bool(row.beside):
            yield f"{row.key}: A row has either name_servers or beside."
    for unique in ("key", "name"):
        for value, count in Counter(getattr(row, unique) for row in rows).items():
            if count > 1:
                yield f"Two rows have the {unique} {value}."
    owners = {row.key for row in rows if row.name_servers}
    for row in rows:
        if row.beside and row.beside not in owners:
            yield f"{row.key}: beside names no row with name servers."
    ends = [(row.key, end) for row in rows for end in row.name_servers]
    for key, end in ends:
        for other, longer in ends:
            if longer != end and longer.endswith(f".{end}"):
                yield f"{other}: {longer} lies below {end} of {key}."
    for end, count in Counter(end for _, end in ends).items():
        if count > 1:
            yield f"Two rows have the name servers {end}."
