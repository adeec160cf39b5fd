"""`python -m bot demo` at the terminal: what it says, takes and returns."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from demo_process import ROOT, running_demo

if TYPE_CHECKING:
    from pathlib import Path

# Put before the program, it hides one package from it.
HIDE = """
import importlib.machinery
import sys

class Finder(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name == {name!r} else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(importlib.machinery.PathFinder)] = Finder
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_serves_its_page_until_it_is_told_to_stop(number: signal.Signals) -> None:
    with running_demo() as demo:
        page = demo.url.partition("#")[0]
        with urllib.request.urlopen(page, timeout=10) as response:  # noqa: S310 - http, our own
            assert response.status == 200
        assert demo.stop(number) == 0


def test_lines_at_the_terminal_mend_domains_and_are_answered() -> None:
    with running_demo() as demo:
        demo.type("mend newcomer.example")
        demo.read_until(r"newcomer\.example are right now")
        demo.type("mend nobody.example")
        demo.read_until(r'I take "mend" and one of these domains: friend\.example, ')
        demo.type("  MEND  Loyal.Example ")
        demo.read_until(r"loyal\.example are right now")
        assert demo.stop() == 0


def test_the_demo_goes_on_when_nobody_is_at_the_terminal() -> None:
    with running_demo(stdin=subprocess.DEVNULL) as demo:
        with urllib.request.urlopen(demo.url.partition("#")[0], timeout=10) as response:  # noqa: S310 - as above
            assert response.status == 200
        assert demo.stop() == 0


@pytest.mark.parametrize("package", ["simcord", "markdown_it"])
def test_without_the_extra_the_demo_says_how_to_get_it(package: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HIDE.format(name=package), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "bot", "demo"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert 'pip install "cowbell[demo]"' in done.stderr
