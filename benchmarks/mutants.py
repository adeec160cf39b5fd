"""Mutates the code, a sample of it, and tells which mutants its tests let live.

Cosmic-ray makes the mutants and runs pytest on each, in copies of the repository in a temporary
folder. A mutant meets the tests of its part alone, and of these only those that run its line, the
quickest first. A line that runs when its module is imported meets all tests of the part.
"""

from __future__ import annotations

import argparse
import ast
import json
import multiprocessing
import os
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.testing import run_tests
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome

from benchmarks import mutant_tests
from benchmarks.child import ROOT, BenchmarkError
from benchmarks.mutant_places import Mutant, choose, list_mutants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# Each part of bot/ with its tests. Where code has no unit tests, because it asks and waits, its
# integration tests count: observing in the checks, the sockets of DNS, and the requests, whose unit
# tests hold the rules without a state alone. The judges are tried on whole zones too: with faults,
# mended, in order, told from each other. Zones that are only hostile or large are left out, as they
# take minutes and ask no more than that nothing raises or hangs.
_ZONES: Final = ("wild_cases", "fixes", "working_zones", "misplaced_record", "deceiving_zones")
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "checks": (
        *("tests/unit/checks", "tests/integration/checks/observe"),
        *(f"tests/integration/checks/test_{zones}.py" for zones in _ZONES),
    ),
    "requests": ("tests/unit/requests", "tests/integration/requests"),
    "records": ("tests/unit/records",),
    "dns": ("tests/unit/dns", "tests/integration/dns"),
    "watch": ("tests/unit/watch", "tests/integration/watch"),
}
WORKERS: Final = 2
SLOWER: Final = 3.0  # times what the tests took unmutated, and some seconds, is a hanging mutant
GRACE: Final = 10.0  # seconds
LONGEST: Final = 600.0  # seconds for a mutant; all tests of the checks take two minutes
LONGEST_UNMUTATED: Final = 1800.0  # seconds for all tests of a part, beside other work too
MEMORY: Final = 4 << 30  # bytes; a mutant that never stops collecting ends here
PYTEST: Final = (
    *("-m", "pytest", "-q", "-p", "mutant_tests", "-p", "no:cacheprovider"),
    *("-m", "not slow", "--hypothesis-profile=mutants"),
)


class Fate(Enum):
    """What became of a mutant."""

    KILLED = "killed"
    TIMEOUT = "timeout"
    SURVIVED = "survived"
    NO_TESTS = "no tests"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A mutant and what became of it; the diff is empty where no test runs its line."""

    mutant: Mutant
    fate: Fate
    diff: str = ""


class Trace:
    """Which tests of a part run which lines, and how long each test takes."""

    def __init__(
        self, seconds: Mapping[str, float], lines: Mapping[str, Any], start: float
    ) -> None:
        self._seconds = seconds
        self._lines = lines
        self._start = start  # seconds until pytest runs the first test

    @property
    def tests(self) -> list[str]:
        """All tests, the quickest first."""
        return sorted(self._seconds, key=lambda test: (self._seconds[test], test))

    def tests_of(self, path: str, lines: range) -> list[str]:
        """Return the tests that run one of the lines, the quickest first; all if an import does."""
        runs: Mapping[str, list[str]] = self._lines.get(path, {})
        found = {test for line in lines for test in runs.get(str(line), ())}
        return self.tests if "" in found else [test for test in self.tests if test in found]

    def patience(self, tests: Iterable[str]) -> float:
        """Return after how many seconds these tests are said to hang."""
        usual = self._start + sum(self._seconds[test] for test in tests)
        return min(LONGEST, GRACE + SLOWER * usual)


def run(
    root: Path, parts: Mapping[str, Sequence[str]], number: int, seed: int
) -> Iterator[Verdict]:
    """Yield what becomes of so many mutants of parts, in the order of the code.

    Raises:
        BenchmarkError: the tests fail without a mutant, or cosmic-ray does.

    """
    mutants = [mutant for part in parts for mutant in list_mutants(root, part, f"bot/{part}")]
    chosen = choose(mutants, number, seed)
    with tempfile.TemporaryDirectory(prefix="mutants-") as temporary:
        first = Path(temporary) / "0"
        _copy(root, first)
        wanted = [part for part in parts if any(mutant.part == part for mutant in chosen)]
        with ThreadPoolExecutor(WORKERS) as threads:
            tests = [_existing(root, parts[part]) for part in wanted]
            found = threads.map(
                lambda part, tests: _trace(first, f"bot/{part}", tests), wanted, tests
            )
            traces = dict(zip(wanted, found, strict=True))
        context = multiprocessing.get_context("spawn")
        copies: multiprocessing.Queue[str] = context.Queue()
        for worker in range(WORKERS):
            copy = Path(temporary) / str(worker)
            if copy != first:
                shutil.copytree(first, copy)
            copies.put(str(copy))
        with ProcessPoolExecutor(WORKERS, context, _enter, (copies,)) as pool:
            list(pool.map(_check_unmutated, traces, traces.values()))
            yield from pool.map(_try, chosen, [traces[mutant.part] for mutant in chosen])


def _copy(root: Path, to: Path) -> None:
    """Copy what git knows of a repository, or would add to it, and the plugin."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (root / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, to / name)
    shutil.copy2(mutant_tests.__file__, to)


