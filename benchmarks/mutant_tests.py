"""A plugin for pytest: which test runs which line, and how long; and no time for nicer examples.

It is copied beside the mutated code, so it imports nothing of ours. Both variables together make it
trace: MUTANT_SOURCES, the folders whose lines count, and MUTANT_TRACE, the JSON file to write.
"""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from coverage import Coverage

if TYPE_CHECKING:
    from collections.abc import Iterator

# A mutant is dead at the first example that fails: making it small would take minutes. No database,
# so that no mutant knows what killed another.
hypothesis.settings.register_profile(
    "mutants",
    deadline=None,
    derandomize=True,
    database=None,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
)


class Tracer:
    """Follows the lines of the sources through a run of pytest."""

    def __init__(self, sources: list[str], path: Path) -> None:
        self._sources = sources
        self._path = path
        self._seconds: dict[str, float] = defaultdict(float)
        self._failed: set[str] = set()
        self._coverage = Coverage(
            data_file=None, config_file=False, source=sources, concurrency=["thread", "greenlet"]
        )
        # The quicker way of Python 3.12 and newer sees a line once, in one test alone.
        self._coverage.set_option("run:core", "ctrace")
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Say whose lines come now."""
        self._forget()
        self._coverage.switch_context(item.nodeid)
        result = yield
        self._coverage.switch_context("")
        return result

    def _forget(self) -> None:
        """Empty the caches of the sources, so that the next test runs what this one has kept."""
        folders = tuple(f"{source.replace('/', '.')}." for source in self._sources)
        modules = [module for name, module in sys.modules.items() if name.startswith(folders)]
        for value in [value for module in modules for value in vars(module).values()]:
            if callable(clear := getattr(value, "cache_clear", None)):
                clear()
            elif type(value).__name__ == "TextCache":
                value.__init__(value._parse)  # noqa: SLF001 - only here is there a wish to empty it

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep how long it took, and whether it failed."""
        self._seconds[report.nodeid] += report.duration
        if report.failed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write it all; what no test ran, but an import did, is under the test named ""."""
        self._coverage.stop()
        data = self._coverage.get_data()
        here = Path.cwd().resolve()
        lines = {
            str(Path(file).resolve().relative_to(here)): data.contexts_by_lineno(file)
            for file in data.measured_files()
        }
        traced = {"seconds": self._seconds, "failed": sorted(self._failed), "lines": lines}
        self._path.write_text(json.dumps(traced))


def pytest_configure(config: pytest.Config) -> None:
    """Trace where the environment says so."""
    if path := os.environ.get("MUTANT_TRACE"):
        sources = os.environ["MUTANT_SOURCES"].split(os.pathsep)
        config.pluginmanager.register(Tracer(sources, Path(path)))
