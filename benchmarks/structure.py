"""Prints how the modules hang together; with --write, docs/architecture.md keeps the picture of it.

All imports that run are counted, those inside functions too: an import that is hidden in a function
breaks no start, and hides a circle from the reader all the same. What only a type checker reads is
left out. `--root` measures another checkout.
"""

from __future__ import annotations

import ast
import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- picture -->\n", "<!-- end of the picture -->\n"

_LONG = 300  # lines


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement; `is_late` where it stands in a function."""

    module: str
    line: int
    targets: tuple[str, ...]
    is_late: bool


def find_modules(root: Path, packages: Iterable[str] = ("bot", "cogs")) -> dict[str, Path]:
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


def find_folder_imports(
    modules: Mapping[str, Path], imports: Iterable[Import]
) -> dict[str, set[str]]:
    """Return which folders each folder imports; a module at the top of `bot` stands for itself."""
    folders: dict[str, set[str]] = {folder_of(module): set() for module in modules}
    for one in imports:
        for target in one.targets:
            if folder_of(target) != folder_of(one.module):
                folders[folder_of(one.module)].add(folder_of(target))
    return folders


def folder_of(module: str) -> str:
    """Return the folder that a module is drawn in: two names deep, `cogs` as a whole."""
    return "cogs" if module.startswith("cogs") else ".".join(module.split(".")[:2])


def draw(folders: Mapping[str, set[str]]) -> str:
    """Return the folders with subfolders as a Mermaid picture.

    An arrow leads to what is imported; one that a way over others leads to as well is left out.
    Single modules at the top of `bot`, which nearly everything imports, are left out, too.
    """
    drawn = {name: targets & folders.keys() for name, targets in folders.items()}
    lines = ["```mermaid", "flowchart TD"]
    for name in sorted(drawn):
        lines += [
            f"  {name} --> {target}"
            for target in sorted(drawn[name])
            if not any(_reaches(drawn, other, target) for other in drawn[name] - {target})
        ]
    return "\n".join([*lines, "```", ""])


def draw_packages(root: Path) -> str:
    """Return the picture of a checkout."""
    modules = find_modules(root)
    packages = {folder_of(m) for m, path in modules.items() if path.name == "__init__.py"}
    packages -= {"bot"}
    folders = find_folder_imports(modules, find_imports(modules))
    return draw({name: folders[name] & packages for name in packages})


def tell(root: Path) -> Iterator[str]:
    """Yield the figures of a checkout, one a line."""
    modules = find_modules(root)
    imports = list(find_imports(modules))
    folders = find_folder_imports(modules, imports)
    circles = find_circles(imports)
    both = {tuple(sorted((a, b))) for a in folders for b in folders[a] if a in folders[b]}
    late = [one for one in imports if one.is_late]
    lengths = {m: len(path.read_text(encoding="utf-8").splitlines()) for m, path in modules.items()}
    yield f"modules: {len(modules)}"
    yield f"circles of imports that run: {len(circles)}, of {sum(map(len, circles))} modules"
    yield f"pairs of folders that import both ways: {len(both)}"
    yield f"imports inside functions: {len(late)}, in {len({one.module for one in late})} modules"
    long = sum(length > _LONG for length in lengths.values())
    yield f"modules of more than {_LONG} lines: {long}, the longest {max(lengths.values())}"


def write_picture(root: Path) -> None:
    """Put the picture of a checkout into its docs/architecture.md, in the place of the old one."""
    page = root / "docs" / "architecture.md"
    head, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    page.write_text(f"{head}{BEGIN}{draw_packages(root)}{END}{tail}", encoding="utf-8")


def main() -> None:
    """Print the figures, and keep the picture where that is wanted."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to measure")
    parser.add_argument("--write", action="store_true", help="keep the picture in its docs")
    options = parser.parse_args()
    sys.stdout.writelines(f"{line}\n" for line in tell(options.root))
    if options.write:
        write_picture(options.root)


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


def _reaches(folders: Mapping[str, set[str]], start: str, end: str) -> bool:
    seen, todo = {start}, [start]
    while todo:
        for target in folders[todo.pop()] - seen:
            if target == end:
                return True
            seen.add(target)
            todo.append(target)
    return False


if __name__ == "__main__":
    main()
