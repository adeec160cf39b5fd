"""The DKIM selectors that are handed out (RFC 6376 section 3.1)."""

from __future__ import annotations

import re
from typing import Final

LONGEST_SELECTOR: Final = 100  # characters, so that its name has room below any domain
# A label as hosts have it; underscores inside, as DNS allows them and mail software uses them.
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?", re.IGNORECASE | re.ASCII)


def is_selector(text: str) -> bool:
    """Whether a text is a selector: labels with dots between them, in either case."""
    labels = text.split(".")
    return len(text) <= LONGEST_SELECTOR and all(_LABEL.fullmatch(label) for label in labels)
