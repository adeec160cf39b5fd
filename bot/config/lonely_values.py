"""Finds variables that need another one beside them, which is not set."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def find_lonely(given: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong if Mailcow's address is set without a key, or a key without it."""
    keys = [name for name in ("MAILCOW_API_KEY", "MAILCOW_READ_KEY") if name in given]
    if "MAILCOW_URL" in given and not keys:
        return {"MAILCOW_URL": "It needs MAILCOW_API_KEY or MAILCOW_READ_KEY beside it."}
    if keys and "MAILCOW_URL" not in given:
        return dict.fromkeys(keys, "It needs MAILCOW_URL beside it.")
    return {}
