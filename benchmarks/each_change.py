"""What each change brought: sweeps by the trees of some commits, in turns, on the same world.

`python -m benchmarks.each_change FIRST..LAST` takes the merges between two commits with the first;
single commits can be named instead. Each tree sweeps in a fresh process of its own.
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


class Tree(NamedTuple):
    """A commit that is measured: its subject, and the folder in which it is laid out."""

    subject: str
    folder: Path


def find_commits(words: Sequence[str]) -> list[str]:
    """Return the commits that are named, the oldest of a range first."""
    found: list[str] = []
    for word in words:
        first, dots, _ = word.partition("..")
        if dots:
            listed = _git("rev-list", "--reverse", "--first-parent", word).split()
            found += [_git("rev-parse", first), *listed]
        else:
            found.append(_git("rev-parse", word))
    return found


@contextmanager
def lay_out(commits: Sequence[str]) -> Iterator[list[Tree]]:
    """Yield the trees of commits in folders that are gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="bench-") as above:
        trees = []
        try:
            for commit in commits:
                folder = Path(above, commit)
                _git("worktree", "add", "--detach", str(folder), commit)
                trees.append(Tree(_git("show", "-s", "--format=%h %s", commit), folder))
            yield trees
        finally:
            for tree in trees:
                _git("worktree", "remove", "--force", str(tree.folder))


def measure(trees: Sequence[Tree], rounds: int) -> list[tuple[float, float]]:
    """Return the CPU time of a domain in ms and the peak in MB of each tree, medians of rounds."""
    world = make_world(DOMAINS)
    dkim = {n: v for n, v in world.dkim.items() if n not in {MEMBER, PLAIN_MEMBER}}
    results: list[list[tuple[float, float]]] = [[] for _ in trees]
    with run_authority(world) as authority, run_proxy(authority.port, DELAY) as proxy:
        for _ in range(rounds):
            for tree, of_tree in zip(trees, results, strict=True):
                result = run_sweep(proxy.port, dkim, root=tree.folder)
                of_tree.append((1000 * result.cpu / result.domains, result.peak))
    return [(median(c for c, _ in one), median(p for _, p in one)) for one in results]


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
        with lay_out(find_commits(options.commits)) as trees:
            figures = measure(trees, options.rounds)
    except (CowbellError, OSError, subprocess.SubprocessError) as error:
        print(f"The benchmark could not be run: {error}", file=sys.stderr)
        return 1
    table = _format(trees, figures)
    print(table)
    if options.write:
        write_part("changes", table)
    return 0


def _format(trees: Sequence[Tree], figures: Sequence[tuple[float, float]]) -> str:
    rows = ["| change | CPU a domain | ÷ the one before | peak |", "|---|---:|---:|---:|"]
    before = figures[0][0]
    for tree, (cpu, peak) in zip(trees, figures, strict=True):
        rows.append(f"| {tree.subject} | {cpu:.2f} ms | {cpu / before:.2f} | {peak:.0f} MB |")
        before = cpu
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())
