"""Python for the processes that tests start: a warning ends them, as it ends a test.

The warnings of dependencies that are known stand in pyproject.toml, for the tests and for these.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

_PROJECT = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text("utf-8"))
_FILTERS = _PROJECT["tool"]["pytest"]["ini_options"]["filterwarnings"]

# What to run follows. A category with a dot is a test tool's own: Python would import it first.
STRICT = (
    sys.executable,
    *(part for line in _FILTERS if "." not in line.rpartition(":")[2] for part in ("-W", line)),
)
