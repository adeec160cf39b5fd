"""Measures everything in one run and prints it; with --write, benchmarks/README.md keeps it.

Words after the options name the subjects that alone are measured. Needs `tests` and `tests/e2e` in
PYTHONPATH; `make bench` has them.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from benchmarks.authority import run_authority
from benchmarks.beside_sweep import measure_beside
from benchmarks.command_burst import measure_burst
from benchmarks.comparison import compare
from benchmarks.console_start import measure_console
from benchmarks.figures import Figure, format_line, format_table, write_part
from benchmarks.lossy_way import measure_loss
from benchmarks.one_domain import DELAY, measure_one_domain
from benchmarks.peer import stay_at_home
from benchmarks.sweeps import measure_dead_sweep, measure_sweeps
from benchmarks.zones import make_world
from bot.errors import CowbellError
from bot.garbage import search_less

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.zones import World

MEMBERS: Final = 500
# Each against the world's server at a port, one after the other.
IN_WORLD: Final[dict[str, Callable[[World, int], Iterator[Figure]]]] = {
    "one": measure_one_domain,
    "comparison": compare,
    "loss": measure_loss,
    "sweeps": measure_sweeps,
    "beside": measure_beside,
    "console": measure_console,
}
# With a world of their own.
APART: Final[dict[str, Callable[[], Iterator[Figure]]]] = {
    "dead": measure_dead_sweep,
    "burst": measure_burst,
}


def measure(world: World, port: int, subjects: Sequence[str]) -> Iterator[Figure]:
    """Yield the figures of some subjects, against the authoritative server at the port."""
    for name, measure_in in IN_WORLD.items():
        if name in subjects:
            yield from measure_in(world, port)
    for name, measure_apart in APART.items():
        if name in subjects:
            yield from measure_apart()


def main() -> int:
    """Measure, print, and with --write keep it; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update benchmarks/README.md")
    every = (*IN_WORLD, *APART)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(every))
    options = parser.parse_args()
    wrong = [name for name in options.subjects if name not in every]
    if wrong or (options.write and options.subjects):
        parser.error(f"no such subject: {wrong[0]}" if wrong else "--write keeps all of it")
    stay_at_home()
    world = make_world(MEMBERS)
    search_less()  # as the programs do once they are loaded
    figures = list[Figure]()
    try:
        with run_authority(world) as authority:
            introduction = (
                f"Measured on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores, "
                f"{platform.system()}, Python {platform.python_version()}, {authority.name}, "
                f"{1000 * DELAY:.0f} ms of delay."
            )
            print(introduction, end="\n\n", flush=True)
            for figure in measure(world, authority.port, options.subjects or every):
                figures.append(figure)
                print(format_line(figure), flush=True)
        if options.write:
            write_part("figures", f"{introduction}\n\n{format_table(figures)}")
    except (CowbellError, OSError, subprocess.SubprocessError) as error:
        print(f"The benchmark could not be run: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
