"""Each regular expression that meets strangers' text takes time that grows with its length alone."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from typing import TYPE_CHECKING

import pytest

import bot
from hostile_texts import BEGINNINGS, FILLERS

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 16_384  # characters, four times what is judged: what is not linear takes sixteen times as long
MOST = 0.05  # seconds of this thread's work; a search in so long a text takes a few milliseconds
ENDINGS = ("", "x", "!", "@", "\n", ";", '"', "é")
# These read what the operator writes, not what strangers publish or type.
TRUSTED = ("bot.config.", "bot.demo.", "bot.store.", "bot.doctor.", "bot.app.")


def expressions() -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes]]]:
    """Give every expression that a module of the program holds, by its name."""
    for module in pkgutil.walk_packages(bot.__path__, "bot."):
        if module.name.startswith(TRUSTED) or module.name == "bot.__main__":
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern):
                yield f"{module.name}.{name}", value


EXPRESSIONS = dict(expressions())


def texts() -> Iterator[str]:
    for filler in FILLERS:
        filled = filler.decode("utf-8", "replace")
        filled *= SIZE // len(filled)
        for ending in ENDINGS:
            yield filled + ending
        for beginning in BEGINNINGS:
            yield beginning.decode() + filled + "!"


TEXTS = tuple(texts())


def slowest(pattern: re.Pattern[str] | re.Pattern[bytes]) -> tuple[float, str]:
    """Return the longest time of a search or a match in seconds, and in which text it was."""
    worst = (0.0, "")
    for text in TEXTS:
        given = text if isinstance(pattern.pattern, str) else text.encode()
        seconds = min(_time(pattern, given) for _ in range(2))
        if seconds > MOST:
            seconds = min(seconds, *(_time(pattern, given) for _ in range(2)))
        worst = max(worst, (seconds, text[:40]))
    return worst


def _time(pattern: re.Pattern[str] | re.Pattern[bytes], text: str | bytes) -> float:
    before = time.thread_time()
    for match in (pattern.search, pattern.match, pattern.fullmatch):
        match(text)  # type: ignore[arg-type]  # of the pattern's own kind
    for _ in pattern.finditer(text):  # type: ignore[arg-type]
        pass
    return time.thread_time() - before


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_takes_no_longer_than_its_text(name: str) -> None:
    seconds, text = slowest(EXPRESSIONS[name])
    assert seconds <= MOST, f"{seconds * 1000:.0f} ms in {text!r}…"


@pytest.mark.parametrize(
    "expression",
    [r"\s+$", r"[^\s@]+@[a-z]+", r"=\s*[\"']*\s*dmarc", r"[^,]+\.[^,]+;", r"ip6:[^ ]*%", r"(a+)+$"],
)
def test_one_that_goes_back_and_forth_is_noticed(expression: str) -> None:
    assert slowest_until_noticed(re.compile(expression, re.IGNORECASE)) > MOST


def slowest_until_noticed(pattern: re.Pattern[str]) -> float:
    """Return the first time that is too long; of shorter texts, as some take for ever."""
    for size in (24, 1_000, SIZE):
        for text in TEXTS:
            seconds = _time(pattern, text[:size] + text[-1:])
            if seconds > MOST:
                return seconds
    return 0.0
