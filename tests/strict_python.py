"""Python for the processes that tests start: a warning ends them, as it ends a test.

The warnings of dependencies that are known stand in pyproject.toml, for the tests and for these.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

_PROJECT = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text("utf-8"))

# A category with a dot is a test tool's own: Python would import it first.
_FILTERS = [
    line
    for line in _PROJECT["tool"]["pytest"]["ini_options"]["filterwarnings"]
    if "." not in line.rpartition(":")[2]
]

WARNINGS = ",".join(_FILTERS)
"""The filters as the variable PYTHONWARNINGS."""

STRICT = (sys.executable, *(part for line in _FILTERS for part in ("-W", line)))
"""The first words of a command line; what to run follows."""
