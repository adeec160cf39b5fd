"""No module of the bot imports itself by way of others, and few import anything late.

All imports that run are counted, those inside functions too: an import that is hidden in a function
breaks no start, and hides the circle from the reader all the same. What only a type checker reads
is left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.structure import find_circles, find_imports, find_modules

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]

# The composition roots and the console's commands: what they put together is loaded when it runs.
MAY_IMPORT_LATE = ("bot.app", "bot.cli", "bot.console_commands.demo_command")

# Whose one comment says it for all its commands.
SAYS_IT_ONCE = "bot.cli"


def has_reason(path: Path, line: int) -> bool:
    """Whether the imports in a row with this one say why they are late.

    A reason stands after the noqa of one of them, or in a comment above them.
    """
    lines = ["", *path.read_text(encoding="utf-8").splitlines(), ""]
    first = last = line
    while lines[first - 1].strip().startswith(("from ", "import ")):
        first -= 1
    while lines[last + 1].strip().startswith(("from ", "import ")):
        last += 1
    said = any("PLC0415 - " in text for text in lines[first : last + 1])
    return said or lines[first - 1].strip().startswith("#")


def write_package(root: Path, files: Mapping[str, str]) -> dict[str, Path]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return find_modules(root, ["made"])


def test_a_circle_inside_functions_is_found(tmp_path: Path) -> None:
    modules = write_package(
        tmp_path,
        {
            "made/__init__.py": "",
            "made/card.py": "from made.button import Button\n",
            "made/button.py": "class Button:\n    def act(self):\n        import made.action\n",
            "made/action.py": "async def act():\n    if True:\n        from made import card\n",
            "made/words.py": "import os\n",
            "made/other.py": "from made import words\nfrom made.words import os\n",
        },
    )
    imports = list(find_imports(modules))
    assert find_circles(imports) == [["made.action", "made.button", "made.card"]]
    assert [i.module for i in imports if i.is_late] == ["made.action", "made.button"]


def test_what_only_a_type_checker_reads_makes_no_circle(tmp_path: Path) -> None:
    modules = write_package(
        tmp_path,
        {
            "made/__init__.py": "",
            "made/a.py": (
                "from typing import TYPE_CHECKING\n"
                "if TYPE_CHECKING:\n    from made.b import B\n"
                "else:\n    from made.c import C\n"
            ),
            "made/b.py": "from made.a import A\n",
            "made/c.py": "",
        },
    )
    assert find_circles(find_imports(modules)) == []
    assert [(i.module, i.targets) for i in find_imports(modules)] == [
        ("made.a", ("made.c",)),
        ("made.b", ("made.a",)),
    ]


def test_two_circles_are_two(tmp_path: Path) -> None:
    modules = write_package(
        tmp_path,
        {
            "made/__init__.py": "",
            "made/a.py": "import made.b\nimport made.c\n",
            "made/b.py": "import made.a\n",
            "made/c.py": "def f():\n    import made.d\n",
            "made/d.py": "import made.c\n",
        },
    )
    assert find_circles(find_imports(modules)) == [["made.c", "made.d"], ["made.a", "made.b"]]


def test_a_late_import_has_its_reason_beside_or_above(tmp_path: Path) -> None:
    path = tmp_path / "made.py"
    path.write_text(
        "def f():\n"
        "    # Imported late: it is slow.\n"
        "    import a\n"
        "    import b\n"
        "    x = 1\n"
        "    import c\n"
        "    y = 2\n"
        "    import d  # noqa: PLC0415 - it is slow\n",
        encoding="utf-8",
    )
    assert [line for line in (3, 4, 6, 8) if not has_reason(path, line)] == [6]


def test_nothing_imports_itself_by_way_of_others() -> None:
    modules = find_modules(ROOT, ["bot", "cogs"])
    assert len(modules) > 150
    assert find_circles(find_imports(modules)) == []


def test_only_composition_roots_import_late_and_say_why() -> None:
    modules = find_modules(ROOT, ["bot", "cogs"])
    late = [one for one in find_imports(modules) if one.is_late]
    elsewhere = {
        one.module
        for one in late
        if not any(f"{one.module}.".startswith(f"{root}.") for root in MAY_IMPORT_LATE)
    }
    assert elsewhere == set()
    assert [
        f"{one.module}:{one.line}"
        for one in late
        if one.module != SAYS_IT_ONCE and not has_reason(modules[one.module], one.line)
    ] == []
