"""Figures: a value, its target, and whether it is met; as text and as the table of the README."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Final

from benchmarks.child import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

README: Final = Path(__file__).with_name("README.md")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value in a unit; `detail` says how it came about.

    `target` is the most that it may be, or with `at_least` the least; None where there is none.
    """

    what: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    detail: str = ""

    @classmethod
    def by_bound(
        cls,
        what: str,
        times: Times,
        bound: float,
        target: float | None = None,
        detail: str = "",
    ) -> Figure:
        """Return the median of some times as a multiple of the least time possible, in ms."""
        parts = (f"{times.median:.1f} ms of {bound:.0f}", detail, times.spread)
        said = "; ".join(part for part in parts if part)
        return cls(what, times.median / bound, "×", target, detail=said)

    @property
    def verdict(self) -> str:
        """Whether the target is met, else by how much of it the value misses."""
        if self.target is None:
            return "–"
        short = self.target - self.value if self.at_least else self.value - self.target
        return "met" if short <= 0 else f"missed by {100 * short / self.target:.1f} %"

    def cells(self) -> tuple[str, str, str, str, str]:
        """Return it as what, value, target, verdict and detail."""
        value = f"{_number(self.value, self.unit)} {self.unit}"
        target = "–"
        if self.target is not None:
            sign = "≥" if self.at_least else "≤"
            target = f"{sign} {_number(self.target, self.unit)} {self.unit}"
        return self.what, value, target, self.verdict, self.detail


@dataclass(frozen=True, slots=True)
class Times:
    """Times of one thing measured often, in ms."""

    values: tuple[float, ...]

    @classmethod
    def of_seconds(cls, seconds: Iterable[float]) -> Times:
        """Return the times that were measured in seconds."""
        return cls(tuple(1000 * s for s in seconds))

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.values)

    def percentile(self, share: int) -> float:
        """Return the time that so many per cent do not exceed."""
        return quantiles(self.values, n=100, method="inclusive")[share - 1]

    @property
    def spread(self) -> str:
        """The median's company: how many, the middle four fifths, and the extremes."""
        low, high = self.percentile(10), self.percentile(90)
        return (
            f"n={len(self.values)}, p10–p90 {low:.1f}–{high:.1f}, "
            f"all {min(self.values):.1f}–{max(self.values):.1f}"
        )


def format_line(figure: Figure) -> str:
    """Return a figure as text, on two lines where it has a detail."""
    what, value, target, verdict, detail = figure.cells()
    line = f"{what:<70} {value:>10}  {target:>12}  {verdict}"
    return f"{line}\n    {detail}" if detail else line


def format_table(figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table."""
    rows = ["| | measured | target | | how |", "|---|---:|---:|---|---|"]
    rows += ["| " + " | ".join(figure.cells()) + " |" for figure in figures]
    return "\n".join(rows) + "\n"


def write_part(part: str, text: str, page: Path = README) -> None:
    """Put a text between the marks `<!-- part -->` and `<!-- end of part -->` of a page.

    Raises:
        BenchmarkError: it has no such marks.

    """
    whole = page.read_text(encoding="utf-8")
    before, begin, rest = whole.partition(f"<!-- {part} -->\n")
    _, end, after = rest.partition(f"<!-- end of {part} -->\n")
    if not begin or not end:
        raise BenchmarkError(f"{page.name} has no place marked for the {part}.")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def _number(value: float, unit: str) -> str:
    if value >= 1000 or value == round(value):
        return f"{value:.0f}"
    return f"{value:.2f}" if value < 10 and unit in {"×", "s"} else f"{value:.1f}"
