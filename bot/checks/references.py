"""The RFC section that a finding's rule comes from, read from `references.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.checks.finding import Finding


@dataclass(frozen=True, slots=True)
class Reference:
    """One section of an RFC: "4.6.4", or "C.5.2" of an appendix."""

    rfc: int
    section: str

    @property
    def url(self) -> str:
        """Where it can be read."""
        kind = "appendix" if self.section[0].isalpha() else "section"
        return f"https://www.rfc-editor.org/rfc/rfc{self.rfc}#{kind}-{self.section}"

    @property
    def name(self) -> str:
        """How people cite it."""
        kind = "appendix" if self.section[0].isalpha() else "section"
        return f"RFC {self.rfc}, {kind} {self.section}"


@dataclass(frozen=True, slots=True)
class References:
    """All of them, by the code of a finding; `by_check` goes first where a code has several."""

    by_code: Mapping[str, Reference]
    by_check: Mapping[str, Mapping[str, Reference]]

    def of(self, finding: Finding) -> Reference:
        """Return the one of a finding. Raises KeyError for a code that has none."""
        theirs = self.by_check.get(finding.code, {})
        return theirs.get(finding.check.value) or self.by_code[finding.code]


@cache
def load_references() -> References:
    """Return what the file holds; it is read once."""
    raw = tomllib.loads((files("bot.checks") / "references.toml").read_text(encoding="utf-8"))
    return References(
        _read(raw["rules"]), {code: _read(rows) for code, rows in raw["by_check"].items()}
    )


def _read(rows: dict[str, tuple[int, str]]) -> dict[str, Reference]:
    return {key: Reference(rfc, section) for key, (rfc, section) in rows.items()}
