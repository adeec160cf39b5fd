"""Cards take values and return messages: nothing in them waits for anything."""

from __future__ import annotations

import ast
from pathlib import Path

import bot.cards

MODULES = sorted(Path(bot.cards.__file__).parent.glob("*.py"))
WAITING = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)


def test_nothing_in_the_cards_awaits() -> None:
    assert len(MODULES) > 10
    waiting = [
        f"{path.name}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, WAITING)
    ]
    assert waiting == []
