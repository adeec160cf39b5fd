"""The recipes of CONTRIBUTING.md: each names every file that it takes, and what it makes works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.structure import write_picture
from recipe_examples import EXAMPLES, Example, apply

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RUNS_WITH = ("bot", "cogs", "templates", "tests", "docs", "benchmarks")
PATIENCE = 300.0  # seconds for one run

UNIT = "tests/unit"
# What complains where a file was forgotten; beside it runs what the examples bring along.
KEEPERS: Mapping[str, tuple[str, ...]] = {
    f"{UNIT}/test_architecture.py": (),
    f"{UNIT}/test_import_circles.py": (),
    f"{UNIT}/test_judges_ask_nothing.py": (),
    f"{UNIT}/test_templates.py": (
        "test_whatever_the_judges_say_has_words",
        "test_no_words_are_for_a_code_that_nobody_says",
    ),
    f"{UNIT}/checks/test_references.py": (
        "test_every_finding_and_every_code_of_the_contract_has_a_reason_and_a_reference",
        "test_no_reason_and_no_reference_is_for_a_code_that_nobody_says",
        "test_what_is_said_of_several_checks_has_a_reason_and_a_rule_for_each",
    ),
    f"{UNIT}/checks/test_compile.py": ("test_every_check_has_one_line_in_the_order_of_the_report",),
    f"{UNIT}/checks/optional/test_group.py": (),
    f"{UNIT}/requests/test_kinds.py": (),
    # Of files that are there already, what the examples put into them.
    f"{UNIT}/checks/optional/test_tls_rpt.py": (
        "test_many_addresses_are_remarked_in_words_that_have_a_reason",
    ),
    f"{UNIT}/records/test_providers.py": (
        "test_the_table_of_the_documentation_is_the_files",
        "test_name_servers_lead_to_the_provider_that_all_of_them_are_of",
    ),
    f"{UNIT}/records/test_mail_apps.py": (
        "test_the_apps_that_people_use_are_there_in_the_order_of_the_menu",
        "test_an_app_is_set_up_in_six_short_steps",
        "test_steps_name_every_value_that_has_to_be_typed",
        "test_steps_use_all_words_of_their_row_and_no_others",
    ),
    "tests/integration/cogs/test_commands.py": (
        "test_commands_are_for_servers_direct_messages_and_installing_members",
    ),
}


def section(title: str) -> str:
    (found,) = re.findall(rf"^### {title}\n(.*?)(?=^##)", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert isinstance(found, str)
    return found


def list_files(title: str) -> list[str]:
    return re.findall(r"^- `([^`]+)` – \S", section(title), flags=re.MULTILINE)


def list_tests(title: str) -> list[str]:
    (line,) = re.findall(r"^Test: .*", section(title), flags=re.MULTILINE)
    return re.findall(r"`(tests/[^`]+)`", line)


def fill(path: str, names: Mapping[str, str]) -> str:
    return re.sub("<([^>]+)>", lambda placeholder: names[placeholder[1]], path)


def entry_of(path: str, listed: Iterable[str]) -> str | None:
    """Return the entry of a recipe that a file belongs to: itself, or its package."""
    return next((e for e in listed if path == e or (e[-1] == "/" and path.startswith(e))), None)


def node_ids() -> Iterator[str]:
    for path, names in KEEPERS.items():
        yield from (f"{path}::{name}" for name in names) if names else (path,)
    yield from sorted({path for e in EXAMPLES for path in e.tests} - KEEPERS.keys())


def run(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run what has to pass in a copy, and stop at the first failure."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = (sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", "-p", "no:xdist")
    return subprocess.run(
        [*command, *node_ids()],
        cwd=tree,
        env=own,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@contextmanager
def left_out(tree: Path, example: Example, paths: Iterable[str]) -> Iterator[None]:
    """Have files of a copy as they are without this example, and as it was with it afterwards."""
    held = {path: (tree / path).read_bytes() for path in paths}
    for path in held:
        (tree / path).unlink()
        if (ROOT / path).exists():
            shutil.copy2(ROOT / path, tree / path)
        for other in EXAMPLES:
            if other is not example and path in other.files:
                apply(other.files[path], tree / path)
    try:
        yield
    finally:
        for path, content in held.items():
            (tree / path).write_bytes(content)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the house with all examples in it."""
    copy = tmp_path_factory.mktemp("recipes")
    for name in RUNS_WITH:
        shutil.copytree(ROOT / name, copy / name, symlinks=True)
    shutil.copy2(ROOT / "pyproject.toml", copy)
    for example in EXAMPLES:
        for path, edit in {**example.files, **example.tests}.items():
            apply(edit, copy / path)
    write_picture(copy)
    return copy


def test_the_recipes_are_those_that_have_an_example() -> None:
    part = PAGE.partition("\n## Recipes\n")[2].partition("\n## ")[0]
    assert re.findall(r"^### (.+)$", part, flags=re.MULTILINE) == [e.recipe for e in EXAMPLES]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.recipe)
def test_a_recipe_names_every_file_that_its_example_takes(example: Example) -> None:
    listed = [fill(path, example.names) for path in list_files(example.recipe)]
    assert len(set(listed)) == len(listed)
    assert {entry_of(path, listed) for path in example.files} == set(listed)
    tests = [fill(path, example.names) for path in list_tests(example.recipe)]
    assert set(tests) == set(example.tests)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.recipe)
def test_a_recipe_takes_few_files(example: Example) -> None:
    listed = list_files(example.recipe)
    if example.recipe == "A kind of request":
        listed = [path for path in listed if path.endswith(".py")]
    assert len(listed) <= example.most


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.recipe)
def test_a_recipe_names_files_that_are_there(example: Example) -> None:
    listed = [*list_files(example.recipe), *list_tests(example.recipe)]
    for path in (path for path in listed if "<" not in path):
        assert (ROOT / path).is_file(), path


def test_what_the_recipes_make_works(tree: Path) -> None:
    done = run(tree)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.recipe)
def test_a_recipe_names_no_file_that_can_be_left_out(tree: Path, example: Example) -> None:
    listed = [fill(path, example.names) for path in list_files(example.recipe)]
    unneeded = []
    for entry in listed:
        paths = [path for path in example.files if entry_of(path, [entry])]
        with left_out(tree, example, paths):
            if run(tree).returncode == 0:
                unneeded.append(entry)
    assert unneeded == []
