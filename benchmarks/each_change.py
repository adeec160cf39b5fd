"""What each change brought: sweeps by the tree of a commit and by the one before, in turns.

`python -m benchmarks.each_change COMMIT …` compares each commit with its parent, on the same world.
Each tree sweeps in a fresh process of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.authority import run_authority
from benchmarks.child import ROOT, BenchmarkError
from benchmarks.figures import write_part
from benchmarks.one_domain import DELAY
from benchmarks.proxy import run_proxy
from benchmarks.sweep import run_sweep
from benchmarks.zones import MEMBER, PLAIN_MEMBER, make_world
from bot.errors import CowbellError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DOMAINS: Final = 300
ROUNDS: Final = 5


class Change(NamedTuple):
    """A commit: its subject, and the folders of the trees before it and with it."""

    subject: str
    before: Path
    after: Path


class Cost(NamedTuple):
    """What a sweep takes: ms of CPU a domain, and MB at its peak."""

    cpu: float
    peak: float


@contextmanager
def lay_out(commits: Sequence[str]) -> Iterator[list[Change]]:
    """Yield the changes of commits, in folders that are gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="bench-") as above:
        folders: dict[str, Path] = {}
        try:
            changes = []
            for commit in commits:
                for tree in (f"{commit}^", commit):
                    name = _git("rev-parse", tree)
                    if name not in folders:
                        folders[name] = Path(above, name)
                        _git("worktree", "add", "--detach", str(folders[name]), name)
                before, after = (folders[_git("rev-parse", t)] for t in (f"{commit}^", commit))
                changes.append(Change(_git("show", "-s", "--format=%h %s", commit), before, after))
            yield changes
        finally:
            for folder in folders.values():
                _git("worktree", "remove", "--force", str(folder))


def measure(changes: Sequence[Change], rounds: int) -> Iterator[tuple[Cost, Cost]]:
    """Yield what a sweep takes before each change and with it, medians of rounds in turns."""
    world = make_world(DOMAINS)
    dkim = {n: v for n, v in world.dkim.items() if n not in {MEMBER, PLAIN_MEMBER}}
    with run_authority(world) as authority, run_proxy(authority.port, DELAY) as proxy:
        for change in changes:
            sides: tuple[list[Cost], list[Cost]] = ([], [])
            for _ in range(rounds):
                for root, of_side in zip((change.before, change.after), sides, strict=True):
                    result = run_sweep(proxy.port, dkim, root=root)
                    of_side.append(Cost(1000 * result.cpu / result.domains, result.peak))
            before, after = (Cost(*map(median, zip(*side, strict=True))) for side in sides)
            yield before, after


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def main() -> int:
    """Print a table of the commits; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commits", nargs="+", metavar="COMMIT")
    parser.add_argument("--write", action="store_true", help="update benchmarks/README.md")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    try:
        with lay_out(options.commits) as changes:
            figures = list(measure(changes, options.rounds))
    except (CowbellError, OSError, subprocess.SubprocessError) as error:
        print(f"The benchmark could not be run: {error}", file=sys.stderr)
        return 1
    table = _format(changes, figures)
    print(table)
    if options.write:
        write_part("changes", table)
    return 0


def _format(changes: Sequence[Change], figures: Sequence[tuple[Cost, Cost]]) -> str:
    rows = [
        "| change | CPU a domain before | with it | ratio | peak before | with it |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    rows += [
        f"| {change.subject} | {before.cpu:.2f} ms | {after.cpu:.2f} ms "
        f"| {after.cpu / before.cpu:.2f} | {before.peak:.0f} MB | {after.peak:.0f} MB |"
        for change, (before, after) in zip(changes, figures, strict=True)
    ]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())
