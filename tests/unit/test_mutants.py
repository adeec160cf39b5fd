"""The mutation run: which mutants it takes, which tests meet them, what it says of survivors."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from benchmarks.mutant_places import Mutant, choose, list_mutants
from benchmarks.mutants import Fate, Trace, Verdict, describe, run, statement_lines, summarize

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
    def greet(name, polite):
        if polite and name:
            return "Good day, " + name
        return name


    def clear(words):
        while True:
            words.clear()
            break


    def invert(value):
        return not value
"""
TESTS = """
    from bot.little.rules import clear, greet


    def test_greet():
        assert greet("Ann", True) == "Good day, Ann"
        assert greet("", False) == ""


    def test_clear():
        words = ["one"]
        clear(words)
        assert not words


    def test_that_fails_without_a_mutant():
        assert greet("Ann", False) == "Hello"
"""


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), "utf-8")


def mutant(line: int = 3, operator: str = "core/ReplaceAndWithOr", part: str = "checks") -> Mutant:
    return Mutant(part, f"bot/{part}/a.py", (line, 4), (line, 7), operator, line, "judge")


def operators(root: Path, code: str) -> set[str]:
    write(root / "bot/little/rules.py", code)
    return {m.operator.removeprefix("core/") for m in list_mutants(root, "little", "bot/little")}


def test_a_seed_chooses_the_same_mutants_whatever_order_they_come_in() -> None:
    mutants = [mutant(line) for line in range(1, 200)]
    assert choose(mutants, 20, 7) == choose(mutants[::-1], 20, 7)
    assert len(choose(mutants, 20, 7)) == 20
    assert choose(mutants, 20, 7) != choose(mutants, 20, 8)
    assert choose(mutants, 1000, 7) == mutants


def test_each_place_is_mutated_once_at_most() -> None:
    two = [mutant(3, "core/AddNot"), mutant(3, "core/ReplaceAndWithOr")]
    chosen = [choose(two, 10, seed) for seed in range(20)]
    assert all(len(one) == 1 for one in chosen)
    assert {one[0] for one in chosen} == set(two)


def test_conditions_numbers_and_tables_of_a_module_are_mutated(tmp_path: Path) -> None:
    code = """
        MOST = 10

        class Judge:
            @property
            def is_far(self):
                return self.distance < MOST
    """
    assert operators(tmp_path, code) == {
        "NumberReplacer",
        "ReplaceComparisonOperator_Lt_LtE",
        "ReplaceComparisonOperator_Lt_GtE",
    }


def test_what_says_nothing_of_the_tests_is_not_mutated(tmp_path: Path) -> None:
    code = """
        from __future__ import annotations
        from dataclasses import dataclass
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            from pathlib import Path

        @dataclass(frozen=True, slots=True)
        class Judge:
            path: Path | None

            def read(self, *, mode: str | None) -> str | None:
                return open(**{**self.options}, mode=mode)
    """
    assert operators(tmp_path, code) == set()


def test_an_exception_is_mutated_where_cosmic_ray_can_name_another(tmp_path: Path) -> None:
    code = """
        def read(text):
            try:
                return decode(text)
            except (binascii.Error, {name}):
                return None
            except dns.exception.DNSException:
                return None
    """
    assert operators(tmp_path, code.format(name="ValueError")) == {"ExceptionReplacer"}
    assert operators(tmp_path, code.format(name="json.JSONDecodeError")) == set()


def test_a_mutant_meets_the_tests_that_run_its_line_the_quickest_first() -> None:
    lines = {"bot/a.py": {"1": [""], "2": ["slow", "quick"], "3": ["slow"]}}
    trace = Trace({"slow": 2.0, "quick": 0.1, "other": 0.2}, lines, 1.0)
    assert trace.tests_of("bot/a.py", range(2, 4)) == ["quick", "slow"]
    assert trace.tests_of("bot/a.py", range(3, 4)) == ["slow"]
    assert trace.tests_of("bot/a.py", range(9, 10)) == []
    assert trace.tests_of("bot/b.py", range(2, 3)) == []


def test_what_an_import_runs_meets_every_test() -> None:
    trace = Trace({"slow": 2.0, "quick": 0.1}, {"bot/a.py": {"1": [""]}}, 1.0)
    assert trace.tests_of("bot/a.py", range(1, 2)) == ["quick", "slow"]


@pytest.mark.parametrize(
    ("line", "first", "last"),
    [(2, 2, 3), (3, 2, 3), (4, 4, 4), (5, 5, 6), (6, 5, 6), (9, 9, 10), (10, 9, 10)],
)
def test_a_line_stands_for_its_statement_without_the_body(line: int, first: int, last: int) -> None:
    code = """
        def judge(
            value):
            if value:
                return (value
                    + 1)

        @cache
        def read():
            return 1
    """
    assert statement_lines(dedent(code), line) == range(first, last + 1)


def test_a_survivor_is_told_with_its_path_line_and_change() -> None:
    diff = """\
        --- mutation diff ---
        --- a/bot/checks/a.py
        +++ b/bot/checks/a.py
        @@ -2,3 +2,3 @@
         def judge(one, two):
        -    if one and two:
        +    if one or two:
                 return 1"""
    assert describe(Verdict(mutant(), Fate.SURVIVED, dedent(diff))) == (
        "survived: bot/checks/a.py:3 in judge, ReplaceAndWithOr\n"
        "    -    if one and two:\n"
        "    +    if one or two:"
    )


def test_the_summary_counts_each_part_and_says_the_share() -> None:
    verdicts = [
        Verdict(mutant(1), Fate.KILLED),
        Verdict(mutant(2), Fate.SURVIVED),
        Verdict(mutant(3), Fate.TIMEOUT),
        Verdict(mutant(1, part="dns"), Fate.NO_TESTS),
    ]
    lines = summarize(verdicts, 7, 61.2).splitlines()
    assert [line.split() for line in lines[1:3]] == [
        ["checks", "3", "1", "1", "1", "0"],
        ["dns", "1", "0", "0", "0", "1"],
    ]
    assert lines[3] == "killed or timed out: 2 of 4 mutants (50.0 %), seed 7, 61 s"


@pytest.mark.slow
def test_mutants_of_a_little_package_live_and_die_by_its_tests(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "bot/__init__.py")
    write(tmp_path / "bot/little/__init__.py")
    write(tmp_path / "bot/little/rules.py", RULES)
    write(tmp_path / "tests/unit/little/test_rules.py", TESTS)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    before = sorted(tmp_path.rglob("*"))

    verdicts = list(run(tmp_path, {"little": ("tests/unit/little",)}, 100, 1))

    fates = defaultdict(list)
    for verdict in verdicts:
        fates[verdict.mutant.function, verdict.mutant.start[0]].append(verdict.fate)
    assert fates == {
        ("greet", 3): [Fate.KILLED, Fate.SURVIVED],  # the whole condition; its `and`
        ("greet", 4): [Fate.KILLED],
        ("clear", 9): [Fate.KILLED],
        ("clear", 11): [Fate.TIMEOUT],
        ("invert", 15): [Fate.NO_TESTS],
    }
    (survivor,) = [verdict for verdict in verdicts if verdict.fate is Fate.SURVIVED]
    assert describe(survivor).splitlines()[1:] == [
        "    -    if polite and name:",
        "    +    if polite or name:",
    ]
    assert "rules.py::test_that_fails_without_a_mutant" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "bot/little/rules.py").read_text("utf-8") == dedent(RULES)
