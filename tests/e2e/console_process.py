"""`python -m bot` in a process of its own, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forked_python import ROOT, run_alone
from strict_python import WARNINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.demo.zone_server import ZoneServer
    from forked_python import ForkedProcess, ForkedPython


@dataclass(frozen=True, slots=True)
class ConsoleProcess:
    """Calls the console in `folder`, configured by `environment` alone; warnings are errors."""

    environment: Mapping[str, str]
    folder: Path
    python: ForkedPython

    def call(
        self, *words: str, stdin: str | bytes = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end; `more` goes into its environment."""
        return self.python.run(
            ["-m", "bot", *words],
            env=self.env(**more),
            cwd=self.folder,
            stdin=stdin if isinstance(stdin, bytes) else stdin.encode(),
        )

    def begin(self, *words: str) -> ForkedProcess:
        """Start one command as `call` does, and let its output go."""
        with Path(os.devnull).open("wb") as nothing:
            return self.python.start(
                ["-m", "bot", *words],
                env=self.env(),
                cwd=self.folder,
                output=nothing.fileno(),
            )

    def call_alone(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end in a Python that has imported nothing yet, as users do."""
        return run_alone(["-m", "bot", *words], env=self.env(**more), cwd=self.folder)

    def start(self, *words: str, **more: str) -> subprocess.Popen[bytes]:
        """Start one command as `call_alone` does, with pipes for its output and errors."""
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
        """Return what a shell would call."""
        return [sys.executable, "-m", "bot", *words]

    def env(self, **more: str) -> dict[str, str]:
        """Return the whole environment of a call."""
        return {
            "PYTHONPATH": str(ROOT),
            "PATH": "/usr/bin:/bin",
            "PYTHONWARNINGS": WARNINGS,
            "PYTHONIOENCODING": "utf-8",
            **self.environment,
            **more,
        }


def nameserver(server: ZoneServer) -> tuple[str, str]:
    """Return the option that has everything asked of this server."""
    host, port = server.address
    return "--nameserver", f"{host}:{port}"
