"""The systemd unit, as systemd reads and rates it, with the score that the document shows."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.watchdog import STUCK

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "docs" / "deploy" / "cowbell.service"
NEWER = ("RestartSteps", "RestartMaxDelaySec")  # systemd before 254 passes over these

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="systemd-analyze is not there (apt install systemd)",
)


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    # The program is not installed here; systemd wants one that is.
    text = UNIT.read_text(encoding="utf-8").replace("/opt/cowbell/bin/cowbell", "/bin/true")
    unit.write_text(text, encoding="utf-8")
    done = _analyze("verify", "--man=no", str(unit))
    said = [line for line in done.stderr.splitlines() if not any(word in line for word in NEWER)]
    assert (done.returncode, said, done.stdout) == (0, [], "")


@needs_systemd
def test_the_document_shows_the_score_that_systemd_gives() -> None:
    done = _analyze("security", "--offline=true", str(UNIT))
    assert done.returncode == 0
    (score,) = re.findall(r"Overall exposure level for cowbell\.service: ([0-9.]+) OK", done.stdout)
    assert float(score) <= 1.1
    document = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    assert f"Overall exposure level for cowbell.service: {score} OK" in document


def test_the_unit_gives_the_bot_time_to_drain_and_leaves_a_wrong_configuration_alone() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.read_string(UNIT.read_text(encoding="utf-8"))
    service = unit["Service"]
    assert service["restartpreventexitstatus"] == "2"
    assert int(service["timeoutstopsec"].removesuffix("s")) > 10
    # The bot ends itself first, and says where it stood.
    assert int(service["watchdogsec"].removesuffix("s")) > STUCK
    assert service["restart"] == "on-failure"
    # Discord takes the token away after 1000 sessions in a day.
    assert 24 * 60 * 60 / int(service["restartsec"].removesuffix("s")) < 1000


def _analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"},
    )
