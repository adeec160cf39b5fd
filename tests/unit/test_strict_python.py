"""Processes that tests start know the warnings that the tests know, and end at any other."""

from __future__ import annotations

import subprocess

import pytest

from strict_python import STRICT

WARN = "import sys, warnings; warnings.warn(sys.argv[1], DeprecationWarning)"


def says_on_warning(text: str) -> tuple[int, str]:
    done = subprocess.run([*STRICT, "-c", WARN, text], capture_output=True, check=False, text=True)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "'audioop' is deprecated and slated for removal in Python 3.13",
        "'maxsplit' is passed as positional argument",
        "'asyncio.iscoroutinefunction' is deprecated and slated for removal in Python 3.16",
    ],
)
def test_a_known_warning_of_a_dependency_passes(text: str) -> None:
    assert says_on_warning(text) == (0, "")


def test_any_other_warning_ends_the_process() -> None:
    code, said = says_on_warning("something else is deprecated")
    assert code == 1
    assert said.endswith("DeprecationWarning: something else is deprecated\n")