def _existing(root: Path, tests: Sequence[str]) -> list[str]:
    return [folder for folder in tests if (root / folder).exists()]


def _trace(copy: Path, source: str, tests: Sequence[str]) -> Trace:
    """Run all tests of a part once, without a mutant, and return what they run.

    A test that fails here, as one that cannot bear to be traced, would fail for each mutant: it is
    left out, and named on the error output.
    """
    path = copy.parent / f"{source.replace('/', '-')}.json"
    began = time.monotonic()
    try:
        ended = subprocess.run(
            [sys.executable, *PYTEST, *tests],
            cwd=copy,
            env={**os.environ, "MUTANT_TRACE": str(path), "MUTANT_SOURCES": source},
            capture_output=True,
            text=True,
            timeout=LONGEST_UNMUTATED,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(f"The tests of {source} took longer than {error.timeout} s") from error
    if ended.returncode not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        raise BenchmarkError(f"The tests of {source} do not run:\n{ended.stdout[-4000:]}")
    traced = json.loads(path.read_text())
    seconds: dict[str, float] = traced["seconds"]
    start = time.monotonic() - began - sum(seconds.values())
    for test in traced["failed"]:
        print(f"left out, as it fails without a mutant: {test}", file=sys.stderr)
        del seconds[test]
    if not seconds:
        raise BenchmarkError(f"No test of {source} passes without a mutant")
    return Trace(seconds, traced["lines"], start)


def _enter(copies: multiprocessing.Queue[str]) -> None:
    """Let a worker process live in a copy of its own: cosmic-ray changes files where it is."""
    os.chdir(copies.get())
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _command(tests: Sequence[str]) -> str:
    """Return the command that runs these tests; pytest reads their names out of a file."""
    path = Path("mutant-tests.txt")
    path.write_text("\n".join(tests), "utf-8")
    return shlex.join([sys.executable, *PYTEST, "-x", f"@{path}"])


def _check_unmutated(part: str, trace: Trace) -> None:
    """Raise unless the command that has to fail for a mutant passes without one."""
    outcome, output = run_tests(_command(trace.tests), LONGEST_UNMUTATED)
    if outcome is not TestOutcome.SURVIVED:
        raise BenchmarkError(f"The tests of {part} fail unmutated:\n{output[-4000:]}")


def _try(mutant: Mutant, trace: Trace) -> Verdict:
    """Run the tests that run a mutant's line."""
    code = Path(mutant.path).read_text("utf-8")
    tests = trace.tests_of(mutant.path, statement_lines(code, mutant.start[0]))
    if not tests:
        return Verdict(mutant, Fate.NO_TESTS)
    spec = MutationSpec(
        module_path=Path(mutant.path),
        operator_name=mutant.operator,
        occurrence=mutant.occurrence,
        start_pos=mutant.start,
        end_pos=mutant.end,
    )
    result = mutate_and_test([spec], _command(tests), trace.patience(tests))
    if result.worker_outcome is not WorkerOutcome.NORMAL:
        raise BenchmarkError(f"cosmic-ray failed at {mutant}:\n{result.output}")
    if result.test_outcome is TestOutcome.SURVIVED:
        fate = Fate.SURVIVED
    else:
        fate = Fate.TIMEOUT if result.output == "timeout" else Fate.KILLED
    return Verdict(mutant, fate, result.diff or "")


def statement_lines(code: str, line: int) -> range:
    """Return the lines of the statement at a line: of one with a body, those before the body.

    The whole function if it is cached: only the first test that calls it runs its lines, so that
    its definition, which an import runs, stands for them.
    """
    lines = range(line, line + 1)
    for node in ast.walk(ast.parse(code)):  # outer ones come before inner ones
        if not isinstance(node, ast.stmt) or node.end_lineno is None:
            continue
        if not node.lineno <= line <= node.end_lineno:
            continue
        if isinstance(node, ast.FunctionDef) and any(
            "cache" in ast.unparse(decorator) for decorator in node.decorator_list
        ):
            return range(node.lineno, node.end_lineno + 1)
        body = getattr(node, "body", None)
        last = body[0].lineno - 1 if body else node.end_lineno
        if line <= last:
            lines = range(node.lineno, last + 1)
    return lines


def describe(verdict: Verdict) -> str:
    """Return a mutant that lives, with its path, line and change."""
    mutant = verdict.mutant
    changed = [
        f"    {line}"
        for line in verdict.diff.splitlines()
        if line.startswith(("+", "-")) and not line.startswith(("+++ ", "--- "))
    ]
    where = f"{mutant.path}:{mutant.start[0]}"
    operator = mutant.operator.removeprefix("core/")
    head = f"{verdict.fate.value}: {where} in {mutant.function or 'the module'}, {operator}"
    return "\n".join([head, *changed])


def summarize(verdicts: Sequence[Verdict], seed: int, seconds: float) -> str:
    """Return the table of the parts, and last the share of mutants that were found out."""
    counts = Counter((verdict.mutant.part, verdict.fate) for verdict in verdicts)
    parts = list(dict.fromkeys(verdict.mutant.part for verdict in verdicts))
    head = "".join(f"{name:>10}" for name in ("mutants", *(fate.value for fate in Fate)))
    rows = [
        [part, sum(row), *row] for part in parts for row in [[counts[part, fate] for fate in Fate]]
    ]
    table = [f"{part:<10}" + "".join(f"{number:>10}" for number in row) for part, *row in rows]
    dead = sum(verdict.fate in {Fate.KILLED, Fate.TIMEOUT} for verdict in verdicts)
    share = 100 * dead / len(verdicts) if verdicts else 0.0
    last = (
        f"killed or timed out: {dead} of {len(verdicts)} mutants ({share:.1f} %), "
        f"seed {seed}, {seconds:.0f} s"
    )
    return "\n".join([f"{'part':<10}{head}", *table, last])


def main() -> None:
    """Mutate, print the mutants that live, and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=200, help="how many mutants")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    parts = {part: PARTS[part] for part in options.parts or PARTS}
    began = time.monotonic()
    verdicts = []
    try:
        for verdict in run(ROOT, parts, options.number, options.seed):
            verdicts.append(verdict)
            if verdict.fate is not Fate.KILLED:
                print(describe(verdict), flush=True)
    except BenchmarkError as error:
        sys.exit(str(error))
    print(summarize(verdicts, options.seed, time.monotonic() - began))


if __name__ == "__main__":
    main()
