"""Where the processor's time goes in a sweep by the checker: `python -m benchmarks.sweep_profile`.

A timer that counts the time of this process interrupts it, and each time the innermost function
that belongs to one of the groups is charged with what has gone by. That takes hardly any time
itself, unlike a profiler that is called with every function, and so leaves the shares as they are.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import resource
import signal
import time
from collections import defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Self

from benchmarks.authority import run_authority
from benchmarks.child import ROOT
from benchmarks.figures import write_part
from benchmarks.one_domain import DELAY
from benchmarks.proxy import run_proxy
from benchmarks.sweep import sweep_checker
from benchmarks.zones import MEMBER, PLAIN_MEMBER, make_world
from bot.garbage import search_less

if TYPE_CHECKING:
    from types import FrameType

DOMAINS: Final = 500
EACH: Final = 0.001  # seconds of the processor between two samples
MOST_NAMES: Final = 12  # functions that are named
COLLECTING: Final = "garbage collector"
OTHERS: Final = "others"
# The first that a file's path begins with, under the project or among the libraries.
GROUPS: Final = {
    "bot/dns/spf": "SPF",
    "bot/checks/observe/spf": "SPF",
    "bot/dns/message": "reading replies",
    "bot/dns/parsed_reply": "reading replies",
    "bot/dns/record": "reading replies",
    "bot/dns/sections": "reading replies",
    "bot/dns/answer": "answers and names",
    "bot/dns/owner_name": "answers and names",
    "bot/dns/canonical_order": "answers and names",
    "bot/names": "answers and names",
    "bot/dns/": "asking",
    "bot/checks/observe/": "one check's view",
    "bot/checks/": "judging",
    "bot/records/": "judging",
    "bot/public_suffix": "judging",
    "bot/services/": "one check's view",
    "benchmarks/": OTHERS,
    "asyncio/": "event loop",
}


class Sampler:
    """Charges the time of this process to groups and functions, while the `with` block lasts."""

    def __init__(self) -> None:
        self.groups: defaultdict[str, float] = defaultdict(float)
        self.functions: defaultdict[str, float] = defaultdict(float)
        self._last = 0.0
        self._collecting_since = 0.0
        self.kernel = 0.0  # seconds of all that were spent in system calls

    def __enter__(self) -> Self:
        gc.callbacks.append(self._note_collection)
        self.kernel -= _kernel_seconds()
        self._last = time.process_time()
        signal.signal(signal.SIGPROF, self._take)
        signal.setitimer(signal.ITIMER_PROF, EACH, EACH)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        gc.callbacks.remove(self._note_collection)
        self.kernel += _kernel_seconds()

    def _take(self, _number: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code is self._note_collection.__code__:
            return  # it came while garbage was collected, which is charged there
        now = time.process_time()
        gone, self._last = now - self._last, now
        group, function = _charge(frame)
        self.groups[group] += gone
        self.functions[f"{function} ({group})"] += gone

    def _note_collection(self, phase: str, _: dict[str, Any]) -> None:
        if phase == "start":
            self._collecting_since = time.process_time()
            return
        now = time.process_time()
        gone = now - self._collecting_since
        self._last += gone  # it belongs to no function
        self.groups[COLLECTING] += gone


def _kernel_seconds() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_stime


def _charge(frame: FrameType | None) -> tuple[str, str]:
    """Return the group of the innermost function that belongs to one, and the innermost at all."""
    function = ""
    while frame is not None:
        code = frame.f_code
        place = _shorten(code.co_filename)
        function = function or f"{place}:{code.co_name}"
        group = next((g for start, g in GROUPS.items() if place.startswith(start)), None)
        if group is not None:
            return group, function
        frame = frame.f_back
    return OTHERS, function


def _shorten(path: str) -> str:
    """Return the path under the project, among the libraries, or in Python's own folder."""
    for above in (f"{ROOT}/", "site-packages/"):
        if above in path:
            return path.rpartition(above)[2]
    parts = path.split("/")
    return "/".join(parts[parts.index("lib") + 2 :]) if "lib" in parts[:-2] else parts[-1]


def _order(taken: dict[str, float]) -> list[tuple[str, float]]:
    """Return what takes most first."""
    return sorted(taken.items(), key=itemgetter(1), reverse=True)


def profile(domains: int) -> Sampler:
    """Return where the time of a sweep went, the first tenth of it not counted."""
    world = make_world(domains)
    names = [name for name in world.dkim if name not in {MEMBER, PLAIN_MEMBER}]
    with run_authority(world) as authority, run_proxy(authority.port, DELAY) as proxy:
        first, rest = names[: domains // 10], names[domains // 10 :]
        asyncio.run(sweep_checker(proxy.port, {name: world.dkim[name] for name in first}))
        search_less()  # as the programs do once they are loaded
        with Sampler() as sampler:
            asyncio.run(sweep_checker(proxy.port, {name: world.dkim[name] for name in rest}))
    return sampler


def main() -> None:
    """Print the shares of the groups as a table, and the functions that take most."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domains", type=int, default=DOMAINS)
    parser.add_argument("--write", action="store_true", help="update benchmarks/README.md")
    options = parser.parse_args()
    sampler = profile(options.domains)
    total = sum(sampler.groups.values())
    table = _format(sampler, total, options.domains - options.domains // 10)
    print(table)
    if options.write:
        write_part("profile", table)
    for function, seconds in _order(sampler.functions)[:MOST_NAMES]:
        print(f"{100 * seconds / total:5.1f} %  {function}")


def _format(sampler: Sampler, total: float, domains: int) -> str:
    """Return the shares of the groups as a table."""
    rows = ["| | share | ms a domain |", "|---|---:|---:|"]
    for group, seconds in (*_order(sampler.groups), ("all", total)):
        rows.append(f"| {group} | {100 * seconds / total:.0f} % | {1000 * seconds / domains:.2f} |")
    rows.append(f"| of that in the kernel | {100 * sampler.kernel / total:.0f} % | |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main()
