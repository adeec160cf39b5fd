"""The lines that somebody types into the terminal, while the event loop goes on."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_LONGEST = 4096  # octets of one line; the rest of a longer one is a line of its own


async def read_lines() -> AsyncIterator[str]:
    """Yield each line of stdin without its end, until stdin ends; nothing where there is none."""
    if sys.stdin is None:
        return
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    def put(line: str | None) -> None:
        with suppress(RuntimeError):  # the loop ended while the thread waited
            loop.call_soon_threadsafe(lines.put_nowait, line)

    # A thread, for an event loop cannot watch files and /dev/null, nor a terminal on Windows; and
    # one that no end waits for, as nothing stops its reading.
    threading.Thread(target=_read, args=(sys.stdin.fileno(), put), daemon=True).start()
    while (line := await lines.get()) is not None:
        yield line


def _read(stdin: int, put: Callable[[str | None], None]) -> None:
    # Not by sys.stdin: a thread that holds its lock keeps the interpreter from ending.
    rest = b""
    while chunk := _read_some(stdin):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            put(line.decode(errors="replace").rstrip("\r"))
        if len(rest) > _LONGEST:
            put(rest.decode(errors="replace"))
            rest = b""
    put(None)


def _read_some(stdin: int) -> bytes:
    try:
        return os.read(stdin, 1024)
    except OSError:  # closed, or the terminal has gone
        return b""
