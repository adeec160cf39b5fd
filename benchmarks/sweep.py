"""A sweep of many domains in a process of its own, which measures itself.

The checker alone is swept, or the console command is run as an operator would run it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.child import HOST, ROOT, BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Mapping

AT_ONCE: Final = 24  # domains under way side by side, as in the console's sweep
DEADLINE: Final = 300.0  # seconds
_ENVIRONMENT: Final = {
    "MAIL_HOST": "mx1.cow.example",
    "MAIL_SPF": "v=spf1 include:_spf.cow.example -all",
    "MAIL_NAME": "Cow Mail",
    "DMARC_RUA": "mailto:dmarc@cow.example",
}


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep took: seconds of wall and CPU time, and MB of memory at its peak.

    `start_cpu` is the CPU time of starting Python and importing, which `cpu` does not hold.
    """

    domains: int
    wall: float
    cpu: float
    start_cpu: float
    peak: float


def run_sweep(port: int, dkim: Mapping[str, str], *, console: bool = False) -> SweepResult:
    """Sweep the domains (with their DKIM values) in a fresh process, and return what it took.

    With `console` it is `python -m bot check --file … --json`, which gets no DKIM values.

    Raises:
        BenchmarkError: it failed; its own words have gone to stderr.

    """
    command = [sys.executable, "-m", "benchmarks.sweep", str(port)]
    command += ["--console"] if console else []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        # An operator's own .env and data must not be found.
        environment = os.environ | _ENVIRONMENT | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            input=json.dumps(dict(dkim)),
            stdout=subprocess.PIPE,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
    if done.returncode:
        raise BenchmarkError("the sweep failed; what it says is above.")
    return SweepResult(**json.loads(done.stdout))


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


def sweep_console(port: int, dkim: Mapping[str, str]) -> None:
    """Run the console command over all domains."""
    from bot.cli import main as run_console  # noqa: PLC0415 - see above

    Path("domains.txt").write_text("\n".join(dkim), encoding="utf-8")
    options = ["--file", "domains.txt", "--json", "--nameserver", f"{HOST}:{port}"]
    sys.argv = ["bot", "check", *options]
    with Path("out.jsonl").open("w", encoding="utf-8") as file, redirect_stdout(file):
        code = run_console()
    lines = Path("out.jsonl").read_text("utf-8").splitlines()
    if code or len(lines) != len(dkim):
        raise BenchmarkError(f"the console gave {len(lines)} reports and exit code {code}.")


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
    options = parser.parse_args()
    dkim: dict[str, str] = json.loads(sys.stdin.read())
    if options.console:
        import bot.cli  # noqa: F401, PLC0415 - importing is start-up, not sweep
    else:
        import benchmarks.ours  # noqa: F401, PLC0415 - as above
    start_cpu, started = time.process_time(), time.perf_counter()
    if options.console:
        sweep_console(options.port, dkim)
    else:
        asyncio.run(sweep_checker(options.port, dkim))
    wall = time.perf_counter() - started
    cpu = time.process_time() - start_cpu
    print(json.dumps(asdict(SweepResult(len(dkim), wall, cpu, start_cpu, peak_memory()))))


if __name__ == "__main__":
    main()
