"""Processes of the program that begin with its imports done: the tests' end of the fork server."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from max_wait import MAX_WAIT
from strict_python import WARNINGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[1]
SERVER = Path(__file__).with_name("fork_server.py")


def run_alone(
    words: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdin: bytes = b""
) -> subprocess.CompletedProcess[str]:
    """Run a command line as `ForkedPython.run` does, in a Python that has imported nothing yet."""
    done = subprocess.run(
        [sys.executable, *words],
        env=dict(env),
        cwd=cwd,
        input=stdin,
        capture_output=True,
        timeout=MAX_WAIT,
        check=False,
    )
    return subprocess.CompletedProcess(
        list(words), done.returncode, done.stdout.decode(), done.stderr.decode()
    )


class ForkedProcess:
    """A process of the fork server, with the part of a subprocess's methods that tests need."""

    def __init__(self, status: int) -> None:
        self._status = status
        self.pid = self._read()
        self.returncode: int | None = None

    def _read(self) -> int:
        octets = os.read(self._status, struct.calcsize("i"))
        assert octets, "The fork server has ended; what it said is in the captured stderr."
        number: int = struct.unpack("i", octets)[0]
        return number

    def poll(self, seconds: float = 0.0) -> int | None:
        """Return the exit code once there is one, None where it runs on for so many seconds."""
        if self.returncode is None and select.select([self._status], [], [], seconds)[0]:
            self.returncode = self._read()
            os.close(self._status)
        return self.returncode

    async def wait(self) -> int:
        """Return the exit code when it has ended; a negative one is that of a signal."""
        while (code := self.poll()) is None:  # noqa: ASYNC110 - several may wait for one end
            await asyncio.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class ForkedPython:
    """Runs command lines of Python while the `with` block lasts, as Python itself would.

    Warnings are errors in all of its processes, but for those that pytest's filters name.
    """

    def __init__(self) -> None:
        self._calls, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, str(SERVER), str(theirs.fileno())],
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(ROOT),
                    "PYTHONWARNINGS": WARNINGS,
                },
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._calls.close()
        self._server.wait()

    def start(
        self,
        words: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        stdin: int | None = None,
        output: int,
        errors: int | None = None,
    ) -> ForkedProcess:
        """Start what the words of a command line say; the files stay the caller's to close.

        Without `stdin` there is no input; without `errors` they go where the output goes.
        """
        message = json.dumps({"args": list(words), "env": dict(env), "cwd": str(cwd)}).encode()
        status, theirs = os.pipe()
        with Path(os.devnull).open("rb") as nothing:
            given = nothing.fileno() if stdin is None else stdin
            said = output if errors is None else errors
            socket.send_fds(self._calls, [message], [given, output, said, theirs])
        os.close(theirs)
        return ForkedProcess(status)

    def run(
        self,
        words: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        stdin: bytes = b"",
    ) -> subprocess.CompletedProcess[str]:
        """Run a command line to its end and return what it wrote, all of it UTF-8."""
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            given.write(stdin)
            given.seek(0)
            process = self.start(
                words,
                env=env,
                cwd=cwd,
                stdin=given.fileno(),
                output=out.fileno(),
                errors=err.fileno(),
            )
            code = process.poll(MAX_WAIT)
            if code is None:
                process.kill()
                raise subprocess.TimeoutExpired(list(words), MAX_WAIT)
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(
                list(words), code, out.read().decode(), err.read().decode()
            )
