"""The page on the architecture says what import-linter checks, and names no module wrongly."""

from __future__ import annotations

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def layers() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    return next(list(c["layers"]) for c in contracts if c["type"] == "layers")


def test_the_page_lists_the_layers_that_are_checked_in_their_order() -> None:
    assert re.findall(r"^- `([^`]+)`", PAGE, flags=re.MULTILINE) == layers()


def test_every_module_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"\b(?:bot|cogs)(?:\.[a-z_]+)*\b", PAGE))
    assert [name for name in sorted(named) if find_spec(name) is None] == []
