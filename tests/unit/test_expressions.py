"""Each regular expression takes time that grows with the length of a text, and not faster."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import bot
from hostile_texts import FILLERS

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = (
    16_384  # characters, four times what is judged: what is not linear takes sixteen times as long
)
MOST = 0.05  # seconds of this thread's work; a search in so long a text takes a few milliseconds
ENDINGS = ("x", "!")
BEGINNINGS = ("v=", '"', "a@")
# These read what the operator writes, not what strangers publish or type.
TRUSTED = ("bot.config.", "bot.demo.", "bot.store.", "bot.doctor.", "bot.app.")


Pattern = re.Pattern[str] | re.Pattern[bytes]
_USE = re.compile(r"\b(_?[A-Z][A-Z_]*)\.(search|match|fullmatch|findall|finditer|sub|split)\b")


class Use(NamedTuple):
    """An expression and the methods by which its module uses it."""

    pattern: Pattern
    methods: frozenset[str]


def expressions() -> Iterator[tuple[str, Use]]:
    """Give every expression that a module of the program holds, by its name."""
    for found in pkgutil.walk_packages(bot.__path__, "bot."):
        if found.name.startswith(TRUSTED) or found.name == "bot.__main__":
            continue
        module = importlib.import_module(found.name)
        assert module.__file__ is not None
        used = _USE.findall(Path(module.__file__).read_text(encoding="utf-8"))
        for name, value in vars(module).items():
            methods = frozenset(method for of, method in used if of == name)
            if isinstance(value, re.Pattern) and methods:
                yield f"{found.name}.{name}", Use(value, methods)


EXPRESSIONS = dict(expressions())


def texts() -> Iterator[str]:
    for filler in FILLERS:
        filled = filler.decode("utf-8", "replace")
        filled *= SIZE // len(filled)
        for ending in ENDINGS:
            yield filled + ending
        for beginning in BEGINNINGS:
            yield beginning + filled + "!"


TEXTS = tuple(texts())


def slow_text(use: Use) -> str | None:
    """Return the beginning of the first text that takes too long; None where none does."""
    # Growing, as some take for ever in a long one.
    for size, text in itertools.product((24, 1_000, 4_096, SIZE), TEXTS):
        if all(_time(use, text[:size] + text[-1:]) > MOST for _ in range(3)):
            return text[:40]
    return None


def _time(use: Use, text: str) -> float:
    given = text if isinstance(use.pattern.pattern, str) else text.encode()
    before = time.thread_time()
    for method in use.methods:
        arguments = (given[:0], given) if method == "sub" else (given,)
        found = getattr(use.pattern, method)(*arguments)
        if method == "finditer":
            list(found)
    return time.thread_time() - before


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_takes_no_longer_than_its_text(name: str) -> None:
    assert slow_text(EXPRESSIONS[name]) is None


@pytest.mark.parametrize(
    "expression",
    [r"\s+$", r"[^\s@]+@[a-z]+", r"=\s*[\"']*\s*dmarc", r"[^,]+\.[^,]+;", r"(a+)+$"],
)
def test_one_that_goes_back_and_forth_is_noticed(expression: str) -> None:
    use = Use(re.compile(expression, re.IGNORECASE), frozenset({"search"}))
    assert slow_text(use) is not None
