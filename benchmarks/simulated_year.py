"""A year of the watch in simulated time: `python -m benchmarks.simulated_year`, or `make year`.

The real parts run over one SQLite file: looks, judgement, worker, news and outbox. Their clock, the
DNS, the mail server and Discord are simulated. 500 domains follow the guide; 2 % of all questions
are lost; 40 domains break, 10 of them again and again; others are broken for minutes only; domains
come and go; the mail server has faults of its own; and the program is cut short 50 times and killed
ten times more. Printed is what was told wrongly, late, twice or not at all, and the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import resource
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.breakages import KEY, KINDS
from benchmarks.changing_dns import ChangingDns, LossyChecker
from benchmarks.child import BenchmarkError
from benchmarks.ours import key_of
from benchmarks.simulated_watch import MESSAGES, simulate
from benchmarks.simulated_world import read_clock
from benchmarks.told_messages import read_messages
from benchmarks.watch_verdict import Verdict, WatchVerdict
from benchmarks.year_script import BEGIN, MONTH, YEAR, YearScript, make_zones
from benchmarks.zones import make_server
from bot.checks.finding import Status
from bot.names import Domain

if TYPE_CHECKING:
    from benchmarks.simulated_world import WorldCounts
    from benchmarks.told_messages import ToldMessage
    from bot.checks.report import Report

SEED: Final = 1
_RIGHT: Final = frozenset({Status.PASS, Status.INFO})


@dataclass
class YearFigures:
    """What a simulation took, over all of its processes, and what is said of it."""

    looks: int = 0
    checks: int = 0  # made for them: one that would see the very same answers is not made again
    questions: int = 0
    lost: int = 0
    kills: int = 0

    def add(self, world: WorldCounts) -> None:
        """Add what one process counted."""
        self.looks += int(world[0])
        self.checks += int(world[1])
        self.questions += int(world[2])
        self.lost += int(world[3])


async def find_bad_checks(script: YearScript) -> dict[str, frozenset[str]]:
    """Return which checks are bad while a domain is broken, by a look that loses nothing.

    What is only at risk counts where it was better before, so not where nobody saw that.
    """
    dns = ChangingDns(make_zones(script), lambda: BEGIN)
    checker = LossyChecker(dns, make_server(), lambda: BEGIN, share=0)
    found = {}
    for breakage in script.breakages:
        domain = Domain.from_ascii(breakage.domain)
        before = _statuses(await checker.check(domain, key_of(KEY)))
        dns.publish(breakage.domain, KINDS[breakage.kind](script.zones[breakage.domain].text))
        dns.forget()
        after = _statuses(await checker.check(domain, key_of(KEY)))
        was_seen = breakage.begins > BEGIN
        found[breakage.domain] = frozenset(
            check
            for check, status in after.items()
            if status is Status.FAIL
            or (status is Status.WARN and before[check] in _RIGHT and was_seen)
        )
    return found


def _statuses(report: Report) -> dict[str, Status]:
    return {result.check.value: result.status for result in report.results}


def judge(folder: Path, script: YearScript) -> Verdict:
    """Return the verdict on what was told in the simulation of a folder."""
    checks = asyncio.run(find_bad_checks(script))
    return WatchVerdict(script, read_messages(folder / MESSAGES), checks).judge()


def run_with_kills(folder: Path, script: YearScript, seed: int) -> YearFigures:
    """Simulate in a process that is killed as often as the script wants, and begun again."""
    chance = random.Random(seed)
    kills = sorted(
        BEGIN + (script.ends - BEGIN) * chance.random() for _ in range(script.extent.kills)
    )
    figures = YearFigures()
    fork = multiprocessing.get_context("fork")
    for run, killed_at in enumerate((*kills, None)):
        counts = fork.RawArray("d", 4)
        child = fork.Process(target=_run_child, args=(folder, script, run, counts))
        child.start()
        if killed_at is not None:
            while child.is_alive() and read_clock(folder) < killed_at:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.05))
            child.kill()
        child.join()
        figures.add(counts)
        figures.kills += child.exitcode == -signal.SIGKILL
        if killed_at is None and child.exitcode:
            raise BenchmarkError("the simulation ended early; what it says is above.")
    return figures


def _run_child(folder: Path, script: YearScript, run: int, counts: WorldCounts) -> None:
    asyncio.run(simulate(folder, script, run=run, counts=counts))


def show(figures: YearFigures, verdict: Verdict, messages: list[ToldMessage]) -> None:
    """Print the figures of a simulation."""
    sent = {m.number: m for m in messages}
    kinds = Counter(m.what for m in sent.values())
    print(
        f"{figures.looks} looks, {figures.checks} checks made for them, {figures.questions} "
        f"questions, {figures.lost / max(figures.questions, 1):.1%} of them lost"
    )
    print(f"messages: {', '.join(f'{kind} {n}' for kind, n in kinds.most_common())}")
    print(f"edits: {len(messages) - len(sent)}, kills: {figures.kills}")
    for what, times in (("a fault was told", verdict.opening), ("its end", verdict.ending)):
        hours = sorted(time / timedelta(hours=1) for time in times)
        if hours:
            middle, latest = statistics.median(hours), hours[-1]
            print(f"{what} after {middle:.1f} h (median), {latest:.1f} h (latest), n={len(hours)}")


def main() -> int:
    """Simulate, and print what was wrong; the code is 1 where anything was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--month", action="store_true", help="a month of it")
    parser.add_argument("--domains", type=int, help="as many, where it has to take less time")
    options = parser.parse_args()
    extent = MONTH if options.month else YEAR
    if options.domains is not None:
        extent = replace(extent, domains=options.domains)
    script = YearScript(extent, options.seed)
    started = time.monotonic()
    # Nothing is lost by a kill of what a process has written, so that it may be in memory.
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        folder = Path(name)
        figures = run_with_kills(folder, script, options.seed)
        verdict = judge(folder, script)
        show(figures, verdict, read_messages(folder / MESSAGES))
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.monotonic() - started
    print(f"{seconds:.0f} s, {cpu.ru_utime + cpu.ru_stime:.0f} s of CPU, seed {options.seed}")
    print("\n".join(verdict.problems) or "nothing was told wrongly, late, twice or not at all")
    return 1 if verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main())
