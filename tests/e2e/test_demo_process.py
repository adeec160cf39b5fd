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
        demo.read_until(r'I take "mend" or "publish" and one of these domains: friend\.example, ')
        demo.type("  MEND  Loyal.Example ")
        demo.read_until(r"loyal\.example are right now")
        assert demo.stop() == 0


def test_publishing_what_nobody_asked_for_is_answered_too() -> None:
    with running_demo() as demo:
        demo.type("publish newcomer.example")
        demo.read_until(r"Nothing was handed out for newcomer\.example that is not published yet")
        demo.type("publish nobody.example")
        demo.read_until(r'I take "mend" or "publish" and one')
        assert demo.stop() == 0


def test_the_tour_plays_requests_from_asking_to_live() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "demo", "--tour"],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    way = [
        "$ Ann: /dkim newcomer.example",
        "waits for a decision",
        "Approve",
        "To Ann: request #1 was approved; publish this DKIM record:",
        "Ann adds the record",
        "To Ann: the DKIM record of newcomer.example is live.",
        "$ Ann: /dmarc newcomer.example",
        "Approve, p=reject",
        "To Ann: the DMARC record of newcomer.example is live.",
        "newcomer.example: everything that mail needs is right",
    ]
    places = [done.stdout.find(step) for step in way]
    assert -1 not in places
    assert places == sorted(places)


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
