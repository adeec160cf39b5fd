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
DEPLOY = ROOT / "docs" / "deploy"
UNIT = DEPLOY / "cowbell.service"
OTHERS = (DEPLOY / "cowbell-work@.service", DEPLOY / "cowbell-run@.service")
_SHARED = "EnvironmentFile=/etc/cowbell/cowbell.env"
NEWER = ("RestartSteps", "RestartMaxDelaySec")  # systemd before 254 passes over these

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="systemd-analyze is not there (apt install systemd)",
)


@needs_systemd
@pytest.mark.parametrize("source", [UNIT, *OTHERS], ids=lambda source: source.stem)
def test_systemd_finds_nothing_wrong_with_the_unit(source: Path, tmp_path: Path) -> None:
    unit = tmp_path / source.name
    # The program is not installed here; systemd wants one that is.
    text = source.read_text(encoding="utf-8").replace("/opt/cowbell/bin/cowbell", "/bin/true")
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
    service = _read(UNIT)["Service"]
    assert service["restartpreventexitstatus"] == "2"
    assert int(service["timeoutstopsec"].removesuffix("s")) > 10
    # The bot ends itself first, and says where it stood.
    assert int(service["watchdogsec"].removesuffix("s")) > STUCK
    assert service["restart"] == "on-failure"
    # Discord takes the token away after 1000 sessions in a day.
    assert 24 * 60 * 60 / int(service["restartsec"].removesuffix("s")) < 1000


@pytest.mark.parametrize("source", OTHERS, ids=lambda source: source.stem)
def test_a_process_beside_it_is_confined_as_it_is(source: Path) -> None:
    ours, theirs = _read(UNIT)["Service"], _read(source)["Service"]
    differ = {key for key in (*ours, *theirs) if ours.get(key) != theirs.get(key)}
    assert differ <= {
        *("execstart", "environment", "environmentfile", "restartsec", "timeoutstopsec"),
    }
    lines = source.read_text(encoding="utf-8").splitlines()
    filters = [line for line in lines if line.startswith("SystemCallFilter")]
    assert all(line in UNIT.read_text(encoding="utf-8").splitlines() for line in filters)
    # Several on one machine; each has variables of its own behind those of all.
    assert "EnvironmentFile=-/etc/cowbell/" in lines[lines.index(_SHARED) + 2]


def _read(path: Path) -> configparser.RawConfigParser:
    unit = configparser.RawConfigParser(strict=False)
    unit.read_string(path.read_text(encoding="utf-8"))
    return unit


def _analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"},
    )
