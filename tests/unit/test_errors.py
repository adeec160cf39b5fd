"""Every coded error has words that fit its facts, and no words are left over."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

import jinja2
import jinja2.meta
import pytest

import bot.errors
from bot.errors import CodedError
from bot.words import shipped_templates

ROOT = Path(bot.errors.__file__).parent.parent
ERRORS = shipped_templates() / "en" / "errors"
_ENVIRONMENT = jinja2.Environment(autoescape=False)  # noqa: S701 - only parses


def family_of(error: type[CodedError]) -> set[type[CodedError]]:
    return {error}.union(*(family_of(below) for below in error.__subclasses__()))


FAMILY = {error.__name__ for error in family_of(CodedError)}


class Raised(NamedTuple):
    """One place where an error is made."""

    where: str
    code: str | None  # None where it is not written out
    facts: frozenset[str]
    has_others: bool  # facts that are handed on as a whole


def made_in(path: Path) -> list[Raised]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else None
        name = node.func.id if isinstance(node.func, ast.Name) else name
        if name not in FAMILY:
            continue
        first = node.args[0] if node.args else None
        code = first.value if isinstance(first, ast.Constant) else None
        found.append(
            Raised(
                f"{path.relative_to(ROOT)}:{node.lineno}",
                code if isinstance(code, str) else None,
                frozenset(keyword.arg for keyword in node.keywords if keyword.arg),
                any(keyword.arg is None for keyword in node.keywords),
            )
        )
    return found


RAISED = [
    raised
    for folder in ("bot", "cogs")
    for path in sorted((ROOT / folder).rglob("*.py"))
    for raised in made_in(path)
]


def wanted_by(code: str) -> set[str]:
    """Return every fact that a template and those that it includes use."""
    wanted: set[str] = set()
    rest = [ERRORS / f"{code}.j2"]
    while rest:
        tree = _ENVIRONMENT.parse(rest.pop().read_text(encoding="utf-8"))
        wanted |= jinja2.meta.find_undeclared_variables(tree)
        rest += [
            shipped_templates() / name
            for name in jinja2.meta.find_referenced_templates(tree)
            if name is not None
        ]
    return wanted


@pytest.mark.parametrize("raised", RAISED, ids=lambda raised: raised.where)
def test_every_error_is_raised_with_a_code_and_the_facts_of_its_words(raised: Raised) -> None:
    assert raised.code is not None, "the code is written out where the error is made"
    assert (ERRORS / f"{raised.code}.j2").is_file()
    assert raised.has_others or wanted_by(raised.code) <= raised.facts


def test_no_words_are_for_an_error_that_nobody_raises() -> None:
    assert {path.stem for path in ERRORS.glob("*.j2")} == {raised.code for raised in RAISED}
