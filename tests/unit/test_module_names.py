"""A module or a class is found by its name alone: no two of them share one."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

# Each record's folder in `bot/checks` has the same parts under the same names: `case`, what is
# known of one domain's record; `judge`, what it is worth; `misplaced`, where it is instead.
RECORD_FOLDERS = ("bot/checks/dkim", "bot/checks/dmarc", "bot/checks/mx", "bot/checks/spf")
RECORD_PARTS = ("case", "judge", "misplaced")


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def is_part_of_a_record(path: Path) -> bool:
    folder = path.relative_to(ROOT).parent.as_posix()
    return folder in RECORD_FOLDERS and path.stem in RECORD_PARTS


def public_classes(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


def repeated(names: list[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


def test_no_two_modules_share_a_name() -> None:
    # Cogs are called as the subject of their commands, so they may share a name with a part.
    modules = [path for path in sources("bot") if path.stem != "__init__"]
    assert len(modules) > 200
    names = [path.stem for path in modules if not is_part_of_a_record(path)]
    assert repeated([*names, *RECORD_PARTS]) == []


def test_no_two_classes_share_a_name() -> None:
    classes = [name for path in sources("bot", "cogs") for name in public_classes(path)]
    assert len(classes) > 200
    assert repeated(classes) == []


def test_every_part_that_may_share_its_name_is_there_more_than_once() -> None:
    parts = [path.stem for path in sources("bot") if is_part_of_a_record(path)]
    assert sorted(set(parts)) == sorted(repeated(parts)) == sorted(RECORD_PARTS)
