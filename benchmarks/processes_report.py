"""What came of the soak of several processes: as text, and as the table of the README."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.processes_disturbances import Disturbance
    from benchmarks.processes_probe import Gap
    from benchmarks.processes_seats import Life
    from benchmarks.processes_verdict import Verdict

MOST_GROWTH: Final = 1.2  # of the memory of a process that lives for minutes
_POLLED: Final = 15.0  # seconds beyond a lease, in which it is seen that this has run out
_LONG: Final = 60  # samples of a process that tell whether it grows
_TAKEN: Final = {"watched": "looks", "request": "requests", "rotation": "rotations"}
_SHOWN: Final = 20  # lines of what was lost, and of what was doubled


@dataclass(frozen=True, slots=True)
class SoakResult:
    """What came of a soak; times are in seconds."""

    verdict: Verdict
    gaps: tuple[Gap, ...]
    takeovers: dict[str, list[float]]  # by the table
    leases: dict[str, float]  # likewise
    lives: tuple[Life, ...]
    disturbances: tuple[Disturbance, ...]
    commands: int
    refused: int
    seconds: float

    def missed(self) -> Iterator[str]:
        """Yield what is not as it has to be."""
        yield from (f"doubled: {text}" for text in self.verdict.doubled)
        yield from (f"lost: {text}" for text in self.verdict.lost)
        yield from self.verdict.said
        for gap in self.gaps:
            if gap.allowed is not None and gap.seconds > gap.allowed:
                yield f"{gap.seconds:.1f} s without an answer ({gap.cause})"
        for table, times in self.takeovers.items():
            if times and max(times) > self.leases[table] + _POLLED:
                yield f"taken over only after {max(times):.1f} s ({table})"
        for life in self.lives:
            if _growth(life) > MOST_GROWTH:
                yield f"{life.seat} ({life.pid}) grew by {_growth(life):.2f}"


class Row(NamedTuple):
    """A line of the table."""

    what: str
    measured: str
    target: str
    how: str


def make_rows(result: SoakResult) -> Iterator[Row]:
    """Yield the figures of a soak."""
    counts = result.verdict.counts
    yield Row(
        "Lost",
        str(len(result.verdict.lost)),
        "0",
        f"{counts['looks settled']} looks, {counts['messages']} messages, {counts['keys']} keys, "
        f"{counts['incidents']} incidents, {counts['requests']} requests with "
        f"{counts['transitions']} transitions, {counts['rotations']} rotations",
    )
    yield Row(
        "Doubled",
        str(len(result.verdict.doubled)),
        "0",
        f"{counts['looks begun']} looks begun, of which {counts['looks begun again']} again after "
        f"a lease; {counts['MX questions']} times asked for the MX of these domains; "
        f"{counts['tries to send one']} tries to send a message",
    )
    for table, times in result.takeovers.items():
        if times:
            yield Row(
                f"Taken over by the rest: {_TAKEN[table]}",
                f"{max(times):.1f} s",
                f"≤ {result.leases[table]:g} + {_POLLED:g} s",
                f"{len(times)} leases of killed processes; median {statistics.median(times):.1f} s",
            )
    by_cause: dict[str, list[Gap]] = defaultdict(list)
    for gap in result.gaps:
        by_cause[gap.cause].append(gap)
    for cause, gaps in sorted(by_cause.items()):
        times = [gap.seconds for gap in gaps]
        allowed = max((gap.allowed for gap in gaps if gap.allowed is not None), default=None)
        yield Row(
            f"Commands refused: {cause}",
            f"{max(times):.1f} s",
            "–" if allowed is None else f"≤ {allowed:g} s",
            f"{len(times)} times; median {statistics.median(times):.1f} s",
        )
    yield Row(
        "Commands refused in all",
        f"{result.refused} of {result.commands}",
        "–",
        "two a second",
    )
    long = [life for life in result.lives if len(life.files) >= _LONG]
    if long:
        files = max(life.files[-1] - life.files[len(life.files) // 4] for life in long)
        memory = max(map(_growth, long))
        yield Row(
            "Growth of processes that live for minutes",
            f"{files} descriptors, memory × {memory:.2f}",
            f"memory ≤ {MOST_GROWTH} ×",
            f"the most of {len(long)} processes, from their first quarter to their end",
        )


def describe(result: SoakResult) -> str:
    """Return what there was, in a line or two."""
    kinds: dict[str, int] = defaultdict(int)
    for one in result.disturbances:
        kinds[one.what] += 1
    by_itself = [life for life in result.lives if not life.was_killed and life.code]
    return (
        f"{result.seconds / 60:.0f} minutes, {len(result.lives)} processes, "
        f"{len(by_itself)} of which ended by themselves and were started again; "
        + ", ".join(f"{what} {number} ×" for what, number in sorted(kinds.items()))
    )


def format_report(result: SoakResult) -> str:
    """Return the figures as text, with what is not as it has to be."""
    lines = [describe(result)]
    for row in make_rows(result):
        lines += [f"{row.what:<50} {row.measured:>24}  {row.target:>12}", f"    {row.how}"]
    missed = list(result.missed())
    lines += [f"MISSED: {text}" for text in missed[:_SHOWN]]
    if len(missed) > _SHOWN:
        lines.append(f"and {len(missed) - _SHOWN} more")
    return "\n".join(lines)


def format_table(result: SoakResult) -> str:
    """Return the figures as a Markdown table."""
    lines = ["| | measured | target | how |", "|---|---:|---:|---|"]
    lines += ["| " + " | ".join(row) + " |" for row in make_rows(result)]
    return "\n".join(lines) + "\n"


def _growth(life: Life) -> float:
    """Return the memory of a process at its end by that in the first quarter of its life."""
    if len(life.memory) < _LONG:
        return 1.0
    tenth = len(life.memory) // 10
    warm = life.memory[2 * tenth : 3 * tenth]
    return statistics.median(life.memory[-tenth:]) / statistics.median(warm)
