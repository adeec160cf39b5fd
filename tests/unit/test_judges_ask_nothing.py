"""In the checks only the observation asks: every other module there takes values and returns them.

import-linter holds the same rule for imports at run time; here the code itself is read, so that
imports for a type checker, coroutines and a module that nobody has listed yet count as well.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

CHECKS = Path(__file__).parents[2] / "bot" / "checks"
ASKING = (
    "asyncio",
    "bot.checks.observe",
    "bot.dns.authority",
    "bot.dns.exchange",
    "bot.dns.resolver",
    "bot.dns.tcp",
    "bot.dns.udp",
    "bot.net",
)
VALUES = ("bot.net.page", "bot.net.port_look")
AWAITING = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        # "from bot.dns import resolver" imports a module as well.
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def lies_in(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def find_asking(source: str) -> list[str]:
    """Return what in a module asks or could ask, each with its line."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, AWAITING):
            found.append(f"{node.lineno}: {type(node).__name__}")
        if isinstance(node, ast.comprehension) and node.is_async:
            found.append(f"{node.target.lineno}: async comprehension")
        names = [name for name in imported(node) if not lies_in(name, VALUES)]
        if any(lies_in(name, ASKING) for name in names):
            found.append(f"{getattr(node, 'lineno', 0)}: import of {names[0]}")
    return found


def test_nothing_in_the_checks_but_the_observation_asks() -> None:
    asking = {
        str(path.relative_to(CHECKS)): found
        for path in sorted(CHECKS.rglob("*.py"))
        if path.relative_to(CHECKS).parts[0] != "observe"
        and (found := find_asking(path.read_text(encoding="utf-8")))
    }
    assert asking == {}


def test_the_observation_is_found_to_ask() -> None:
    assert find_asking((CHECKS / "observe" / "domain.py").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "source",
    [
        "import asyncio",
        "import asyncio.timeouts",
        "from bot.dns.resolver import Resolver",
        "from bot.dns import resolver",
        "from bot.net import https",
        "import bot.net.https",
        "from bot.checks.observe.domain import observe",
        "def judge():\n    import asyncio",
        "if TYPE_CHECKING:\n    from bot.dns.authority import Authorities",
        "async def judge(ask): ...",
        "def judge(ask):\n    async def look(): ...",
        "async def judge(ask):\n    return await ask()",
        "answers = [a async for a in stream]",
    ],
)
def test_a_judge_that_asks_is_found(source: str) -> None:
    assert find_asking(source)


@pytest.mark.parametrize(
    "source",
    ["from bot.dns.answer import Answer", "from bot.net.page import Page", "def judge(): ..."],
)
def test_a_judge_of_values_is_not(source: str) -> None:
    assert find_asking(source) == []
