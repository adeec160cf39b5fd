"""What stands in a member's place once nobody may know any more who it was."""

from __future__ import annotations

import secrets


def make_pseudonym() -> int:
    """Return a random number that is no member's: no id of Discord's is negative."""
    return -1 - secrets.randbits(62)
