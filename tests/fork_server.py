"""A Python that has the program imported already and forks for each call: `fork_server.py FD`.

A process that a test starts spends most of its time on imports; here that is spent once. Each
message at the socket FD is a command line for Python (`-m MODULE`, `-c CODE` or a file, then the
arguments) with its folder and environment. Four files come with it: the three standard streams, and
where the process's number and then its exit code are written. `forked_python` is the other end.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import struct
import sys
import threading
import time
from typing import Any, NoReturn

PACKAGES = ("bot", "cogs")
LONGEST = 1 << 17  # octets of a message


def preload() -> None:
    """Import all of the program, but for what runs when it is imported."""
    for package in PACKAGES:
        path = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(path, f"{package}."):
            name = module.name
            if not name.endswith(".__main__") and ".migrations." not in name:
                importlib.import_module(name)


def serve(calls: socket.socket) -> list[str]:
    """Fork for each call, and return its command line in the child; ends with the socket."""
    awake, wakes = socket.socketpair()
    for end in (awake, wakes):
        end.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C at the terminal is for the tests
    running: dict[int, int] = {}  # where to write how a process ended
    while True:
        ready, _, _ = select.select([calls, awake], [], [])
        if awake in ready:
            awake.recv(LONGEST)
            report_ended(running)
        if calls in ready:
            message, files, _, _ = socket.recv_fds(calls, LONGEST, 4)
            if not message:
                for end in (calls, awake, wakes):
                    end.close()
                os._exit(0)
            number = os.fork()
            if number == 0:
                signal.set_wakeup_fd(-1)
                for file in (*running.values(), files.pop()):
                    os.close(file)
                for end in (calls, awake, wakes):
                    end.close()
                return become(json.loads(message), files)
            for file in files[:3]:
                os.close(file)
            running[number] = files[3]
            write(files[3], number)


def report_ended(running: dict[int, int]) -> None:
    """Write the exit codes of the processes that have ended."""
    while running:
        number, status = os.waitpid(-1, os.WNOHANG)
        if not number:
            return
        file = running.pop(number)
        write(file, os.waitstatus_to_exitcode(status))
        os.close(file)


def write(file: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any longer
        os.write(file, struct.pack("i", number))


def become(call: dict[str, Any], streams: list[int]) -> list[str]:
    """Take over the streams, folder and environment of a call; return its command line."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for place, file in enumerate(streams):
        os.dup2(file, place)
        os.close(file)
    os.chdir(call["cwd"])
    os.environ.clear()
    os.environ.update(call["env"])
    time.tzset()
    encoding, _, errors = os.environ.get("PYTHONIOENCODING", "utf-8").partition(":")
    errors = errors or "strict"
    sys.stdin = open(0, encoding=encoding, errors=errors, closefd=False)  # noqa: SIM115 - as Python does when it starts
    sys.stdout = open(1, "w", encoding=encoding, errors=errors, closefd=False)  # noqa: SIM115 - as above
    sys.stderr = open(2, "w", 1, encoding, "backslashreplace", closefd=False)  # noqa: SIM115 - as above
    words: list[str] = call["args"]
    return words


def run(words: list[str]) -> None:
    """Do what Python does with a command line."""
    match words:
        case ["-m", module, *arguments]:
            sys.argv = [module, *arguments]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case ["-c", code, *arguments]:
            sys.argv = ["-c", *arguments]
            exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - a test's own
        case [file, *_]:
            sys.argv = words
            runpy.run_path(file, run_name="__main__")


def end(code: object) -> NoReturn:
    """End as Python does with this code of SystemExit, but for the modules, which it tears down.

    That takes as long as most calls do. Whatever else a program ends with, Python ends it.
    """
    threading._shutdown()  # type: ignore[attr-defined] # as in multiprocessing's processes
    atexit._run_exitfuncs()
    gc.collect()  # warns of what was left open
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)  # noqa: T201 - as Python does
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


def main() -> None:
    calls = socket.socket(fileno=int(sys.argv[1]))
    preload()
    gc.collect()
    gc.freeze()  # what all processes share is not looked through again in each
    words = serve(calls)
    gc.freeze = lambda: None  # a program may leave what it has open, and is told of it all the same
    code = None
    try:
        run(words)
    except SystemExit as ended:
        code = ended.code
    end(code)


if __name__ == "__main__":
    main()
