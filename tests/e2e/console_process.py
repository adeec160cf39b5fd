"""`python -m bot` in a process of its own, in an empty folder."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from strict_python import STRICT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.demo.zone_server import ZoneServer

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class ConsoleProcess:
    """Calls the console in `folder`, configured by `environment` alone; warnings are errors."""

    environment: Mapping[str, str]
    folder: Path

    def call(
        self, *words: str, stdin: str | bytes = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end; `more` goes into its environment."""
        done = subprocess.run(
            self.command(*words),
            env=self.env(**more),
            cwd=self.folder,
            input=stdin if isinstance(stdin, bytes) else stdin.encode(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def start(self, *words: str, **more: str) -> subprocess.Popen[bytes]:
        """Start one command, whose output and errors are pipes."""
        return subprocess.Popen(
            self.command(*words),
            env=self.env(**more),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    @staticmethod
    def command(*words: str) -> list[str]:
        """Return what to call."""
        return [*STRICT, "-m", "bot", *words]

    def env(self, **more: str) -> dict[str, str]:
        """Return the whole environment of a call."""
        return {
            "PYTHONPATH": str(ROOT),
            "PATH": "/usr/bin:/bin",
            "PYTHONIOENCODING": "utf-8",
            **self.environment,
            **more,
        }


def nameserver(server: ZoneServer) -> tuple[str, str]:
    """Return the option that has everything asked of this server."""
    host, port = server.address
    return "--nameserver", f"{host}:{port}"
