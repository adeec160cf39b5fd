"""The page on the architecture says what import-linter checks, and names no module wrongly."""

from __future__ import annotations

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

from benchmarks.structure import draw, draw_packages

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def layers() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    return next(list(c["layers"]) for c in contracts if c["type"] == "layers")


def is_module(path: Path) -> bool:
    return path.suffix == ".py" or (path / "__init__.py").is_file()


def test_the_page_lists_the_layers_that_are_checked_in_their_order() -> None:
    assert re.findall(r"^- `([^`]+)`", PAGE, flags=re.MULTILINE) == layers()


def test_every_part_of_the_bot_has_its_layer() -> None:
    parts = {f"bot.{path.stem}" for path in (ROOT / "bot").iterdir() if is_module(path)}
    assert parts - {"bot.__init__"} <= {part for line in layers() for part in line.split(" | ")}


def test_every_module_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"\b(?:bot|cogs)(?:\.[a-z_]+)*\b", PAGE))
    assert [name for name in sorted(named) if find_spec(name) is None] == []


def test_the_picture_is_that_of_the_code() -> None:
    assert draw_packages(ROOT) in PAGE


def test_an_arrow_that_a_way_over_others_leads_to_is_left_out() -> None:
    picture = draw({"a": {"b", "c"}, "b": {"c"}, "c": set()})
    assert picture == "```mermaid\nflowchart TD\n  a --> b\n  b --> c\n```\n"


def test_every_folder_of_the_bot_has_its_line_among_the_layers() -> None:
    inside = {name for layer in layers() for name in re.split(r" [|:] ", layer)}
    there = {
        f"bot.{path.stem}" for path in (ROOT / "bot").iterdir() if path.suffix in {"", ".py"}
    } - {"bot.__init__", "bot.__pycache__"}
    assert there - inside == set()
