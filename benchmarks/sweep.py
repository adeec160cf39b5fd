"""A sweep of many domains in a process of its own, which measures itself.

The checker alone is swept, or the console command is run as an operator would run it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import time
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.child import HOST, ROOT, BenchmarkError, run_apart
from bot.console_commands.loaded import end_loading

if TYPE_CHECKING:
    from collections.abc import Mapping

AT_ONCE: Final = 24  # domains under way side by side, as in the console's sweep


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep took: seconds of wall and CPU time, and MB of memory at its peak.

    `start_cpu` is the CPU time of starting Python and importing, which `cpu` does not hold;
    `failed` are the domains that came out with a failure, or of which nothing was found out.
    """

    domains: int
    wall: float
    cpu: float
    start_cpu: float
    peak: float
    failed: int = 0


def run_sweep(
    port: int, dkim: Mapping[str, str], *, console: bool = False, root: Path = ROOT
) -> SweepResult:
    """Sweep the domains (with their DKIM values) in a fresh process, and return what it took.

    With `console` it is `python -m bot check --file … --json`, which gets no DKIM values. The tree
    that is measured lies at `root`.

    Raises:
        BenchmarkError: it failed; its own words have gone to stderr.

    """
    options = ["--console"] if console else []
    done = run_apart("benchmarks.sweep", str(port), *options, given=dict(dkim), root=root)
    return SweepResult(**done)


def run_console_sweep(port: int, domains: list[str]) -> SweepResult:
    """Sweep domains by the console, which asks their zones' name servers too, at the same port.

    Raises:
        BenchmarkError: it failed; its own words have gone to stderr.

    """
    environment = {
        "DNS_SERVERS": f"{HOST}:{port}",
        "DNS_PORT": str(port),
        "DNS_ALLOW_PRIVATE": "true",
    }
    given = dict.fromkeys(domains, "")
    done = run_apart(
        "benchmarks.sweep",
        str(port),
        "--console",
        "--configured",
        given=given,
        environment=environment,
    )
    return SweepResult(**done)


async def sweep_checker(port: int, dkim: Mapping[str, str]) -> None:
    """Check all domains with one checker."""
    # Imported here, so that the console's sweep is not measured with more than it needs.
    from benchmarks.ours import key_of, make_resolver, now, require_healthy  # noqa: PLC0415 - see above
    from benchmarks.zones import make_server  # noqa: PLC0415 - see above
    from bot.names import Domain  # noqa: PLC0415 - see above
    from bot.services.domain_check import Checker  # noqa: PLC0415 - see above

    waiting = iter(dkim.items())
    async with make_resolver(port) as resolver:
        checker = Checker(resolver.ask, make_server(), now, single_server=True)

        async def work() -> None:
            for name, value in waiting:
                require_healthy(await checker.check(Domain.from_ascii(name), key_of(value)))

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())


def sweep_console(port: int, dkim: Mapping[str, str], *, configured: bool) -> int:
    """Run the console command over all domains, and return how many did not come out well.

    It asks the configured resolvers, else the server at the port alone.
    """
    from bot.cli import main as run_console  # noqa: PLC0415 - see above

    Path("domains.txt").write_text("\n".join(dkim), encoding="utf-8")
    server = [] if configured else ["--nameserver", f"{HOST}:{port}"]
    sys.argv = ["bot", "check", "--file", "domains.txt", "--json", *server]
    with Path("out.jsonl").open("w", encoding="utf-8") as file, redirect_stdout(file):
        code = run_console()
    with Path("out.jsonl").open(encoding="utf-8") as file:
        statuses = Counter(json.loads(line)["status"] for line in file)
    if statuses.total() != len(dkim):
        raise BenchmarkError(f"the console gave {statuses.total()} reports and exit code {code}.")
    return statuses["fail"] + statuses["unknown"]


def peak_memory() -> float:
    """Return the most memory that this process has held so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would count what the parent held when it started this process.
        line = next(x for x in status.read_text("ascii").splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / 1e6 if sys.platform == "darwin" else kilobytes * 1024 / 1e6


def main() -> None:
    """Sweep the domains of the input and print what it took, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--console", action="store_true")
    parser.add_argument("--configured", action="store_true", help="ask as the settings say")
    options = parser.parse_args()
    dkim: dict[str, str] = json.loads(sys.stdin.read())
    if options.console:
        import bot.cli  # noqa: F401, PLC0415 - importing is start-up, not sweep
    else:
        import benchmarks.ours  # noqa: F401, PLC0415 - as above

        end_loading()  # as the console does, by itself
    start_cpu, started, failed = time.process_time(), time.perf_counter(), 0
    if options.console:
        failed = sweep_console(options.port, dkim, configured=options.configured)
    else:
        asyncio.run(sweep_checker(options.port, dkim))
    wall = time.perf_counter() - started
    cpu = time.process_time() - start_cpu
    result = SweepResult(len(dkim), wall, cpu, start_cpu, peak_memory(), failed)
    print(json.dumps(asdict(result)))


if __name__ == "__main__":
    main()
