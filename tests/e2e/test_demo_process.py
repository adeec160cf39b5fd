"""`python -m bot demo` at the terminal: what it says, takes and returns."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from demo_process import running_demo
from forked_python import ROOT
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from pathlib import Path

    from demo_process import Demo
    from forked_python import ForkedPython

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


def test_the_demo_serves_its_page_and_answers_lines_until_it_is_interrupted() -> None:
    with running_demo() as demo:
        assert status(demo) == 200
        demo.type("mend newcomer.example")
        demo.read_until(r"newcomer\.example are right now")
        demo.type("mend nobody.example")
        demo.read_until(
            r'I take "mend", "break" or "publish" and one of these domains: friend\.example, '
        )
        demo.type("  MEND  Loyal.Example ")
        demo.read_until(r"loyal\.example are right now")
        demo.type("publish newcomer.example")
        demo.read_until(r"Nothing of newcomer\.example is to be published now")
        demo.type("publish nobody.example")
        demo.read_until(r'I take "mend", "break" or "publish" and')
        assert status(demo) == 200
        assert demo.stop(signal.SIGINT) == 0


def test_the_demo_goes_on_when_nobody_is_at_the_terminal_until_it_is_terminated() -> None:
    with running_demo(stdin=subprocess.DEVNULL) as demo:
        assert status(demo) == 200
        assert demo.stop(signal.SIGTERM) == 0


def status(demo: Demo) -> int:
    """Return the status of the demo's page."""
    page = demo.url.partition("#")[0]
    with urllib.request.urlopen(page, timeout=MAX_WAIT) as response:  # noqa: S310 - http, our own
        found: int = response.status
        return found


def test_the_tour_plays_requests_the_watch_and_a_change_of_a_key(
    forked_python: ForkedPython,
) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    done = forked_python.run(["-m", "bot", "demo", "--tour"], env=environment, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    way = [
        "$ python -m bot server",
        "IMAP 993          ✓ open  TLSv1.3",
        "SMTP 25           ✓ open  TLSv1.3",
        "$ Ann: /testmail friend.example",
        "Our server signed this mail for your domain and sent it.",
        "and a mail that is changed on its way",
        "The text of this mail was changed after it was signed",
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
        "The MX record of friend.example gets lost, and nobody notices; two days pass",
        "To the admins: ❌ friend.example · MX · broken since",
        "There is no MX record at friend.example",
        "$ Ann puts the record back",
        "The message to the admins is drawn anew: 🕓 friend.example · MX · looks right since",
        "To the admins: ✅ friend.example · MX · right since",
        "$ python -m bot history friend.example",
        "$ Cleo, the admin: /mailadmin rotate vintage.example",
        "To Ann: add the new record, and keep the old one at dkim",
        "._domainkey TXT",
        "$ Ann adds the record, and leaves the old one",
        "🔑 switched",
        "$ Ann: /testmail vintage.example",
        "Our server signed this mail for your domain and sent it.",
        "proved by a mail",
        "$ A week passes",
        "To Ann: the old record at dkim can be deleted.",
    ]
    at = 0
    for step in way:
        at = done.stdout.find(step, at)
        assert at != -1, step


@pytest.mark.parametrize("package", ["simcord", "markdown_it"])
def test_without_the_extra_the_demo_says_how_to_get_it(package: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HIDE.format(name=package), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "bot", "demo"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=MAX_WAIT,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert 'pip install "cowbell[demo]"' in done.stderr
