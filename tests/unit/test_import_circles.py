"""No module of the bot imports itself by way of others, and few import anything late.

All imports that run are counted, those inside functions too: an import that is hidden in a function
breaks no start, and hides the circle from the reader all the same. What only a type checker reads
is left out.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).parents[2]

# The composition roots and the console's commands: what they put together is loaded when it runs.
MAY_IMPORT_LATE = ("bot.app", "bot.cli")


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement; `is_late` where it stands in a function."""

    module: str
    line: int
    targets: tuple[str, ...]
    is_late: bool


def find_modules(root: Path, packages: Iterable[str]) -> dict[str, Path]:
    """Return the files of all modules by their dotted names."""
    found = {}
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def find_imports(modules: Mapping[str, Path]) -> Iterator[Import]:
    """Yield every import of one of these modules by another that runs."""
    for module, path in modules.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node, is_late in _walk(tree.body, is_late=False):
            named = _targets(node, modules)
            targets = tuple(name for name in named if name in modules and name != module)
            if targets:
                yield Import(module, node.lineno, targets, is_late)


def _walk(
    nodes: Iterable[ast.AST], *, is_late: bool
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, is_late
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _walk(node.orelse, is_late=is_late)
        else:
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _walk(ast.iter_child_nodes(node), is_late=is_late or inside)


def _targets(node: ast.Import | ast.ImportFrom, modules: Mapping[str, Path]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    for alias in node.names:
        inner = f"{node.module}.{alias.name}"
        yield inner if inner in modules else str(node.module)


def find_circles(imports: Iterable[Import]) -> list[list[str]]:
    """Return the groups of modules that reach each other, each sorted; Tarjan's algorithm."""
    edges: dict[str, set[str]] = {}
    for one in imports:
        edges.setdefault(one.module, set()).update(one.targets)
        for target in one.targets:
            edges.setdefault(target, set())
    reached: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    circles: list[list[str]] = []

    def visit(module: str) -> None:
        reached[module] = lowest[module] = len(reached)
        stack.append(module)
        for target in sorted(edges[module]):
            if target not in reached:
                visit(target)
                lowest[module] = min(lowest[module], lowest[target])
            elif target in stack:
                lowest[module] = min(lowest[module], reached[target])
        if lowest[module] == reached[module]:
            at = stack.index(module)
            group = sorted(stack[at:])
            del stack[at:]
            if len(group) > 1:
                circles.append(group)

    for module in sorted(edges):
        if module not in reached:
            visit(module)
    return circles


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
        f"{one.module}:{one.line}" for one in late if not has_reason(modules[one.module], one.line)
    ] == []
