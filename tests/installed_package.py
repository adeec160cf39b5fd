"""How Cowbell is installed as a stranger does it, and called outside its checkout."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment that install.sh made; the only things on its path are its own."""

    folder: Path
    empty: Path  # an empty folder to work in

    @property
    def site(self) -> Path:
        """The folder of its packages."""
        (found,) = self.folder.glob("lib/python3*/site-packages")
        return found

    def call(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment to its end."""
        return subprocess.run(
            [self.folder / "bin" / words[0], *words[1:]],
            cwd=self.empty,
            env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "utf-8", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def files_in_git() -> set[str]:
    """Return the paths of all files that are in git, or would be by `git add`."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()}


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions in their order, each with its arguments on one line."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.split("\n"))]


def copied_into_image() -> list[str]:
    """Return the paths in the checkout that the Dockerfile copies."""
    return [
        source
        for word, rest in instructions()
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]


def health_check(*python: str) -> list[str]:
    """Return the image's health check, as that Python is to be called."""
    (given,) = [rest for word, rest in instructions() if word == "HEALTHCHECK"]
    command = json.loads(given.split(" CMD ")[1])
    assert command[0] == "python"
    return [*python, *command[1:]]


def install(source: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Call the install.sh of a source tree, with a Python that every user may call."""
    python = "/usr/bin/python3"
    return subprocess.run(
        ["sh", source / "docs" / "deploy" / "install.sh", folder],
        env={**os.environ, "PYTHON": python, "PIP_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
